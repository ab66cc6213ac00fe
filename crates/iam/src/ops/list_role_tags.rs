//! Lists the tags of a role by key.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListRoleTagsRequest, ListRoleTagsResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, tags};

pub(crate) async fn list_role_tags(
    iam: &Iam,
    cx: &Context,
    input: ListRoleTagsRequest,
) -> Result<ListRoleTagsResponse, ApiError> {
    let role = iam.named::<RoleRecord>(cx, "iam:ListRoleTags", &input.role_name, &Facts::none()).await?;
    let request = PageRequest::new("ListRoleTags", input.marker.as_deref(), input.max_items)?;
    let page = request.page(tags::listed(&role.record.tags), |tag| tag.key.clone());
    Ok(ListRoleTagsResponse { is_truncated: Some(page.is_truncated()), tags: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing};

    #[tokio::test]
    async fn tags_come_by_key_and_in_pages() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let none = cloud.iam("ListRoleTags", &[("RoleName", "r")]).await.succeeds_in_xml();
        assert_eq!((none.texts("Tags/member/Key"), none.text("IsTruncated")), (vec![], "false"));
        for key in ["b", "C", "a"] {
            let tag = [("RoleName", "r"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")];
            cloud.iam("TagRole", &tag).await.succeeds_in_xml();
        }
        let first = cloud.iam("ListRoleTags", &[("RoleName", "r"), ("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!((first.texts("Tags/member/Key"), first.text("IsTruncated")), (vec!["a", "b"], "true"));
        let next = [("RoleName", "r"), ("Marker", first.text("Marker"))];
        let rest = cloud.iam("ListRoleTags", &next).await.succeeds_in_xml();
        assert_eq!(rest.texts("Tags/member/Key"), ["C"]);
        role_is_missing(&cloud, "ListRoleTags", &[]).await;
    }
}
