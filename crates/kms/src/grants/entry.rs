use aws_smithy_types::DateTime;
use trent_kms_core::{ContextConstraint, GrantConstraints};
use trent_shared::{ApiError, Timestamp};

use super::StoredGrant;
use crate::Kms;
use crate::api::{self, GrantListEntry};
use crate::names::same_name;
use crate::records::GrantParty;

/// Grants as lists tell them. Their tokens are in none.
pub(crate) async fn entries(kms: &Kms, grants: &[StoredGrant]) -> Result<Vec<GrantListEntry>, ApiError> {
    let mut entries = Vec::with_capacity(grants.len());
    for grant in grants {
        entries.push(entry(kms, grant).await?);
    }
    Ok(entries)
}

async fn entry(kms: &Kms, StoredGrant { key, id, record: grant }: &StoredGrant) -> Result<GrantListEntry, ApiError> {
    let (grantee_principal, grantee_service_principal) = members(kms, Some(&grant.grantee)).await?;
    let (retiring_principal, retiring_service_principal) = members(kms, grant.retiring.as_ref()).await?;
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
async fn members(kms: &Kms, party: Option<&GrantParty>) -> Result<(Option<String>, Option<String>), ApiError> {
    Ok(match party {
        Some(GrantParty::Principal(principal)) => (Some(kms.shown_principal(principal).await?), None),
        Some(GrantParty::Service(service)) => (None, Some(service.clone())),
        None => (None, None),
    })
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
