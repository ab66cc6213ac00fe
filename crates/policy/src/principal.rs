use std::collections::BTreeMap;

use serde::Serialize;
use trent_shared::{AccountId, Arn, Caller, Principal};

use crate::policy::Effect;

/// A principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPrincipal {
    kind: PrincipalKind,
    name: String,
    form: Form,
    /// The unique id of the user or role, if the policy is bound to it; it counts then instead of the name.
    bound_to: Option<String>,
}

/// Under which key of `Principal` a name stands. `"Principal": "*"` is an [`Aws`](Self::Aws) `*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PrincipalKind {
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

/// Whom the `Principal` of an allowing statement names, from the least to the most that it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Reach {
    /// The caller's account: it may give to its principals by identity policies what the statement allows.
    Account,
    /// `*`, or everybody but some.
    Everyone,
    /// The role of which the caller is a session.
    Role,
    /// The caller itself: the user, session, federated user, or identity provider.
    Exact,
    /// Nobody: the policy is one that the caller brings.
    Identity,
}

/// The `Principal` or `NotPrincipal` of a statement.
#[derive(Debug)]
pub(crate) struct PrincipalClause {
    pub(crate) is_negated: bool,
    pub(crate) names: Vec<NamedPrincipal>,
}

/// What a name says, taken apart once. What is none of these names nobody whom Trent knows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Everyone,
    Account(AccountId),
    User(Own),
    Role(Own),
    /// `role/session`
    AssumedRole(Own),
    FederatedUser(Own),
    /// `AIDA…`, `AROA…`, `AROA…:session`
    UniqueId,
    Provider,
    Nobody,
}

/// What follows `user`, `role`, `assumed-role/` or `federated-user/` in an ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    partition: String,
    account: AccountId,
    name: String,
}

impl NamedPrincipal {
    pub(crate) fn new(kind: PrincipalKind, name: String) -> Self {
        let form = match kind {
            PrincipalKind::Aws => Form::of(&name),
            PrincipalKind::Federated if name == "*" => Form::Everyone,
            PrincipalKind::Federated => Form::Provider,
            // Callers are no services: what a service does for a caller is judged as the caller's.
            PrincipalKind::Service | PrincipalKind::CanonicalUser => Form::Nobody,
        };
        Self { kind, name, form, bound_to: None }
    }

    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The name as the policy has it: an ARN, an account id, a unique id, a service's or provider's host, `*`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is `*`.
    pub fn is_everyone(&self) -> bool {
        self.form == Form::Everyone
    }

    pub(crate) fn bind(&mut self, ids: &BTreeMap<String, String>) {
        if self.kind == PrincipalKind::Aws {
            self.bound_to = ids.get(&self.name).cloned();
        }
    }

    /// In which way the caller is named, if it is.
    fn reach(&self, caller: &Caller) -> Option<Reach> {
        // A name can pass to somebody else, and its owner can take another one: an id, where there is one, tells who it is.
        let is = |own: &Own, id: &str, name: &dyn Fn() -> bool| {
            own.is_of(caller) && self.bound_to.as_ref().map_or_else(name, |bound| bound == id)
        };
        match (&self.form, &caller.principal) {
            (Form::Everyone, _) => Some(Reach::Everyone),
            // Who is not yet anybody in an account is not of it.
            (Form::Account(_), Principal::WebIdentity(_)) => None,
            (Form::Account(account), _) => (*account == caller.account).then_some(Reach::Account),
            (Form::User(own), Principal::User(user)) => {
                is(own, &user.id, &|| own.has_name(&user.path, &user.name)).then_some(Reach::Exact)
            }
            (Form::Role(own), Principal::AssumedRole(session)) => {
                let has_name = || own.has_name(&session.role_path, &session.role_name);
                is(own, &session.role_id, &has_name).then_some(Reach::Role)
            }
            (Form::AssumedRole(own), Principal::AssumedRole(session)) => {
                let (role, name) = own.name.split_once('/')?;
                let is_same = name == session.session_name && is(own, &session.role_id, &|| role == session.role_name);
                is_same.then_some(Reach::Exact)
            }
            (Form::FederatedUser(own), Principal::FederatedUser(user)) => {
                (own.is_of(caller) && own.name == user.name).then_some(Reach::Exact)
            }
            (Form::UniqueId, Principal::User(user)) => (self.name == user.id).then_some(Reach::Exact),
            (Form::UniqueId, Principal::AssumedRole(session)) => {
                match self.name.strip_prefix(&*session.role_id)?.strip_prefix(':') {
                    Some(name) => (*name == session.session_name).then_some(Reach::Exact),
                    None => (self.name == session.role_id).then_some(Reach::Role),
                }
            }
            (Form::Provider, Principal::WebIdentity(identity)) => {
                (self.name == identity.provider).then_some(Reach::Exact)
            }
            _ => None,
        }
    }
}

impl Form {
    fn of(name: &str) -> Self {
        if name == "*" {
            return Self::Everyone;
        }
        if let Ok(account) = name.parse() {
            return Self::Account(account);
        }
        if name.starts_with("AIDA") || name.starts_with("AROA") {
            return Self::UniqueId;
        }
        let Ok(arn) = name.parse::<Arn>() else { return Self::Nobody };
        let Ok(account) = arn.account.parse() else { return Self::Nobody };
        if !arn.region.is_empty() {
            return Self::Nobody;
        }
        let own = |name: &str| Own { partition: arn.partition.clone(), account, name: name.to_owned() };
        let (kind, rest) = arn.resource.split_at(arn.resource.find('/').unwrap_or(arn.resource.len()));
        match (&*arn.service, kind) {
            ("iam", "root") if rest.is_empty() => Self::Account(account),
            ("iam", "user") => Self::User(own(rest)),
            ("iam", "role") => Self::Role(own(rest)),
            ("sts", "assumed-role") => Self::AssumedRole(own(rest.strip_prefix('/').unwrap_or_default())),
            ("sts", "federated-user") => Self::FederatedUser(own(rest.strip_prefix('/').unwrap_or_default())),
            _ => Self::Nobody,
        }
    }
}

impl Own {
    fn is_of(&self, caller: &Caller) -> bool {
        self.account == caller.account && self.partition == caller.partition.as_str()
    }

    /// Whether it is named after this path (`/`, `/team/`) and name.
    fn has_name(&self, path: &str, name: &str) -> bool {
        self.name.strip_prefix(path) == Some(name)
    }
}

impl PrincipalClause {
    /// Whether a statement is about the caller, and in which way.
    pub(crate) fn reach(&self, caller: &Caller, effect: Effect) -> Option<Reach> {
        let mut named = self.names.iter().filter_map(|name| name.reach(caller));
        if !self.is_negated {
            return named.max();
        }
        let is_exempt = match effect {
            // Inferred: naming any of what the caller is takes it out.
            Effect::Allow => named.next().is_some(),
            Effect::Deny => is_wholly_named(named, &caller.principal),
        };
        (!is_exempt).then_some(Reach::Everyone)
    }
}

/// A caller is several principals at once: itself, its role, its account. A `Deny` with `NotPrincipal` denies each that it
/// does not name, and so spares a caller only if it names all of them (documented).
fn is_wholly_named(named: impl Iterator<Item = Reach>, caller: &Principal) -> bool {
    let (mut everyone, mut account, mut role, mut exact) = (false, false, false, false);
    for reach in named {
        match reach {
            Reach::Everyone => everyone = true,
            Reach::Account => account = true,
            Reach::Role => role = true,
            Reach::Exact => exact = true,
            Reach::Identity => {}
        }
    }
    let is_named = match caller {
        Principal::Root => account,
        Principal::User(_) | Principal::FederatedUser(_) => account && exact,
        Principal::AssumedRole(_) => account && role && exact,
        Principal::WebIdentity(_) => exact,
    };
    everyone || is_named
}
