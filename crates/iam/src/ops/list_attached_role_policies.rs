//! Lists the managed policies attached to a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_attached_role_policies(
    iam: &Iam,
    cx: &Context,
    input: ListAttachedRolePoliciesRequest,
) -> Result<ListAttachedRolePoliciesResponse, ApiError> {
    let request = PageRequest::new("ListAttachedRolePolicies", input.marker.as_deref(), input.max_items)?;
    let (action, prefix) = ("iam:ListAttachedRolePolicies", input.path_prefix.as_deref());
    let page = iam.list_attached::<RoleRecord>(cx, action, &input.role_name, &request, prefix).await?;
    Ok(ListAttachedRolePoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        attached_policies: Some(page.items),
        marker: page.marker,
    })
}
