//! Turns an access key of a user off, or on again.

use trent_identity::AccessKeyRecord;
use trent_shared::{ApiError, Context};

use crate::api::{StatusType, UpdateAccessKeyRequest};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn update_access_key(iam: &Iam, cx: &Context, input: UpdateAccessKeyRequest) -> Result<(), ApiError> {
    let is_active = match input.status {
        StatusType::Active => true,
        StatusType::Inactive => false,
        StatusType::Expired => return Err(messages::status_not_settable()),
    };
    let name = input.user_name.as_deref();
    for mut change in attempts(cx) {
        let user = iam.user_or_caller(cx, "iam:UpdateAccessKey", name, &Facts::none()).await?.record;
        let key = iam.access_key_of(cx, &user, &input.access_key_id).await?;
        change.replace(&key, &AccessKeyRecord { is_active, ..key.record.clone() })?;
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

    #[tokio::test]
    async fn a_key_is_turned_off_and_on() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let id = made.text("AccessKey/AccessKeyId");
        for status in ["Inactive", "Inactive", "Active"] {
            let input = [("UserName", "alice"), ("AccessKeyId", id), ("Status", status)];
            cloud.iam("UpdateAccessKey", &input).await.succeeds_in_xml();
            let listed = cloud.iam("ListAccessKeys", &[("UserName", "alice")]).await.succeeds_in_xml();
            assert_eq!(listed.text("AccessKeyMetadata/member/Status"), status);
            let credentials = cloud.directory().credentials(id).await.expect("the engine works").expect("known");
            assert_eq!(credentials.is_active, status == "Active");
        }
        let input = [("UserName", "alice"), ("AccessKeyId", id), ("Status", "Expired")];
        let message = "The status of an access key can be set to Active or Inactive only.";
        cloud.iam("UpdateAccessKey", &input).await.is_refused(400, "InvalidInput", message);
    }

    #[tokio::test]
    async fn a_key_that_is_not_the_users_is_refused() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        make_user(&cloud, "bob").await;
        let bobs = cloud.iam("CreateAccessKey", &[("UserName", "bob")]).await.succeeds_in_xml();
        for id in [bobs.text("AccessKey/AccessKeyId"), "AKIAIOSFODNN7EXAMPLE"] {
            let input = [("UserName", "alice"), ("AccessKeyId", id), ("Status", "Inactive")];
            let message = format!("The Access Key with id {id} cannot be found.");
            cloud.iam("UpdateAccessKey", &input).await.is_refused(404, "NoSuchEntity", &message);
        }
    }

    #[tokio::test]
    async fn permission_is_asked() {
        let input = [("UserName", "alice"), ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"), ("Status", "Inactive")];
        denies(&Cloud::new(), "UpdateAccessKey", &input, "user alice").await;
    }
}
