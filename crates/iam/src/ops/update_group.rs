//! Gives a group another name or path. Its users and policies stay.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::api::UpdateGroupRequest;
use crate::arns::arn;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

const ACTION: &str = "iam:UpdateGroup";

pub(crate) async fn update_group(iam: &Iam, cx: &Context, input: UpdateGroupRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let group = iam.named::<GroupRecord>(cx, ACTION, &input.group_name, &Facts::none()).await?;
        let mut updated = group.record.clone();
        updated.path = input.new_path.clone().unwrap_or(updated.path);
        updated.name = input.new_group_name.clone().unwrap_or(updated.name);
        // Permission is needed on the group as it is and as it will be (API reference).
        let target = arn(cx, "group", &updated.path, &updated.name).to_string();
        iam.authorize(cx, ACTION, &target, &Facts::none()).await?;
        let other = directory.find::<GroupRecord>(cx.account(), &updated.name).await?;
        if other.is_some_and(|other| other.record.id != updated.id) {
            return Err(messages::already_exists("Group", &updated.name));
        }
        change.replace(&group, &updated)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, denies, make_group, make_user};

    #[tokio::test]
    async fn a_renamed_group_keeps_its_id_and_its_users() {
        let cloud = Cloud::new();
        let made = cloud.iam("CreateGroup", &[("GroupName", "team")]).await.succeeds_in_xml();
        make_user(&cloud, "alice").await;
        cloud.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "alice")]).await.succeeds_in_xml();
        let input = [("GroupName", "team"), ("NewGroupName", "Crew"), ("NewPath", "/a/")];
        cloud.iam("UpdateGroup", &input).await.succeeds_in_xml();
        let shown = cloud.iam("GetGroup", &[("GroupName", "crew")]).await.succeeds_in_xml();
        assert_eq!(shown.text("Group/GroupId"), made.text("Group/GroupId"));
        assert_eq!(shown.text("Group/Arn"), "arn:aws:iam::000000000000:group/a/Crew");
        assert_eq!(shown.texts("Users/member/UserName"), ["alice"]);
        let listed = cloud.iam("ListGroupsForUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Groups/member/GroupName"), ["Crew"]);
    }

    #[tokio::test]
    async fn names_that_are_absent_or_taken_are_refused() {
        let cloud = Cloud::new();
        make_group(&cloud, "team").await;
        make_group(&cloud, "crew").await;
        let taken = cloud.iam("UpdateGroup", &[("GroupName", "team"), ("NewGroupName", "CREW")]).await;
        taken.is_refused(409, "EntityAlreadyExists", "Group with name CREW already exists.");
        let absent = cloud.iam("UpdateGroup", &[("GroupName", "absent"), ("NewPath", "/a/")]).await;
        absent.is_refused(404, "NoSuchEntity", "The group with name absent cannot be found.");
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_old_and_of_the_new_arn() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        make_group(&cloud, "team").await;
        let input = [("GroupName", "team"), ("NewGroupName", "crew")];
        denies(&cloud, "UpdateGroup", &input, "group team").await;
        allow(&cloud, "alice", r#""Action": "iam:UpdateGroup", "Resource": "arn:aws:iam::000000000000:group/team""#)
            .await;
        let refused = cloud.iam_as(alice, "UpdateGroup", &input).await.fails();
        assert!(refused.message.expect("words").contains("on resource: arn:aws:iam::000000000000:group/crew because"));
    }
}
