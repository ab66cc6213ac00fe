//! Lists groups by name, those under a path if one is given.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListGroupsRequest, ListGroupsResponse};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, answers};

pub(crate) async fn list_groups(
    iam: &Iam,
    cx: &Context,
    input: ListGroupsRequest,
) -> Result<ListGroupsResponse, ApiError> {
    let prefix = input.path_prefix.as_deref();
    let groups = arn(cx, "group", prefix.unwrap_or(NO_PATH), "").to_string();
    iam.authorize(cx, "iam:ListGroups", &groups, &Facts::none()).await?;
    let request = PageRequest::new("ListGroups", input.marker.as_deref(), input.max_items)?;
    let page = iam.page_of::<GroupRecord>(cx, &request, prefix).await?;
    let page = page.map(|group| answers::group(cx, &group));
    Ok(ListGroupsResponse { is_truncated: Some(page.is_truncated()), groups: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group};

    #[tokio::test]
    async fn groups_are_listed_by_name_and_path() {
        let cloud = Cloud::new();
        make_group(&cloud, "b").await;
        cloud.iam("CreateGroup", &[("GroupName", "a"), ("Path", "/deep/")]).await.succeeds_in_xml();
        let all = cloud.iam("ListGroups", &[]).await.succeeds_in_xml();
        assert_eq!(all.texts("Groups/member/GroupName"), ["a", "b"]);
        let deep = cloud.iam("ListGroups", &[("PathPrefix", "/deep")]).await.succeeds_in_xml();
        assert_eq!(deep.texts("Groups/member/GroupName"), ["a"]);
        let first = cloud.iam("ListGroups", &[("MaxItems", "1")]).await.succeeds_in_xml();
        let next = cloud.iam("ListGroups", &[("Marker", first.text("Marker"))]).await.succeeds_in_xml();
        assert_eq!(next.texts("Groups/member/GroupName"), ["b"]);
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_path() {
        denies(&Cloud::new(), "ListGroups", &[], "arn:aws:iam::000000000000:group/").await;
    }
}
