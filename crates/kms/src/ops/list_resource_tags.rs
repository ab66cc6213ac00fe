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
    let rest =
        key.record().tags.iter().filter(|(tag_key, _)| request.after.as_ref().is_none_or(|after| *tag_key > after));
    let tags = rest.map(|(tag_key, tag_value)| Tag { tag_key: tag_key.clone(), tag_value: tag_value.clone() });
    let page = request.page(tags.collect(), |tag: &Tag| tag.tag_key.clone());
    Ok(ListResourceTagsResponse {
        truncated: Some(page.is_truncated()),
        tags: Some(page.items),
        next_marker: page.next_marker,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, obeys_states, refuses_aliases, refuses_identifiers};

    #[tokio::test]
    async fn tags_come_by_key_in_awss_form() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let answer = cloud.kms("ListResourceTags", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.text(), r#"{"Tags":[],"Truncated":false}"#);
        let tags = json!([{ "TagKey": "b", "TagValue": "" }, { "TagKey": "B", "TagValue": "1" }]);
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": tags })).await.succeeds();
        let answer = cloud.kms("ListResourceTags", json!({ "KeyId": key.arn })).await;
        assert_eq!(
            answer.text(),
            r#"{"Tags":[{"TagKey":"B","TagValue":"1"},{"TagKey":"b","TagValue":""}],"Truncated":false}"#
        );
    }

    #[tokio::test]
    async fn pages_of_any_length_make_up_all_fifty() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let tags: Vec<_> = (10..60).map(|n| json!({ "TagKey": format!("\u{e4}{n}"), "TagValue": "v" })).collect();
        cloud.kms("TagResource", json!({ "KeyId": key.id, "Tags": tags })).await.succeeds();
        for limit in [1, 7, 25, 49, 50, 1000] {
            let (mut seen, mut marker) = (Vec::new(), json!(null));
            loop {
                let input = json!({ "KeyId": key.id, "Limit": limit, "Marker": marker });
                let page = cloud.kms("ListResourceTags", input).await.succeeds();
                let found = page["Tags"].as_array().expect("a list");
                assert!(!found.is_empty() && found.len() <= limit);
                seen.extend(found.iter().cloned());
                assert_eq!(page["Truncated"], json!(page.get("NextMarker").is_some()));
                match page.get("NextMarker") {
                    Some(next) => marker = next.clone(),
                    None => break,
                }
            }
            assert_eq!(seen, tags, "limit {limit}");
        }
    }

    #[tokio::test]
    async fn a_marker_that_aws_did_not_give_is_refused_without_a_word() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Marker": "nonsense" });
        cloud.refuses("ListResourceTags", input, "InvalidMarkerException", None).await;
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("ListResourceTags", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ListResourceTags", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ListResourceTags", &json!({})).await;
    }
}
