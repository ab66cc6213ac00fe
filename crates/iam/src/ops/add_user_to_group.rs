//! Puts a user into a group; one that is in it already is no error. Asks the group for permission.

use trent_identity::{GroupRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::access::Named;
use crate::api::AddUserToGroupRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, limits, messages};

pub(crate) async fn add_user_to_group(iam: &Iam, cx: &Context, input: AddUserToGroupRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let group = iam.permitted::<GroupRecord>(cx, "iam:AddUserToGroup", &input.group_name, &Facts::none()).await?;
        // Of two that do not exist, AWS names the user (recorded).
        let user = directory.find::<UserRecord>(cx.account(), &input.user_name).await?;
        let user = user.ok_or_else(|| UserRecord::not_found(&input.user_name))?;
        let group = group.ok_or_else(|| GroupRecord::not_found(&input.group_name))?;
        let mut updated = user.record.clone();
        if !updated.groups.insert(group.record.id.clone()) {
            return Ok(());
        }
        if updated.groups.len() > limits::GROUPS_OF_USER {
            return Err(messages::quota("GroupsPerUser", limits::GROUPS_OF_USER));
        }
        change.replace(&user, &updated)?;
        // So that the group is not deleted at the same time.
        change.hold(&group)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group, make_user};

    #[tokio::test]
    async fn a_user_belongs_to_a_group_once() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        make_group(&cloud, "team").await;
        for name in ["alice", "ALICE"] {
            cloud.iam("AddUserToGroup", &[("GroupName", "Team"), ("UserName", name)]).await.succeeds_in_xml();
        }
        let group = cloud.iam("GetGroup", &[("GroupName", "team")]).await.succeeds_in_xml();
        assert_eq!(group.texts("Users/member/UserName"), ["alice"]);
    }

    #[tokio::test]
    async fn a_user_belongs_to_at_most_ten_groups() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for n in 0..11 {
            make_group(&cloud, &n.to_string()).await;
        }
        for n in 0..10 {
            cloud
                .iam("AddUserToGroup", &[("GroupName", &n.to_string()), ("UserName", "alice")])
                .await
                .succeeds_in_xml();
        }
        let message = "Cannot exceed quota for GroupsPerUser: 10";
        let eleventh = [("GroupName", "10"), ("UserName", "alice")];
        cloud.iam("AddUserToGroup", &eleventh).await.is_refused(409, "LimitExceeded", message);
        cloud.iam("AddUserToGroup", &[("GroupName", "7"), ("UserName", "alice")]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn of_two_that_do_not_exist_the_user_is_named() {
        let cloud = Cloud::new();
        let input = [("GroupName", "team"), ("UserName", "alice")];
        let message = "The user with name alice cannot be found.";
        cloud.iam("AddUserToGroup", &input).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        let message = "The group with name team cannot be found.";
        cloud.iam("AddUserToGroup", &input).await.is_refused(404, "NoSuchEntity", message);
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_group() {
        let input = [("GroupName", "team"), ("UserName", "alice")];
        denies(&Cloud::new(), "AddUserToGroup", &input, "group team").await;
    }
}
