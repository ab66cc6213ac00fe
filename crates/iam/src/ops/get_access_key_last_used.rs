//! Tells whose an access key is, and when and for what it was last used. One that does not exist, or is another
//! account's, is refused as if the caller were not allowed to (recorded).

use trent_identity::{AccessKeyRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::access::Named;
use crate::api::{AccessKeyLastUsed, GetAccessKeyLastUsedRequest, GetAccessKeyLastUsedResponse};
use crate::facts::Facts;
use crate::{Iam, answers, messages};

/// What AWS says of a key that was never used (recorded).
const NOT_APPLICABLE: &str = "N/A";

pub(crate) async fn get_access_key_last_used(
    iam: &Iam,
    cx: &Context,
    input: GetAccessKeyLastUsedRequest,
) -> Result<GetAccessKeyLastUsedResponse, ApiError> {
    let (directory, id) = (iam.directory(), &input.access_key_id);
    let unknown = || messages::access_key_unknown_to(&cx.caller, id);
    let key = directory.find::<AccessKeyRecord>(cx.account(), id).await?.ok_or_else(unknown)?.record;
    let (_, user) = directory.find_by_id::<UserRecord>(&key.user).await?.ok_or_else(unknown)?;
    let facts = Facts::none().about(Some(&user.record.tags));
    iam.authorize(cx, "iam:GetAccessKeyLastUsed", &Named::arn(&user.record, cx).to_string(), &facts).await?;
    let last_used = match directory.last_use(id).await? {
        Some(last) => AccessKeyLastUsed {
            last_used_date: Some(answers::date(last.at)),
            service_name: last.service,
            region: last.region.to_string(),
        },
        None => AccessKeyLastUsed {
            last_used_date: None,
            service_name: NOT_APPLICABLE.to_owned(),
            region: NOT_APPLICABLE.to_owned(),
        },
    };
    Ok(GetAccessKeyLastUsedResponse { user_name: Some(user.record.name), access_key_last_used: Some(last_used) })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use trent_shared::Region;

    use crate::testing::{ACCOUNT, denies, make_user};

    #[tokio::test]
    async fn an_unused_key_has_been_used_nowhere_and_a_used_one_where_it_was() {
        let cloud = Cloud::new();
        let mut alice = make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let id = made.text("AccessKey/AccessKeyId");
        let unused = cloud.iam("GetAccessKeyLastUsed", &[("AccessKeyId", id)]).await.succeeds_in_xml();
        assert_eq!(unused.text("UserName"), "alice");
        assert_eq!(unused.find("AccessKeyLastUsed/LastUsedDate"), None);
        assert_eq!(unused.text("AccessKeyLastUsed/ServiceName"), "N/A");
        assert_eq!(unused.text("AccessKeyLastUsed/Region"), "N/A");
        alice.access_key = Some(trent_shared::AccessKeyId::new(id));
        let region: Region = "eu-west-1".parse().expect("a Region");
        cloud.directory().note_use(&alice, "kms", &region).await.expect("the engine works");
        let used = cloud.iam("GetAccessKeyLastUsed", &[("AccessKeyId", id)]).await.succeeds_in_xml();
        assert_eq!(used.text("AccessKeyLastUsed/LastUsedDate"), "2026-09-28T12:10:08Z");
        assert_eq!(used.text("AccessKeyLastUsed/ServiceName"), "kms");
        assert_eq!(used.text("AccessKeyLastUsed/Region"), "eu-west-1");
    }

    #[tokio::test]
    async fn a_key_of_nobody_or_of_another_account_is_not_told_of() {
        let cloud = Cloud::new();
        let elsewhere = cloud.client().in_account("111122223333");
        elsewhere.iam("CreateUser", &[("UserName", "bob")]).await.succeeds_in_xml();
        let bobs = elsewhere.iam("CreateAccessKey", &[("UserName", "bob")]).await.succeeds_in_xml();
        for id in [bobs.text("AccessKey/AccessKeyId"), "AKIAIOSFODNN7EXAMPLE"] {
            let message = format!(
                "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: \
                 access key {id}"
            );
            cloud.iam("GetAccessKeyLastUsed", &[("AccessKeyId", id)]).await.is_refused(403, "AccessDenied", &message);
        }
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_keys_user() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let made = cloud.iam("CreateAccessKey", &[("UserName", "alice")]).await.succeeds_in_xml();
        let key = ("AccessKeyId", made.text("AccessKey/AccessKeyId"));
        denies(&cloud, "GetAccessKeyLastUsed", &[key], "arn:aws:iam::000000000000:user/alice").await;
    }
}
