//! Lists the groups that a user belongs to, by name.

use trent_identity::{GroupRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::api::{ListGroupsForUserRequest, ListGroupsForUserResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, answers};

pub(crate) async fn list_groups_for_user(
    iam: &Iam,
    cx: &Context,
    input: ListGroupsForUserRequest,
) -> Result<ListGroupsForUserResponse, ApiError> {
    let user = iam.named::<UserRecord>(cx, "iam:ListGroupsForUser", &input.user_name, &Facts::none()).await?;
    let request = PageRequest::new("ListGroupsForUser", input.marker.as_deref(), input.max_items)?;
    let mut groups = Vec::new();
    for id in &user.record.groups {
        groups.extend(iam.directory().find_by_id::<GroupRecord>(id).await?.map(|(_, group)| group.record));
    }
    let page = request.page(groups, |group| group.name.clone()).map(|group| answers::group(cx, &group));
    Ok(ListGroupsForUserResponse { is_truncated: Some(page.is_truncated()), groups: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group, make_user};

    #[tokio::test]
    async fn the_groups_of_a_user_are_listed_by_name() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for name in ["c", "a", "b", "other"] {
            make_group(&cloud, name).await;
        }
        for name in ["c", "a", "b"] {
            cloud.iam("AddUserToGroup", &[("GroupName", name), ("UserName", "alice")]).await.succeeds_in_xml();
        }
        let user = ("UserName", "alice");
        let first = cloud.iam("ListGroupsForUser", &[user, ("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!(first.texts("Groups/member/GroupName"), ["a", "b"]);
        let next = cloud.iam("ListGroupsForUser", &[user, ("Marker", first.text("Marker"))]).await.succeeds_in_xml();
        assert_eq!(next.texts("Groups/member/GroupName"), ["c"]);
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListGroupsForUser", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "ListGroupsForUser", &[("UserName", "alice")], "user alice").await;
    }
}
