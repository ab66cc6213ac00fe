//! Shows a key's metadata, in whichever state it is.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{DescribeKeyRequest, DescribeKeyResponse};

pub(crate) async fn describe_key(
    kms: &Kms,
    cx: &Context,
    input: DescribeKeyRequest,
) -> Result<DescribeKeyResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::DescribeKey).await?;
    let metadata = key.metadata()?;
    Ok(DescribeKeyResponse { key_metadata: Some(metadata) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{Fit, alias, obeys_states, refuses_absent_aliases, refuses_identifiers, schedule};

    #[tokio::test]
    async fn it_shows_what_create_key_showed_under_each_name_of_the_key() {
        let cloud = Cloud::new();
        let made = cloud.kms("CreateKey", json!({ "Description": "d" })).await;
        let metadata = &made.succeeds()["KeyMetadata"];
        let input = json!({ "AliasName": "alias/a", "TargetKeyId": metadata["KeyId"] });
        cloud.kms("CreateAlias", input).await.succeeds();
        let alias_arn = json!("arn:aws:kms:us-east-1:000000000000:alias/a");
        for id in [metadata["KeyId"].clone(), metadata["Arn"].clone(), json!("alias/a"), alias_arn] {
            assert_eq!(cloud.kms("DescribeKey", json!({ "KeyId": id })).await.text(), made.text());
        }
    }

    #[tokio::test]
    async fn it_shows_the_state_and_the_deletion_date_between_state_and_origin() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id });
        cloud.kms("DisableKey", input.clone()).await.succeeds();
        let text = cloud.kms("DescribeKey", input.clone()).await.text();
        assert!(text.contains(r#""Enabled":false,"#) && text.contains(r#""KeyState":"Disabled","Origin""#), "{text}");
        schedule(&cloud, &key, 7).await;
        let text = cloud.kms("DescribeKey", input).await.text();
        let expected = r#""KeyState":"PendingDeletion","DeletionDate":1.791202208399E9,"Origin":"AWS_KMS""#;
        assert!(text.contains(expected) && text.contains(r#""Enabled":false,"#), "{text}");
    }

    #[tokio::test]
    async fn a_key_is_gone_at_its_deletion_date_under_each_of_its_names() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_millis(7 * 24 * 60 * 60 * 1000 - 1);
        cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.succeeds();
        cloud.clock().advance_millis(1);
        let message = format!("Key '{}' does not exist", key.arn);
        for id in [&*key.id, &*key.arn, "alias/a"] {
            cloud.kms("DescribeKey", json!({ "KeyId": id })).await.fails_with("NotFoundException", Some(&message));
        }
        cloud.sweep().await;
        cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.fails_with("NotFoundException", Some(&message));
        let message = "Alias arn:aws:kms:us-east-1:000000000000:alias/a is not found.";
        cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.fails_with("NotFoundException", Some(message));
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("DescribeKey", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "DescribeKey", "KeyId", &json!({})).await;
        refuses_absent_aliases(&cloud, "DescribeKey", "KeyId", &json!({})).await;
    }
}
