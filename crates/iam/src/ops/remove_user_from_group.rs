//! Takes a user out of a group; one that is not in it is no error (recorded). Asks the group for permission.

use trent_identity::{GroupRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::access::Named;
use crate::api::RemoveUserFromGroupRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;

pub(crate) async fn remove_user_from_group(
    iam: &Iam,
    cx: &Context,
    input: RemoveUserFromGroupRequest,
) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let group =
            iam.permitted::<GroupRecord>(cx, "iam:RemoveUserFromGroup", &input.group_name, &Facts::none()).await?;
        // Of two that do not exist, AWS names the user (recorded).
        let user = directory.find::<UserRecord>(cx.account(), &input.user_name).await?;
        let user = user.ok_or_else(|| UserRecord::not_found(&input.user_name))?;
        let group = group.ok_or_else(|| GroupRecord::not_found(&input.group_name))?;
        let mut updated = user.record.clone();
        if !updated.groups.remove(&group.record.id) {
            return Ok(());
        }
        change.replace(&user, &updated)?;
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
    async fn a_user_leaves_a_group_and_one_that_was_not_in_it_too() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        make_group(&cloud, "team").await;
        let input = [("GroupName", "team"), ("UserName", "alice")];
        cloud.iam("AddUserToGroup", &input).await.succeeds_in_xml();
        for _ in 0..2 {
            cloud.iam("RemoveUserFromGroup", &input).await.succeeds_in_xml();
            let group = cloud.iam("GetGroup", &[("GroupName", "team")]).await.succeeds_in_xml();
            assert!(group.texts("Users/member/UserName").is_empty());
        }
    }

    #[tokio::test]
    async fn of_two_that_do_not_exist_the_user_is_named() {
        let cloud = Cloud::new();
        let input = [("GroupName", "team"), ("UserName", "alice")];
        let message = "The user with name alice cannot be found.";
        cloud.iam("RemoveUserFromGroup", &input).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        let message = "The group with name team cannot be found.";
        cloud.iam("RemoveUserFromGroup", &input).await.is_refused(404, "NoSuchEntity", message);
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_group() {
        let input = [("GroupName", "team"), ("UserName", "alice")];
        denies(&Cloud::new(), "RemoveUserFromGroup", &input, "group team").await;
    }
}
