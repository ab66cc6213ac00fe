use std::fmt;

use serde::Serialize;

use crate::decide::{By, Cited, Decision, Denial, GrantAllow, Layer, Layers, NamedPolicy, ResourceSide, Rule, decide};
use crate::policy::Effect;
use crate::question::Question;
use crate::statement::{Clause, Statement};

/// A grant on the key that could have allowed the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsideredGrant {
    Allows(GrantAllow),
    /// And why not: another grantee, operation, or constraint.
    Declines {
        grant_id: String,
        reason: String,
    },
}

/// Why a request is allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub is_allowed: bool,
    /// One sentence: what allowed, what denied, or which layer is missing.
    pub summary: String,
    /// The layer that denied or did not allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
    pub principal: String,
    pub action: String,
    pub resource: String,
    /// Every policy that was asked.
    pub policies: Vec<ExplainedPolicy>,
    pub grants: Vec<ExplainedGrant>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedGrant {
    pub grant_id: String,
    pub allows: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedPolicy {
    pub layer: Layer,
    pub name: String,
    pub statements: Vec<ExplainedStatement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedStatement {
    /// Its place in the document, from 0.
    pub index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub effect: Effect,
    pub matches: bool,
    /// All that keeps it from matching.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mismatches: Vec<Mismatch>,
}

/// One element of a statement that does not fit the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// Whom the statement names; the caller is not among them (or is, for `NotPrincipal`).
    Principal {
        element: &'static str,
        expected: Vec<String>,
    },
    Action {
        element: &'static str,
        expected: Vec<String>,
    },
    Resource {
        element: &'static str,
        expected: Vec<String>,
    },
    Condition(ExplainedCondition),
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedCondition {
    /// `ForAnyValue:StringLike`
    pub operator: String,
    /// As the policy spells it.
    pub key: String,
    /// The policy's values, with variables as they are written.
    pub expected: Vec<String>,
    /// The request's; empty where it does not carry the key.
    pub actual: Vec<String>,
}

/// Tells of every policy and grant what it says to a question, and why: the slow path.
pub fn explain(
    question: &Question<'_>,
    layers: &Layers<'_>,
    resource: &ResourceSide<'_>,
    grants: &[ConsideredGrant],
) -> Explanation {
    let decision = decide(question, layers, resource, allowing_grant(question, layers, resource, grants));
    let layer = match &decision {
        Decision::Allowed(_) => None,
        Decision::Denied(denial) => Some(denial.layer()),
    };
    let asked = asked(question, layers, resource).into_iter();
    Explanation {
        is_allowed: decision.is_allowed(),
        summary: summary(&decision),
        layer,
        principal: question.caller.arn().to_string(),
        action: question.action.to_owned(),
        resource: question.resource.to_owned(),
        policies: asked.map(|(layer, policy)| explained(question, layer, policy)).collect(),
        grants: grants.iter().map(ExplainedGrant::from).collect(),
    }
}

/// The first grant with which the request is allowed, else the first that allows on its own side.
fn allowing_grant<'p>(
    question: &Question<'_>,
    layers: &Layers<'p>,
    resource: &ResourceSide<'p>,
    grants: &'p [ConsideredGrant],
) -> Option<&'p GrantAllow> {
    let mut allowing = grants.iter().filter_map(|grant| match grant {
        ConsideredGrant::Allows(grant) => Some(grant),
        ConsideredGrant::Declines { .. } => None,
    });
    let first = allowing.clone().next();
    allowing.find(|grant| decide(question, layers, resource, Some(grant)).is_allowed()).or(first)
}

/// What has a say, in the order in which it is asked.
fn asked<'p>(
    question: &Question<'_>,
    layers: &Layers<'p>,
    resource: &ResourceSide<'p>,
) -> Vec<(Layer, &'p NamedPolicy)> {
    let of = |layer, policies: &'p [NamedPolicy]| policies.iter().map(move |policy| (layer, policy));
    let mut asked: Vec<_> = of(Layer::ServiceControlPolicy, layers.guardrails).collect();
    if resource.rule != Rule::IdentityOnly {
        asked.extend(resource.policy.map(|policy| (Layer::ResourcePolicy, policy)));
    }
    if !question.caller.is_root() {
        asked.extend(of(Layer::IdentityPolicy, layers.identity));
        asked.extend(layers.boundary.map(|policy| (Layer::PermissionsBoundary, policy)));
        asked.extend(of(Layer::SessionPolicy, layers.session.unwrap_or_default()));
    }
    asked
}

fn explained(question: &Question<'_>, layer: Layer, policy: &NamedPolicy) -> ExplainedPolicy {
    let statements = policy.policy.statements().iter().map(|statement| {
        let mismatches = mismatches(question, statement);
        ExplainedStatement {
            index: statement.index,
            sid: statement.sid.clone(),
            effect: statement.effect,
            matches: mismatches.is_empty(),
            mismatches,
        }
    });
    ExplainedPolicy { layer, name: policy.name.clone(), statements: statements.collect() }
}

/// Nothing where the statement matches.
fn mismatches(question: &Question<'_>, statement: &Statement) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    let facts = question.facts;
    if let Some(clause) = &statement.principals
        && statement.reach(question.caller).is_none()
    {
        mismatches.push(Mismatch::Principal {
            element: if clause.is_negated { "NotPrincipal" } else { "Principal" },
            expected: clause.names.iter().map(|name| name.name().to_owned()).collect(),
        });
    }
    if !statement.has_action(&question.action.to_ascii_lowercase()) {
        let (element, expected) = clause(statement.actions.as_ref(), ["Action", "NotAction"]);
        mismatches.push(Mismatch::Action { element, expected });
    }
    if !statement.has_resource(question.resource, facts) || statement.is_inert && statement.resources.is_none() {
        let (element, expected) = clause(statement.resources.as_ref(), ["Resource", "NotResource"]);
        mismatches.push(Mismatch::Resource { element, expected });
    }
    let failed = statement.conditions.iter().filter(|condition| !condition.holds(facts));
    mismatches.extend(failed.map(|condition| {
        Mismatch::Condition(ExplainedCondition {
            operator: condition.operator_name.clone(),
            key: condition.key.clone(),
            expected: condition.values.clone(),
            actual: condition.actual(facts),
        })
    }));
    mismatches
}

fn clause(clause: Option<&Clause>, [plain, negated]: [&'static str; 2]) -> (&'static str, Vec<String>) {
    match clause {
        None => (plain, Vec::new()),
        Some(clause) => (if clause.is_negated { negated } else { plain }, clause.texts.clone()),
    }
}

fn summary(decision: &Decision<'_>) -> String {
    match decision {
        Decision::Allowed(By::Resource { resource, .. }) => format!("Allowed by {resource}."),
        Decision::Allowed(By::Identity { identity }) => format!("Allowed by {identity}."),
        Decision::Allowed(By::Both { resource, identity }) => {
            format!("Allowed by {identity}, to which {resource} leaves it.")
        }
        Decision::Allowed(By::Grant { grant_id, identity: None }) => format!("Allowed by the grant {grant_id}."),
        Decision::Allowed(By::Grant { grant_id, identity: Some(identity) }) => {
            format!("Allowed by the grant {grant_id} and {identity}.")
        }
        Decision::Allowed(By::Root { resource: None }) => "Allowed: the caller is its account's root user.".to_owned(),
        Decision::Allowed(By::Root { resource: Some(resource) }) => {
            format!("Allowed by {resource}: the caller is its account's root user.")
        }
        Decision::Denied(Denial::Explicit { layer, statement }) => {
            format!("Denied by {statement}, {} {layer}.", layer.article())
        }
        Decision::Denied(Denial::NoAllow { layer }) => format!("Denied: no {layer} allows it."),
        Decision::Denied(Denial::Foreign { deny: Some((Layer::ResourcePolicy, statement)) }) => {
            format!("Denied by {statement}, the resource's policy, to a caller of another account.")
        }
        Decision::Denied(Denial::Foreign { deny: Some((layer, statement)) }) => {
            let article = layer.article();
            format!(
                "Denied by {statement}, {article} {layer}; nor does the resource's policy allow it to another account."
            )
        }
        Decision::Denied(Denial::Foreign { deny: None }) => {
            "Denied: the caller is of another account, and the resource's policy does not allow it.".to_owned()
        }
    }
}

impl From<&ConsideredGrant> for ExplainedGrant {
    fn from(grant: &ConsideredGrant) -> Self {
        match grant {
            ConsideredGrant::Allows(grant) => Self { grant_id: grant.grant_id.clone(), allows: true, reason: None },
            ConsideredGrant::Declines { grant_id, reason } => {
                Self { grant_id: grant_id.clone(), allows: false, reason: Some(reason.clone()) }
            }
        }
    }
}

/// `statement 2 ("Admins") of default`; statements are counted from 1 where people read.
impl fmt::Display for Cited<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {}", self.statement.index + 1)?;
        if let Some(sid) = self.statement.sid {
            write!(f, " ({sid:?})")?;
        }
        write!(f, " of {}", self.policy)
    }
}

#[cfg(test)]
mod tests;
