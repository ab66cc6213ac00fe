//! Makes a long-term access key of a user, the caller when none is named. Its secret is shown this once.

use trent_identity::{AccessKeyRecord, IdKind, Relation};
use trent_shared::{ApiError, Context};

use crate::api::{AccessKey, CreateAccessKeyRequest, CreateAccessKeyResponse, StatusType};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, answers, limits, messages};

pub(crate) async fn create_access_key(
    iam: &Iam,
    cx: &Context,
    input: CreateAccessKeyRequest,
) -> Result<CreateAccessKeyResponse, ApiError> {
    let (directory, name) = (iam.directory(), input.user_name.as_deref());
    for mut change in attempts(cx) {
        let user = iam.user_or_caller(cx, "iam:CreateAccessKey", name, &Facts::none()).await?;
        let owner = &user.record.id;
        let keys = directory.all_related::<AccessKeyRecord>(cx.account(), Relation::KeyOf, owner).await?;
        if keys.len() >= limits::ACCESS_KEYS_OF_USER {
            return Err(messages::quota("AccessKeysPerUser", limits::ACCESS_KEYS_OF_USER));
        }
        let key = AccessKeyRecord {
            id: directory.new_id(IdKind::AccessKey, cx.account()),
            secret: directory.new_secret(),
            user: owner.clone(),
            is_active: true,
            created: directory.now(),
        };
        change.add(&key)?;
        // So that neither a third key is made nor the user deleted at the same time.
        change.hold(&user)?;
        if directory.commit(change).await? {
            return Ok(CreateAccessKeyResponse { access_key: shown(user.record.name, key) });
        }
    }
    Err(too_many_conflicts())
}

fn shown(user_name: String, key: AccessKeyRecord) -> AccessKey {
    AccessKey {
        user_name,
        access_key_id: key.id,
        status: StatusType::Active,
        secret_access_key: key.secret,
        create_date: Some(answers::date(key.created)),
    }
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, denies, make_user};

    #[tokio::test]
    async fn a_key_names_its_account_and_shows_its_secret_once() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "ALICE")]).await.succeeds_in_xml();
        let id = made.text("AccessKey/AccessKeyId");
        assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
        let account = trent_identity::account_of_access_key(id).expect("an id of today");
        assert_eq!(account.as_str(), "000000000000");
        assert_eq!(made.text("AccessKey/SecretAccessKey").len(), 40);
        assert_eq!((made.text("AccessKey/UserName"), made.text("AccessKey/Status")), ("alice", "Active"));
        assert_eq!(made.text("AccessKey/CreateDate"), "2026-09-28T12:10:08Z");
        let listed = cloud.iam("ListAccessKeys", &[("UserName", "alice")]).await;
        assert!(!listed.text().contains(made.text("AccessKey/SecretAccessKey")));
    }

    #[tokio::test]
    async fn whoever_calls_with_the_key_is_the_user() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let alice = cloud.client().in_account(made.text("AccessKey/AccessKeyId"));
        let message = "User: arn:aws:iam::000000000000:user/alice is not authorized to perform: iam:GetUser on \
                       resource: user alice because no identity-based policy allows the iam:GetUser action";
        alice.iam("GetUser", &[]).await.is_refused(403, "AccessDenied", message);
        allow(&cloud, "alice", r#""Action": "iam:GetUser", "Resource": "*""#).await;
        assert_eq!(alice.iam("GetUser", &[]).await.succeeds_in_xml().text("User/UserName"), "alice");
    }

    #[tokio::test]
    async fn a_user_has_at_most_two_keys() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let user = ("UserName", "alice");
        let first = cloud.iam("CreateAccessKey", &[user]).await.succeeds_in_xml();
        cloud.iam("CreateAccessKey", &[user]).await.succeeds_in_xml();
        let message = "Cannot exceed quota for AccessKeysPerUser: 2";
        cloud.iam("CreateAccessKey", &[user]).await.is_refused(409, "LimitExceeded", message);
        let old = ("AccessKeyId", first.text("AccessKey/AccessKeyId"));
        cloud.iam("DeleteAccessKey", &[user, old]).await.succeeds_in_xml();
        cloud.iam("CreateAccessKey", &[user]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn a_user_makes_its_own_key_and_nobody_else_without_a_name() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        allow(&cloud, "alice", r#""Action": "iam:CreateAccessKey", "Resource": "*""#).await;
        let made = cloud.iam_as(alice, "CreateAccessKey", &[]).await.succeeds_in_xml();
        assert_eq!(made.text("AccessKey/UserName"), "alice");
        let message = "Must specify userName when calling with non-User credentials";
        cloud.iam("CreateAccessKey", &[]).await.is_refused(400, "ValidationError", message);
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "CreateAccessKey", &[("UserName", "alice")], "user alice").await;
        denies(&cloud, "CreateAccessKey", &[], "user nobody").await;
    }

    #[tokio::test]
    async fn two_keys_at_most_also_when_all_are_asked_for_at_once() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let attempts: Vec<_> = (0..8)
            .map(|_| {
                let client = cloud.client();
                tokio::spawn(async move { client.iam("CreateAccessKey", &[("UserName", "alice")]).await.status })
            })
            .collect();
        let mut made = 0;
        for attempt in attempts {
            made += usize::from(attempt.await.expect("no panic") == 200);
        }
        assert_eq!(made, 2);
    }
}
