//! Deletes a user that has nothing left: no policies, no access keys, no groups.

use trent_identity::{AccessKeyRecord, Relation, UserRecord};
use trent_shared::{ApiError, Context};

use crate::api::DeleteUserRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_user(iam: &Iam, cx: &Context, input: DeleteUserRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let user = iam.named::<UserRecord>(cx, "iam:DeleteUser", &input.user_name, &Facts::none()).await?;
        let keys = directory.all_related::<AccessKeyRecord>(cx.account(), Relation::KeyOf, &user.record.id).await?;
        // Which of several conflicts AWS names is not recorded, save that policies come before keys.
        for (hangs_on, what) in [
            (!user.record.attached.is_empty(), "detach all policies"),
            (!user.record.inline.is_empty(), "delete policies"),
            (!keys.is_empty(), "delete access keys"),
            (!user.record.groups.is_empty(), "remove users from group"),
        ] {
            if hangs_on {
                return Err(messages::must_first(what));
            }
        }
        change.remove(&user)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, caller, denies, make_group, make_user};

    #[tokio::test]
    async fn a_deleted_user_is_gone_and_another_of_its_name_is_somebody_else() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        cloud.iam("DeleteUser", &[("UserName", "ALICE")]).await.succeeds_in_xml();
        let message = "The user with name alice cannot be found.";
        cloud.iam("GetUser", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        cloud.iam("DeleteUser", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        assert_ne!(caller(&cloud, "alice").await.user_id(), alice.user_id());
    }

    #[tokio::test]
    async fn a_user_goes_after_all_that_hangs_on_it() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        make_group(&cloud, "team").await;
        cloud.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "alice")]).await.succeeds_in_xml();
        let key = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        allow(&cloud, "alice", r#""Action": "*", "Resource": "*""#).await;
        let id = key.text("AccessKey/AccessKeyId");
        for (conflict, undo) in [
            ("delete policies", ("DeleteUserPolicy", ("PolicyName", "allowed"))),
            ("delete access keys", ("DeleteAccessKey", ("AccessKeyId", id))),
            ("remove users from group", ("RemoveUserFromGroup", ("GroupName", "team"))),
        ] {
            let message = format!("Cannot delete entity, must {conflict} first.");
            cloud.iam("DeleteUser", &[("UserName", "alice")]).await.is_refused(409, "DeleteConflict", &message);
            cloud.iam(undo.0, &[("UserName", "alice"), undo.1]).await.succeeds_in_xml();
        }
        cloud.iam("DeleteUser", &[("UserName", "alice")]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn an_attached_policy_keeps_a_user() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let attachment = [("UserName", "alice"), ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
        cloud.iam("AttachUserPolicy", &attachment).await.succeeds_in_xml();
        let message = "Cannot delete entity, must detach all policies first.";
        cloud.iam("DeleteUser", &[("UserName", "alice")]).await.is_refused(409, "DeleteConflict", message);
        cloud.iam("DetachUserPolicy", &attachment).await.succeeds_in_xml();
        cloud.iam("DeleteUser", &[("UserName", "alice")]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "DeleteUser", &[("UserName", "nobody")], "user nobody").await;
    }
}
