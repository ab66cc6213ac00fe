//! Lists the tags of an instance profile by key.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, tags};

pub(crate) async fn list_instance_profile_tags(
    iam: &Iam,
    cx: &Context,
    input: ListInstanceProfileTagsRequest,
) -> Result<ListInstanceProfileTagsResponse, ApiError> {
    let (action, name) = ("iam:ListInstanceProfileTags", &input.instance_profile_name);
    let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &Facts::none()).await?;
    let request = PageRequest::new("ListInstanceProfileTags", input.marker.as_deref(), input.max_items)?;
    let page = request.page(tags::listed(&profile.record.tags), |tag| tag.key.clone());
    Ok(ListInstanceProfileTagsResponse {
        is_truncated: Some(page.is_truncated()),
        tags: page.items,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, profile_is_missing};

    #[tokio::test]
    async fn pages_of_any_length_make_up_the_whole_list() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        for key in ["b", "B", "a", "c", "A"] {
            let tag = [("InstanceProfileName", "p"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")];
            cloud.iam("TagInstanceProfile", &tag).await.succeeds_in_xml();
        }
        for length in ["1", "2", "3", "5", "100"] {
            let (mut seen, mut marker): (Vec<String>, Option<String>) = (Vec::new(), None);
            loop {
                let mut parameters = vec![("InstanceProfileName", "p"), ("MaxItems", length)];
                parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
                let page = cloud.iam("ListInstanceProfileTags", &parameters).await.succeeds_in_xml();
                seen.extend(page.texts("Tags/member/Key").into_iter().map(str::to_owned));
                assert_eq!(page.text("IsTruncated") == "true", page.find("Marker").is_some());
                marker = page.find("Marker").map(str::to_owned);
                if marker.is_none() {
                    break;
                }
            }
            seen.sort();
            assert_eq!(seen, ["A", "B", "a", "b", "c"], "pages of {length}");
        }
        profile_is_missing(&cloud, "ListInstanceProfileTags", &[]).await;
    }
}
