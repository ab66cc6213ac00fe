use trent_shared::{AssumedRole, Caller, Partition, Principal, User};

use super::*;
use crate::policy::PolicyKind;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234";

fn caller(account: &str, who: &str) -> Caller {
    let user = User { id: "AIDA".into(), path: "/".into(), name: "Alice".into() };
    let session = AssumedRole {
        role_id: "AROA".into(),
        role_path: "/".into(),
        role_name: "Reader".into(),
        session_name: "s".into(),
    };
    let principal = match who {
        "root" => Principal::Root,
        "user" => Principal::User(user.into()),
        _ => Principal::AssumedRole(session.into()),
    };
    Caller { principal, ..Caller::root(Partition::Aws, account.parse().expect("an account id")) }
}

fn named(name: &str, text: &str, kind: PolicyKind) -> NamedPolicy {
    let policy = Policy::parse(text, kind).unwrap_or_else(|error| panic!("{error}: {text}"));
    NamedPolicy { name: name.to_owned(), policy: policy.into() }
}

fn says(effect: &str) -> NamedPolicy {
    let action = if effect == "nothing" { "s3:*" } else { "kms:*" };
    let effect = if effect == "Deny" { "Deny" } else { "Allow" };
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", "Action": "{action}", "Resource": "*"}}}}"#
    );
    named("own", &text, PolicyKind::Identity)
}

/// `Allow:<principal>`, `Deny:<principal>`; `nothing`.
fn key_says(what: &str) -> NamedPolicy {
    let (effect, principal) = what.split_once('|').unwrap_or(("Allow", "AIDANOBODY"));
    let text = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "{effect}", "Principal": {{"AWS": "{principal}"}},
            "Action": "kms:*", "Resource": "*"}}}}"#
    );
    named("default", &text, PolicyKind::Key)
}

const ROOT: &str = "Allow|arn:aws:iam::111122223333:root";
const USER: &str = "Allow|arn:aws:iam::111122223333:user/Alice";
const ROLE: &str = "Allow|arn:aws:iam::111122223333:role/Reader";
const SESSION: &str = "Allow|arn:aws:sts::111122223333:assumed-role/Reader/s";
const FOREIGN: &str = " because the resource does not exist in this Region, no resource-based policies allow access, or a \
                       resource-based policy explicitly denies access";
const NO_RESOURCE: &str = " because no resource-based policy allows the kms:Encrypt action";
const NO_IDENTITY: &str = " because no identity-based policy allows the kms:Encrypt action";
const NO_BOUNDARY: &str = " because no permissions boundary allows the kms:Encrypt action";
const NO_SESSION: &str = " because no session policy allows the kms:Encrypt action";
const NO_GUARDRAIL: &str = " because no service control policy allows the kms:Encrypt action";

/// What each layer says, "" where there is none, and what follows.
#[derive(Clone, Copy)]
struct Row {
    account: &'static str,
    who: &'static str,
    rule: Rule,
    key: &'static str,
    identity: &'static str,
    boundary: &'static str,
    session: &'static str,
    guardrail: &'static str,
    /// Is limited, needs identity.
    grant: Option<(bool, bool)>,
}

const OWN: Row = Row {
    account: "111122223333",
    who: "session",
    rule: Rule::RootOfTrust,
    key: ROOT,
    identity: "Allow",
    boundary: "",
    session: "",
    guardrail: "",
    grant: None,
};
const OTHER: Row = Row { account: "444455556666", key: "Allow|444455556666", ..OWN };

impl Row {
    fn decided(self) -> String {
        let caller = caller(self.account, self.who);
        let one = |what: &str| if what.is_empty() { Vec::new() } else { vec![says(what)] };
        let (guardrails, identity, boundary) = (one(self.guardrail), one(self.identity), one(self.boundary));
        let session = one(self.session);
        let key = key_says(self.key);
        let layers = Layers {
            guardrails: &guardrails,
            boundary: boundary.first(),
            session: (!session.is_empty()).then_some(&session),
            identity: &identity,
        };
        let resource = ResourceSide {
            account: "111122223333".parse().expect("an account id"),
            policy: Some(&key),
            rule: self.rule,
        };
        let grant = self.grant.map(|(is_limited, needs_identity)| GrantAllow {
            grant_id: "g".to_owned(),
            is_limited,
            needs_identity,
        });
        let question = Question { caller: &caller, action: "kms:Encrypt", resource: KEY, facts: &() };
        match decide(&question, &layers, &resource, grant.as_ref()) {
            Decision::Allowed(By::Resource { reach, .. }) => format!("resource, {reach:?}"),
            Decision::Allowed(By::Identity { .. }) => "identity".to_owned(),
            Decision::Allowed(By::Both { .. }) => "both".to_owned(),
            Decision::Allowed(By::Grant { identity, .. }) => {
                if identity.is_some() { "grant and identity" } else { "grant" }.to_owned()
            }
            Decision::Allowed(By::Root { resource }) => {
                if resource.is_some() { "root by resource" } else { "root" }.to_owned()
            }
            Decision::Denied(denial) => denial.ending("kms:Encrypt"),
        }
    }
}

#[test]
fn key_policies_are_the_root_of_trust_of_their_account() {
    for (row, expected) in [
        (OWN, "both"),
        (Row { identity: "", ..OWN }, NO_IDENTITY),
        (Row { key: "nothing", ..OWN }, NO_RESOURCE),
        (Row { key: "Allow|444455556666", ..OWN }, NO_RESOURCE),
        (Row { boundary: "nothing", ..OWN }, NO_BOUNDARY),
        (Row { session: "nothing", ..OWN }, NO_SESSION),
        (Row { boundary: "nothing", session: "nothing", ..OWN }, NO_BOUNDARY),
        (Row { boundary: "Allow", session: "Allow", guardrail: "Allow", ..OWN }, "both"),
        (Row { guardrail: "nothing", ..OWN }, NO_GUARDRAIL),
        (Row { guardrail: "nothing", key: "nothing", ..OWN }, NO_GUARDRAIL),
        (Row { key: ROLE, identity: "", ..OWN }, "resource, Role"),
        (Row { key: ROLE, identity: "", boundary: "nothing", ..OWN }, NO_BOUNDARY),
        (Row { key: ROLE, identity: "", session: "nothing", ..OWN }, NO_SESSION),
        (Row { key: SESSION, identity: "", ..OWN }, "resource, Exact"),
        (Row { key: SESSION, identity: "", boundary: "nothing", session: "nothing", ..OWN }, "resource, Exact"),
        (Row { key: SESSION, guardrail: "nothing", ..OWN }, NO_GUARDRAIL),
        (Row { who: "user", key: USER, identity: "", boundary: "nothing", ..OWN }, "resource, Exact"),
        (Row { key: "Allow|*", identity: "", ..OWN }, "resource, Everyone"),
        (Row { key: "Allow|*", identity: "", boundary: "nothing", ..OWN }, NO_BOUNDARY),
        (Row { who: "root", identity: "", ..OWN }, "root by resource"),
        (Row { who: "root", identity: "Deny", boundary: "Deny", session: "Deny", ..OWN }, "root by resource"),
        (Row { who: "root", key: USER, ..OWN }, NO_RESOURCE),
        (Row { who: "root", guardrail: "nothing", ..OWN }, NO_GUARDRAIL),
    ] {
        assert_eq!(
            row.decided(),
            expected,
            "{:?}",
            (row.who, row.key, row.identity, row.boundary, row.session, row.guardrail)
        );
    }
}

#[test]
fn a_deny_anywhere_decides() {
    for (row, expected) in [
        (Row { guardrail: "Deny", key: "Deny|*", ..OWN }, " with an explicit deny in a service control policy"),
        (Row { key: "Deny|*", identity: "Deny", ..OWN }, " with an explicit deny in a resource-based policy"),
        (Row { identity: "Deny", boundary: "Deny", ..OWN }, " with an explicit deny in an identity-based policy"),
        (Row { boundary: "Deny", session: "Deny", ..OWN }, " with an explicit deny in a permissions boundary"),
        (Row { session: "Deny", ..OWN }, " with an explicit deny in a session policy"),
        // Whatever else would allow, and whatever else is missing.
        (Row { session: "Deny", key: SESSION, ..OWN }, " with an explicit deny in a session policy"),
        (Row { identity: "Deny", key: "nothing", ..OWN }, " with an explicit deny in an identity-based policy"),
        (
            Row { identity: "Deny", key: SESSION, grant: Some((false, false)), ..OWN },
            " with an explicit deny in an identity-based policy",
        ),
        (
            Row { key: "Deny|*", grant: Some((false, false)), ..OWN },
            " with an explicit deny in a resource-based policy",
        ),
        (Row { who: "root", key: "Deny|*", ..OWN }, " with an explicit deny in a resource-based policy"),
        (Row { identity: "Deny", ..OTHER }, " with an explicit deny in an identity-based policy"),
        (Row { key: "Deny|*", ..OTHER }, FOREIGN),
        (Row { key: "Deny|*", guardrail: "Deny", grant: Some((false, false)), ..OTHER }, FOREIGN),
        // To a stranger an own deny is told only where the resource's side allows: else it would tell that there is one.
        (Row { identity: "Deny", key: "nothing", ..OTHER }, FOREIGN),
        (Row { guardrail: "Deny", key: "nothing", ..OTHER }, FOREIGN),
        (Row { boundary: "Deny", key: "nothing", ..OTHER }, FOREIGN),
        (Row { session: "Deny", key: "nothing", ..OTHER }, FOREIGN),
        (Row { guardrail: "Deny", rule: Rule::IdentityOnly, ..OTHER }, FOREIGN),
        (
            Row { identity: "Deny", key: "nothing", grant: Some((true, true)), ..OTHER },
            " with an explicit deny in an identity-based policy",
        ),
    ] {
        assert_eq!(
            row.decided(),
            expected,
            "{:?}",
            (row.who, row.key, row.identity, row.boundary, row.session, row.guardrail)
        );
    }
}

#[test]
fn between_accounts_both_have_to_allow() {
    for (row, expected) in [
        (OTHER, "both"),
        (Row { key: "Allow|arn:aws:iam::444455556666:role/Reader", ..OTHER }, "both"),
        (Row { key: "Allow|*", ..OTHER }, "both"),
        (Row { identity: "", ..OTHER }, NO_IDENTITY),
        (Row { key: "Allow|arn:aws:sts::444455556666:assumed-role/Reader/s", identity: "", ..OTHER }, NO_IDENTITY),
        (Row { key: "Allow|arn:aws:sts::444455556666:assumed-role/Reader/s", session: "nothing", ..OTHER }, NO_SESSION),
        (Row { boundary: "nothing", ..OTHER }, NO_BOUNDARY),
        (Row { guardrail: "nothing", ..OTHER }, NO_GUARDRAIL),
        (Row { key: ROOT, ..OTHER }, FOREIGN),
        (Row { key: ROOT, identity: "", guardrail: "nothing", ..OTHER }, FOREIGN),
        (Row { who: "root", ..OTHER }, "root by resource"),
        (Row { who: "root", key: ROOT, ..OTHER }, FOREIGN),
        (Row { rule: Rule::IdentityOnly, ..OTHER }, FOREIGN),
        (Row { rule: Rule::Either, key: ROOT, ..OTHER }, FOREIGN),
    ] {
        assert_eq!(
            row.decided(),
            expected,
            "{:?}",
            (row.who, row.key, row.identity, row.boundary, row.session, row.guardrail)
        );
    }
}

#[test]
fn other_rules_give_the_resources_policy_other_weight() {
    let either = Row { rule: Rule::Either, key: "nothing", ..OWN };
    let identity_only = Row { rule: Rule::IdentityOnly, key: "Deny|*", ..OWN };
    for (row, expected) in [
        (either, "identity"),
        (Row { identity: "", ..either }, NO_IDENTITY),
        (Row { identity: "", key: ROOT, ..either }, NO_IDENTITY),
        (Row { identity: "", key: ROLE, ..either }, "resource, Role"),
        (Row { identity: "", key: ROLE, boundary: "nothing", ..either }, NO_BOUNDARY),
        (Row { identity: "", key: SESSION, boundary: "nothing", ..either }, "resource, Exact"),
        (Row { who: "root", ..either }, "root"),
        (identity_only, "identity"),
        (Row { identity: "", ..identity_only }, NO_IDENTITY),
        (Row { who: "root", ..identity_only }, "root"),
        (Row { session: "nothing", ..identity_only }, NO_SESSION),
    ] {
        assert_eq!(row.decided(), expected, "{:?}", (row.who, row.key, row.identity, row.boundary, row.session));
    }
}

#[test]
fn grants_are_another_way() {
    let own = Row { key: "nothing", identity: "", grant: Some((false, false)), ..OWN };
    let other = Row { account: "444455556666", grant: Some((true, true)), ..own };
    for (row, expected) in [
        (own, "grant"),
        (Row { boundary: "nothing", session: "nothing", ..own }, "grant"),
        (Row { boundary: "nothing", grant: Some((true, false)), ..own }, NO_BOUNDARY),
        (Row { session: "nothing", grant: Some((true, false)), ..own }, NO_SESSION),
        (Row { guardrail: "nothing", ..own }, NO_GUARDRAIL),
        (Row { key: ROLE, boundary: "nothing", ..own }, "grant"),
        (Row { key: ROOT, ..own }, "grant"),
        (other, NO_IDENTITY),
        (Row { identity: "Allow", ..other }, "grant and identity"),
        (Row { identity: "Allow", boundary: "nothing", ..other }, NO_BOUNDARY),
        (Row { grant: Some((false, false)), ..other }, "grant"),
        (Row { grant: None, ..other }, FOREIGN),
    ] {
        assert_eq!(
            row.decided(),
            expected,
            "{:?}",
            (row.account, row.key, row.identity, row.boundary, row.session, row.grant)
        );
    }
}

#[test]
fn where_grants_alone_allow_policies_only_deny() {
    let own = Row { rule: Rule::GrantOnly, ..OWN };
    let granted = Row { identity: "", grant: Some((true, false)), ..own };
    let other = Row { rule: Rule::GrantOnly, grant: Some((true, true)), ..OTHER };
    for (row, expected) in [
        (own, NO_IDENTITY),
        (Row { key: "Allow|*", ..own }, NO_IDENTITY),
        (Row { who: "root", ..own }, NO_IDENTITY),
        (Row { guardrail: "nothing", ..own }, NO_GUARDRAIL),
        (granted, "grant"),
        (Row { key: "nothing", ..granted }, "grant"),
        (Row { key: "Deny|*", ..granted }, " with an explicit deny in a resource-based policy"),
        (Row { identity: "Deny", ..granted }, " with an explicit deny in an identity-based policy"),
        (Row { session: "Deny", ..granted }, " with an explicit deny in a session policy"),
        (Row { guardrail: "Deny", ..granted }, " with an explicit deny in a service control policy"),
        (Row { session: "nothing", ..granted }, NO_SESSION),
        (Row { grant: Some((false, true)), ..granted }, NO_IDENTITY),
        (Row { grant: Some((false, true)), ..own }, "grant and identity"),
        (Row { who: "root", grant: Some((false, true)), ..own }, "grant"),
        (other, "grant and identity"),
        (Row { identity: "", ..other }, NO_IDENTITY),
        (Row { key: "Deny|*", ..other }, FOREIGN),
        (Row { grant: None, ..other }, FOREIGN),
        (Row { grant: None, who: "root", ..other }, FOREIGN),
    ] {
        assert_eq!(
            row.decided(),
            expected,
            "{:?}",
            (row.account, row.who, row.key, row.identity, row.session, row.guardrail, row.grant)
        );
    }
}
