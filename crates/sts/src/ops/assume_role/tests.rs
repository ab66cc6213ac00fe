use std::collections::BTreeMap;

use serde_json::{Value, json};
use trent_identity::{DirectoryOptions, PolicyRecord, PolicyVersion, RoleRecord};
use trent_shared::Caller;
use trent_testkit::{Answer, Xml};

use super::*;
use crate::Options;
use crate::testing::{ACCOUNT, Lab, OTHER, allowing, denial, id, nothing, root, trusting};

const ASSUME: [&str; 1] = ["sts:AssumeRole"];

fn is_denied(answer: &Answer, caller: &Caller, action: &str, role: &str) {
    answer.is_refused(403, "AccessDenied", &denial(caller, action, role));
}

/// A session of a role that trusts the account, by a user that may do anything, with these parameters.
async fn first_session(lab: &Lab, parameters: &[(&str, &str)]) -> Caller {
    let user = lab.user("first", allowing(&["sts:*"])).await;
    let actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
    let edit = |role: &mut RoleRecord| {
        role.inline.insert("own".to_owned(), allowing(&["sts:*"]).to_string());
    };
    let role = lab.role_with("First", trusting(ACCOUNT, &actions, &Value::Null), edit).await;
    let answer = lab.assume(&user, &role, parameters).await.succeeds_in_xml();
    lab.caller(&answer).await
}

#[tokio::test]
async fn a_user_that_the_role_names_needs_no_permission_of_its_own() {
    let lab = Lab::new();
    let alice = lab.user("alice", nothing()).await;
    let role = lab.role("Reader", trusting(&alice.arn().to_string(), &ASSUME, &Value::Null)).await;
    let answer = lab.assume(&alice, &role, &[]).await.succeeds_in_xml();
    assert_eq!(answer.text("AssumedRoleUser/Arn"), "arn:aws:sts::111122223333:assumed-role/Reader/session");
    assert_eq!(answer.text("Credentials/Expiration"), "2026-09-28T13:10:08Z");
    assert!(answer.text("Credentials/AccessKeyId").starts_with("ASIA"));
    assert_eq!(answer.find("PackedPolicySize"), None);
    let session = lab.caller(&answer).await;
    assert_eq!(session.user_id(), answer.text("AssumedRoleUser/AssumedRoleId"));
    assert_eq!(session.arn().to_string(), answer.text("AssumedRoleUser/Arn"));
    let identity = lab.call(&session, "GetCallerIdentity", &[]).await.succeeds_in_xml();
    assert_eq!(identity.text("Arn"), answer.text("AssumedRoleUser/Arn"));
    assert!(identity.text("UserId").starts_with("AROA"));

    let bob = lab.user("bob", allowing(&["sts:*"])).await;
    is_denied(&lab.assume(&bob, &role, &[]).await, &bob, "sts:AssumeRole", &role);
}

#[tokio::test]
async fn the_account_in_a_trust_policy_leaves_it_to_identity_policies() {
    let lab = Lab::new();
    let (may, may_not) = (lab.user("may", allowing(&ASSUME)).await, lab.user("may-not", allowing(&["kms:*"])).await);
    for principal in [ACCOUNT, "arn:aws:iam::111122223333:root"] {
        let role = lab.role(&format!("R{}", principal.len()), trusting(principal, &ASSUME, &Value::Null)).await;
        lab.assume(&may, &role, &[]).await.succeeds_in_xml();
        is_denied(&lab.assume(&may_not, &role, &[]).await, &may_not, "sts:AssumeRole", &role);
    }
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let lab = Lab::new();
    let may = lab.user_of(OTHER, "may", allowing(&ASSUME)).await;
    let may_not = lab.user_of(OTHER, "may-not", nothing()).await;
    let role = lab.role("Shared", trusting(OTHER, &ASSUME, &Value::Null)).await;
    let session = lab.caller(&lab.assume(&may, &role, &[]).await.succeeds_in_xml()).await;
    assert_eq!(session.account, id(ACCOUNT));
    is_denied(&lab.assume(&may_not, &role, &[]).await, &may_not, "sts:AssumeRole", &role);
    let named = lab.role("Named", trusting(&may_not.arn().to_string(), &ASSUME, &Value::Null)).await;
    is_denied(&lab.assume(&may_not, &named, &[]).await, &may_not, "sts:AssumeRole", &named);
    let own = lab.role("Own", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    is_denied(&lab.assume(&may, &own, &[]).await, &may, "sts:AssumeRole", &own);
}

#[tokio::test]
async fn a_role_that_does_not_exist_is_told_from_no_other() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&["*"])).await;
    lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    for missing in ["role/Missing", "role/path/Reader", "role/reader"] {
        let missing = format!("arn:aws:iam::{ACCOUNT}:{missing}");
        is_denied(&lab.assume(&alice, &missing, &[]).await, &alice, "sts:AssumeRole", &missing);
    }
    let elsewhere = format!("arn:aws-cn:iam::{ACCOUNT}:role/Reader");
    is_denied(&lab.assume(&alice, &elsewhere, &[]).await, &alice, "sts:AssumeRole", &elsewhere);
    let wrong = "arn:aws:iam::111122223333:user/alice";
    lab.assume(&alice, wrong, &[]).await.is_refused(400, "ValidationError", &format!("{wrong} is invalid"));
}

#[tokio::test]
async fn explicit_denies_are_told() {
    let lab = Lab::new();
    let mut policy = allowing(&ASSUME);
    policy["Statement"][0]["Effect"] = json!("Deny");
    let alice = lab.user("alice", policy).await;
    let arn = alice.arn().to_string();
    let role = lab.role("Reader", trusting(&arn, &ASSUME, &Value::Null)).await;
    let words = denial(&alice, "sts:AssumeRole", &role) + " with an explicit deny in an identity-based policy";
    lab.assume(&alice, &role, &[]).await.is_refused(403, "AccessDenied", &words);

    let bob = lab.user("bob", allowing(&ASSUME)).await;
    let mut trust = trusting(ACCOUNT, &ASSUME, &Value::Null);
    trust["Statement"][0]["Effect"] = json!("Deny");
    let role = lab.role("Closed", trust).await;
    let words = denial(&bob, "sts:AssumeRole", &role) + " with an explicit deny in the role trust policy";
    lab.assume(&bob, &role, &[]).await.is_refused(403, "AccessDenied", &words);
}

#[tokio::test]
async fn a_user_made_anew_under_a_trusted_name_is_not_trusted() {
    let lab = Lab::new();
    let alice = lab.user("alice", nothing()).await;
    let arn = alice.arn().to_string();
    let edit = |role: &mut RoleRecord| {
        role.trusted_ids.insert(arn.clone(), "AIDAOFTHEFIRSTALICE00".to_owned());
    };
    let role = lab.role_with("Reader", trusting(&arn, &ASSUME, &Value::Null), edit).await;
    is_denied(&lab.assume(&alice, &role, &[]).await, &alice, "sts:AssumeRole", &role);
}

#[tokio::test]
async fn root_users_assume_no_roles() {
    let lab = Lab::new();
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    let words = "Roles may not be assumed by root accounts.";
    lab.assume(&root(), &role, &[]).await.is_refused(403, "AccessDenied", words);
    let lab = Lab::with(DirectoryOptions::default(), Mode::Observe, Options::default());
    let role = lab.role("Reader", trusting(OTHER, &ASSUME, &Value::Null)).await;
    lab.assume(&root(), &role, &[]).await.succeeds_in_xml();
    let missing = "arn:aws:iam::111122223333:role/Missing";
    is_denied(&lab.assume(&root(), missing, &[]).await, &root(), "sts:AssumeRole", missing);
}

#[tokio::test]
async fn without_iam_every_role_is_taken_as_existing() {
    let lab = Lab::without_iam(Options::default());
    let role = "arn:aws:iam::111122223333:role/team/Any";
    let answer = lab.assume(&root(), role, &[("DurationSeconds", "43200")]).await.succeeds_in_xml();
    let again = lab.assume(&root(), role, &[]).await.succeeds_in_xml();
    let id = answer.text("AssumedRoleUser/AssumedRoleId");
    assert_eq!(id, again.text("AssumedRoleUser/AssumedRoleId"));
    assert_eq!(id.len(), "AROA".len() + 17 + ":session".len());
    assert_ne!(answer.text("Credentials/AccessKeyId"), again.text("Credentials/AccessKeyId"));
    assert_eq!(lab.caller(&answer).await.principal_arn().to_string(), role);
}

#[tokio::test]
async fn trust_policies_ask_for_external_ids_and_session_names() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&ASSUME)).await;
    let condition = json!({ "StringEquals": { "sts:ExternalId": "secret", "sts:RoleSessionName": "session" } });
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &condition)).await;
    lab.assume(&alice, &role, &[("ExternalId", "secret")]).await.succeeds_in_xml();
    for wrong in [&[("ExternalId", "Secret")][..], &[]] {
        is_denied(&lab.assume(&alice, &role, wrong).await, &alice, "sts:AssumeRole", &role);
    }
    let parameters = [("RoleArn", &*role), ("RoleSessionName", "other"), ("ExternalId", "secret")];
    is_denied(&lab.call(&alice, "AssumeRole", &parameters).await, &alice, "sts:AssumeRole", &role);
}

#[tokio::test]
async fn sessions_last_no_longer_than_the_role_and_chains_allow() {
    let lab = Lab::new();
    let first = first_session(&lab, &[]).await;
    let edit = |role: &mut RoleRecord| role.max_session_seconds = 7200;
    let role = lab.role_with("Long", trusting(ACCOUNT, &ASSUME, &Value::Null), edit).await;
    let user = lab.user("alice", allowing(&ASSUME)).await;
    let duration = |seconds| [("DurationSeconds", seconds)];
    let answer = lab.assume(&user, &role, &duration("7200")).await.succeeds_in_xml();
    assert_eq!(answer.text("Credentials/Expiration"), "2026-09-28T14:10:08Z");
    let words = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    lab.assume(&user, &role, &duration("7201")).await.is_refused(400, "ValidationError", words);
    lab.assume(&first, &role, &duration("3600")).await.succeeds_in_xml();
    let words = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
    lab.assume(&first, &role, &duration("3601")).await.is_refused(400, "ValidationError", words);
    let refused = lab.assume(&user, &role, &duration("899")).await.fails();
    assert_eq!((refused.status, &*refused.code), (400, "ValidationError"));
}

#[tokio::test]
async fn credentials_expire_by_the_clock() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&ASSUME)).await;
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    let answer = lab.assume(&alice, &role, &[("DurationSeconds", "900")]).await.succeeds_in_xml();
    let key = answer.text("Credentials/AccessKeyId");
    let are_expired = async || {
        let credentials = lab.directory.credentials(key).await.expect("works").expect("known for a day");
        credentials.are_expired(lab.directory.now())
    };
    lab.clock.advance_millis(899_000);
    assert!(!are_expired().await);
    lab.clock.advance_millis(1000);
    assert!(are_expired().await);
}

#[tokio::test]
async fn tags_need_a_permission_of_their_own() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&["sts:*"])).await;
    let tags = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "Red")];
    let plain = lab.role("Plain", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    is_denied(&lab.assume(&alice, &plain, &tags).await, &alice, "sts:TagSession", &plain);

    let actions = ["sts:AssumeRole", "sts:TagSession"];
    let condition = json!({
        "StringEquals": { "aws:RequestTag/Team": "Red" }, "ForAllValues:StringEquals": { "aws:TagKeys": ["Team"] },
        "Null": { "sts:TransitiveTagKeys": "true" },
    });
    let role = lab.role("Tagged", trusting(ACCOUNT, &actions, &condition)).await;
    let answer = lab.assume(&alice, &role, &tags).await.succeeds_in_xml();
    assert_eq!(answer.text("PackedPolicySize"), "1");
    let session = lab.caller(&answer).await;
    let permissions = lab.directory.permissions(&session).await.expect("readable");
    assert_eq!(permissions.principal_tags.get("team").map(String::as_str), Some("Red"));
    let transitive = [&tags[..], &[("TransitiveTagKeys.member.1", "Team")]].concat();
    is_denied(&lab.assume(&alice, &role, &transitive).await, &alice, "sts:AssumeRole", &role);
    let other = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "Blue")];
    is_denied(&lab.assume(&alice, &role, &other).await, &alice, "sts:AssumeRole", &role);
}

#[tokio::test]
async fn transitive_tags_stay_through_chains() {
    let lab = Lab::new();
    let tags = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "Red"),
        ("Tags.member.2.Key", "Stage"),
        ("Tags.member.2.Value", "Test"),
        ("TransitiveTagKeys.member.1", "team"),
    ];
    let first = first_session(&lab, &tags).await;
    let untagged = lab.role("Untagged", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    is_denied(&lab.assume(&first, &untagged, &[]).await, &first, "sts:TagSession", &untagged);

    let second = lab.role("Second", trusting(ACCOUNT, &["sts:AssumeRole", "sts:TagSession"], &Value::Null)).await;
    let session = lab.caller(&lab.assume(&first, &second, &[]).await.succeeds_in_xml()).await;
    let facts = lab.directory.permissions(&session).await.expect("readable").session_facts.clone();
    let facts = facts.expect("a session");
    assert_eq!(json!(facts.tags), json!({ "Team": "Red" }));
    assert_eq!(json!(facts.transitive_tags), json!(["Team"]));
    assert!(facts.is_chained);

    let again = [("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "Blue")];
    let words = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.";
    lab.assume(&first, &second, &again).await.is_refused(400, "InvalidParameterValue", words);
}

#[tokio::test]
async fn tags_that_contradict_themselves_are_refused() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&["sts:*"])).await;
    let role = lab.role("Reader", trusting(ACCOUNT, &["sts:AssumeRole", "sts:TagSession"], &Value::Null)).await;
    for (parameters, words) in [
        (
            &[
                ("Tags.member.1.Key", "Team"),
                ("Tags.member.1.Value", "a"),
                ("Tags.member.2.Key", "team"),
                ("Tags.member.2.Value", "b"),
            ][..],
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
        (
            &[("TransitiveTagKeys.member.1", "Team")],
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            &[("Tags.member.1.Key", "aws:Team"), ("Tags.member.1.Value", "a")],
            "Tag keys that begin with aws: are reserved for use by AWS.",
        ),
    ] {
        lab.assume(&alice, &role, parameters).await.is_refused(400, "InvalidParameterValue", words);
    }
}

#[tokio::test]
async fn a_source_identity_stays_and_needs_a_permission() {
    let lab = Lab::new();
    let first = first_session(&lab, &[("SourceIdentity", "carol")]).await;
    let actions = ["sts:AssumeRole", "sts:SetSourceIdentity"];
    let condition = json!({ "StringEquals": { "sts:SourceIdentity": "carol" } });
    let role = lab.role("Second", trusting(ACCOUNT, &actions, &condition)).await;
    let answer = lab.assume(&first, &role, &[]).await.succeeds_in_xml();
    assert_eq!(answer.text("SourceIdentity"), "carol");
    let session = lab.caller(&answer).await;
    let facts = lab.directory.permissions(&session).await.expect("readable").session_facts.clone();
    assert_eq!(facts.and_then(|facts| facts.source_identity).as_deref(), Some("carol"));

    let any = lab.role("Any", trusting(ACCOUNT, &actions, &Value::Null)).await;
    let other = [("SourceIdentity", "mallory")];
    is_denied(&lab.assume(&first, &any, &other).await, &first, "sts:SetSourceIdentity", &any);
    let plain = lab.role("Plain", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    is_denied(&lab.assume(&first, &plain, &[]).await, &first, "sts:SetSourceIdentity", &plain);
}

async fn limits(lab: &Lab, answer: &Xml) -> Vec<String> {
    let permissions = lab.directory.permissions(&lab.caller(answer).await).await.expect("readable");
    permissions.session.iter().flatten().map(|policy| policy.name.clone()).collect()
}

#[tokio::test]
async fn session_policies_limit_the_session_managed_ones_as_they_are_then() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&ASSUME)).await;
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    let now = lab.directory.now();
    let version = PolicyVersion { document: allowing(&["kms:*"]).to_string(), created: now };
    let policy = PolicyRecord {
        id: lab.directory.new_id(trent_identity::IdKind::Policy, id(ACCOUNT)),
        path: "/".to_owned(),
        name: "p".to_owned(),
        created: now,
        updated: now,
        description: None,
        tags: BTreeMap::new(),
        versions: [(1, version)].into(),
        default_version: 1,
        next_version: 2,
    };
    lab.add(id(ACCOUNT), &policy).await;
    let document = allowing(&["kms:Encrypt"]).to_string();
    let arn = "arn:aws:iam::111122223333:policy/p";
    let parameters = [("Policy", &*document), ("PolicyArns.member.1.arn", arn)];
    let answer = lab.assume(&alice, &role, &parameters).await.succeeds_in_xml();
    assert_eq!(answer.text("PackedPolicySize"), "13");
    assert_eq!(limits(&lab, &answer).await, [arn, "session policy"]);

    let before = lab.directory.policy(arn).await.expect("readable").expect("there").1;
    let mut change = trent_identity::Change::of(id(ACCOUNT));
    change.remove(&before).expect("JSON");
    assert!(lab.directory.commit(change).await.expect("works"));
    assert_eq!(limits(&lab, &answer).await, ["session policy"]);
}

#[tokio::test]
async fn session_policies_that_are_wrong_or_too_large_are_refused() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&ASSUME)).await;
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    let with_resource = |length: usize| {
        let mut policy = allowing(&["kms:Encrypt"]);
        policy["Statement"][0]["Resource"] = json!(format!("arn:aws:kms:us-east-1:111122223333:key/{:a>length$}", ""));
        policy.to_string()
    };
    let large = with_resource(1100);
    for (policy, code, words) in [
        ("{", "MalformedPolicyDocument", "The policy is not in the valid JSON format."),
        ("{}", "MalformedPolicyDocument", "Syntax errors in policy."),
        (&*large, "PackedPolicyTooLarge", "Packed policy consumes 115% of allotted space, please use smaller policy."),
    ] {
        lab.assume(&alice, &role, &[("Policy", policy)]).await.is_refused(400, code, words);
    }
    let longer = with_resource(2048);
    let refused = lab.assume(&alice, &role, &[("Policy", &longer)]).await.fails();
    assert_eq!((refused.status, &*refused.code), (400, "ValidationError"));
    let missing = "arn:aws:iam::111122223333:policy/missing";
    let words = format!("Policy {missing} does not exist or is not attachable.");
    let answer = lab.assume(&alice, &role, &[("PolicyArns.member.1.arn", missing)]).await;
    answer.is_refused(400, "ValidationError", &words);
}

#[tokio::test]
async fn nobody_has_a_device() {
    let lab = Lab::new();
    let alice = lab.user("alice", allowing(&ASSUME)).await;
    let role = lab.role("Reader", trusting(ACCOUNT, &ASSUME, &Value::Null)).await;
    let device = [("SerialNumber", "arn:aws:iam::111122223333:mfa/alice"), ("TokenCode", "123456")];
    let words = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number \
                 is valid and associated with this user.";
    lab.assume(&alice, &role, &device).await.is_refused(403, "AccessDenied", words);
}
