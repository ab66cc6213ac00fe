//! Lists a key's tags, by tag key.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ListResourceTagsRequest, ListResourceTagsResponse, Tag};
use crate::page::PageRequest;

/// Default and largest page (operations.md §1.4).
const LIMITS: (usize, usize) = (50, 50);

pub(crate) async fn list_resource_tags(
    kms: &Kms,
    cx: &Context,
    input: ListResourceTagsRequest,
) -> Result<ListResourceTagsResponse, ApiError> {
    let request = PageRequest::new("ListResourceTags", input.limit, LIMITS, input.marker.as_deref())?;
    let key = kms.key(cx, &input.key_id).for_action(Action::ListResourceTags).await?;
    let rest = key.record().tags.iter().filter(|(tag_key, _)| request.after.as_ref().is_none_or(|after| *tag_key > after));
    let tags = rest.map(|(tag_key, tag_value)| Tag { tag_key: tag_key.clone(), tag_value: tag_value.clone() });
    let page = request.page(tags.collect(), |tag: &Tag| tag.tag_key.clone());
    Ok(ListResourceTagsResponse {
        truncated: Some(page.is_truncated()),
        tags: Some(page.items),
        next_marker: page.next_marker,
    })
}
