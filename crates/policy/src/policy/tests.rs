use std::borrow::Cow;
use std::time::{Duration, Instant};

use trent_shared::{AssumedRole, Caller, FederatedUser, Partition, Principal, User, WebIdentity};

use super::*;
use crate::question::{Facts, Values};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234";

fn caller(principal: Principal) -> Caller {
    Caller { principal, ..Caller::root(Partition::Aws, "111122223333".parse().expect("an account id")) }
}

fn alice() -> Caller {
    caller(Principal::User(User { id: "AIDAALICE".into(), path: "/team/".into(), name: "Alice".into() }.into()))
}

fn session() -> Caller {
    let session = AssumedRole {
        role_id: "AROAREADER".into(),
        role_path: "/app/".into(),
        role_name: "Reader".into(),
        session_name: "s".into(),
    };
    caller(Principal::AssumedRole(session.into()))
}

fn fay() -> Caller {
    caller(Principal::FederatedUser(FederatedUser { name: "Fay".into() }.into()))
}

fn web() -> Caller {
    caller(Principal::WebIdentity(WebIdentity { provider: "accounts.google.com".into(), subject: "1".into() }.into()))
}

/// `a=1` is a key with one value, `a=1,2` one with several.
struct Keys(&'static [&'static str]);

impl Facts for Keys {
    fn values(&self, key: &str) -> Values<'_> {
        let value = self.0.iter().find_map(|fact| fact.split_once('=').filter(|(name, _)| *name == key));
        match value {
            None => Values::Absent,
            Some((_, "[]")) => Values::Many(Vec::new()),
            Some((_, list)) if list.contains(',') => Values::Many(list.split(',').map(Cow::Borrowed).collect()),
            Some((_, one)) => Values::One(Cow::Borrowed(one)),
        }
    }
}

fn identity(statement: &str) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
    Policy::parse(&text, PolicyKind::Identity).unwrap_or_else(|error| panic!("{error}: {text:.500}"))
}

fn allows(policy: &Policy, caller: &Caller, action: &str, resource: &str, facts: &dyn Facts) -> bool {
    let verdict = policy.evaluate(&Question { caller, action, resource, facts });
    assert!(verdict.deny.is_none(), "{verdict:?}");
    verdict.allow.is_some()
}

#[test]
fn actions_match_whatever_their_case_and_resources_do_not() {
    let policy = identity(r#"{"Effect": "Allow", "Action": "KMS:enc*", "Resource": "arn:aws:kms:*:*:key/1?34"}"#);
    let asked = |action, resource| allows(&policy, &alice(), action, resource, &());
    assert!(asked("kms:Encrypt", KEY));
    assert!(asked("Kms:ENCRYPT", KEY));
    assert!(!asked("kms:Decrypt", KEY));
    assert!(!asked("kms:Encrypt", "arn:aws:kms:us-east-1:111122223333:KEY/1234"));
    assert!(!asked("kms:Encrypt", "*"));
}

#[test]
fn wildcards_of_resources_keep_to_their_part_unless_they_end_it() {
    for (pattern, matches) in [
        ("*", true),
        ("arn:aws:kms:*", true),
        ("arn:aws:kms:us-*:key/1234", true),
        ("arn:aws:kms:*:key/1234", true),
        ("arn:aws:kms:us-*1:111122223333:key/1234", true),
        ("arn:aws:kms:us-*3333:key/1234", false),
        ("arn:aws:kms:us-east-1?111122223333:key/1234", false),
        ("arn:aws:kms:us-east-1:111122223333:key/${*}", false),
        ("arn:aws:kms:us-east-1:111122223333:key/*", true),
        ("arn:aws:kms:us-east-1:111122223333:*34", true),
    ] {
        let policy = identity(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{pattern}"}}"#));
        assert_eq!(allows(&policy, &alice(), "kms:Encrypt", KEY, &()), matches, "{pattern}");
    }
}

#[test]
fn variables_stand_for_what_the_request_carries() {
    for (resource, facts, expected) in [
        ("key/${aws:username}", &["aws:username=1234"][..], true),
        ("key/${AWS:UserName}", &["aws:username=1234"], true),
        ("key/${aws:username}", &[], false),
        ("key/${aws:username, '1234'}", &[], true),
        ("key/${aws:username,'1234'}", &["aws:username=5"], false),
        // Wildcards in values are text, and keys with several values are no variables.
        ("key/${aws:username}", &["aws:username=*"], false),
        ("key/${aws:tagkeys}", &["aws:tagkeys=1234,5"], false),
        ("key/1${?}34", &[], false),
    ] {
        let statement = format!(
            r#"{{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:kms:us-east-1:111122223333:{resource}"}}"#
        );
        assert_eq!(
            allows(&identity(&statement), &alice(), "kms:A", KEY, &Keys(facts)),
            expected,
            "{resource} {facts:?}"
        );
    }
    // The first version of the language has none.
    let text = r#"{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*",
                   "Resource": "arn:aws:s3:::${aws:username}"}}"#;
    let old = Policy::parse(text, PolicyKind::Key).expect("a policy");
    let facts = Keys(&["aws:username=a"]);
    assert!(!allows(&old, &alice(), "s3:A", "arn:aws:s3:::a", &facts));
    assert!(allows(&old, &alice(), "s3:A", "arn:aws:s3:::${aws:username}", &facts));
}

#[test]
fn conditions_hold_as_their_operators_say() {
    for (condition, facts, expected) in [
        (r#""StringEquals": {"k": "a"}"#, &["k=a"][..], true),
        (r#""StringEquals": {"K": ["b", "a"]}"#, &["k=a"], true),
        (r#""StringEquals": {"k": "a"}"#, &["k=A"], false),
        (r#""StringEquals": {"k": "a*"}"#, &["k=ab"], false),
        (r#""StringEquals": {"k": "a"}"#, &[], false),
        (r#""StringEquals": {"k": []}"#, &["k=a"], false),
        (r#""StringNotEquals": {"k": "a"}"#, &[], true),
        (r#""StringNotEquals": {"k": ["a", "b"]}"#, &["k=b"], false),
        (r#""StringEqualsIfExists": {"k": "a"}"#, &[], true),
        (r#""StringEqualsIfExists": {"k": "a"}"#, &["k=b"], false),
        (r#""StringEqualsIgnoreCase": {"k": "Ä"}"#, &["k=ä"], true),
        (r#""StringNotEqualsIgnoreCase": {"k": "A"}"#, &["k=a"], false),
        (r#""StringLike": {"k": "a*c?"}"#, &["k=abbcd"], true),
        (r#""StringLike": {"k": "a${*}"}"#, &["k=ab"], false),
        (r#""StringLike": {"k": "?"}"#, &["k=ü"], true),
        (r#""StringNotLike": {"k": "a*"}"#, &["k=b"], true),
        (r#""StringEquals": {"k": "${aws:username}"}"#, &["k=a"], false),
        (r#""StringNotEquals": {"k": "${aws:username}"}"#, &["k=a"], true),
        (r#""StringEquals": {"k": "a"}, "Bool": {"b": "true"}"#, &["k=a"], false),
        (r#""NumericEquals": {"k": 7}"#, &["k=7.0"], true),
        (r#""NumericNotEquals": {"k": "7"}"#, &["k=8"], true),
        (r#""NumericLessThan": {"k": "7"}"#, &["k=6.5"], true),
        (r#""NumericLessThanEquals": {"k": "7"}"#, &["k=7"], true),
        (r#""NumericGreaterThan": {"k": "7"}"#, &["k=7"], false),
        (r#""NumericGreaterThanEquals": {"k": "7"}"#, &["k=x"], false),
        (r#""NumericLessThan": {"k": "NaN"}"#, &["k=1"], false),
        (r#""DateLessThan": {"k": "2020-04-01T12:00:00Z"}"#, &["k=1585742399"], true),
        (r#""DateGreaterThanEquals": {"k": "2020-04-01T12:00:00Z"}"#, &["k=2020-04-01T12:00:00Z"], true),
        (r#""Bool": {"k": true}"#, &["k=true"], true),
        (r#""Bool": {"k": "false"}"#, &[], false),
        (r#""Bool": {"k": "False"}"#, &["k=false"], true),
        (r#""BinaryEquals": {"k": "QmluYXJ5"}"#, &["k=QmluYXJ5"], true),
        (r#""IpAddress": {"k": "203.0.113.0/24"}"#, &["k=203.0.113.9"], true),
        (r#""NotIpAddress": {"k": ["203.0.113.0/24", "2001:db8::/32"]}"#, &["k=2001:db8::1"], false),
        (r#""NotIpAddress": {"k": "203.0.113.0/24"}"#, &[], true),
        (r#""ArnEquals": {"k": "arn:aws:sns:*:1:t*"}"#, &["k=arn:aws:sns:r:1:topic:x"], true),
        (r#""ArnLike": {"k": "arn:aws:sns:*:t"}"#, &["k=arn:aws:sns:r:1:t"], false),
        (r#""ArnLike": {"k": "*"}"#, &["k=arn:aws:sns:r:1:t"], true),
        (r#""ArnNotLike": {"k": "arn:aws:sns:*:*:t"}"#, &["k=arn:aws:sns:r:1:t"], false),
        (r#""Null": {"k": "true"}"#, &[], true),
        (r#""Null": {"k": "true"}"#, &["k=[]"], true),
        (r#""Null": {"k": false}"#, &["k=a"], true),
        (r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#, &["k=a,b"], true),
        (r#""ForAllValues:StringEquals": {"k": ["a", "b"]}"#, &["k=a,c"], false),
        (r#""ForAllValues:StringEquals": {"k": "a"}"#, &[], true),
        (r#""ForAllValues:StringEquals": {"k": "a"}"#, &["k=b"], false),
        (r#""ForAllValues:StringNotEquals": {"k": "a"}"#, &["k=b,a"], false),
        (r#""ForAnyValue:StringLike": {"k": "a*"}"#, &["k=b,ab"], true),
        (r#""ForAnyValue:StringEquals": {"k": "a"}"#, &[], false),
        (r#""ForAnyValue:StringNotEquals": {"k": "a"}"#, &[], false),
        (r#""ForAnyValue:StringNotEquals": {"k": "a"}"#, &["k=a,b"], true),
        (r#""ForAnyValue:StringEqualsIfExists": {"k": "a"}"#, &[], true),
        (r#""StringEquals": {"k": "a"}"#, &["k=b,a"], true),
        (r#""StringNotEquals": {"k": "a"}"#, &["k=b,a"], false),
    ] {
        let policy = identity(&format!(
            r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{{condition}}}}}"#
        ));
        assert_eq!(allows(&policy, &alice(), "kms:A", KEY, &Keys(facts)), expected, "{condition} {facts:?}");
    }
}

fn key(principal: &str, effect: &str) -> Policy {
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "{effect}", {principal}, "Action": "kms:*", "Resource": "*"}}]}}"#
    );
    Policy::parse(&text, PolicyKind::Key).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn reach(policy: &Policy, caller: &Caller) -> Option<Reach> {
    let verdict = policy.evaluate(&Question { caller, action: "kms:Encrypt", resource: KEY, facts: &() });
    verdict.allow.map(|(_, reach)| reach)
}

#[test]
fn principals_are_the_callers_names() {
    let root = caller(Principal::Root);
    let everybody = [&root, &alice(), &session(), &fay(), &web()];
    for (principal, expected) in [
        (r#""*""#, [Some(Reach::Everyone); 5]),
        (r#"{"AWS": "*"}"#, [Some(Reach::Everyone); 5]),
        (
            r#"{"AWS": "111122223333"}"#,
            [Some(Reach::Account), Some(Reach::Account), Some(Reach::Account), Some(Reach::Account), None],
        ),
        (
            r#"{"AWS": "arn:aws:iam::111122223333:root"}"#,
            [Some(Reach::Account), Some(Reach::Account), Some(Reach::Account), Some(Reach::Account), None],
        ),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/team/Alice"}"#, [None, Some(Reach::Exact), None, None, None]),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/Alice"}"#, [None; 5]),
        (r#"{"AWS": "arn:aws-cn:iam::111122223333:user/team/Alice"}"#, [None; 5]),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/team/*"}"#, [None; 5]),
        (r#"{"AWS": "AIDAALICE"}"#, [None, Some(Reach::Exact), None, None, None]),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/app/Reader"}"#, [None, None, Some(Reach::Role), None, None]),
        (r#"{"AWS": "AROAREADER"}"#, [None, None, Some(Reach::Role), None, None]),
        (r#"{"AWS": "AROAREADER:s"}"#, [None, None, Some(Reach::Exact), None, None]),
        (r#"{"AWS": "AROAREADER:t"}"#, [None; 5]),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/Reader/s"}"#, [None, None, Some(Reach::Exact), None, None]),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/app/Reader/s"}"#, [None; 5]),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/Reader/t"}"#, [None; 5]),
        (r#"{"AWS": "arn:aws:sts::111122223333:federated-user/Fay"}"#, [None, None, None, Some(Reach::Exact), None]),
        (r#"{"Federated": "accounts.google.com"}"#, [None, None, None, None, Some(Reach::Exact)]),
        (r#"{"Service": ["s3.amazonaws.com"], "CanonicalUser": "79a5"}"#, [None; 5]),
        (
            r#"{"AWS": ["444455556666", "arn:aws:iam::111122223333:role/app/Reader", "111122223333"]}"#,
            [Some(Reach::Account), Some(Reach::Account), Some(Reach::Role), Some(Reach::Account), None],
        ),
    ] {
        let policy = key(&format!(r#""Principal": {principal}"#), "Allow");
        assert_eq!(everybody.map(|caller| reach(&policy, caller)), expected, "{principal}");
    }
}

#[test]
fn a_deny_with_not_principal_spares_only_whom_it_names_in_all_ways() {
    let denies = |names: &str, caller: &Caller| {
        let policy = key(&format!(r#""NotPrincipal": {{"AWS": [{names}]}}"#), "Deny");
        policy.evaluate(&Question { caller, action: "kms:A", resource: KEY, facts: &() }).deny.is_some()
    };
    let account = r#""arn:aws:iam::111122223333:root""#;
    let user = r#""arn:aws:iam::111122223333:user/team/Alice""#;
    let role = r#""arn:aws:iam::111122223333:role/app/Reader""#;
    let own = r#""arn:aws:sts::111122223333:assumed-role/Reader/s""#;
    assert!(denies(user, &alice()));
    assert!(!denies(&format!("{user},{account}"), &alice()));
    assert!(denies(&format!("{role},{account}"), &session()));
    assert!(denies(&format!("{role},{own}"), &session()));
    assert!(!denies(&format!("{role},{own},{account}"), &session()));
    assert!(!denies(account, &caller(Principal::Root)));
    assert!(denies(account, &alice()));

    let everybody_else = key(&format!(r#""NotPrincipal": {{"AWS": {user}}}"#), "Allow");
    assert_eq!(reach(&everybody_else, &alice()), None);
    assert_eq!(reach(&everybody_else, &session()), Some(Reach::Everyone));
}

#[test]
fn a_principal_made_anew_is_another_one() {
    let names = r#""Principal": {"AWS": ["arn:aws:iam::111122223333:user/team/Alice",
                                         "arn:aws:iam::111122223333:role/app/Reader",
                                         "arn:aws:sts::111122223333:assumed-role/Reader/s"]}"#;
    let bound = |user: &str, role: &str| {
        let ids = [
            ("arn:aws:iam::111122223333:user/team/Alice", user),
            ("arn:aws:iam::111122223333:role/app/Reader", role),
            ("arn:aws:sts::111122223333:assumed-role/Reader/s", role),
        ];
        key(names, "Allow").bound_to(&ids.map(|(arn, id)| (arn.to_owned(), id.to_owned())).into())
    };
    assert_eq!(reach(&bound("AIDAALICE", "AROAREADER"), &alice()), Some(Reach::Exact));
    assert_eq!(reach(&bound("AIDAOTHER", "AROAREADER"), &alice()), None);
    assert_eq!(reach(&bound("AIDAALICE", "AROAREADER"), &session()), Some(Reach::Exact));
    assert_eq!(reach(&bound("AIDAALICE", "AROAOTHER"), &session()), None);
    assert_eq!(reach(&key(names, "Allow").bound_to(&BTreeMap::new()), &alice()), Some(Reach::Exact));
}

#[test]
fn a_renamed_principal_is_still_the_same() {
    let bound = |name: &str, id: &str, effect| {
        let names = format!(r#""Principal": {{"AWS": "{name}"}}"#);
        key(&names, effect).bound_to(&BTreeMap::from([(name.to_owned(), id.to_owned())]))
    };
    for (name, id, caller, expected) in [
        ("arn:aws:iam::111122223333:user/Before", "AIDAALICE", alice(), Some(Reach::Exact)),
        ("arn:aws:iam::111122223333:role/Before", "AROAREADER", session(), Some(Reach::Role)),
        ("arn:aws:sts::111122223333:assumed-role/Before/s", "AROAREADER", session(), Some(Reach::Exact)),
        // The session's name is no part of the id.
        ("arn:aws:sts::111122223333:assumed-role/Before/t", "AROAREADER", session(), None),
        ("arn:aws:iam::444455556666:user/Before", "AIDAALICE", alice(), None),
        ("arn:aws:iam::111122223333:user/Before", "AROAREADER", session(), None),
    ] {
        assert_eq!(reach(&bound(name, id, "Allow"), &caller), expected, "{name}");
        let deny = bound(name, id, "Deny");
        let question = Question { caller: &caller, action: "kms:Encrypt", resource: KEY, facts: &() };
        assert_eq!(deny.evaluate(&question).deny.is_some(), expected.is_some(), "{name}");
    }
}

#[test]
fn key_policies_may_have_statements_that_do_nothing() {
    for statement in [r#""Action": "kms:*""#, r#""Resource": "*""#, r#""Action": [], "Resource": "*""#] {
        let text = format!(r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", {statement}}}}}"#);
        let policy = Policy::parse(&text, PolicyKind::Key).expect("a policy");
        assert_eq!(reach(&policy, &alice()), None, "{statement}");
    }
}

#[test]
fn a_deny_outweighs_and_the_furthest_allow_counts() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "One", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
        {"Sid": "Two", "Effect": "Allow", "Principal": {"AWS": "AIDAALICE"}, "Action": "kms:*", "Resource": "*"},
        {"Sid": "Three", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}]}"#;
    let policy = Policy::parse(text, PolicyKind::Key).expect("a policy");
    let alice = alice();
    let encrypt = Question { caller: &alice, action: "kms:Encrypt", resource: KEY, facts: &() };
    let verdict = policy.evaluate(&encrypt);
    assert_eq!(verdict.allow.map(|(statement, reach)| (statement.sid, reach)), Some((Some("Two"), Reach::Exact)));
    let decrypt = Question { action: "kms:Decrypt", ..encrypt };
    assert_eq!(policy.evaluate(&decrypt).deny.map(|statement| statement.index), Some(2));
    assert_eq!(policy.matching(&decrypt).map(|statement| statement.index).collect::<Vec<_>>(), [0, 1, 2]);
    let names: Vec<_> = policy.principals().map(NamedPrincipal::name).collect();
    assert_eq!(names, ["111122223333", "AIDAALICE", "*"]);
}

#[test]
fn the_keys_that_a_policy_asks_for_are_told() {
    let policy = identity(
        r#"{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:UserName}/${*}",
            "Condition": {"StringLike": {"kms:ViaService": "${aws:PrincipalTag/Team, 'x'}"}, "Null": {"aws:TokenIssueTime": true}}}"#,
    );
    let keys: Vec<_> = policy.condition_keys().collect();
    assert_eq!(keys, ["kms:ViaService", "aws:PrincipalTag/Team", "aws:TokenIssueTime", "aws:UserName"]);
}

#[test]
fn for_all_values_is_for_keys_with_several_values() {
    let asking_for = |key: &str| {
        identity(&format!(
            r#"{{"Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {{"ForAllValues:StringEquals": {{"{key}": "a"}}}}}}"#
        ))
        .check_set_operators(|key| key == "kms:encryptioncontextkeys")
        .map_err(|error| error.to_string())
    };
    assert_eq!(asking_for("kms:EncryptionContextKeys"), Ok(()));
    assert_eq!(
        asking_for("kms:EncryptionContext:a"),
        Err("OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches \
             requests without the specified encryption context or with an unspecified encryption context. To fix, remove \
             ForAllValues."
            .to_owned())
    );
    assert!(asking_for("aws:RequestTag/a").is_err_and(|text| text.contains("the specified tag or")));
}

#[test]
fn a_trust_policy_is_about_its_role() {
    let text = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
                   "Action": "sts:AssumeRole"}}"#;
    let policy = Policy::parse(text, PolicyKind::Trust).expect("a policy");
    assert!(allows(&policy, &alice(), "sts:AssumeRole", "arn:aws:iam::111122223333:role/r", &()));
    assert!(!allows(&policy, &alice(), "sts:TagSession", "arn:aws:iam::111122223333:role/r", &()));
}

#[test]
fn hostile_documents_and_patterns_take_little_time() {
    let started = Instant::now();
    let many = format!(r#"{{"Statement": [{}1]}}"#, "1,".repeat(60_000));
    for document in ["[".repeat(1 << 20), "{\"Statement\":".repeat(10_000), many, " ".repeat(Policy::MAX_LEN) + "{}"] {
        assert_eq!(Policy::parse(&document, PolicyKind::Key).err(), Some(MalformedPolicy::Syntax));
    }
    let pattern = "*a?b".repeat(2000);
    let policy = identity(&format!(
        r#"{{"Effect": "Allow", "Action": "*", "Resource": ["arn:aws:s3:::{pattern}", "arn:aws:sqs:{pattern}"],
            "Condition": {{"StringLike": {{"k": "{pattern}"}}}}}}"#
    ));
    for start in ["arn:aws:s3:::", "arn:aws:sqs:"] {
        assert!(!allows(&policy, &alice(), "s3:A", &format!("{start}{}", "ab".repeat(1000)), &()));
    }
    let colons = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:{}z"}}"#, "*a:".repeat(1000));
    assert!(!allows(&identity(&colons), &alice(), "s3:A", &format!("arn:aws:sqs:{}", "a:".repeat(1000)), &()));
    // Exponential or cubic matching would take hours.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
