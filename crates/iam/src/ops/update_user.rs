//! Gives a user another name or path. It stays who it is: keys, policies and groups are its own.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::api::UpdateUserRequest;
use crate::arns::arn;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

const ACTION: &str = "iam:UpdateUser";

pub(crate) async fn update_user(iam: &Iam, cx: &Context, input: UpdateUserRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let user = iam.named::<UserRecord>(cx, ACTION, &input.user_name, &Facts::none()).await?;
        let mut updated = user.record.clone();
        updated.path = input.new_path.clone().unwrap_or(updated.path);
        updated.name = input.new_user_name.clone().unwrap_or(updated.name);
        // Permission is needed on the user as it is and as it will be (API reference).
        let target = arn(cx, "user", &updated.path, &updated.name).to_string();
        iam.authorize(cx, ACTION, &target, &Facts::none().about(Some(&user.record.tags))).await?;
        let other = directory.find::<UserRecord>(cx.account(), &updated.name).await?;
        if other.is_some_and(|other| other.record.id != updated.id) {
            return Err(messages::already_exists("User", &updated.name));
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

    use crate::testing::{allow, denies, make_group, make_user};

    #[tokio::test]
    async fn a_renamed_user_keeps_its_id_its_keys_and_its_groups() {
        let cloud = Cloud::new();
        let made = cloud.iam("CreateUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        make_group(&cloud, "team").await;
        cloud.iam("AddUserToGroup", &[("GroupName", "team"), ("UserName", "alice")]).await.succeeds_in_xml();
        let key = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let input = [("UserName", "alice"), ("NewUserName", "ann"), ("NewPath", "/a/")];
        cloud.iam("UpdateUser", &input).await.succeeds_in_xml();
        let shown = cloud.iam("GetUser", &[("UserName", "ann")]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/UserId"), made.text("User/UserId"));
        assert_eq!(shown.text("User/Arn"), "arn:aws:iam::000000000000:user/a/ann");
        let keys = cloud.iam("ListAccessKeys", &[("UserName", "ann")]).await.succeeds_in_xml();
        assert_eq!(keys.text("AccessKeyMetadata/member/AccessKeyId"), key.text("AccessKey/AccessKeyId"));
        assert_eq!(keys.text("AccessKeyMetadata/member/UserName"), "ann");
        let group = cloud.iam("GetGroup", &[("GroupName", "team")]).await.succeeds_in_xml();
        assert_eq!(group.texts("Users/member/UserName"), ["ann"]);
        let message = "The user with name alice cannot be found.";
        cloud.iam("GetUser", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
    }

    #[tokio::test]
    async fn a_name_can_change_its_case_and_not_become_anothers() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        make_user(&cloud, "bob").await;
        cloud.iam("UpdateUser", &[("UserName", "alice"), ("NewUserName", "Alice")]).await.succeeds_in_xml();
        let shown = cloud.iam("GetUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/UserName"), "Alice");
        let taken = cloud.iam("UpdateUser", &[("UserName", "alice"), ("NewUserName", "BOB")]).await;
        taken.is_refused(409, "EntityAlreadyExists", "User with name BOB already exists.");
        let absent = cloud.iam("UpdateUser", &[("UserName", "carol"), ("NewPath", "/a/")]).await;
        absent.is_refused(404, "NoSuchEntity", "The user with name carol cannot be found.");
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_old_and_of_the_new_arn() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        let input = [("UserName", "alice"), ("NewPath", "/admins/")];
        denies(&cloud, "UpdateUser", &input, "user alice").await;
        allow(&cloud, "alice", r#""Action": "iam:UpdateUser", "Resource": "arn:aws:iam::000000000000:user/alice""#)
            .await;
        let message = "User: arn:aws:iam::000000000000:user/alice is not authorized to perform: iam:UpdateUser on \
                       resource: arn:aws:iam::000000000000:user/admins/alice because no identity-based policy allows \
                       the iam:UpdateUser action";
        cloud.iam_as(alice, "UpdateUser", &input).await.is_refused(403, "AccessDenied", message);
    }
}
