use std::collections::BTreeMap;

use serde_json::Value;
use trent_policy::{ConsideredGrant, GrantAllow, NamedPolicy, Policy, PolicyKind, ResourceSide, Rule};
use trent_shared::{Arn, Caller, Connection, Partition, Principal, Via};

use super::*;
use crate::testing::{Lab, account, allowing, request};
use crate::{DirectoryOptions, Guardrail, Organization, SessionPrincipal, UserRecord};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";

impl Lab {
    fn authorizer(&self, mode: Mode) -> Authorizer {
        Authorizer::new(self.directory.clone(), self.clock.clone(), mode)
    }

    async fn user_with(&self, document: &str) -> Caller {
        let mut user = self.user("alice");
        user.inline.insert("own".to_owned(), document.to_owned());
        self.add(&user).await;
        Lab::caller(user.principal())
    }
}

fn key_policy(principal: &str) -> NamedPolicy {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"S","Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"kms:*","Resource":"*"}}]}}"#
    );
    NamedPolicy { name: "key policy".to_owned(), policy: Policy::parse(&text, PolicyKind::Key).expect("valid").into() }
}

fn encrypt<'a>(policy: Option<&'a NamedPolicy>, facts: &'a dyn Facts) -> Asked<'a> {
    let side = ResourceSide { account: account(), policy, rule: Rule::RootOfTrust };
    Asked { action: "kms:Encrypt", resource: KEY, facts, side }
}

fn list_keys(facts: &dyn Facts) -> Asked<'_> {
    let side = ResourceSide { account: account(), policy: None, rule: Rule::IdentityOnly };
    Asked { action: "kms:ListKeys", resource: "*", facts, side }
}

fn grant(needs_identity: bool) -> ConsideredGrant {
    ConsideredGrant::Allows(GrantAllow { grant_id: "g1".to_owned(), is_limited: false, needs_identity })
}

#[tokio::test]
async fn what_nobody_allows_is_refused_in_awss_words() {
    let lab = Lab::new();
    let cx = request(lab.user_with(&allowing("kms:Decrypt")).await);
    let (delegating, silent) = (key_policy("111122223333"), key_policy("arn:aws:iam::111122223333:user/bob"));
    let authorizer = lab.authorizer(Mode::Enforce);
    let says = async |asked| authorizer.authorize(&cx, asked).await.expect("readable").expect_err("denied").message;
    let user = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: ";
    assert_eq!(
        says(encrypt(Some(&delegating), &())).await,
        format!("{user}kms:Encrypt on resource: {KEY} because no identity-based policy allows the kms:Encrypt action")
    );
    assert_eq!(
        says(encrypt(Some(&silent), &())).await,
        format!("{user}kms:Encrypt on resource: {KEY} because no resource-based policy allows the kms:Encrypt action")
    );
    assert_eq!(
        says(list_keys(&())).await,
        format!("{user}kms:ListKeys on resource: * because no identity-based policy allows the kms:ListKeys action")
    );
}

#[tokio::test]
async fn a_foreign_caller_learns_nothing_of_the_key() {
    let lab = Lab::new();
    let stranger = Caller { account: "999999999999".parse().expect("valid"), ..Lab::caller(Principal::Root) };
    let policy = key_policy("111122223333");
    let refused = lab.authorizer(Mode::Enforce).authorize(&request(stranger), encrypt(Some(&policy), &())).await;
    let refused = refused.expect("readable").expect_err("denied");
    assert_eq!(
        refused.message,
        "User: arn:aws:iam::999999999999:root is not authorized to perform: kms:Encrypt on this resource because the \
         resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy \
         explicitly denies access"
    );
}

#[tokio::test]
async fn each_protocol_has_its_own_error() {
    let refused = Refused { message: "m".to_owned() };
    let (json, xml) = (refused.clone().in_json(), refused.in_xml());
    assert_eq!(
        (&*json.code, json.status, json.message_key),
        ("AccessDeniedException", 400, trent_shared::MessageKey::Capital)
    );
    assert_eq!((&*xml.code, xml.status, xml.message.as_deref()), ("AccessDenied", 403, Some("m")));
}

#[tokio::test]
async fn a_grant_stands_in_for_what_policies_leave_out_but_not_for_a_deny() {
    let lab = Lab::new();
    let cx = request(lab.user_with(&allowing("kms:Decrypt")).await);
    let authorizer = lab.authorizer(Mode::Enforce);
    let permissions = authorizer.permissions(&cx).await.expect("readable");
    let silent = key_policy("arn:aws:iam::111122223333:user/bob");
    let considered = || authorizer.consider(&cx, &permissions, encrypt(Some(&silent), &()));
    assert!(considered().may_be_granted() && !considered().is_allowed());
    considered().conclude(&[grant(false)]).expect("granted");
    let declined = ConsideredGrant::Declines { grant_id: "g0".to_owned(), reason: "another operation".to_owned() };
    considered().conclude(std::slice::from_ref(&declined)).expect_err("not granted");
    considered().conclude(&[declined, grant(false)]).expect("granted by the second");
    let lacking = considered().conclude(&[grant(true)]).expect_err("identity policies are needed, too");
    assert!(lacking.message.ends_with("no identity-based policy allows the kms:Encrypt action"), "{}", lacking.message);

    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:*","Resource":"*"}]}"#;
    lab.edit::<UserRecord>("alice", |user| {
        user.inline.insert("deny".to_owned(), deny.to_owned());
    })
    .await;
    let permissions = authorizer.permissions(&cx).await.expect("readable");
    let considered = authorizer.consider(&cx, &permissions, encrypt(Some(&silent), &()));
    assert!(!considered.may_be_granted());
    let denied = considered.conclude(&[grant(false)]).expect_err("denied");
    assert!(denied.message.ends_with(" with an explicit deny in an identity-based policy"), "{}", denied.message);
}

#[tokio::test]
async fn every_decision_on_a_request_can_be_read_back_with_its_reasons() {
    let lab = Lab::new();
    let cx = request(lab.user_with(&allowing("kms:Encrypt")).await);
    let authorizer = lab.authorizer(Mode::Enforce);
    let policy = key_policy("111122223333");
    authorizer.authorize(&cx, encrypt(Some(&policy), &())).await.expect("readable").expect("allowed");
    authorizer.authorize(&cx, list_keys(&())).await.expect("readable").expect_err("denied");
    let decisions = authorizer.decisions().of(cx.request_id);
    let read: Vec<Value> = decisions.iter().map(|one| serde_json::to_value(one).expect("JSON")).collect();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0]["action"], "kms:Encrypt");
    assert_eq!(read[0]["principal"], "arn:aws:iam::111122223333:user/alice");
    assert_eq!(read[0]["decision"], "allowed");
    assert_eq!(read[0]["statements"][0]["sid"], "S");
    assert_eq!(read[0]["statements"][1]["policy"], "own");
    assert_eq!(read[1]["decision"], "denied");
    assert_eq!(read[1]["explanation"]["policies"][0]["name"], "own");
    assert_eq!(authorizer.decisions().latest_denials(9), decisions[1..]);
    let other = trent_shared::RequestId::new(uuid_of(1));
    assert!(authorizer.decisions().of(other).is_empty());
}

fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[tokio::test]
async fn only_the_latest_decisions_are_remembered() {
    let lab = Lab::new();
    let authorizer = lab.authorizer(Mode::Enforce);
    let policy = key_policy("111122223333");
    let at = |number| Context {
        request_id: trent_shared::RequestId::new(uuid_of(number)),
        ..request(Lab::caller(Principal::Root))
    };
    for number in 0..3000 {
        authorizer.authorize(&at(number), encrypt(Some(&policy), &())).await.expect("readable").expect("allowed");
    }
    assert!(authorizer.decisions().of(at(0).request_id).is_empty());
    let last = authorizer.decisions().of(at(2999).request_id);
    let RecordedOutcome::Allowed(allow) = &last[0].outcome else { panic!("denied") };
    assert_eq!((allow.by, &*allow.statements[0].policy), ("the account's root user", "key policy"));
    assert_eq!(last[0].resource, KEY);
}

#[tokio::test]
async fn observing_lets_everything_through_and_remembers_it() {
    let lab = Lab::new();
    let cx = request(lab.user_with(&allowing("kms:Decrypt")).await);
    let authorizer = lab.authorizer(Mode::Observe);
    authorizer.authorize(&cx, list_keys(&())).await.expect("readable").expect("let through");
    let decisions = authorizer.decisions().of(cx.request_id);
    assert!(matches!(decisions[0].outcome, RecordedOutcome::Denied { only_observed: true, .. }));
}

#[tokio::test]
async fn off_asks_nothing() {
    let lab = Lab::new();
    let cx = request(lab.user_with("not even a policy").await);
    let authorizer = lab.authorizer(Mode::Off);
    authorizer.authorize(&cx, list_keys(&())).await.expect("not read").expect("let through");
    assert!(authorizer.decisions().of(cx.request_id).is_empty());
}

#[tokio::test]
async fn a_stored_policy_that_cannot_be_read_allows_nobody_to_go_on() {
    let lab = Lab::new();
    let cx = request(lab.user_with("not a policy").await);
    let failed = lab.authorizer(Mode::Enforce).authorize(&cx, list_keys(&())).await.expect_err("unreadable");
    assert_eq!(ApiError::from(failed), ApiError::internal_failure());
}

#[tokio::test]
async fn guardrails_limit_root_users_too() {
    let policy = Policy::parse(&allowing("kms:Decrypt"), PolicyKind::Identity).expect("valid");
    let guardrails = vec![Guardrail { name: "g".to_owned(), accounts: Vec::new(), policy: policy.into() }];
    let organization = Organization { id: None, guardrails };
    let lab = Lab::with(DirectoryOptions { organization, ..DirectoryOptions::default() });
    let refused = lab.authorizer(Mode::Enforce).authorize(&request(Lab::caller(Principal::Root)), list_keys(&())).await;
    let message = refused.expect("readable").expect_err("denied").message;
    assert!(message.ends_with("because no service control policy allows the kms:ListKeys action"), "{message}");
}

/// Whether a policy with this condition allows a request.
async fn holds(authorizer: &Authorizer, cx: &Context, condition: &str, facts: &dyn Facts) -> bool {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*","Condition":{condition}}}]}}"#
    );
    let policy = Policy::parse(&text, PolicyKind::Key).expect(condition);
    let policy = NamedPolicy { name: "p".to_owned(), policy: policy.into() };
    let permissions = authorizer.permissions(cx).await.expect("readable");
    authorizer.consider(cx, &permissions, encrypt(Some(&policy), facts)).is_allowed()
}

#[tokio::test]
async fn every_request_carries_the_global_keys() {
    let organization = Organization { id: Some("o-abc".to_owned()), guardrails: Vec::new() };
    let lab = Lab::with(DirectoryOptions { organization, ..DirectoryOptions::default() });
    let mut role = lab.role("R");
    role.path = "/team/".to_owned();
    role.tags.insert("Cost Center".to_owned(), "7".to_owned());
    lab.add(&role).await;
    let mut session = lab.session(SessionPrincipal::Role {
        id: role.id.clone(),
        path: "/team/".to_owned(),
        name: "R".to_owned(),
        session_name: "s".to_owned(),
    });
    session.mfa = Some(session.issued);
    session.source_identity = Some("alice".to_owned());
    session.federated_provider = Some("accounts.google.com".to_owned());
    let caller = lab.session_caller(&session).await;
    let mut cx = request(caller);
    cx.connection = Connection { source_ip: Some("10.1.2.3".parse().expect("valid")), is_secure: true };
    lab.clock.advance(90);
    let authorizer = lab.authorizer(Mode::Enforce);
    let service: BTreeMap<String, String> = [("aws:resourcetag/a".to_owned(), "b".to_owned())].into();
    for condition in [
        r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/team/R"}}"#,
        r#"{"StringEquals":{"aws:PrincipalAccount":"111122223333","aws:PrincipalType":"AssumedRole"}}"#,
        r#"{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/cost center":"7"}}"#,
        r#"{"StringLike":{"aws:userid":"AROA*:s"},"Null":{"aws:username":"true"}}"#,
        r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericEquals":{"aws:MultiFactorAuthAge":"90"}}"#,
        r#"{"StringEquals":{"aws:SourceIdentity":"alice","aws:FederatedProvider":"accounts.google.com"}}"#,
        r#"{"DateLessThan":{"aws:TokenIssueTime":"2030-01-01T00:00:00Z"}}"#,
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z","aws:EpochTime":"1700000000"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Bool":{"aws:SecureTransport":"true"}}"#,
        r#"{"Bool":{"aws:ViaAWSService":"false","aws:PrincipalIsAWSService":"false"}}"#,
        r#"{"StringEquals":{"aws:RequestedRegion":"us-east-1"},"Null":{"aws:SourceArn":"true","aws:CalledVia":"true"}}"#,
        r#"{"StringEquals":{"aws:ResourceTag/a":"b"}}"#,
        r#"{"StringEquals":{"aws:ResourceAccount":"111122223333","aws:ResourceOrgID":"o-abc"}}"#,
    ] {
        assert!(holds(&authorizer, &cx, condition, &service).await, "{condition}");
    }
    let source: Arn = "arn:aws:s3:us-east-1:111122223333:bucket".parse().expect("valid");
    cx.via = Some(Arc::new(Via { service: "s3", source: Some(source) }));
    for condition in [
        r#"{"Bool":{"aws:ViaAWSService":"true"},"Null":{"aws:SourceIp":"true"}}"#,
        r#"{"ForAnyValue:StringEquals":{"aws:CalledVia":"s3.amazonaws.com"},"StringEquals":{"aws:CalledViaFirst":"s3.amazonaws.com"}}"#,
        r#"{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:us-east-1:111122223333:bucket"},"StringEquals":{"aws:SourceAccount":"111122223333"}}"#,
    ] {
        assert!(holds(&authorizer, &cx, condition, &()).await, "{condition}");
    }
}

#[tokio::test]
async fn long_term_callers_carry_no_session_keys() {
    let lab = Lab::new();
    let cx = request(lab.user_with(&allowing("kms:*")).await);
    let authorizer = lab.authorizer(Mode::Enforce);
    for condition in [
        r#"{"Null":{"aws:MultiFactorAuthPresent":"true","aws:TokenIssueTime":"true","aws:PrincipalOrgID":"true"}}"#,
        r#"{"StringEquals":{"aws:username":"alice","aws:PrincipalType":"User"}}"#,
    ] {
        assert!(holds(&authorizer, &cx, condition, &()).await, "{condition}");
    }
    let root = request(Caller::root(Partition::Aws, account()));
    assert!(holds(&authorizer, &root, r#"{"StringEquals":{"aws:PrincipalType":"Account"}}"#, &()).await);
}

/// What a decision costs: `cargo test --release -p trent-identity cost -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_decisions() {
    let lab = Lab::new();
    let authorizer = lab.authorizer(Mode::Enforce);
    let policy = key_policy("111122223333");
    let user = lab.user_with(&allowing("kms:Encrypt")).await;
    for (who, caller) in [("root", Lab::caller(Principal::Root)), ("user", user)] {
        let cx = request(caller);
        let mut best = [u128::MAX; 2];
        for _ in 0..50 {
            let start = std::time::Instant::now();
            for _ in 0..2000 {
                authorizer.authorize(&cx, encrypt(Some(&policy), &())).await.expect("readable").expect("allowed");
            }
            best[0] = best[0].min(start.elapsed().as_nanos() / 2000);
            let permissions = authorizer.permissions(&cx).await.expect("readable");
            let considered = authorizer.consider(&cx, &permissions, encrypt(Some(&policy), &()));
            let Some(Decision::Allowed(by)) = &considered.decision else { panic!("denied") };
            let start = std::time::Instant::now();
            for _ in 0..2000 {
                considered.note_allowed(by);
            }
            best[1] = best[1].min(start.elapsed().as_nanos() / 2000);
        }
        println!("{who}: {} ns for a decision, {} ns of them for the log", best[0], best[1]);
    }
}
