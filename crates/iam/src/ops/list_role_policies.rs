//! Lists the names of a role's inline policies.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListRolePoliciesRequest, ListRolePoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_role_policies(
    iam: &Iam,
    cx: &Context,
    input: ListRolePoliciesRequest,
) -> Result<ListRolePoliciesResponse, ApiError> {
    let request = PageRequest::new("ListRolePolicies", input.marker.as_deref(), input.max_items)?;
    let page = iam.list_inline::<RoleRecord>(cx, "iam:ListRolePolicies", &input.role_name, &request).await?;
    Ok(ListRolePoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        policy_names: page.items,
        marker: page.marker,
    })
}
