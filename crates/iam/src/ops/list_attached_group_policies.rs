//! Lists the managed policies attached to a group.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_attached_group_policies(
    iam: &Iam,
    cx: &Context,
    input: ListAttachedGroupPoliciesRequest,
) -> Result<ListAttachedGroupPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListAttachedGroupPolicies", input.marker.as_deref(), input.max_items)?;
    let (action, prefix) = ("iam:ListAttachedGroupPolicies", input.path_prefix.as_deref());
    let page = iam.list_attached::<GroupRecord>(cx, action, &input.group_name, &request, prefix).await?;
    Ok(ListAttachedGroupPoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        attached_policies: Some(page.items),
        marker: page.marker,
    })
}
