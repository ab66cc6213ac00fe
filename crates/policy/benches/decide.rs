//! What a decision costs: a key policy of 20 statements, of which the last delegates to the account, and 3 identity policies,
//! of which the last allows: `cargo bench -p trent-policy`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::Criterion;
use trent_policy::{Layers, NamedPolicy, Policy, PolicyKind, Question, ResourceSide, Rule, decide};
use trent_shared::{Caller, Partition, Principal, User};

fn main() {
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    let key_policy = key_policy();
    let key = [named("default", &key_policy, PolicyKind::Key)];
    let identity: Vec<NamedPolicy> =
        (0..3).map(|index| named("p", &identity_policy(index == 2), PolicyKind::Identity)).collect();

    let account = "111122223333".parse().expect("an account id");
    let user = User { id: "AIDAALICE".to_owned(), path: "/".to_owned(), name: "Alice".to_owned() };
    let caller = Caller { principal: Principal::User(user.into()), ..Caller::root(Partition::Aws, account) };
    let facts = BTreeMap::from([
        ("kms:encryptioncontext:department".to_owned(), "finance".to_owned()),
        ("kms:viaservice".to_owned(), "s3.us-east-1.amazonaws.com".to_owned()),
        ("aws:sourceip".to_owned(), "203.0.113.7".to_owned()),
    ]);
    let question = Question {
        caller: &caller,
        action: "kms:Encrypt",
        resource: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        facts: &facts,
    };
    let layers = Layers { identity: &identity, ..Layers::default() };
    let resource = ResourceSide { account, policy: key.first(), rule: Rule::RootOfTrust };
    assert!(decide(&question, &layers, &resource, None).is_allowed());

    criterion.bench_function("evaluate, 20 statements", |b| {
        b.iter(|| black_box(&key[0].policy).evaluate(black_box(&question)));
    });
    criterion.bench_function("decide, 20 statements and 3 identity policies", |b| {
        b.iter(|| decide(black_box(&question), &layers, &resource, None).is_allowed());
    });
    criterion.bench_function("parse, 20 statements", |b| {
        b.iter(|| Policy::parse(black_box(&key_policy), PolicyKind::Key));
    });
    criterion.final_summary();
}

fn named(name: &str, text: &str, kind: PolicyKind) -> NamedPolicy {
    NamedPolicy { name: name.to_owned(), policy: Arc::new(Policy::parse(text, kind).expect("a policy")) }
}

/// Statements for other actions, for other principals, and with conditions that do not hold.
fn key_policy() -> String {
    let mut statements: Vec<String> = (0..19)
        .map(|index| match index % 3 {
            0 => format!(
                r#"{{"Sid": "Admin{index}", "Effect": "Allow",
                    "Principal": {{"AWS": "arn:aws:iam::111122223333:user/Admin{index}"}}, "Resource": "*",
                    "Action": ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*"]}}"#
            ),
            1 => format!(
                r#"{{"Sid": "Use{index}", "Effect": "Allow", "Resource": "*",
                    "Principal": {{"AWS": ["arn:aws:iam::111122223333:role/app/Worker{index}",
                                           "arn:aws:iam::111122223333:role/app/Reader{index}"]}},
                    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"]}}"#
            ),
            _ => format!(
                r#"{{"Sid": "Context{index}", "Effect": "Allow", "Principal": {{"AWS": "*"}}, "Resource": "*",
                    "Action": "kms:*crypt",
                    "Condition": {{"StringLike": {{"kms:EncryptionContext:Department": "team-{index}-*"}},
                                  "IpAddress": {{"aws:SourceIp": "198.51.100.0/24"}}}}}}"#
            ),
        })
        .collect();
    statements.push(
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"}"#
            .to_owned(),
    );
    format!(r#"{{"Version": "2012-10-17", "Statement": [{}]}}"#, statements.join(","))
}

fn identity_policy(allows: bool) -> String {
    let resource = if allows { "arn:aws:kms:*:111122223333:key/*" } else { "arn:aws:kms:*:111122223333:alias/*" };
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}},
            {{"Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"}},
            {{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "{resource}"}}]}}"#
    )
}
