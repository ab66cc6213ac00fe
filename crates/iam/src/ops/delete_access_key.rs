//! Deletes an access key of a user: requests signed with it are refused from now on.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteAccessKeyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;

pub(crate) async fn delete_access_key(iam: &Iam, cx: &Context, input: DeleteAccessKeyRequest) -> Result<(), ApiError> {
    let name = input.user_name.as_deref();
    for mut change in attempts(cx) {
        let user = iam.user_or_caller(cx, "iam:DeleteAccessKey", name, &Facts::none()).await?.record;
        let key = iam.access_key_of(cx, &user, &input.access_key_id).await?;
        change.remove(&key)?;
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

    #[tokio::test]
    async fn a_deleted_key_is_nobodys() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let id = made.text("AccessKey/AccessKeyId");
        let input = [("UserName", "alice"), ("AccessKeyId", id)];
        cloud.iam("DeleteAccessKey", &input).await.succeeds_in_xml();
        let message = format!("The Access Key with id {id} cannot be found.");
        cloud.iam("DeleteAccessKey", &input).await.is_refused(404, "NoSuchEntity", &message);
        assert!(cloud.directory().credentials(id).await.expect("the engine works").is_none());
    }

    #[tokio::test]
    async fn a_user_deletes_its_own_key_and_nobody_else_without_a_name() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let key = ("AccessKeyId", made.text("AccessKey/AccessKeyId"));
        let message = "Must specify userName when calling with non-User credentials";
        cloud.iam("DeleteAccessKey", &[key]).await.is_refused(400, "ValidationError", message);
        denies(&cloud, "DeleteAccessKey", &[("UserName", "alice"), key], "user alice").await;
        allow(&cloud, "alice", r#""Action": "iam:DeleteAccessKey", "Resource": "*""#).await;
        cloud.iam_as(alice, "DeleteAccessKey", &[key]).await.succeeds_in_xml();
    }
}
