//! Lists the names of a key's policies: always just `default`.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListKeyPoliciesRequest, ListKeyPoliciesResponse};
use crate::page::PageRequest;
use crate::policy_document::POLICY_NAME;

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (100, 1000);

pub(crate) async fn list_key_policies(
    kms: &Kms,
    cx: &Context,
    input: ListKeyPoliciesRequest,
) -> Result<ListKeyPoliciesResponse, ApiError> {
    let request = PageRequest::new("ListKeyPolicies", input.limit, LIMITS, input.marker.as_deref())?;
    kms.key(cx, &input.key_id).for_action(Action::ListKeyPolicies).await?;
    let names = [POLICY_NAME.to_owned()].into_iter().filter(|name| request.after.as_ref().is_none_or(|after| name > after));
    let page = request.page(names.collect(), String::clone);
    Ok(ListKeyPoliciesResponse {
        truncated: Some(page.is_truncated()),
        policy_names: Some(page.items),
        next_marker: page.next_marker,
    })
}
