//! Lists the versions of a managed policy, the newest first.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListPolicyVersionsRequest, ListPolicyVersionsResponse, PolicyVersion};
use crate::managed_policy::version_number;
use crate::messages::policies as messages;
use crate::page::PageRequest;

pub(crate) async fn list_policy_versions(
    iam: &Iam,
    cx: &Context,
    input: ListPolicyVersionsRequest,
) -> Result<ListPolicyVersionsResponse, ApiError> {
    let request = PageRequest::new("ListPolicyVersions", input.marker.as_deref(), input.max_items)?;
    let policy = iam.managed(cx, "iam:ListPolicyVersions", &input.policy_arn).await?;
    let policy = policy.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
    let page = request.page(policy.versions(), newest_first);
    Ok(ListPolicyVersionsResponse {
        is_truncated: Some(page.is_truncated()),
        versions: Some(page.items),
        marker: page.marker,
    })
}

fn newest_first(version: &PolicyVersion) -> String {
    let number = version.version_id.as_deref().and_then(version_number).unwrap_or_default();
    format!("{:010}", u32::MAX - number)
}
