//! A policy that is asked, and what answers call it.

use std::sync::Arc;

use trent_policy::{MalformedPolicy, NamedPolicy, Policy, PolicyKind};
use trent_shared::ApiError;

use super::positions::{self, Position};
use crate::api::{OrderedOrganizationPolicyType, Statement};
use crate::messages::simulation as messages;

/// As answers call policies of the caller, of its boundary, and of the resource (recorded; the model has other names).
pub(super) const IDENTITY: &str = "IAM Policy";
pub(super) const BOUNDARY: &str = "Permissions Boundary Policy";
pub(super) const RESOURCE: &str = "Resource Policy";
const GUARDRAIL: &str = "Service Control Policy";

pub(crate) struct Source {
    id: String,
    kind: &'static str,
    pub(crate) policy: Arc<Policy>,
    positions: Vec<(Position, Position)>,
}

impl Source {
    pub(super) fn identity(id: String, document: &str) -> Result<Self, MalformedPolicy> {
        Self::of_caller(id, IDENTITY, document)
    }

    pub(super) fn boundary(id: String, document: &str) -> Result<Self, MalformedPolicy> {
        Self::of_caller(id, BOUNDARY, document)
    }

    pub(super) fn resource(document: &str) -> Result<Self, MalformedPolicy> {
        let policy = Arc::new(Policy::parse(document, PolicyKind::Key)?);
        let positions = positions::of_statements(document);
        Ok(Self { id: "ResourcePolicy".to_owned(), kind: RESOURCE, policy, positions })
    }

    fn of_caller(id: String, kind: &'static str, document: &str) -> Result<Self, MalformedPolicy> {
        let policy = match Policy::parse(document, PolicyKind::Identity) {
            // The simulator takes documents that can no longer be kept (recorded).
            Err(MalformedPolicy::Version) => Policy::parse(&in_current_version(document), PolicyKind::Identity)?,
            parsed => parsed?,
        };
        Ok(Self { id, kind, policy: Arc::new(policy), positions: positions::of_statements(document) })
    }

    /// Of what the organization leaves, no statement is ever told.
    pub(super) fn guardrail(policy: &NamedPolicy) -> Self {
        Self { id: policy.name.clone(), kind: GUARDRAIL, policy: Arc::clone(&policy.policy), positions: Vec::new() }
    }

    pub(super) fn statement(&self, index: usize) -> Statement {
        let position = self.positions.get(index);
        Statement {
            source_policy_id: Some(self.id.clone()),
            source_policy_type: Some(self.kind.to_owned()),
            start_position: position.map(|&(start, _)| start.into()),
            end_position: position.map(|&(_, end)| end.into()),
        }
    }
}

/// The policies of a request's list: `PolicyInputList.1`.
pub(crate) fn read_list(documents: &[String]) -> Result<Vec<Source>, ApiError> {
    let read = |(index, document): (usize, &String)| {
        let number = index + 1;
        let source = Source::identity(format!("PolicyInputList.{number}"), document);
        source.map_err(|_| messages::invalid_policy("Policy input list", number))
    };
    documents.iter().enumerate().map(read).collect()
}

/// The guardrails of a request, level by level.
pub(crate) fn read_levels(levels: &[OrderedOrganizationPolicyType]) -> Result<Vec<Vec<Source>>, ApiError> {
    let read = |(index, level): (usize, &OrderedOrganizationPolicyType)| {
        let documents = level.service_control_policy_input_list.as_deref().unwrap_or_default();
        if documents.is_empty() {
            return Err(messages::empty_level(index + 1));
        }
        let read = |(place, document): (usize, &String)| {
            let source = Source::of_caller(String::new(), GUARDRAIL, document);
            source.map_err(|_| messages::invalid_policy("Service control policy input list", place + 1))
        };
        documents.iter().enumerate().map(read).collect()
    };
    levels.iter().enumerate().map(read).collect()
}

/// A document of the first version of the policy language in the current one. There, `${…}` was text.
fn in_current_version(document: &str) -> String {
    let document = document.replace("${", "${$}{");
    if document.contains("\"Version\"") {
        return document.replace("\"2008-10-17\"", "\"2012-10-17\"");
    }
    document.replacen('{', "{\"Version\":\"2012-10-17\",", 1)
}
