//! Grants where policies do not allow (authz.md §5).

use serde_json::{Value, json};
use trent_testkit::{Cloud, KmsOptions, MadeKey, Somebody};

use crate::support::{
    FOREIGN, HELLO, NO_IDENTITY, NO_SESSION, OWNER, STRANGER, denied, denied_encrypt, document, encrypt, identity, key,
    key_with, statement,
};

async fn grant(by: &Somebody<'_>, key: &MadeKey, grantee: &str, operations: &[&str]) -> Value {
    grant_with(by, key, json!({ "GranteePrincipal": grantee, "Operations": operations })).await
}

async fn grant_with(by: &Somebody<'_>, key: &MadeKey, mut members: Value) -> Value {
    members["KeyId"] = json!(key.arn);
    by.kms("CreateGrant", members).await.expect("a grant")
}

#[tokio::test]
async fn a_grant_allows_its_grantee_what_no_policy_does_until_it_is_gone() {
    let cloud = Cloud::new();
    let key = key_with(&cloud, &[statement("Allow", &format!("arn:aws:iam::{OWNER}:root"), "kms:*")]).await;
    let root = cloud.root_of(OWNER);
    let user = cloud.new_user(OWNER, "user", &[]).await;
    let session = cloud.new_session(OWNER, "role", &[], None).await;
    let role = session.caller().principal_arn().to_string();
    for (who, grantee) in [(&user, user.arn()), (&session, session.arn()), (&session, role)] {
        denied_encrypt(encrypt(who, &key).await, who, &key, NO_IDENTITY);
        let made = grant(&root, &key, &grantee, &["Encrypt", "DescribeKey"]).await;
        encrypt(who, &key).await.expect("granted");
        who.kms("DescribeKey", json!({ "KeyId": key.id })).await.expect("granted");
        assert!(who.is_denied("GenerateDataKey", json!({ "KeyId": key.id, "KeySpec": "AES_256" })).await);
        root.kms("RevokeGrant", json!({ "KeyId": key.id, "GrantId": made["GrantId"] })).await.expect("revoked");
        denied_encrypt(encrypt(who, &key).await, who, &key, NO_IDENTITY);
    }
}

#[tokio::test]
async fn an_explicit_deny_outweighs_a_grant() {
    let cloud = Cloud::new();
    let user = cloud.new_user(OWNER, "user", &[]).await;
    let deny = statement("Deny", &user.arn(), "kms:Encrypt");
    let key = key_with(&cloud, &[statement("Allow", OWNER, "kms:*"), deny]).await;
    grant(&cloud.root_of(OWNER), &key, &user.arn(), &["Encrypt"]).await;
    let reason = "with an explicit deny in a resource-based policy";
    denied_encrypt(encrypt(&user, &key).await, &user, &key, reason);
}

#[tokio::test]
async fn a_roles_grant_is_limited_by_session_policies_and_a_sessions_is_not() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let root = cloud.root_of(OWNER);
    let limits = [identity("Allow", "kms:DescribeKey", "*")];
    let session = cloud.new_session(OWNER, "role", &[], Some(&limits)).await;
    let made = grant(&root, &key, &session.caller().principal_arn().to_string(), &["Encrypt"]).await;
    denied_encrypt(encrypt(&session, &key).await, &session, &key, NO_SESSION);
    root.kms("RevokeGrant", json!({ "KeyId": key.id, "GrantId": made["GrantId"] })).await.expect("revoked");
    grant(&root, &key, &session.arn(), &["Encrypt"]).await;
    encrypt(&session, &key).await.expect("the session's own");
}

#[tokio::test]
async fn a_foreign_grantee_needs_its_own_policies_unless_its_account_made_the_grant() {
    let cloud = Cloud::new();
    let account = format!("arn:aws:iam::{STRANGER}:root");
    let key =
        key_with(&cloud, &[statement("Allow", OWNER, "kms:*"), statement("Allow", &account, "kms:CreateGrant")]).await;
    let may_not = cloud.new_user(STRANGER, "may-not", &[]).await;
    let may = cloud.new_user(STRANGER, "may", &[identity("Allow", "kms:Encrypt", "*")]).await;
    for who in [&may_not, &may] {
        grant(&cloud.root_of(OWNER), &key, &who.arn(), &["Encrypt"]).await;
    }
    encrypt(&may, &key).await.expect("granted, and allowed at home");
    denied_encrypt(encrypt(&may_not, &key).await, &may_not, &key, NO_IDENTITY);
    grant(&cloud.root_of(STRANGER), &key, &may_not.arn(), &["Encrypt"]).await;
    encrypt(&may_not, &key).await.expect("granted by its own account");
}

#[tokio::test]
async fn constraints_hold_for_the_context_of_the_request() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let root = cloud.root_of(OWNER);
    let user = cloud.new_user(OWNER, "user", &[]).await;
    grant_with(
        &root,
        &key,
        json!({
            "GranteePrincipal": user.arn(), "Operations": ["Encrypt", "DescribeKey"],
            "Constraints": { "EncryptionContextSubset": { "a": "b" } },
        }),
    )
    .await;
    let with = |context: Value| json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionContext": context });
    user.kms("Encrypt", with(json!({ "a": "b", "c": "d" }))).await.expect("the pair is there");
    // Of a constraint's pairs the values alone count letter by letter (API reference, GrantConstraints).
    user.kms("Encrypt", with(json!({ "A": "b" }))).await.expect("in any letter case");
    for context in [json!({}), json!({ "a": "c" }), json!({ "a": "B" })] {
        denied_encrypt(user.kms("Encrypt", with(context)).await, &user, &key, NO_IDENTITY);
    }
    user.kms("DescribeKey", json!({ "KeyId": key.id })).await.expect("has no context to constrain");
}

#[tokio::test]
async fn who_makes_grants_by_a_grant_can_only_pass_on_what_it_has() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let parent = cloud.new_user(OWNER, "parent", &[]).await;
    let child = cloud.new_user(OWNER, "child", &[]).await;
    let constrained = json!({ "EncryptionContextSubset": { "a": "b" } });
    grant_with(
        &cloud.root_of(OWNER),
        &key,
        json!({
            "GranteePrincipal": parent.arn(), "Operations": ["CreateGrant", "Encrypt"], "Constraints": constrained,
        }),
    )
    .await;
    let wanted = |operations: Value, constraints: Value| {
        json!({
            "KeyId": key.id, "GranteePrincipal": child.arn(), "Operations": operations, "Constraints": constraints,
        })
    };
    for (operations, constraints) in [
        (json!(["Decrypt"]), constrained.clone()),
        (json!(["Encrypt", "Decrypt"]), constrained.clone()),
        (json!(["Encrypt"]), json!({})),
        (json!(["Encrypt"]), json!({ "EncryptionContextSubset": { "a": "c" } })),
    ] {
        let outcome = parent.kms("CreateGrant", wanted(operations, constraints)).await;
        let reason = "because no identity-based policy allows the kms:CreateGrant action";
        denied(outcome, &parent.arn(), "kms:CreateGrant", &format!("resource: {}", key.arn), reason);
    }
    let stricter = json!({ "EncryptionContextEquals": { "a": "b", "c": "d" } });
    parent.kms("CreateGrant", wanted(json!(["Encrypt"]), stricter)).await.expect("no more than its own");
    let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionContext": { "a": "b", "c": "d" } });
    child.kms("Encrypt", input).await.expect("passed on");
    denied_encrypt(encrypt(&child, &key).await, &child, &key, NO_IDENTITY);
}

#[tokio::test]
async fn until_a_grant_is_known_everywhere_its_token_is_needed() {
    let options = KmsOptions { grant_propagation: std::time::Duration::from_mins(5), ..KmsOptions::default() };
    let cloud = Cloud::with_options(options);
    let key = key(&cloud).await;
    let user = cloud.new_user(OWNER, "user", &[]).await;
    let token = grant(&cloud.root_of(OWNER), &key, &user.arn(), &["Encrypt"]).await["GrantToken"].clone();
    denied_encrypt(encrypt(&user, &key).await, &user, &key, NO_IDENTITY);
    let presented = json!({ "KeyId": key.id, "Plaintext": HELLO, "GrantTokens": [token] });
    user.kms("Encrypt", presented).await.expect("with its token");
    let forged = json!({ "KeyId": key.id, "Plaintext": HELLO, "GrantTokens": ["bm9uc2Vuc2U"] });
    let error = user.kms("Encrypt", forged).await.expect_err("no token");
    assert_eq!(error.code, "InvalidGrantTokenException");
    cloud.clock().advance_millis(6 * 60_000);
    encrypt(&user, &key).await.expect("known everywhere");
}

#[tokio::test]
async fn who_may_retire_a_grant_is_for_the_grant_and_its_account_to_say() {
    let cloud = Cloud::new();
    let key =
        key_with(&cloud, &[statement("Allow", OWNER, "kms:CreateGrant"), statement("Allow", "*", "kms:Encrypt")]).await;
    let root = cloud.root_of(OWNER);
    let retiring = cloud.new_user(OWNER, "retiring", &[]).await;
    let grantee = cloud.new_user(OWNER, "grantee", &[]).await;
    let by_policy = cloud.new_user(OWNER, "by-policy", &[identity("Allow", "kms:RetireGrant", "*")]).await;
    let nobody = cloud.new_user(OWNER, "nobody", &[]).await;
    let make = async |operations: Value| {
        let members = json!({
            "GranteePrincipal": grantee.arn(), "RetiringPrincipal": retiring.arn(), "Operations": operations,
        });
        let made = grant_with(&root, &key, members).await;
        json!({ "KeyId": key.arn, "GrantId": made["GrantId"] })
    };
    let plain = make(json!(["Encrypt"])).await;
    assert!(nobody.is_denied("RetireGrant", plain.clone()).await);
    assert!(grantee.is_denied("RetireGrant", plain.clone()).await, "not among its operations");
    retiring.kms("RetireGrant", plain).await.expect("the retiring principal");
    let own = make(json!(["Encrypt", "RetireGrant"])).await;
    grantee.kms("RetireGrant", own).await.expect("among its operations");
    for who in [&by_policy, &root] {
        let one = make(json!(["Encrypt"])).await;
        who.kms("RetireGrant", one).await.expect("the issuing account");
    }
}

#[tokio::test]
async fn every_policy_can_deny_retiring_and_none_but_identity_policies_allow_it() {
    let cloud = Cloud::new();
    let retire = |effect: &str| identity(effect, "kms:RetireGrant", "*");
    let banned = cloud.new_user(OWNER, "banned", &[]).await;
    let deny = statement("Deny", &banned.arn(), "kms:RetireGrant");
    let open = statement("Allow", "*", "kms:RetireGrant");
    let key = key_with(&cloud, &[statement("Allow", OWNER, "kms:*"), open, deny]).await;
    let root = cloud.root_of(OWNER);
    let free = cloud.new_user(OWNER, "free", &[]).await;
    let barred = cloud.new_user(OWNER, "barred", &[retire("Allow"), retire("Deny")]).await;
    let limits = [identity("Allow", "kms:DescribeKey", "*")];
    let limited = cloud.new_session(OWNER, "limited", &[], Some(&limits)).await;
    let role = limited.caller().principal_arn().to_string();
    let foreign = cloud.new_user(STRANGER, "foreign", &[]).await;
    let may = cloud.new_user(STRANGER, "may", &[retire("Allow")]).await;
    let may_not = cloud.new_user(STRANGER, "may-not", &[retire("Deny")]).await;
    let (unasked, nobody) = (foreign.arn(), "because no identity-based policy allows the kms:RetireGrant action");
    let key_arn = format!("resource: {}", key.arn);
    for (who, retiring, reason) in [
        (&banned, banned.arn(), Some("with an explicit deny in a resource-based policy")),
        (&barred, barred.arn(), Some("with an explicit deny in an identity-based policy")),
        (&limited, role, Some("because no session policy allows the kms:RetireGrant action")),
        (&limited, limited.arn(), None),
        (&free, free.arn(), None),
        (&free, unasked.clone(), Some(nobody)),
        (&foreign, foreign.arn(), Some(nobody)),
        (&may, may.arn(), None),
        (&may, unasked.clone(), Some(FOREIGN)),
        (&may_not, unasked, Some(FOREIGN)),
    ] {
        let members = json!({ "GranteePrincipal": OWNER, "RetiringPrincipal": retiring, "Operations": ["Encrypt"] });
        let made = grant_with(&root, &key, members).await;
        let outcome = who.kms("RetireGrant", json!({ "KeyId": key.arn, "GrantId": made["GrantId"] })).await;
        let Some(reason) = reason else {
            outcome.expect("the retiring principal");
            continue;
        };
        let resource = if reason == FOREIGN { "this resource" } else { &key_arn };
        denied(outcome, &who.arn(), "kms:RetireGrant", resource, reason);
        let latest = cloud.authorizer().decisions().latest_denials(1).remove(0);
        assert_eq!((&*latest.action, &latest.principal), ("kms:RetireGrant", &who.arn()));
    }
}

#[tokio::test]
async fn policies_on_retiring_can_ask_for_the_grants_constraints_and_the_key() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let source = "arn:aws:s3:us-east-1:111122223333:bucket";
    let members = json!({
        "GranteePrincipal": OWNER, "Operations": ["Encrypt"],
        "Constraints": { "EncryptionContextSubset": { "a": "b" }, "SourceArn": source },
    });
    for (number, (condition, right, wrong)) in [
        ("kms:EncryptionContext:a", "b", "c"),
        ("kms:GrantConstraintType", "EncryptionContextSubset", "EncryptionContextEquals"),
        ("kms:GrantConstraintSourceArn", source, "arn:aws:s3:::other"),
        ("kms:KeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
        ("kms:CallerAccount", OWNER, STRANGER),
    ]
    .into_iter()
    .enumerate()
    {
        for (value, may) in [(wrong, false), (right, true)] {
            let policy = document(&[json!({
                "Effect": "Allow", "Action": "kms:RetireGrant", "Resource": key.arn,
                "Condition": { "StringEquals": { condition: value } },
            })]);
            let user = cloud.new_user(OWNER, &format!("user-{number}-{may}"), &[policy]).await;
            let made = grant_with(&cloud.root_of(OWNER), &key, members.clone()).await;
            let outcome = user.kms("RetireGrant", json!({ "KeyId": key.arn, "GrantId": made["GrantId"] })).await;
            assert_eq!(outcome.is_ok(), may, "{condition} {value}");
        }
    }
}

#[tokio::test]
async fn to_ask_for_what_others_may_retire_is_denied_and_remembered() {
    let cloud = Cloud::new();
    let user = cloud.new_user(OWNER, "user", &[identity("Allow", "kms:*", "*")]).await;
    let principal = format!("arn:aws:iam::{STRANGER}:role/app");
    for (member, principal) in
        [("RetiringPrincipal", principal.as_str()), ("RetiringServicePrincipal", "service.amazonaws.com")]
    {
        let reason = "because no identity-based policy allows the kms:ListRetirableGrants action";
        let resource = format!("resource: {principal}");
        let outcome = user.kms("ListRetirableGrants", json!({ member: principal })).await;
        denied(outcome, &user.arn(), "kms:ListRetirableGrants", &resource, reason);
        let latest = cloud.authorizer().decisions().latest_denials(1).remove(0);
        assert_eq!((&*latest.action, &*latest.resource), ("kms:ListRetirableGrants", principal));
    }
}
