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

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::policy_testing::{ALL, HOLDERS, attach, bound, cloud, make_policy};
    use crate::testing::denies;

    const NAMES: &str = "Policies/member/PolicyName";

    #[tokio::test]
    async fn the_scope_tells_whose_policies_are_listed() {
        let cloud = Cloud::new();
        make_policy(&cloud, "own", ALL).await;
        let own = cloud.iam("ListPolicies", &[("Scope", "Local")]).await.succeeds_in_xml();
        assert_eq!(own.texts(NAMES), ["own"]);
        let of_aws = cloud.iam("ListPolicies", &[("Scope", "AWS")]).await.succeeds_in_xml();
        assert!(of_aws.texts(NAMES).contains(&"AdministratorAccess"));
        let all = cloud.iam("ListPolicies", &[("Scope", "All")]).await.succeeds_in_xml();
        assert_eq!(all.texts(NAMES).len(), of_aws.texts(NAMES).len() + 1);
        assert!(all.texts("Policies/member/Description").is_empty());
    }

    /// Recorded: the usage counts only where those in use are asked for.
    #[tokio::test]
    async fn policies_in_use_are_listed_by_their_use() {
        let cloud = cloud().await;
        let mut arns = Vec::new();
        for name in ["attached", "both", "boundary", "unused"] {
            arns.push(make_policy(&cloud, name, ALL).await);
        }
        attach(&cloud, HOLDERS[0], &arns[0]).await;
        attach(&cloud, HOLDERS[1], &arns[1]).await;
        bound(&cloud, HOLDERS[2], &arns[1]).await;
        bound(&cloud, HOLDERS[0], &arns[2]).await;
        let all = ["attached", "both", "boundary", "unused"];
        for (only_attached, usage, names) in [
            ("false", "PermissionsPolicy", &all[..]),
            ("false", "PermissionsBoundary", &all[..]),
            ("true", "", &all[..3]),
            ("true", "PermissionsPolicy", &all[..2]),
            ("true", "PermissionsBoundary", &all[1..3]),
        ] {
            let mut input = vec![("Scope", "Local"), ("OnlyAttached", only_attached)];
            input.extend((!usage.is_empty()).then_some(("PolicyUsageFilter", usage)));
            let listed = cloud.iam("ListPolicies", &input).await.succeeds_in_xml();
            assert_eq!(listed.texts(NAMES), names, "{only_attached} {usage}");
        }
        let listed = cloud.iam("ListPolicies", &[("OnlyAttached", "true")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Policies/member/AttachmentCount"), ["1", "1", "0"]);
        assert_eq!(listed.texts("Policies/member/PermissionsBoundaryUsageCount"), ["0", "1", "1"]);
    }

    #[tokio::test]
    async fn paths_and_pages() {
        let cloud = Cloud::new();
        for (name, path) in [("a", "/x/"), ("B", "/x/y/"), ("c", "/")] {
            let input = [("PolicyName", name), ("Path", path), ("PolicyDocument", ALL)];
            cloud.iam("CreatePolicy", &input).await.succeeds_in_xml();
        }
        let input = [("Scope", "Local"), ("PathPrefix", "/x/"), ("MaxItems", "1")];
        let page = cloud.iam("ListPolicies", &input).await.succeeds_in_xml();
        assert_eq!((page.texts(NAMES), page.text("IsTruncated")), (vec!["a"], "true"));
        let input = [input[0], input[1], ("Marker", page.text("Marker"))];
        let page = cloud.iam("ListPolicies", &input).await.succeeds_in_xml();
        assert_eq!((page.texts(NAMES), page.text("IsTruncated")), (vec!["B"], "false"));
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_path() {
        let cloud = Cloud::new();
        denies(&cloud, "ListPolicies", &[], "policy path /").await;
        denies(&cloud, "ListPolicies", &[("PathPrefix", "/a/")], "policy path /a/").await;
    }
}
