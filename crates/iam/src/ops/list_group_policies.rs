//! Lists the names of a group's inline policies.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListGroupPoliciesRequest, ListGroupPoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_group_policies(
    iam: &Iam,
    cx: &Context,
    input: ListGroupPoliciesRequest,
) -> Result<ListGroupPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListGroupPolicies", input.marker.as_deref(), input.max_items)?;
    let page = iam.list_inline::<GroupRecord>(cx, "iam:ListGroupPolicies", &input.group_name, &request).await?;
    Ok(ListGroupPoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        policy_names: page.items,
        marker: page.marker,
    })
}
