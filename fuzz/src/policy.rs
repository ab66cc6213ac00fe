use std::borrow::Cow;

use trent_policy::{
    ConsideredGrant, Decision, Effect, Facts, Layers, NamedPolicy, Policy, PolicyKind, Question, ResourceSide, Rule,
    Values, decide, explain,
};
use trent_shared::{AssumedRole, Caller, Partition, Principal};

/// Documents of each kind, by the first byte, asked for a request that the rest of the document may have been written for.
/// What is refused is refused in words; what is accepted says the same by whichever way it is asked, and explains itself.
pub fn policy(data: &[u8]) {
    let Some((selector, document)) = data.split_first() else { return };
    let Ok(text) = str::from_utf8(document) else { return };
    let kind = match selector % 3 {
        0 => PolicyKind::Identity,
        1 => PolicyKind::Key,
        _ => PolicyKind::Trust,
    };
    match Policy::parse(text, kind) {
        Err(malformed) => assert!(!malformed.to_string().is_empty()),
        Ok(policy) => asked(policy, text),
    }
}

fn asked(policy: Policy, text: &str) {
    let account = "111122223333".parse().expect("an account id");
    let session = AssumedRole {
        role_id: "AROAEXAMPLE".to_owned(),
        role_path: "/app/".to_owned(),
        role_name: "Reader".to_owned(),
        session_name: "s".to_owned(),
    };
    let caller = Caller { principal: Principal::AssumedRole(session.into()), ..Caller::root(Partition::Aws, account) };
    let kind = policy.kind();
    let names: Vec<String> = policy.principals().map(|principal| principal.name().to_owned()).collect();
    let facts = Echo(text);
    let question = Question {
        caller: &caller,
        action: if kind == PolicyKind::Trust { "sts:AssumeRole" } else { "kms:Encrypt" },
        resource: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        facts: &facts,
    };
    let matching: Vec<_> = policy.matching(&question).collect();
    let verdict = policy.evaluate(&question);
    let first_deny = matching.iter().find(|statement| statement.effect == Effect::Deny);
    assert_eq!(verdict.deny.as_ref(), first_deny);
    assert_eq!(verdict.allow.is_some(), first_deny.is_none() && !matching.is_empty());
    for key in policy.condition_keys() {
        assert!(text.contains('$') || text.contains(key) || text.contains('\\'), "{key}");
    }
    drop(policy.check_set_operators(|_| false));

    let mut policies = [NamedPolicy { name: "fuzzed".to_owned(), policy: policy.into() }];
    let is_identity = kind == PolicyKind::Identity;
    let before = decided(&question, &policies, is_identity);
    // Bound to the caller's own ids, what it names stays what it is.
    let ids = names.into_iter().map(|name| (name, "AROAEXAMPLE".to_owned())).collect();
    let policy = Policy::parse(text, kind).expect("accepted before").bound_to(&ids);
    policies[0].policy = policy.into();
    assert_eq!(decided(&question, &policies, is_identity), before);
}

/// Whether it is allowed, which the explanation says too.
fn decided(question: &Question<'_>, named: &[NamedPolicy], is_identity: bool) -> bool {
    let layers = Layers { identity: if is_identity { named } else { &[] }, ..Layers::default() };
    let resource = ResourceSide {
        account: question.caller.account,
        policy: if is_identity { None } else { named.first() },
        rule: if is_identity { Rule::IdentityOnly } else { Rule::RootOfTrust },
    };
    let decision = decide(question, &layers, &resource, None);
    if let Decision::Denied(denial) = &decision {
        assert!(denial.ending(question.action).starts_with(' '));
    }
    let grants = [ConsideredGrant::Declines { grant_id: "g".to_owned(), reason: "another grantee".to_owned() }];
    let explanation = explain(question, &layers, &resource, &grants);
    assert_eq!(explanation.is_allowed, decision.is_allowed());
    serde_json::to_string(&explanation).expect("JSON");
    decision.is_allowed()
}

/// Every key has for its value a piece of the document, so that conditions have something to chew on.
struct Echo<'a>(&'a str);

impl Facts for Echo<'_> {
    fn values(&self, key: &str) -> Values<'_> {
        let mut pieces = self.0.split('"').filter(|piece| !piece.is_empty()).map(Cow::Borrowed);
        match key.len() % 3 {
            0 => Values::Absent,
            1 => pieces.nth(key.len()).map_or(Values::Absent, Values::One),
            _ => Values::Many(pieces.skip(key.len()).take(3).collect()),
        }
    }
}
