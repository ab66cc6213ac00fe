//! Takes tags off a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::api::UntagUserRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn untag_user(iam: &Iam, cx: &Context, input: UntagUserRequest) -> Result<(), ApiError> {
    let facts = Facts::removing(&input.tag_keys);
    for mut change in attempts(cx) {
        let user = iam.named::<UserRecord>(cx, "iam:UntagUser", &input.user_name, &facts).await?;
        let mut untagged = user.record.clone();
        tags::remove(&mut untagged.tags, &input.tag_keys, KeyCase::Ignored);
        change.replace(&user, &untagged)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    const KEYS: [(&str, &str); 3] =
        [("UserName", "alice"), ("TagKeys.member.1", "team"), ("TagKeys.member.2", "absent")];

    #[tokio::test]
    async fn a_key_is_removed_whatever_its_case_and_an_absent_one_is_no_error() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for key in ["Team", "Stage"] {
            let input = [("UserName", "alice"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")];
            cloud.iam("TagUser", &input).await.succeeds_in_xml();
        }
        cloud.iam("UntagUser", &KEYS).await.succeeds_in_xml();
        let listed = cloud.iam("ListUserTags", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["Stage"]);
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("UntagUser", &KEYS).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "UntagUser", &KEYS, "user alice").await;
    }
}
