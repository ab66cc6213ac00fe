//! Puts tags onto a user, where they are also what `aws:PrincipalTag` tells of it.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::api::TagUserRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_user(iam: &Iam, cx: &Context, input: TagUserRequest) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let user = iam.named::<UserRecord>(cx, "iam:TagUser", &input.user_name, &facts).await?;
        let mut tagged = user.record.clone();
        tags::add(&mut tagged.tags, &input.tags, KeyCase::Ignored)?;
        change.replace(&user, &tagged)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, denies, make_user};

    fn tag<'a>(key: &'a str, value: &'a str) -> [(&'a str, &'a str); 3] {
        [("UserName", "alice"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)]
    }

    #[tokio::test]
    async fn a_tag_replaces_one_whose_key_differs_in_case_only() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for (key, value) in [("Team", "Red"), ("Stage", "Test"), ("TEAM", "Blue")] {
            cloud.iam("TagUser", &tag(key, value)).await.succeeds_in_xml();
        }
        let listed = cloud.iam("ListUserTags", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["Stage", "TEAM"]);
        assert_eq!(listed.texts("Tags/member/Value"), ["Test", "Blue"]);
        let shown = cloud.iam("GetUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(shown.texts("User/Tags/member/Key"), ["Stage", "TEAM"]);
    }

    #[tokio::test]
    async fn fifty_tags_and_no_more() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for n in 0..50 {
            cloud.iam("TagUser", &tag(&n.to_string(), "v")).await.succeeds_in_xml();
        }
        let message = "The number of tags has reached the maximum limit.";
        cloud.iam("TagUser", &tag("one more", "v")).await.is_refused(409, "LimitExceeded", message);
    }

    #[tokio::test]
    async fn reserved_keys_and_absent_users_are_refused() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("TagUser", &tag("a", "b")).await.is_refused(404, "NoSuchEntity", message);
        make_user(&cloud, "alice").await;
        let message = "Tag keys that begin with aws: are reserved for use by AWS.";
        cloud.iam("TagUser", &tag("aws:a", "b")).await.is_refused(400, "InvalidInput", message);
    }

    #[tokio::test]
    async fn a_policy_can_say_which_tags() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        denies(&cloud, "TagUser", &tag("Team", "Red"), "user alice").await;
        let condition =
            r#""StringEquals": {"aws:RequestTag/Team": "Red"}, "ForAllValues:StringEquals": {"aws:TagKeys": "Team"}"#;
        let statement = format!(r#""Action": "iam:TagUser", "Resource": "*", "Condition": {{{condition}}}"#);
        allow(&cloud, "alice", &statement).await;
        cloud.iam_as(alice.clone(), "TagUser", &tag("Team", "Red")).await.succeeds_in_xml();
        for refused in [tag("Team", "Blue"), tag("Stage", "Red")] {
            assert_eq!(cloud.iam_as(alice.clone(), "TagUser", &refused).await.fails().code, "AccessDenied");
        }
    }
}
