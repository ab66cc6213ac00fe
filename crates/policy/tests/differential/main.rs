//! The crate against a second evaluator, over policies and requests made at random out of few words, so that they often
//! meet. `TRENT_POLICY_CASES=1000000 cargo test --release -p trent-policy --test differential` looks longer.

mod naive;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::Config;
use serde_json::{Value, json};
use trent_policy::{
    Decision, Facts, GrantAllow, Layers, NamedPolicy, Policy, PolicyKind, Question, ResourceSide, Rule, Values, decide,
};
use trent_shared::{AssumedRole, Caller, FederatedUser, Partition, Principal, User, WebIdentity};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/a:b";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/issuer.example";

proptest! {
    #![proptest_config(Config { cases: cases(), ..Config::default() })]

    #[test]
    fn both_evaluators_decide_the_same(case in case()) {
        case.check();
    }
}

fn cases() -> u32 {
    env::var("TRENT_POLICY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(3000)
}

#[derive(Debug)]
struct Case {
    caller: usize,
    action: &'static str,
    resource: &'static str,
    facts: BTreeMap<String, Vec<String>>,
    guardrails: Vec<Value>,
    key: Option<Value>,
    identity: Vec<Value>,
    boundary: Option<Value>,
    session: Option<Vec<Value>>,
    is_own_account: bool,
    rule: Rule,
    grant: Option<(bool, bool)>,
}

struct ListedFacts(BTreeMap<String, Vec<String>>);

impl Facts for ListedFacts {
    fn values(&self, key: &str) -> Values<'_> {
        match self.0.get(key).map(Vec::as_slice) {
            None | Some([]) => Values::Absent,
            Some(values) if naive::is_multivalued(key) => {
                Values::Many(values.iter().map(|v| Cow::Borrowed(&**v)).collect())
            }
            Some([value, ..]) => Values::One(Cow::Borrowed(value)),
        }
    }
}

impl Case {
    fn check(&self) {
        let (caller, mut request) = callers().swap_remove(self.caller);
        self.action.clone_into(&mut request.action);
        self.resource.clone_into(&mut request.resource);
        request.facts.clone_from(&self.facts);
        let resource_account = if self.is_own_account { "111122223333" } else { "444455556666" };

        let facts = ListedFacts(self.facts.clone());
        let question = Question { caller: &caller, action: self.action, resource: self.resource, facts: &facts };
        let guardrails = parsed(&self.guardrails, PolicyKind::Identity);
        let identity = parsed(&self.identity, PolicyKind::Identity);
        let boundary = parsed(self.boundary.as_slice(), PolicyKind::Identity);
        let session = self.session.as_ref().map(|policies| parsed(policies, PolicyKind::Identity));
        let key = parsed(self.key.as_slice(), PolicyKind::Key);
        let layers = Layers {
            guardrails: &guardrails,
            boundary: boundary.first(),
            session: session.as_deref(),
            identity: &identity,
        };
        let account = resource_account.parse().expect("an account id");
        let resource = ResourceSide { account, policy: key.first(), rule: self.rule };
        let grant = self.grant.map(|(is_limited, needs_identity)| GrantAllow {
            grant_id: "grant".to_owned(),
            is_limited,
            needs_identity,
        });
        let decided = match decide(&question, &layers, &resource, grant.as_ref()) {
            Decision::Allowed(_) => "allowed".to_owned(),
            Decision::Denied(denial) => denial.ending(self.action).trim_start().to_owned(),
        };
        let world = naive::World {
            guardrails: &self.guardrails,
            resource: self.key.as_ref(),
            identity: &self.identity,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
            resource_account,
            rule: match self.rule {
                Rule::IdentityOnly => "IdentityOnly",
                Rule::RootOfTrust => "RootOfTrust",
                Rule::Either => "Either",
                Rule::GrantOnly => "GrantOnly",
            },
            grant: self.grant,
        };
        assert_eq!(decided, naive::decide(&request, &world));
    }
}

fn parsed(policies: &[Value], kind: PolicyKind) -> Vec<NamedPolicy> {
    let parse =
        |policy: &Value| Policy::parse(&policy.to_string(), kind).unwrap_or_else(|error| panic!("{error}: {policy}"));
    policies.iter().map(|policy| NamedPolicy { name: "p".to_owned(), policy: Arc::new(parse(policy)) }).collect()
}

/// Each caller as either evaluator has it.
fn callers() -> Vec<(Caller, naive::Request)> {
    let user = |name: &str| User { id: format!("AIDA{name}"), path: "/team/".to_owned(), name: name.to_owned() };
    let session = |name: &str| AssumedRole {
        role_id: "AROAREADER".to_owned(),
        role_path: "/app/".to_owned(),
        role_name: "Reader".to_owned(),
        session_name: name.to_owned(),
    };
    let web = WebIdentity { provider: PROVIDER.to_owned(), subject: "sub".to_owned() };
    let principals = [
        (Principal::Root, vec![], false),
        (Principal::User(user("Alice").into()), vec!["arn:aws:iam::111122223333:user/team/Alice", "AIDAAlice"], false),
        (
            Principal::AssumedRole(session("s").into()),
            vec!["arn:aws:sts::111122223333:assumed-role/Reader/s", "AROAREADER:s"],
            true,
        ),
        (
            Principal::FederatedUser(FederatedUser { name: "Fay".to_owned() }.into()),
            vec!["arn:aws:sts::111122223333:federated-user/Fay"],
            false,
        ),
        (Principal::WebIdentity(web.into()), vec![PROVIDER], false),
    ];
    let both = principals.map(|(principal, own_names, has_role)| {
        let account = "111122223333".parse().expect("an account id");
        let caller = Caller { principal, ..Caller::root(Partition::Aws, account) };
        let is_web_identity = matches!(caller.principal, Principal::WebIdentity(_));
        let request = naive::Request {
            is_root: caller.is_root(),
            is_web_identity,
            account: "111122223333".to_owned(),
            kind: if is_web_identity { "Federated" } else { "AWS" },
            own_names: own_names.into_iter().map(str::to_owned).collect(),
            role: has_role.then(|| "arn:aws:iam::111122223333:role/app/Reader".to_owned()),
            action: String::new(),
            resource: String::new(),
            facts: BTreeMap::new(),
        };
        (caller, request)
    });
    both.into()
}

fn case() -> impl Strategy<Value = Case> {
    let own = (
        vec(identity_policy(), 0..2),
        option::weighted(0.9, key_policy()),
        vec(identity_policy(), 0..3),
        option::weighted(0.3, identity_policy()),
        option::weighted(0.3, vec(identity_policy(), 1..3)),
    );
    let rest = (
        proptest::bool::weighted(0.7),
        select(vec![Rule::RootOfTrust, Rule::RootOfTrust, Rule::Either, Rule::IdentityOnly, Rule::GrantOnly]),
        option::weighted(0.2, any::<(bool, bool)>()),
    );
    let request = (0..callers().len(), select(vec!["kms:Encrypt", "kms:Decrypt"]), select(vec![KEY, "*"]), facts());
    (request, own, rest).prop_map(
        |(
            (caller, action, resource, facts),
            (guardrails, key, identity, boundary, session),
            (is_own_account, rule, grant),
        )| {
            Case {
                caller,
                action,
                resource,
                facts,
                guardrails,
                key,
                identity,
                boundary,
                session,
                is_own_account,
                rule,
                grant,
            }
        },
    )
}

fn facts() -> impl Strategy<Value = BTreeMap<String, Vec<String>>> {
    let values = vec(select(VALUES.to_vec()), 1..3);
    btree_map(select(KEYS.to_vec()), values, 0..KEYS.len()).prop_map(|facts| {
        facts
            .into_iter()
            .map(|(key, mut values)| {
                let key = key.to_lowercase();
                values.truncate(if naive::is_multivalued(&key) { 2 } else { 1 });
                (key, values.into_iter().map(str::to_owned).collect())
            })
            .collect()
    })
}

fn identity_policy() -> impl Strategy<Value = Value> {
    vec(statement(), 1..4).prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn key_policy() -> impl Strategy<Value = Value> {
    let statements = vec((statement(), principal(), proptest::bool::weighted(0.15)), 1..4);
    (statements, proptest::bool::weighted(0.8)).prop_map(|(statements, is_current)| {
        let statements: Vec<Value> = statements
            .into_iter()
            .map(|(mut statement, principal, is_negated)| {
                statement[if is_negated { "NotPrincipal" } else { "Principal" }] = principal;
                statement
            })
            .collect();
        json!({ "Version": if is_current { "2012-10-17" } else { "2008-10-17" }, "Statement": statements })
    })
}

fn statement() -> impl Strategy<Value = Value> {
    let rare = || proptest::bool::weighted(0.1);
    (proptest::bool::weighted(0.75), (words(&ACTIONS), rare()), (words(&RESOURCES), rare()), conditions()).prop_map(
        |(is_allow, (actions, not_action), (resources, not_resource), conditions)| {
            let mut statement = json!({ "Effect": if is_allow { "Allow" } else { "Deny" } });
            statement[if not_action { "NotAction" } else { "Action" }] = actions;
            statement[if not_resource { "NotResource" } else { "Resource" }] = resources;
            if let Some(conditions) = conditions {
                statement["Condition"] = conditions;
            }
            statement
        },
    )
}

fn conditions() -> impl Strategy<Value = Option<Value>> {
    let operator = (select(vec!["", "", "ForAllValues:", "ForAnyValue:"]), select(OPERATORS.to_vec()), any::<bool>());
    let operator = operator.prop_map(|(quantifier, operator, if_exists)| {
        let suffix = if if_exists && operator != "Null" { "IfExists" } else { "" };
        format!("{quantifier}{operator}{suffix}")
    });
    // Dates that are none are refused when a policy is read.
    let condition = operator.prop_flat_map(|operator| {
        let values: Vec<&str> = match &operator {
            name if name.contains("Date") => vec!["2020-04-01T12:00:00Z", "1585742400", "2000-02-29T00:00:01Z"],
            name if name.contains("Null") => vec!["true", "false"],
            name if name.contains("Ip") => vec!["203.0.113.0/24", "203.0.113.7", "0.0.0.0/0"],
            _ => PATTERNS.to_vec(),
        };
        (Just(operator), select(KEYS.to_vec()), words(&values))
    });
    option::weighted(0.5, vec(condition, 1..3)).prop_map(|conditions| {
        let mut object = json!({});
        for (operator, key, values) in conditions? {
            object[operator][key] = values;
        }
        Some(object)
    })
}

fn principal() -> impl Strategy<Value = Value> {
    let aws = words(&PRINCIPALS).prop_map(|names| json!({ "AWS": names }));
    prop_oneof![
        1 => Just(json!("*")),
        8 => aws,
        1 => Just(json!({ "Federated": PROVIDER })),
        1 => Just(json!({ "Service": "kms.amazonaws.com", "Federated": "accounts.google.com" })),
    ]
}

/// One, or a list of some.
fn words(words: &[&'static str]) -> impl Strategy<Value = Value> + use<> {
    let list = subsequence(words.to_vec(), 1..=words.len().min(3)).prop_map(|list| json!(list));
    prop_oneof![select(words.to_vec()).prop_map(|one| json!(one)), list]
}

const ACTIONS: [&str; 8] = ["*", "kms:*", "kms:Encrypt", "KMS:decrypt", "kms:?ncr*t", "kms:De*", "s3:*", "kms:*cr*p*"];

const RESOURCES: [&str; 11] = [
    "*",
    "*",
    KEY,
    "arn:aws:kms:*",
    "arn:aws:kms:us-*-1:*:key/*",
    "arn:aws:kms:us-*1:111122223333:key/a?b",
    "arn:aws:kms:*:key/a:b",
    "arn:aws:kms:us-east-?:*3333:key/${aws:username, 'a'}:b",
    "arn:aws:kms:us-east-1:111122223333:key/${aws:TagKeys}",
    "arn:aws:kms:*east*:key*b",
    "arn:aws:s3:::bucket/${*}",
];

const PRINCIPALS: [&str; 11] = [
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/team/Alice",
    "arn:aws:iam::111122223333:user/Alice",
    "AIDAAlice",
    "arn:aws:iam::111122223333:role/app/Reader",
    "arn:aws:sts::111122223333:assumed-role/Reader/s",
    "AROAREADER:s",
    "arn:aws:sts::111122223333:federated-user/Fay",
    "arn:aws:iam::444455556666:root",
];

const OPERATORS: [&str; 29] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
    "Null",
    "StringLike",
    "StringEquals",
];

const KEYS: [&str; 4] = ["aws:username", "aws:TagKeys", "aws:PrincipalTag/team", "kms:EncryptionContext:Dept"];

const VALUES: [&str; 10] =
    ["a", "A", "a*b", "axb", "7", "7.5", "true", "203.0.113.7", "2020-04-01T12:00:00Z", "arn:aws:sns:r:1:t"];

const PATTERNS: [&str; 13] = [
    "a",
    "a*",
    "a?b",
    "a${*}b",
    "*",
    "7",
    "6.5",
    "True",
    "${aws:PrincipalTag/team}",
    "${aws:UserName, 'a'}",
    "arn:aws:*:r:1:*",
    "arn:*:t",
    "arn:aws:sn?:*",
];
