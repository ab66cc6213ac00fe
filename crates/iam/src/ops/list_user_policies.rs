//! Lists the names of a user's inline policies.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListUserPoliciesRequest, ListUserPoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_user_policies(
    iam: &Iam,
    cx: &Context,
    input: ListUserPoliciesRequest,
) -> Result<ListUserPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListUserPolicies", input.marker.as_deref(), input.max_items)?;
    let page = iam.list_inline::<UserRecord>(cx, "iam:ListUserPolicies", &input.user_name, &request).await?;
    Ok(ListUserPoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        policy_names: page.items,
        marker: page.marker,
    })
}
