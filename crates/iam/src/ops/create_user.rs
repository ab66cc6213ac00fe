//! Makes a user. It can do nothing until it is given keys and policies.

use std::collections::{BTreeMap, BTreeSet};

use trent_identity::{IdKind, UserRecord};
use trent_shared::{ApiError, Context};

use crate::api::{CreateUserRequest, CreateUserResponse};
use crate::arns::{NO_PATH, arn};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::{Facts, key};
use crate::tags::KeyCase;
use crate::{Iam, answers, limits, messages, tags};

pub(crate) async fn create_user(
    iam: &Iam,
    cx: &Context,
    input: CreateUserRequest,
) -> Result<CreateUserResponse, ApiError> {
    let path = input.path.as_deref().unwrap_or(NO_PATH);
    let arn = arn(cx, "user", path, &input.user_name).to_string();
    let facts = Facts::adding(input.tags.as_deref());
    let facts = facts.and(key::PERMISSIONS_BOUNDARY, input.permissions_boundary.as_deref());
    iam.authorize(cx, "iam:CreateUser", &arn, &facts).await?;
    let directory = iam.directory();
    let user = UserRecord {
        id: directory.new_id(IdKind::User, cx.account()),
        path: path.to_owned(),
        name: input.user_name,
        created: directory.now(),
        boundary: input.permissions_boundary,
        tags: tags::of_new(input.tags.as_deref(), KeyCase::Ignored)?,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        groups: BTreeSet::new(),
    };
    for mut change in attempts(cx) {
        if directory.find::<UserRecord>(cx.account(), &user.name).await?.is_some() {
            return Err(messages::already_exists("User", &user.name));
        }
        if let Some(boundary) = &user.boundary {
            iam.hold_boundary(cx, &mut change, boundary).await?;
        }
        iam.require_room::<UserRecord>(cx, "UsersPerAccount", limits::USERS).await?;
        change.add(&user)?;
        if directory.commit(change).await? {
            return Ok(CreateUserResponse { user: Some(answers::user(cx, &user)) });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    const TAGGED: [(&str, &str); 4] = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "Red"),
        ("Tags.member.2.Key", "Stage"),
        ("Tags.member.2.Value", ""),
    ];

    #[tokio::test]
    async fn a_user_has_an_id_an_arn_and_what_it_was_made_with() {
        let cloud = Cloud::new();
        let mut input = vec![("UserName", "alice"), ("Path", "/division/team/")];
        input.extend(TAGGED);
        let made = cloud.iam("CreateUser", &input).await.succeeds_in_xml();
        assert!(made.text("User/UserId").starts_with("AIDA"));
        assert_eq!(made.text("User/UserId").len(), 21);
        assert_eq!(made.text("User/Arn"), "arn:aws:iam::000000000000:user/division/team/alice");
        assert_eq!(made.text("User/Path"), "/division/team/");
        assert_eq!(made.text("User/UserName"), "alice");
        assert_eq!(made.text("User/CreateDate"), "2026-09-28T12:10:08Z");
        assert_eq!(made.texts("User/Tags/member/Key"), ["Stage", "Team"]);
        let plain = cloud.iam("CreateUser", &[("UserName", "bob")]).await.succeeds_in_xml();
        assert_eq!((plain.text("User/Path"), plain.find("User/Tags/member/Key")), ("/", None));
        assert_eq!(plain.find("User/PermissionsBoundary/PermissionsBoundaryArn"), None);
    }

    #[tokio::test]
    async fn names_are_unique_in_an_account_whatever_their_case() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        for name in ["alice", "ALICE"] {
            let message = format!("User with name {name} already exists.");
            let again = cloud.iam("CreateUser", &[("UserName", name)]).await;
            again.is_refused(409, "EntityAlreadyExists", &message);
        }
        let elsewhere = cloud.client().in_account("111122223333");
        let made = elsewhere.iam("CreateUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(made.text("User/Arn"), "arn:aws:iam::111122223333:user/alice");
    }

    #[tokio::test]
    async fn a_boundary_is_a_policy_that_exists() {
        let cloud = Cloud::new();
        let absent = "arn:aws:iam::000000000000:policy/absent";
        let refused = cloud.iam("CreateUser", &[("UserName", "alice"), ("PermissionsBoundary", absent)]).await;
        let message = format!("Scope ARN: {absent} does not exist or is not attachable.");
        refused.is_refused(404, "NoSuchEntity", &message);
        let bounds = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let made =
            cloud.iam("CreateUser", &[("UserName", "alice"), ("PermissionsBoundary", bounds)]).await.succeeds_in_xml();
        assert_eq!(made.text("User/PermissionsBoundary/PermissionsBoundaryArn"), bounds);
        assert_eq!(made.text("User/PermissionsBoundary/PermissionsBoundaryType"), "Policy");
    }

    #[tokio::test]
    async fn tags_that_aws_does_not_take_are_refused() {
        let cloud = Cloud::new();
        for (other, message) in [
            ("team", "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
            ("aws:team", "Tag keys that begin with aws: are reserved for use by AWS."),
        ] {
            let mut input = vec![("UserName", "alice")];
            input.extend(TAGGED);
            input.extend([("Tags.member.3.Key", other), ("Tags.member.3.Value", "Blue")]);
            cloud.iam("CreateUser", &input).await.is_refused(400, "InvalidInput", message);
        }
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_new_arn() {
        let resource = "arn:aws:iam::000000000000:user/a/alice";
        denies(&Cloud::new(), "CreateUser", &[("UserName", "alice"), ("Path", "/a/")], resource).await;
    }
}
