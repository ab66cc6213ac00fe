//! Shows a user, or the caller when none is named.

use trent_shared::{ApiError, Context, Timestamp};

use crate::api::{GetUserRequest, GetUserResponse, User};
use crate::facts::Facts;
use crate::{Iam, answers};

pub(crate) async fn get_user(iam: &Iam, cx: &Context, input: GetUserRequest) -> Result<GetUserResponse, ApiError> {
    if input.user_name.is_none() && cx.caller.is_root() {
        iam.authorize(cx, "iam:GetUser", &cx.caller.arn().to_string(), &Facts::none()).await?;
        return Ok(GetUserResponse { user: root(cx) });
    }
    let user = iam.user_or_caller(cx, "iam:GetUser", input.user_name.as_deref(), &Facts::none()).await?;
    Ok(GetUserResponse { user: answers::user(cx, &user.record) })
}

/// The root user has no name and no path (recorded); when its account was made is not known here.
fn root(cx: &Context) -> User {
    User {
        path: String::new(),
        user_name: String::new(),
        user_id: cx.caller.user_id(),
        arn: cx.caller.arn().to_string(),
        create_date: answers::date(Timestamp::from_millis(0)),
        password_last_used: None,
        permissions_boundary: None,
        tags: None,
    }
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, denies, make_user};

    #[tokio::test]
    async fn the_caller_is_shown_when_nobody_is_named() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        allow(&cloud, "alice", r#""Action": "iam:GetUser", "Resource": "*""#).await;
        let shown = cloud.iam_as(alice.clone(), "GetUser", &[]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/UserName"), "alice");
        let renamed = cloud.iam("UpdateUser", &[("UserName", "alice"), ("NewUserName", "ann")]).await;
        renamed.succeeds_in_xml();
        let shown = cloud.iam_as(alice, "GetUser", &[]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/UserName"), "ann", "a user is who it was under another name");
    }

    #[tokio::test]
    async fn the_root_user_has_the_id_of_its_account_and_no_name() {
        let shown = Cloud::new().iam("GetUser", &[]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/Arn"), "arn:aws:iam::000000000000:root");
        assert_eq!((shown.text("User/UserId"), shown.text("User/UserName")), ("000000000000", ""));
    }

    #[tokio::test]
    async fn users_are_found_whatever_the_case_of_their_names_and_nobody_else() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let shown = cloud.iam("GetUser", &[("UserName", "ALICE")]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/UserName"), "alice");
        let message = "The user with name bob cannot be found.";
        cloud.iam("GetUser", &[("UserName", "bob")]).await.is_refused(404, "NoSuchEntity", message);
    }

    #[tokio::test]
    async fn whoever_may_not_ask_does_not_learn_who_there_is() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for name in ["alice", "bob"] {
            denies(&cloud, "GetUser", &[("UserName", name)], &format!("user {name}")).await;
        }
    }

    #[tokio::test]
    async fn a_policy_can_ask_for_the_path_and_the_tags_of_the_user() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        let red = [("UserName", "red"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "Red")];
        cloud.iam("CreateUser", &red).await.succeeds_in_xml();
        cloud.iam("CreateUser", &[("UserName", "deep"), ("Path", "/a/b/")]).await.succeeds_in_xml();
        for (statement, name, other) in [
            (r#""Action": "iam:GetUser", "Resource": "arn:aws:iam::000000000000:user/a/*""#, "deep", "red"),
            (
                r#""Action": "iam:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/Team": "Red"}}"#,
                "red",
                "deep",
            ),
        ] {
            allow(&cloud, "alice", statement).await;
            cloud.iam_as(alice.clone(), "GetUser", &[("UserName", name)]).await.succeeds_in_xml();
            let refused = cloud.iam_as(alice.clone(), "GetUser", &[("UserName", other)]).await.fails();
            assert_eq!(refused.code, "AccessDenied");
        }
    }
}
