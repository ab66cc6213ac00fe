//! Lists managed policies by name: the account's, AWS's, or both; all, or those that are in use.

use trent_identity::{PolicyRecord, managed_policies};
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListPoliciesRequest, ListPoliciesResponse, PolicyScopeType, PolicyUsageType};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::managed_policy::{Managed, Usage};
use crate::page::PageRequest;

pub(crate) async fn list_policies(
    iam: &Iam,
    cx: &Context,
    input: ListPoliciesRequest,
) -> Result<ListPoliciesResponse, ApiError> {
    let prefix = input.path_prefix.as_deref().unwrap_or(NO_PATH);
    let resource = arn(cx, "policy", prefix, "").to_string();
    iam.authorize_as(cx, "iam:ListPolicies", &resource, &format!("policy path {prefix}"), &Facts::none()).await?;
    let request = PageRequest::new("ListPolicies", input.marker.as_deref(), input.max_items)?;
    let mut policies = iam.managed_policies(cx, input.scope.unwrap_or(PolicyScopeType::All)).await?;
    policies.retain(|policy| policy.path().starts_with(prefix));
    if input.only_attached == Some(true) {
        let mut used = Vec::new();
        for policy in policies {
            let usage = iam.usage(cx, &policy.arn(cx).to_string()).await?;
            if is_used(usage, input.policy_usage_filter) {
                used.push(policy);
            }
        }
        policies = used;
    }
    let page = request.page(policies, |policy| format!("{}\n{}", policy.name(), policy.arn(cx)));
    let (is_truncated, marker) = (page.is_truncated(), page.marker);
    let mut listed = Vec::with_capacity(page.items.len());
    for policy in page.items {
        listed.push(iam.listed_policy(cx, &policy).await?);
    }
    Ok(ListPoliciesResponse { policies: Some(listed), is_truncated: Some(is_truncated), marker })
}

/// The filter counts only where those in use are asked for (recorded).
fn is_used(usage: Usage, filter: Option<PolicyUsageType>) -> bool {
    match filter {
        Some(PolicyUsageType::PermissionsPolicy) => usage.attached > 0,
        Some(PolicyUsageType::PermissionsBoundary) => usage.bounding > 0,
        None => usage.attached + usage.bounding > 0,
    }
}

impl Iam {
    /// All managed policies that the account can see.
    pub(crate) async fn managed_policies(
        &self,
        cx: &Context,
        scope: PolicyScopeType,
    ) -> Result<Vec<Managed>, ApiError> {
        let mut policies = Vec::new();
        if scope != PolicyScopeType::Local {
            policies.extend(managed_policies().map(Managed::OfAws));
        }
        if scope != PolicyScopeType::Aws {
            let own = self.directory().list::<PolicyRecord>(cx.account(), None, usize::MAX).await?;
            policies.extend(own.into_iter().map(|policy| Managed::Own(policy.record)));
        }
        Ok(policies)
    }
}
