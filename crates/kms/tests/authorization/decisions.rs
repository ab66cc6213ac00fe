//! AWS's evaluation rules, one after the other: key policy, delegation, identity policies, boundary, session, explicit
//! denies; in the key's own account and from another one. Each denial says the reason that AWS says.

use serde_json::{Value, json};
use trent_testkit::{Cloud, Somebody};

use crate::support::{
    FOREIGN, HELLO, NO_IDENTITY, NO_RESOURCE, NO_SESSION, OWNER, STRANGER, denied, denied_encrypt, encrypt, identity,
    key, key_with, make, statement,
};

fn may_encrypt() -> Value {
    identity("Allow", "kms:Encrypt", "*")
}

fn may_not_encrypt() -> Value {
    identity("Deny", "kms:Encrypt", "*")
}

/// Nobody: so that a key has a policy that allows nothing to those who are asked about.
fn somebody_else() -> Value {
    statement("Allow", "999999999999", "kms:*")
}

/// A caller of each kind in the key's account, with these identity policies.
async fn callers<'a>(cloud: &'a Cloud, account: &str, policies: &[Value]) -> [Somebody<'a>; 2] {
    let number = cloud.directory().now().as_millis();
    cloud.clock().advance_millis(1);
    let user = cloud.new_user(account, &format!("user{number}"), policies).await;
    [user, cloud.new_session(account, &format!("role{number}"), policies, None).await]
}

#[tokio::test]
async fn the_default_policy_leaves_everything_to_the_account() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    encrypt(&cloud.root_of(OWNER), &key).await.expect("the root user may");
    for who in callers(&cloud, OWNER, &[]).await {
        denied_encrypt(encrypt(&who, &key).await, &who, &key, NO_IDENTITY);
    }
    for who in callers(&cloud, OWNER, &[may_encrypt()]).await {
        encrypt(&who, &key).await.expect("identity policies decide");
        denied(
            who.kms("DisableKey", json!({ "KeyId": key.id })).await,
            &who.arn(),
            "kms:DisableKey",
            &format!("resource: {}", key.arn),
            "because no identity-based policy allows the kms:DisableKey action",
        );
    }
    for who in callers(&cloud, OWNER, &[may_encrypt(), may_not_encrypt()]).await {
        let reason = "with an explicit deny in an identity-based policy";
        denied_encrypt(encrypt(&who, &key).await, &who, &key, reason);
    }
}

#[tokio::test]
async fn without_delegation_identity_policies_allow_nothing_and_deny_still() {
    let cloud = Cloud::new();
    let key = key_with(&cloud, &[somebody_else()]).await;
    denied_encrypt(encrypt(&cloud.root_of(OWNER), &key).await, &cloud.root_of(OWNER), &key, NO_RESOURCE);
    for who in callers(&cloud, OWNER, &[may_encrypt()]).await {
        denied_encrypt(encrypt(&who, &key).await, &who, &key, NO_RESOURCE);
    }
    let key = key_with(&cloud, &[statement("Allow", "*", "kms:*")]).await;
    for who in callers(&cloud, OWNER, &[]).await {
        encrypt(&who, &key).await.expect("the key policy allows everybody");
    }
    for who in callers(&cloud, OWNER, &[may_not_encrypt()]).await {
        let reason = "with an explicit deny in an identity-based policy";
        denied_encrypt(encrypt(&who, &key).await, &who, &key, reason);
    }
}

#[tokio::test]
async fn a_key_policy_allows_whom_it_names_and_nobody_else() {
    let cloud = Cloud::new();
    for who in callers(&cloud, OWNER, &[]).await {
        let named = who.caller().principal_arn().to_string();
        for principal in [named, who.arn()] {
            let key = key_with(&cloud, &[statement("Allow", &principal, "kms:Encrypt")]).await;
            encrypt(&who, &key).await.expect("named");
            let [user, session] = callers(&cloud, OWNER, &[]).await;
            for other in [user, session, cloud.root_of(OWNER)] {
                denied_encrypt(encrypt(&other, &key).await, &other, &key, NO_RESOURCE);
            }
            denied(
                who.kms("DescribeKey", json!({ "KeyId": key.id })).await,
                &who.arn(),
                "kms:DescribeKey",
                &format!("resource: {}", key.arn),
                "because no resource-based policy allows the kms:DescribeKey action",
            );
        }
    }
}

#[tokio::test]
async fn an_explicit_deny_outweighs_every_allow() {
    let cloud = Cloud::new();
    let allow = statement("Allow", "*", "kms:*");
    let key = key_with(&cloud, &[allow, statement("Deny", OWNER, "kms:Encrypt")]).await;
    let [user, session] = callers(&cloud, OWNER, &[may_encrypt()]).await;
    for who in [user, session, cloud.root_of(OWNER)] {
        let reason = "with an explicit deny in a resource-based policy";
        denied_encrypt(encrypt(&who, &key).await, &who, &key, reason);
    }
}

#[tokio::test]
async fn session_policies_limit_what_the_role_may() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    let of = |role: &'static str, limits: Vec<Value>| {
        let cloud = &cloud;
        async move { cloud.new_session(OWNER, role, &[may_encrypt()], Some(&limits)).await }
    };
    let none = of("none", vec![identity("Allow", "kms:DescribeKey", "*")]).await;
    denied_encrypt(encrypt(&none, &key).await, &none, &key, NO_SESSION);
    let deny = of("deny", vec![identity("Allow", "kms:*", "*"), may_not_encrypt()]).await;
    let reason = "with an explicit deny in a session policy";
    denied_encrypt(encrypt(&deny, &key).await, &deny, &key, reason);
    let allow = of("allow", vec![may_encrypt()]).await;
    encrypt(&allow, &key).await.expect("both allow");

    // A key policy that names the session itself is not limited by what its session policies leave out; one that names
    // the role is.
    let direct = key_with(&cloud, &[statement("Allow", &none.arn(), "kms:Encrypt")]).await;
    encrypt(&none, &direct).await.expect("the session itself is named");
    let role = none.caller().principal_arn().to_string();
    let by_role = key_with(&cloud, &[statement("Allow", &role, "kms:Encrypt")]).await;
    denied_encrypt(encrypt(&none, &by_role).await, &none, &by_role, NO_SESSION);
}

#[tokio::test]
async fn another_account_needs_the_key_policy_and_its_own_identity_policies() {
    let cloud = Cloud::new();
    let closed = key(&cloud).await;
    let open = key_with(&cloud, &[statement("Allow", STRANGER, "kms:*")]).await;
    for who in callers(&cloud, STRANGER, &[may_encrypt()]).await {
        denied_encrypt(encrypt(&who, &closed).await, &who, &closed, FOREIGN);
        encrypt(&who, &open).await.expect("both sides allow");
    }
    for who in callers(&cloud, STRANGER, &[]).await {
        denied_encrypt(encrypt(&who, &open).await, &who, &open, NO_IDENTITY);
        let named = key_with(&cloud, &[statement("Allow", &who.arn(), "kms:Encrypt")]).await;
        denied_encrypt(encrypt(&who, &named).await, &who, &named, NO_IDENTITY);
    }
    encrypt(&cloud.root_of(STRANGER), &open).await.expect("the other account's root user");
    let deny = statement("Deny", STRANGER, "kms:Encrypt");
    let denying = key_with(&cloud, &[statement("Allow", STRANGER, "kms:*"), deny]).await;
    for who in callers(&cloud, STRANGER, &[may_encrypt()]).await {
        denied_encrypt(encrypt(&who, &denying).await, &who, &denying, FOREIGN);
    }
}

#[tokio::test]
async fn most_operations_are_for_the_keys_own_account_whatever_policies_say() {
    let cloud = Cloud::new();
    let key = key_with(&cloud, &[statement("Allow", "*", "kms:*")]).await;
    let everything = identity("Allow", "kms:*", "*");
    for who in callers(&cloud, STRANGER, &[everything]).await {
        for operation in ["DisableKey", "GetKeyPolicy", "ListResourceTags", "ScheduleKeyDeletion", "EnableKeyRotation"]
        {
            let outcome = who.kms(operation, json!({ "KeyId": key.arn })).await;
            denied(outcome, &who.arn(), &format!("kms:{operation}"), "this resource", FOREIGN);
        }
        for operation in ["DescribeKey", "GetKeyRotationStatus", "ListGrants"] {
            who.kms(operation, json!({ "KeyId": key.arn })).await.expect(operation);
        }
    }
}

#[tokio::test]
async fn operations_without_a_key_are_for_identity_policies_alone() {
    let cloud = Cloud::new();
    for (operation, input) in [
        ("CreateKey", json!({})),
        ("ListKeys", json!({})),
        ("ListAliases", json!({})),
        ("GenerateRandom", json!({ "NumberOfBytes": 1 })),
    ] {
        cloud.root_of(OWNER).kms(operation, input.clone()).await.expect("the root user may");
        for who in callers(&cloud, OWNER, &[]).await {
            let action = format!("kms:{operation}");
            let reason = format!("because no identity-based policy allows the {action} action");
            denied(who.kms(operation, input.clone()).await, &who.arn(), &action, "resource: *", &reason);
        }
        for who in callers(&cloud, OWNER, &[identity("Allow", format!("kms:{operation}"), "*")]).await {
            who.kms(operation, input.clone()).await.expect(operation);
        }
    }
}

#[tokio::test]
async fn an_alias_and_its_keys_are_asked() {
    let cloud = Cloud::new();
    let (key, other) = (key(&cloud).await, key(&cloud).await);
    let arn = format!("arn:aws:kms:us-east-1:{OWNER}:alias/a");
    let may = |resources: &[&str]| identity("Allow", json!(["kms:CreateAlias", "kms:UpdateAlias"]), json!(resources));
    let create = json!({ "AliasName": "alias/a", "TargetKeyId": key.id });
    let update = json!({ "AliasName": "alias/a", "TargetKeyId": other.id });
    let refused = |resource: &str, action: &str| {
        let reason = format!("because no identity-based policy allows the {action} action");
        (format!("resource: {resource}"), reason)
    };
    let only_key = cloud.new_user(OWNER, "only-key", &[may(&[&key.arn])]).await;
    let (resource, reason) = refused(&arn, "kms:CreateAlias");
    denied(only_key.kms("CreateAlias", create.clone()).await, &only_key.arn(), "kms:CreateAlias", &resource, &reason);
    let only_alias = cloud.new_user(OWNER, "only-alias", &[may(&[&arn])]).await;
    let (resource, reason) = refused(&key.arn, "kms:CreateAlias");
    let outcome = only_alias.kms("CreateAlias", create.clone()).await;
    denied(outcome, &only_alias.arn(), "kms:CreateAlias", &resource, &reason);
    let both = cloud.new_user(OWNER, "both", &[may(&[&arn, &key.arn])]).await;
    both.kms("CreateAlias", create).await.expect("both ends allow");
    let (resource, reason) = refused(&other.arn, "kms:UpdateAlias");
    denied(both.kms("UpdateAlias", update.clone()).await, &both.arn(), "kms:UpdateAlias", &resource, &reason);
    let all = cloud.new_user(OWNER, "all", &[may(&[&arn, &key.arn, &other.arn])]).await;
    all.kms("UpdateAlias", update).await.expect("all three allow");
}

#[tokio::test]
async fn both_sides_of_a_re_encryption_are_asked() {
    let cloud = Cloud::new();
    let (from, to) = (key(&cloud).await, key(&cloud).await);
    let blob = encrypt(&cloud.root_of(OWNER), &from).await.expect("encrypted")["CiphertextBlob"].clone();
    let input = json!({ "CiphertextBlob": blob, "SourceKeyId": from.id, "DestinationKeyId": to.id });
    let may = |side: &str, key: &str| identity("Allow", format!("kms:ReEncrypt{side}"), key);
    for (name, policies, side, key) in [
        ("from", vec![may("From", &from.arn)], "To", &to.arn),
        ("to", vec![may("To", &to.arn)], "From", &from.arn),
        ("crossed", vec![may("From", &to.arn), may("To", &from.arn)], "To", &to.arn),
    ] {
        let who = cloud.new_user(OWNER, name, &policies).await;
        let action = format!("kms:ReEncrypt{side}");
        let reason = format!("because no identity-based policy allows the {action} action");
        let outcome = who.kms("ReEncrypt", input.clone()).await;
        denied(outcome, &who.arn(), &action, &format!("resource: {key}"), &reason);
    }
    let who = cloud.new_user(OWNER, "both", &[may("From", &from.arn), may("To", &to.arn)]).await;
    who.kms("ReEncrypt", input).await.expect("both sides allow");
}

#[tokio::test]
async fn a_replica_asks_for_a_key_in_its_own_region() {
    let cloud = Cloud::new();
    let primary = make(&cloud, json!({ "MultiRegion": true })).await;
    let input = json!({ "KeyId": primary.id, "ReplicaRegion": "eu-west-1" });
    let replicate = identity("Allow", "kms:ReplicateKey", &*primary.arn);
    let create_here = crate::support::document(&[json!({
        "Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestedRegion": "us-east-1" } },
    })]);
    let here = cloud.new_user(OWNER, "here", &[replicate.clone(), create_here]).await;
    let reason = "because no identity-based policy allows the kms:CreateKey action";
    denied(here.kms("ReplicateKey", input.clone()).await, &here.arn(), "kms:CreateKey", "resource: *", reason);
    let there = cloud.new_user(OWNER, "there", &[replicate, identity("Allow", "kms:CreateKey", "*")]).await;
    there.kms("ReplicateKey", input).await.expect("a replica");
}

#[tokio::test]
async fn the_state_of_a_key_is_told_to_those_only_who_may_use_it() {
    let cloud = Cloud::new();
    let key = key(&cloud).await;
    cloud.root_of(OWNER).kms("DisableKey", json!({ "KeyId": key.id })).await.expect("disabled");
    let user = cloud.new_user(OWNER, "user", &[]).await;
    denied_encrypt(encrypt(&user, &key).await, &user, &key, NO_IDENTITY);
    let dry = user.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO, "DryRun": true })).await;
    denied_encrypt(dry, &user, &key, NO_IDENTITY);
}

#[tokio::test]
async fn a_principal_made_anew_is_not_the_one_that_the_policy_names() {
    let cloud = Cloud::new();
    let user = cloud.new_user(OWNER, "alice", &[]).await;
    let key = key_with(&cloud, &[statement("Allow", &user.arn(), "kms:*")]).await;
    encrypt(&user, &key).await.expect("named");
    cloud.remove_user(OWNER, "alice").await;
    let again = cloud.new_user(OWNER, "alice", &[]).await;
    assert_eq!(again.arn(), user.arn());
    denied_encrypt(encrypt(&again, &key).await, &again, &key, NO_RESOURCE);
    // What is given back names the one that is no more.
    let root = key_with(&cloud, &[statement("Allow", OWNER, "kms:*"), statement("Allow", &again.arn(), "kms:*")]).await;
    let policy = async || {
        let told = cloud.root_of(OWNER).kms("GetKeyPolicy", json!({ "KeyId": root.id })).await.expect("a policy");
        told["Policy"].as_str().expect("text").to_owned()
    };
    assert!(policy().await.contains(&again.arn()));
    cloud.remove_user(OWNER, "alice").await;
    let shown = policy().await;
    assert!(!shown.contains("alice") && shown.contains(&again.caller().user_id()), "{shown}");
}

#[tokio::test]
async fn a_replica_is_a_new_key_with_what_its_primary_key_is_like() {
    let cloud = Cloud::new();
    let primary = make(&cloud, json!({ "MultiRegion": true })).await;
    let replicate = |region: &str| json!({ "KeyId": primary.id, "ReplicaRegion": region });
    let create_if = |kind: &str| {
        crate::support::document(&[
            json!({ "Effect": "Allow", "Action": "kms:ReplicateKey", "Resource": "*" }),
            json!({
                "Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*",
                "Condition": { "StringEquals": { "kms:MultiRegionKeyType": kind, "kms:KeySpec": "SYMMETRIC_DEFAULT" } },
            }),
        ])
    };
    let wrong = cloud.new_user(OWNER, "wrong", &[create_if("PRIMARY")]).await;
    assert!(wrong.is_denied("ReplicateKey", replicate("eu-west-1")).await);
    let right = cloud.new_user(OWNER, "right", &[create_if("REPLICA")]).await;
    right.kms("ReplicateKey", replicate("eu-west-1")).await.expect("a replica");
}

#[tokio::test]
async fn the_aliases_of_a_key_are_listed_for_identity_policies_whatever_the_key_policy_says() {
    let cloud = Cloud::new();
    let key = key_with(&cloud, &[somebody_else()]).await;
    let may = cloud.new_user(OWNER, "may", &[identity("Allow", "kms:ListAliases", "*")]).await;
    may.kms("ListAliases", json!({ "KeyId": key.id })).await.expect("not the key's business");
    let may_not = cloud.new_user(OWNER, "may-not", &[]).await;
    assert!(may_not.is_denied("ListAliases", json!({ "KeyId": key.id })).await);
}

#[tokio::test]
async fn the_lock_out_check_knows_the_key() {
    let cloud = Cloud::new();
    let key = make(&cloud, json!({ "Tags": [{ "TagKey": "t", "TagValue": "x" }] })).await;
    let policy = |value: &str| {
        let condition = json!({ "StringEquals": { "kms:KeySpec": "SYMMETRIC_DEFAULT", "aws:ResourceTag/t": value } });
        let mut statement = statement("Allow", OWNER, "kms:*");
        statement["Condition"] = condition;
        json!({ "KeyId": key.id, "Policy": crate::support::document(&[statement]).to_string() })
    };
    let root = cloud.root_of(OWNER);
    let refused = root.kms("PutKeyPolicy", policy("y")).await.expect_err("locked out");
    assert_eq!(refused.code, "MalformedPolicyDocumentException");
    root.kms("PutKeyPolicy", policy("x")).await.expect("the conditions hold of the key");
}

#[tokio::test]
async fn the_first_multi_region_key_needs_permission_for_its_role() {
    let cloud = Cloud::new();
    let input = json!({ "MultiRegion": true });
    let create = identity("Allow", "kms:CreateKey", "*");
    let without = cloud.new_user(OWNER, "without", std::slice::from_ref(&create)).await;
    assert!(without.is_denied("CreateKey", input.clone()).await);
    let role = identity("Allow", "iam:CreateServiceLinkedRole", "*");
    let with = cloud.new_user(OWNER, "with", &[create, role]).await;
    with.kms("CreateKey", input.clone()).await.expect("the role is made along");
    without.kms("CreateKey", input).await.expect("the role is there");
}

#[tokio::test]
async fn no_aws_managed_key_comes_into_being_for_those_who_may_not_look_at_it() {
    let cloud = Cloud::new();
    let input = json!({ "KeyId": "alias/aws/s3" });
    let nobody = cloud.new_user(OWNER, "nobody", &[]).await;
    assert!(nobody.is_denied("DescribeKey", input.clone()).await);
    let listed = cloud.root_of(OWNER).kms("ListKeys", json!({})).await.expect("listed");
    assert_eq!(listed["Keys"], json!([]));
    let may = cloud.new_user(OWNER, "may", &[identity("Allow", "kms:DescribeKey", "*")]).await;
    may.kms("DescribeKey", input).await.expect("made for whoever may");
}
