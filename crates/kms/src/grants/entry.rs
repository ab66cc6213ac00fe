use aws_smithy_types::DateTime;
use trent_kms_core::{ContextConstraint, GrantConstraints};
use trent_shared::{ApiError, Timestamp};

use super::GrantId;
use crate::api::{self, GrantListEntry};
use crate::identifier::KeyArn;
use crate::names::same_name;
use crate::records::{GrantParty, GrantRecord};

/// A grant as lists tell it. Its token is in none.
pub(crate) fn entry(key: &KeyArn, id: GrantId, grant: &GrantRecord) -> Result<GrantListEntry, ApiError> {
    let (grantee_principal, grantee_service_principal) = members(Some(&grant.grantee));
    let (retiring_principal, retiring_service_principal) = members(grant.retiring.as_ref());
    let operations = grant.grant.operations().iter().map(|operation| same_name(operation.as_str()));
    Ok(GrantListEntry {
        key_id: Some(key.to_string()),
        grant_id: Some(id.to_string()),
        // Also where there is none (recorded).
        name: Some(grant.name.clone().unwrap_or_default()),
        creation_date: Some(whole_seconds(grant.created)),
        grantee_principal,
        retiring_principal,
        issuing_account: Some(grant.issuing_account(key)),
        operations: Some(operations.collect::<Result<_, _>>()?),
        constraints: constraints(grant.grant.constraints()),
        grantee_service_principal,
        retiring_service_principal,
    })
}

/// The member for principals and the one for services.
fn members(party: Option<&GrantParty>) -> (Option<String>, Option<String>) {
    match party {
        Some(GrantParty::Principal(principal)) => (Some(principal.name().to_owned()), None),
        Some(GrantParty::Service(service)) => (None, Some(service.clone())),
        None => (None, None),
    }
}

fn constraints(constraints: &GrantConstraints) -> Option<api::GrantConstraints> {
    if *constraints == GrantConstraints::default() {
        return None;
    }
    let (equals, subset) = match constraints.context() {
        Some(ContextConstraint::Equals(pairs)) => (Some(pairs.clone()), None),
        Some(ContextConstraint::Subset(pairs)) => (None, Some(pairs.clone())),
        None => (None, None),
    };
    Some(api::GrantConstraints {
        encryption_context_subset: subset,
        encryption_context_equals: equals,
        source_arn: constraints.source_arn().map(str::to_owned),
    })
}

/// The precision of a grant's date (recorded).
fn whole_seconds(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_millis().div_euclid(1000))
}
