//! Lists the access keys of a user, of the caller when none is named, without their secrets.

use trent_identity::{AccessKeyRecord, Relation};
use trent_shared::{ApiError, Context};

use crate::api::{AccessKeyMetadata, ListAccessKeysRequest, ListAccessKeysResponse, StatusType};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, answers};

pub(crate) async fn list_access_keys(
    iam: &Iam,
    cx: &Context,
    input: ListAccessKeysRequest,
) -> Result<ListAccessKeysResponse, ApiError> {
    let user = iam.user_or_caller(cx, "iam:ListAccessKeys", input.user_name.as_deref(), &Facts::none()).await?.record;
    let request = PageRequest::new("ListAccessKeys", input.marker.as_deref(), input.max_items)?;
    let keys = iam.directory().all_related::<AccessKeyRecord>(cx.account(), Relation::KeyOf, &user.id).await?;
    let page =
        request.page(keys.into_iter().map(|key| key.record), |key| key.id.clone()).map(|key| AccessKeyMetadata {
            user_name: Some(user.name.clone()),
            access_key_id: Some(key.id),
            status: Some(if key.is_active { StatusType::Active } else { StatusType::Inactive }),
            create_date: Some(answers::date(key.created)),
        });
    Ok(ListAccessKeysResponse {
        is_truncated: Some(page.is_truncated()),
        access_key_metadata: page.items,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{allow, denies, make_user};

    #[tokio::test]
    async fn keys_are_listed_page_by_page() {
        let cloud = Cloud::new();
        let alice = make_user(&cloud, "alice").await;
        allow(&cloud, "alice", r#""Action": "iam:ListAccessKeys", "Resource": "*""#).await;
        let user = ("UserName", "alice");
        let mut made = Vec::new();
        for _ in 0..2 {
            let key = cloud.iam("CreateAccessKey", &[user]).await.succeeds_in_xml();
            made.push(key.text("AccessKey/AccessKeyId").to_owned());
        }
        made.sort();
        let first = cloud.iam("ListAccessKeys", &[user, ("MaxItems", "1")]).await.succeeds_in_xml();
        assert_eq!(first.text("AccessKeyMetadata/member/AccessKeyId"), made[0]);
        let marker = ("Marker", first.text("Marker"));
        let next = cloud.iam_as(alice, "ListAccessKeys", &[marker]).await.succeeds_in_xml();
        assert_eq!(next.text("AccessKeyMetadata/member/AccessKeyId"), made[1]);
        assert_eq!(next.text("AccessKeyMetadata/member/Status"), "Active");
        assert_eq!(next.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn a_user_without_keys_has_an_empty_list() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let listed = cloud.iam("ListAccessKeys", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!((listed.find("AccessKeyMetadata/member/AccessKeyId"), listed.text("IsTruncated")), (None, "false"));
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListAccessKeys", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "ListAccessKeys", &[("UserName", "alice")], "user alice").await;
    }
}
