//! Deletes a group that has neither users nor policies.

use trent_identity::{GroupRecord, Relation};
use trent_shared::{ApiError, Context};

use crate::api::DeleteGroupRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_group(iam: &Iam, cx: &Context, input: DeleteGroupRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let group = iam.named::<GroupRecord>(cx, "iam:DeleteGroup", &input.group_name, &Facts::none()).await?;
        let users = directory.count_related(cx.account(), Relation::Member, &group.record.id).await?;
        // Which of several conflicts AWS names is not recorded.
        for (hangs_on, what) in [
            (users > 0, "remove users from group"),
            (!group.record.attached.is_empty(), "detach all policies"),
            (!group.record.inline.is_empty(), "delete policies"),
        ] {
            if hangs_on {
                return Err(messages::must_first(what));
            }
        }
        change.remove(&group)?;
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
    async fn a_group_goes_after_its_users_and_its_policies() {
        let cloud = Cloud::new();
        make_group(&cloud, "team").await;
        make_user(&cloud, "alice").await;
        let group = ("GroupName", "team");
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        let inline = [group, ("PolicyName", "p"), ("PolicyDocument", policy)];
        let attached = [group, ("PolicyArn", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
        cloud.iam("AddUserToGroup", &[group, ("UserName", "alice")]).await.succeeds_in_xml();
        cloud.iam("PutGroupPolicy", &inline).await.succeeds_in_xml();
        cloud.iam("AttachGroupPolicy", &attached).await.succeeds_in_xml();
        for (conflict, undo, input) in [
            ("remove users from group", "RemoveUserFromGroup", [group, ("UserName", "alice")]),
            ("detach all policies", "DetachGroupPolicy", attached),
            ("delete policies", "DeleteGroupPolicy", [group, ("PolicyName", "p")]),
        ] {
            let message = format!("Cannot delete entity, must {conflict} first.");
            cloud.iam("DeleteGroup", &[group]).await.is_refused(409, "DeleteConflict", &message);
            cloud.iam(undo, &input).await.succeeds_in_xml();
        }
        cloud.iam("DeleteGroup", &[group]).await.succeeds_in_xml();
        let message = "The group with name team cannot be found.";
        cloud.iam("DeleteGroup", &[group]).await.is_refused(404, "NoSuchEntity", message);
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "DeleteGroup", &[("GroupName", "team")], "group team").await;
    }
}
