//! Shows a group and, page by page, its users.

use trent_identity::{GroupRecord, Relation, UserRecord};
use trent_shared::{ApiError, Context};

use crate::api::{GetGroupRequest, GetGroupResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, answers};

pub(crate) async fn get_group(iam: &Iam, cx: &Context, input: GetGroupRequest) -> Result<GetGroupResponse, ApiError> {
    let group = iam.named::<GroupRecord>(cx, "iam:GetGroup", &input.group_name, &Facts::none()).await?.record;
    let request = PageRequest::new("GetGroup", input.marker.as_deref(), input.max_items)?;
    let users = iam.directory().all_related::<UserRecord>(cx.account(), Relation::Member, &group.id).await?;
    let page = request.page(users.into_iter().map(|user| user.record), |user| user.name.clone());
    let page = page.map(|user| answers::listed_user(cx, &user));
    Ok(GetGroupResponse {
        group: answers::group(cx, &group),
        is_truncated: Some(page.is_truncated()),
        users: page.items,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group, make_user};

    #[tokio::test]
    async fn a_group_shows_its_users_page_by_page() {
        let cloud = Cloud::new();
        make_group(&cloud, "team").await;
        let group = ("GroupName", "team");
        let empty = cloud.iam("GetGroup", &[group]).await.succeeds_in_xml();
        assert_eq!((empty.find("Users/member/UserName"), empty.text("IsTruncated")), (None, "false"));
        for name in ["carol", "alice", "bob"] {
            make_user(&cloud, name).await;
            cloud.iam("AddUserToGroup", &[group, ("UserName", name)]).await.succeeds_in_xml();
        }
        let first = cloud.iam("GetGroup", &[group, ("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!(first.texts("Users/member/UserName"), ["alice", "bob"]);
        let next = cloud.iam("GetGroup", &[group, ("Marker", first.text("Marker"))]).await.succeeds_in_xml();
        assert_eq!(next.texts("Users/member/UserName"), ["carol"]);
        assert_eq!(next.text("Group/Arn"), "arn:aws:iam::000000000000:group/team");
    }

    #[tokio::test]
    async fn an_absent_group_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The group with name team cannot be found.";
        cloud.iam("GetGroup", &[("GroupName", "team")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "GetGroup", &[("GroupName", "team")], "group team").await;
    }
}
