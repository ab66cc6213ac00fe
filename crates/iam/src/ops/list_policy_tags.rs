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
    // The case of a key's letters tells it from another; those in the same letters are next to each other.
    let page = request.page(tags, |tag| format!("{}\n{}", tag.key.to_lowercase(), hex(&tag.key)));
    Ok(ListPolicyTagsResponse { is_truncated: Some(page.is_truncated()), tags: page.items, marker: page.marker })
}

/// The letters as numbers, whose order no change of case can touch.
fn hex(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}
