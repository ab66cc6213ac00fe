use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use trent_shared::{AccountId, Principal};

use crate::policy::{Policy, StatementRef};
use crate::principal::Reach;
use crate::question::Question;

/// A policy, and what to call it in an explanation.
#[derive(Debug, Clone)]
pub struct NamedPolicy {
    /// Its name or ARN.
    pub name: String,
    pub policy: Arc<Policy>,
}

/// The policies that the caller brings. All are of [`PolicyKind::Identity`](crate::PolicyKind::Identity).
#[derive(Debug, Clone, Copy, Default)]
pub struct Layers<'a> {
    /// What the organization leaves to the caller's account: each must allow. None are no limit.
    pub guardrails: &'a [NamedPolicy],
    pub boundary: Option<&'a NamedPolicy>,
    /// What the caller's session was limited to when it was made: one of these must allow. `None` is no limit.
    pub session: Option<&'a [NamedPolicy]>,
    /// The user's own policies and its groups', or the role's.
    pub identity: &'a [NamedPolicy],
}

/// The side of what is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ResourceSide<'a> {
    /// Whose the resource is.
    pub account: AccountId,
    /// Of [`PolicyKind::Key`](crate::PolicyKind::Key) or [`Trust`](crate::PolicyKind::Trust).
    pub policy: Option<&'a NamedPolicy>,
    pub rule: Rule,
}

/// What a resource's own policy is to its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Rule {
    /// Such resources have none: the identity policies of the resource's account decide alone.
    IdentityOnly,
    /// KMS keys, trust policies of roles: what the policy neither allows nor delegates to its account is not allowed.
    RootOfTrust,
    /// Secrets, buckets: within the account either side suffices.
    Either,
    /// Retiring a KMS grant: the key's policy can deny it and never allows it, and identity policies allow it only where a
    /// grant leaves it to them.
    GrantOnly,
}

/// A KMS grant that allows what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantAllow {
    pub grant_id: String,
    /// Whether the caller's boundary and session policies must allow too: true of a role's grant, false of a session's.
    pub is_limited: bool,
    /// Whether the caller's identity policies must allow too: true where the key's account gave a grant to another one's
    /// principal.
    pub needs_identity: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Decision<'p> {
    Allowed(By<'p>),
    Denied(Denial<'p>),
}

/// A statement, and the policy it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cited<'p> {
    /// [`NamedPolicy::name`].
    pub policy: &'p str,
    pub statement: StatementRef<'p>,
}

/// What allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum By<'p> {
    /// The resource's policy alone.
    Resource { resource: Cited<'p>, reach: Reach },
    /// An identity policy alone.
    Identity { identity: Cited<'p> },
    /// The resource's policy delegates to the caller's account, and an identity policy there allows.
    Both { resource: Cited<'p>, identity: Cited<'p> },
    /// A grant, with the identity policy that it needs, if so.
    Grant { grant_id: &'p str, identity: Option<Cited<'p>> },
    /// The caller is its account's root user; with the statement that allows its account, where one is needed.
    Root { resource: Option<Cited<'p>> },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Denial<'p> {
    /// A statement denies.
    Explicit { layer: Layer, statement: Cited<'p> },
    /// Nothing in this layer allows.
    NoAllow { layer: Layer },
    /// The caller is of another account, and the resource's side does not allow it, or denies. What of it is not told, nor
    /// whether the caller's own policies deny it as well: only then could there be a resource.
    Foreign { deny: Option<Deny<'p>> },
}

/// A statement that denies, and of which kind its policy is.
type Deny<'p> = (Layer, Cited<'p>);

/// The kinds of policies that can deny, in the order in which a lack of allows is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Layer {
    ServiceControlPolicy,
    ResourcePolicy,
    IdentityPolicy,
    PermissionsBoundary,
    SessionPolicy,
}

/// Whether a request is allowed, by all that has a say.
///
/// A deny anywhere decides. Else a way must lead from the resource, or from a grant, to the caller, and the policies that the
/// caller brings must leave it open: how many of them have to allow depends on whom the resource's policy names.
pub fn decide<'p>(
    question: &Question<'_>,
    layers: &Layers<'p>,
    resource: &ResourceSide<'p>,
    grant: Option<&'p GrantAllow>,
) -> Decision<'p> {
    let is_foreign = is_foreign(question, resource);
    let action = question.action.to_ascii_lowercase();
    let (allow, own) = match (ask_resource(question, &action, resource), ask_own(question, &action, layers)) {
        (Ok(allow), Ok(own)) => (allow, own),
        (Err(deny), _) if is_foreign => return Decision::Denied(Denial::Foreign { deny: Some(deny) }),
        (Ok(None), Err(deny)) if is_foreign && grant.is_none() => {
            return Decision::Denied(Denial::Foreign { deny: Some(deny) });
        }
        (Err((layer, statement)), Ok(_)) | (Ok(_), Err((layer, statement))) => {
            return Decision::Denied(Denial::Explicit { layer, statement });
        }
        (Err(resource), Err(own)) => {
            let (layer, statement) = if own.0 < resource.0 { own } else { resource };
            return Decision::Denied(Denial::Explicit { layer, statement });
        }
    };
    let by_policies = match resource.rule {
        _ if is_foreign => own.with_foreign_resource(allow),
        Rule::IdentityOnly => own.alone(),
        Rule::RootOfTrust => own.with_root_of_trust(allow),
        Rule::Either => own.with_root_of_trust(allow).or_else(|lack| own.alone().map_err(|other| lack.max(other))),
        Rule::GrantOnly => own.within_guardrails().and(Err(Lack::In(Layer::IdentityPolicy))),
    };
    let decision = by_policies.or_else(|lack| match grant {
        Some(grant) => own.with_grant(grant).map_err(|other| lack.max(other)),
        None => Err(lack),
    });
    match decision {
        Ok(by) => Decision::Allowed(by),
        Err(Lack::Foreign) => Decision::Denied(Denial::Foreign { deny: None }),
        Err(Lack::In(layer)) => Decision::Denied(Denial::NoAllow { layer }),
    }
}

/// Somebody whom an identity provider vouches for has no account yet.
fn is_foreign(question: &Question<'_>, resource: &ResourceSide<'_>) -> bool {
    question.caller.account != resource.account && !matches!(question.caller.principal, Principal::WebIdentity(_))
}

/// What the caller's own policies leave it; none of them denies.
struct OwnSide<'p> {
    /// The root user: identity policies, boundaries and session policies do not exist for it.
    is_root: bool,
    guardrails_allow: bool,
    identity: Option<Cited<'p>>,
    /// The boundary or the session policies, if they do not allow.
    limit: Option<Layer>,
}

/// What is missing, from the least that could be told to the last that was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    Foreign,
    In(Layer),
}

/// What a policy says to a question; `action` is the question's in lower case.
fn ask<'p>(
    question: &Question<'_>,
    action: &str,
    layer: Layer,
    policy: &'p NamedPolicy,
) -> Result<Option<(Cited<'p>, Reach)>, Deny<'p>> {
    let verdict = policy.policy.verdict(question, action);
    let cited = |statement| Cited { policy: &policy.name, statement };
    match verdict.deny {
        Some(statement) => Err((layer, cited(statement))),
        None => Ok(verdict.allow.map(|(statement, reach)| (cited(statement), reach))),
    }
}

/// What the resource's policy says, if it has a say: whom it allows.
fn ask_resource<'p>(
    question: &Question<'_>,
    action: &str,
    resource: &ResourceSide<'p>,
) -> Result<Option<(Cited<'p>, Reach)>, Deny<'p>> {
    let Some(policy) = resource.policy else { return Ok(None) };
    match resource.rule {
        Rule::IdentityOnly => Ok(None),
        Rule::RootOfTrust | Rule::Either => ask(question, action, Layer::ResourcePolicy, policy),
        Rule::GrantOnly => ask(question, action, Layer::ResourcePolicy, policy).map(|_| None),
    }
}

/// What the caller's own policies say, in the order in which denies are told.
fn ask_own<'p>(question: &Question<'_>, action: &str, layers: &Layers<'p>) -> Result<OwnSide<'p>, Deny<'p>> {
    let ask = |layer, policy| Ok(ask(question, action, layer, policy)?.map(|(cited, _)| cited));
    let ask_any = |layer, policies: &'p [NamedPolicy]| {
        let mut allow = None;
        for policy in policies {
            let one = ask(layer, policy)?;
            allow = allow.or(one);
        }
        Ok(allow)
    };
    let mut own = OwnSide { is_root: question.caller.is_root(), guardrails_allow: true, identity: None, limit: None };
    for policy in layers.guardrails {
        own.guardrails_allow &= ask(Layer::ServiceControlPolicy, policy)?.is_some();
    }
    if !own.is_root {
        own.identity = ask_any(Layer::IdentityPolicy, layers.identity)?;
        let limits = [
            (Layer::PermissionsBoundary, layers.boundary.map(std::slice::from_ref)),
            (Layer::SessionPolicy, layers.session),
        ];
        for (layer, policies) in limits {
            if let Some(policies) = policies
                && ask_any(layer, policies)?.is_none()
            {
                own.limit = own.limit.or(Some(layer));
            }
        }
    }
    Ok(own)
}

impl<'p> OwnSide<'p> {
    /// The caller's account alone decides.
    fn alone(&self) -> Result<By<'p>, Lack> {
        let identity = self.allows()?;
        Ok(identity.map_or(By::Root { resource: None }, |identity| By::Identity { identity }))
    }

    /// The resource is of the caller's account, and so is its policy, which says who may decide.
    fn with_root_of_trust(&self, allow: Option<(Cited<'p>, Reach)>) -> Result<By<'p>, Lack> {
        self.within_guardrails()?;
        let (resource, reach) = allow.ok_or(Lack::In(Layer::ResourcePolicy))?;
        match reach {
            Reach::Account => self.together(resource),
            // A user or session that is named itself is allowed whatever its own policies leave out; a role, or everybody, is
            // not (documented).
            Reach::Exact => Ok(By::Resource { resource, reach }),
            Reach::Everyone | Reach::Role | Reach::Identity => {
                self.within_limits()?;
                Ok(By::Resource { resource, reach })
            }
        }
    }

    /// Both accounts have to allow, whomever the resource's names.
    fn with_foreign_resource(&self, allow: Option<(Cited<'p>, Reach)>) -> Result<By<'p>, Lack> {
        let (resource, _) = allow.ok_or(Lack::Foreign)?;
        self.together(resource)
    }

    fn with_grant(&self, grant: &'p GrantAllow) -> Result<By<'p>, Lack> {
        self.within_guardrails()?;
        let identity = if grant.needs_identity { self.allows()? } else { None };
        if grant.is_limited {
            self.within_limits()?;
        }
        Ok(By::Grant { grant_id: &grant.grant_id, identity })
    }

    fn together(&self, resource: Cited<'p>) -> Result<By<'p>, Lack> {
        let identity = self.allows()?;
        Ok(identity.map_or(By::Root { resource: Some(resource) }, |identity| By::Both { resource, identity }))
    }

    /// The identity policy that allows, within all limits; none for a root user, who needs none.
    fn allows(&self) -> Result<Option<Cited<'p>>, Lack> {
        self.within_guardrails()?;
        if self.is_root {
            return Ok(None);
        }
        let identity = self.identity.ok_or(Lack::In(Layer::IdentityPolicy))?;
        self.within_limits()?;
        Ok(Some(identity))
    }

    fn within_guardrails(&self) -> Result<(), Lack> {
        if self.guardrails_allow { Ok(()) } else { Err(Lack::In(Layer::ServiceControlPolicy)) }
    }

    fn within_limits(&self) -> Result<(), Lack> {
        self.limit.map_or(Ok(()), |layer| Err(Lack::In(layer)))
    }
}

impl Decision<'_> {
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl Denial<'_> {
    /// What AWS says after "User: … is not authorized to perform: kms:X on resource: …", beginning with a space: ` because
    /// no identity-based policy allows the kms:X action`, ` with an explicit deny in a resource-based policy`. A foreign
    /// caller is not told the resource: there the sentence goes "… kms:X on this resource" and then this.
    pub fn ending(&self, action: &str) -> String {
        match self {
            Self::Explicit { layer, .. } => format!(" with an explicit deny in {} {layer}", layer.article()),
            Self::NoAllow { layer } => format!(" because no {layer} allows the {action} action"),
            Self::Foreign { .. } => {
                " because the resource does not exist in this Region, no resource-based policies allow \
                                     access, or a resource-based policy explicitly denies access"
                    .to_owned()
            }
        }
    }

    /// The layer that denied or did not allow.
    pub fn layer(&self) -> Layer {
        match self {
            Self::Explicit { layer, .. } | Self::NoAllow { layer } => *layer,
            Self::Foreign { deny } => deny.map_or(Layer::ResourcePolicy, |(layer, _)| layer),
        }
    }
}

impl Layer {
    pub(crate) fn article(self) -> &'static str {
        if self == Self::IdentityPolicy { "an" } else { "a" }
    }
}

/// As AWS calls it in denials.
impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServiceControlPolicy => "service control policy",
            Self::ResourcePolicy => "resource-based policy",
            Self::IdentityPolicy => "identity-based policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::SessionPolicy => "session policy",
        })
    }
}

#[cfg(test)]
mod tests;
