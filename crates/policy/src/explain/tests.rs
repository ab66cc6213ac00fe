use std::collections::BTreeMap;

use serde_json::json;
use trent_shared::{Caller, Partition, Principal, User};

use super::*;
use crate::policy::{Policy, PolicyKind};

#[test]
fn an_explanation_tells_each_near_miss() {
    let key = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "Admins", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/Bob"},
         "NotAction": "kms:Encrypt", "Resource": "arn:aws:kms:*:*:key/5"},
        {"Sid": "Finance", "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*",
         "Condition": {"StringEquals": {"kms:EncryptionContext:Department": ["finance", "${aws:username}"]},
                       "Null": {"aws:TokenIssueTime": true}}},
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Resource": "*"}]}"#;
    let policy = Policy::parse(key, PolicyKind::Key).expect("a policy");
    let key = NamedPolicy { name: "default".to_owned(), policy: policy.into() };
    let account = "111122223333".parse().expect("an account id");
    let user = User { id: "AIDA".into(), path: "/".into(), name: "Alice".into() };
    let caller = Caller { principal: Principal::User(user.into()), ..Caller::root(Partition::Aws, account) };
    let facts = BTreeMap::from([("kms:encryptioncontext:department".to_owned(), "sales".to_owned())]);
    let question = Question {
        caller: &caller,
        action: "kms:Encrypt",
        resource: "arn:aws:kms:us-east-1:111122223333:key/1234",
        facts: &facts,
    };
    let resource = ResourceSide { account, policy: Some(&key), rule: Rule::RootOfTrust };
    let grants = [ConsideredGrant::Declines { grant_id: "g".to_owned(), reason: "another grantee".to_owned() }];
    let explained = explain(&question, &Layers::default(), &resource, &grants);
    assert_eq!(
        serde_json::to_value(&explained).expect("JSON"),
        json!({
            "is_allowed": false,
            "summary": "Denied: no identity-based policy allows it.",
            "layer": "IdentityPolicy",
            "principal": "arn:aws:iam::111122223333:user/Alice",
            "action": "kms:Encrypt",
            "resource": "arn:aws:kms:us-east-1:111122223333:key/1234",
            "policies": [{
                "layer": "ResourcePolicy",
                "name": "default",
                "statements": [
                    {"index": 0, "sid": "Admins", "effect": "Allow", "matches": false, "mismatches": [
                        {"principal": {"element": "Principal", "expected": ["arn:aws:iam::111122223333:user/Bob"]}},
                        {"action": {"element": "NotAction", "expected": ["kms:Encrypt"]}},
                        {"resource": {"element": "Resource", "expected": ["arn:aws:kms:*:*:key/5"]}},
                    ]},
                    {"index": 1, "sid": "Finance", "effect": "Allow", "matches": false, "mismatches": [
                        {"condition": {
                            "operator": "StringEquals",
                            "key": "kms:EncryptionContext:Department",
                            "expected": ["finance", "${aws:username}"],
                            "actual": ["sales"],
                        }},
                    ]},
                    {"index": 2, "effect": "Allow", "matches": true},
                    {"index": 3, "effect": "Deny", "matches": false, "mismatches": [
                        {"action": {"element": "Action", "expected": []}},
                    ]},
                ],
            }],
            "grants": [{"grant_id": "g", "allows": false, "reason": "another grantee"}],
        })
    );

    let allowing = GrantAllow { grant_id: "h".to_owned(), is_limited: false, needs_identity: false };
    let explained = explain(&question, &Layers::default(), &resource, &[ConsideredGrant::Allows(allowing)]);
    assert_eq!((explained.is_allowed, &*explained.summary), (true, "Allowed by the grant h."));

    // What a stranger is not told is told here.
    let deny = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}}"#;
    let deny = Policy::parse(deny, PolicyKind::Identity).expect("a policy");
    let deny = [NamedPolicy { name: "own".to_owned(), policy: deny.into() }];
    let layers = Layers { identity: &deny, ..Layers::default() };
    let elsewhere = "444455556666".parse().expect("an account id");
    let resource = ResourceSide { account: elsewhere, policy: None, rule: Rule::RootOfTrust };
    let explained = explain(&question, &layers, &resource, &[]);
    let summary = "Denied by statement 1 of own, an identity-based policy; nor does the resource's policy allow it to \
                   another account.";
    assert_eq!((explained.layer, &*explained.summary), (Some(Layer::IdentityPolicy), summary));
}
