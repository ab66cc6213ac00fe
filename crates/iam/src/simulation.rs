//! The policy simulator: what policies would decide, without doing anything.
//!
//! How it answers is recorded from AWS, and differs from how AWS authorizes: a resource policy that allows the account is
//! enough for its users, and only the statements that made the decision are told.

mod context;
mod positions;
mod principal;
mod request;
mod source;

use std::collections::BTreeMap;

use trent_policy::{Effect, Question};
use trent_shared::{Caller, Context};

use self::context::Supposed;
pub(crate) use self::principal::Exclusions;
pub(crate) use self::request::Common;
pub(crate) use self::source::{Source, read_levels, read_list};
use crate::api::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType as Decision, ResourceSpecificResult, Statement,
};

/// What is asked, read and checked.
pub(crate) struct Simulation {
    identity: Vec<Source>,
    boundary: Option<Source>,
    /// What the organization leaves to the account, level by level; `None` where there is no organization.
    guardrails: Option<Vec<Vec<Source>>>,
    resource_policy: Option<Source>,
    /// Whether the resource is of another account than the caller.
    is_foreign: bool,
    caller: Caller,
    context: Supposed,
    /// None stand for all resources, `*`.
    resources: Vec<String>,
}

/// What the policies say of one action on one resource.
struct Outcome {
    decision: Decision,
    matched: Vec<Statement>,
    missing: Vec<String>,
    /// What each kind of policy says, where those of two accounts are asked.
    details: BTreeMap<String, Decision>,
    by_boundary: Option<bool>,
    by_guardrails: Option<bool>,
}

/// What policies of one kind say together.
struct Answer {
    decision: Decision,
    denies: Vec<Statement>,
    allows: Vec<Statement>,
}

impl Simulation {
    /// What becomes of one action.
    pub(crate) fn result(&self, cx: &Context, action: &str) -> EvaluationResult {
        if self.resources.is_empty() {
            return self.evaluate(action, "*").into_result(action, "*".to_owned());
        }
        let outcomes: Vec<_> =
            self.resources.iter().map(|resource| (resource, self.evaluate(action, resource))).collect();
        let specific = outcomes.iter().map(|(resource, outcome)| outcome.of_resource(resource)).collect();
        let name = match self.resources.as_slice() {
            [one] => one.clone(),
            _ => resource_template(cx, action),
        };
        let together = Outcome::together(outcomes.into_iter().map(|(_, outcome)| outcome));
        let details = Some(together.details.clone());
        EvaluationResult {
            resource_specific_results: Some(specific),
            eval_decision_details: details,
            ..together.into_result(action, name)
        }
    }

    fn evaluate(&self, action: &str, resource: &str) -> Outcome {
        let question = Question { caller: &self.caller, action, resource, facts: &self.context };
        // No action of these services is about resources of others, so that no policy is asked (recorded).
        let is_possible = !is_of_another_service(action, resource);
        let ask = |sources: &[Source]| Answer::of(if is_possible { sources } else { &[] }, &question);
        let identity = ask(&self.identity);
        let boundary = self.boundary.as_ref().map(|source| ask(std::slice::from_ref(source)));
        let resource_policy = self.resource_policy.as_ref().map(|source| ask(std::slice::from_ref(source)));
        let guardrails = self.guardrails.as_ref().map(|levels| {
            let levels = levels.iter().map(|level| ask(level).decision);
            levels.fold(Decision::Allowed, stricter)
        });
        let by_boundary = boundary.as_ref().map(|answer| answer.decision == Decision::Allowed);
        let by_guardrails = guardrails.map(|decision| decision == Decision::Allowed);

        let mut asked = vec![&identity];
        asked.splice(0..0, &boundary);
        asked.extend(&resource_policy);
        let is_denied = guardrails == Some(Decision::ExplicitDeny)
            || asked.iter().any(|answer| answer.decision == Decision::ExplicitDeny);
        let by_identity = identity.decision == Decision::Allowed && by_boundary != Some(false);
        let by_resource = resource_policy.as_ref().map(|answer| answer.decision == Decision::Allowed);
        let is_allowed = by_guardrails != Some(false)
            && match by_resource {
                None => by_identity,
                Some(by_resource) if self.is_foreign => by_identity && by_resource,
                Some(by_resource) => by_identity || by_resource,
            };
        let decision = match (is_denied, is_allowed) {
            (true, _) => Decision::ExplicitDeny,
            (false, true) => Decision::Allowed,
            (false, false) => Decision::ImplicitDeny,
        };
        let details = match &resource_policy {
            Some(resource_policy) if self.is_foreign => {
                let kinds = [
                    (source::IDENTITY, Some(&identity)),
                    (source::RESOURCE, Some(resource_policy)),
                    (source::BOUNDARY, boundary.as_ref()),
                ];
                let said = kinds.into_iter().filter_map(|(kind, answer)| Some((kind.to_owned(), answer?.decision)));
                said.collect()
            }
            _ => BTreeMap::new(),
        };
        let matched = match decision {
            Decision::ExplicitDeny => asked.iter().flat_map(|answer| answer.denies.clone()).collect(),
            Decision::Allowed => {
                let by = [Some(&identity), resource_policy.as_ref()];
                by.into_iter().flatten().flat_map(|answer| answer.allows.clone()).collect()
            }
            Decision::ImplicitDeny => Vec::new(),
        };
        let missing = if decision == Decision::ImplicitDeny { self.missing_keys() } else { Vec::new() };
        Outcome { decision, matched, missing, details, by_boundary, by_guardrails }
    }

    /// The keys that the policies ask for and that nobody supposed: also those of statements about something else
    /// (recorded).
    fn missing_keys(&self) -> Vec<String> {
        let guardrails = self.guardrails.iter().flatten().flatten();
        let sources = self.boundary.iter().chain(&self.identity).chain(&self.resource_policy).chain(guardrails);
        let mut keys = context_keys(sources);
        keys.retain(|key| !self.context.has(key));
        keys
    }
}

/// The condition keys that policies ask for, each once in each of its spellings (recorded).
pub(crate) fn context_keys<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Vec<String> {
    let mut keys = Vec::new();
    for source in sources {
        add_new(&mut keys, source.policy.condition_keys().map(str::to_owned).collect());
    }
    keys
}

impl Answer {
    fn of(sources: &[Source], question: &Question<'_>) -> Self {
        let mut answer = Self { decision: Decision::ImplicitDeny, denies: Vec::new(), allows: Vec::new() };
        for source in sources {
            for statement in source.policy.matching(question) {
                let told = source.statement(statement.index);
                match statement.effect {
                    Effect::Deny => answer.denies.push(told),
                    Effect::Allow => answer.allows.push(told),
                }
            }
        }
        answer.decision = match (answer.denies.is_empty(), answer.allows.is_empty()) {
            (false, _) => Decision::ExplicitDeny,
            (true, false) => Decision::Allowed,
            (true, true) => Decision::ImplicitDeny,
        };
        answer
    }
}

impl Outcome {
    /// The outcomes for several resources: only what is allowed of all is allowed.
    fn together(outcomes: impl Iterator<Item = Self>) -> Self {
        let mut together = Self {
            decision: Decision::Allowed,
            matched: Vec::new(),
            missing: Vec::new(),
            details: BTreeMap::new(),
            by_boundary: None,
            by_guardrails: None,
        };
        for outcome in outcomes {
            together.decision = stricter(together.decision, outcome.decision);
            add_new(&mut together.matched, outcome.matched);
            add_new(&mut together.missing, outcome.missing);
            for (kind, decision) in outcome.details {
                let known = together.details.entry(kind).or_insert(Decision::Allowed);
                *known = stricter(*known, decision);
            }
            for (all, one) in
                [(&mut together.by_boundary, outcome.by_boundary), (&mut together.by_guardrails, outcome.by_guardrails)]
            {
                *all = one.map(|one| all.unwrap_or(true) && one);
            }
        }
        together
    }

    fn into_result(self, action: &str, resource: String) -> EvaluationResult {
        EvaluationResult {
            eval_action_name: action.to_owned(),
            eval_resource_name: Some(resource),
            eval_decision: self.decision,
            matched_statements: Some(self.matched),
            missing_context_values: Some(self.missing),
            organizations_decision_detail: self
                .by_guardrails
                .map(|allowed| OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }),
            permissions_boundary_decision_detail: detail(self.by_boundary),
            eval_decision_details: None,
            resource_specific_results: None,
        }
    }

    /// What there is nothing of is left out here, and not of the whole (recorded).
    fn of_resource(&self, resource: &str) -> ResourceSpecificResult {
        ResourceSpecificResult {
            eval_resource_name: resource.to_owned(),
            eval_resource_decision: self.decision,
            matched_statements: Some(self.matched.clone()).filter(|matched| !matched.is_empty()),
            missing_context_values: Some(self.missing.clone()).filter(|missing| !missing.is_empty()),
            eval_decision_details: Some(self.details.clone()).filter(|details| !details.is_empty()),
            permissions_boundary_decision_detail: detail(self.by_boundary),
        }
    }
}

fn detail(by_boundary: Option<bool>) -> Option<PermissionsBoundaryDecisionDetail> {
    by_boundary.map(|allowed| PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
}

fn stricter(one: Decision, other: Decision) -> Decision {
    [Decision::ExplicitDeny, Decision::ImplicitDeny]
        .into_iter()
        .find(|&decision| one == decision || other == decision)
        .unwrap_or(Decision::Allowed)
}

fn add_new<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !known.contains(&item) {
            known.push(item);
        }
    }
}

fn is_of_another_service(action: &str, resource: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default().to_lowercase();
    let of_resource = resource.split(':').nth(2).unwrap_or_default();
    resource != "*" && matches!(&*service, "iam" | "kms" | "s3") && service != of_resource
}

/// What stands for several resources of an action. Recorded for IAM, EC2 and objects of S3; where AWS's catalogue is not
/// known, `*` (inferred).
fn resource_template(cx: &Context, action: &str) -> String {
    let resource = match action.split(':').next().unwrap_or_default().to_lowercase().as_str() {
        "s3" => "s3:::${BucketName}/${KeyName}",
        "iam" => "iam::${Account}:${ResourceType}/${ResourceName}",
        "ec2" => "ec2:${Region}:${Account}:${ResourceType}/${ResourcePath}",
        "kms" => "kms:${Region}:${Account}:key/${KeyId}",
        _ => return "*".to_owned(),
    };
    format!("arn:{}:{resource}", cx.partition())
}

#[cfg(test)]
mod tests;
