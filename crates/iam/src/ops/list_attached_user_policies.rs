//! Lists the managed policies attached to a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse};
use crate::page::PageRequest;

pub(crate) async fn list_attached_user_policies(
    iam: &Iam,
    cx: &Context,
    input: ListAttachedUserPoliciesRequest,
) -> Result<ListAttachedUserPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListAttachedUserPolicies", input.marker.as_deref(), input.max_items)?;
    let (action, prefix) = ("iam:ListAttachedUserPolicies", input.path_prefix.as_deref());
    let page = iam.list_attached::<UserRecord>(cx, action, &input.user_name, &request, prefix).await?;
    Ok(ListAttachedUserPoliciesResponse {
        is_truncated: Some(page.is_truncated()),
        attached_policies: Some(page.items),
        marker: page.marker,
    })
}
