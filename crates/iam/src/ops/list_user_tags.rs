//! Lists the tags of a user by key.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListUserTagsRequest, ListUserTagsResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, tags};

pub(crate) async fn list_user_tags(
    iam: &Iam,
    cx: &Context,
    input: ListUserTagsRequest,
) -> Result<ListUserTagsResponse, ApiError> {
    let user = iam.named::<UserRecord>(cx, "iam:ListUserTags", &input.user_name, &Facts::none()).await?;
    let request = PageRequest::new("ListUserTags", input.marker.as_deref(), input.max_items)?;
    let page = request.page(tags::listed(&user.record.tags), |tag| tag.key.clone());
    Ok(ListUserTagsResponse { is_truncated: Some(page.is_truncated()), tags: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::denies;

    #[tokio::test]
    async fn tags_are_listed_page_by_page() {
        let cloud = Cloud::new();
        let mut input = vec![("UserName", "alice")];
        input.extend([("Tags.member.1.Key", "b"), ("Tags.member.1.Value", "2"), ("Tags.member.2.Key", "A")]);
        input.extend([("Tags.member.2.Value", "1"), ("Tags.member.3.Key", "c"), ("Tags.member.3.Value", "3")]);
        cloud.iam("CreateUser", &input).await.succeeds_in_xml();
        let user = ("UserName", "alice");
        let first = cloud.iam("ListUserTags", &[user, ("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!(first.texts("Tags/member/Key"), ["A", "b"]);
        let next = cloud.iam("ListUserTags", &[user, ("Marker", first.text("Marker"))]).await.succeeds_in_xml();
        assert_eq!((next.texts("Tags/member/Value"), next.text("IsTruncated")), (vec!["3"], "false"));
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListUserTags", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "ListUserTags", &[("UserName", "alice")], "user alice").await;
    }
}
