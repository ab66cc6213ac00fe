//! Lists the tags of a managed policy by key.

use trent_shared::{ApiError, Context};

use crate::api::{ListPolicyTagsRequest, ListPolicyTagsResponse};
use crate::managed_policy::Managed;
use crate::messages::policies as messages;
use crate::page::PageRequest;
use crate::{Iam, tags};

pub(crate) async fn list_policy_tags(
    iam: &Iam,
    cx: &Context,
    input: ListPolicyTagsRequest,
) -> Result<ListPolicyTagsResponse, ApiError> {
    let request = PageRequest::new("ListPolicyTags", input.marker.as_deref(), input.max_items)?;
    let tags = match iam.managed(cx, "iam:ListPolicyTags", &input.policy_arn).await? {
        Some(Managed::Own(policy)) => tags::listed(&policy.tags),
        Some(Managed::OfAws(_)) => Vec::new(),
        None => return Err(messages::not_found_by_arn(&input.policy_arn)),
    };
    // Keys can differ in the case of their letters alone, which pages do not look at.
    let page = request.page(tags, |tag| format!("{}\n{}", tag.key, hex::encode(&tag.key)));
    Ok(ListPolicyTagsResponse { is_truncated: Some(page.is_truncated()), tags: page.items, marker: page.marker })
}
