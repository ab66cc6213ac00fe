//! Takes back a scheduled deletion. The key comes back disabled, or pending import where material is missing.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{CancelKeyDeletionRequest, CancelKeyDeletionResponse};
use crate::messages;

pub(crate) async fn cancel_key_deletion(
    kms: &Kms,
    cx: &Context,
    input: CancelKeyDeletionRequest,
) -> Result<CancelKeyDeletionResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::CancelKeyDeletion, |change| {
        let now = change.now;
        change.life().cancel_deletion(now).map_err(|error| messages::state(&change.key.arn, error))
    });
    let (arn, ()) = changed.await?;
    Ok(CancelKeyDeletionResponse { key_id: Some(arn.to_string()) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{
        create_key, imported_key, metadata, primary_key, refuses_aliases, refuses_identifiers, replicate, schedule,
        state,
    };

    #[tokio::test]
    async fn the_key_comes_back_disabled_and_is_answered_by_its_arn() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        schedule(&cloud, &key, 7).await;
        let answer = cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.succeeds(), json!({ "KeyId": key.arn }));
        let described = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(described["KeyMetadata"]["KeyState"], "Disabled");
        assert_eq!(described["KeyMetadata"].get("DeletionDate"), None);
    }

    #[tokio::test]
    async fn a_key_that_lacks_material_comes_back_pending_import() {
        let cloud = Cloud::new();
        let (imported, _) = imported_key(&cloud, false).await;
        let missing = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        for (key, expected) in [(imported, "Disabled"), (missing, "PendingImport")] {
            schedule(&cloud, &key, 7).await;
            cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
            assert_eq!(state(&cloud, &key).await, expected);
        }
    }

    #[tokio::test]
    async fn a_primary_key_does_not_wait_for_its_replicas_any_longer() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        schedule(&cloud, &key, 7).await;
        let answer = cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}"}}"#, key.arn));
        let told = metadata(&cloud.client(), &key).await;
        assert_eq!((&told["KeyState"], told.get("PendingDeletionWindowInDays")), (&json!("Disabled"), None));
        let there = cloud.client().in_region("us-west-2");
        there.kms("ScheduleKeyDeletion", json!({ "KeyId": replica.id })).await.succeeds();
        cloud.clock().advance_days(60);
        cloud.sweep().await;
        assert_eq!(state(&cloud, &key).await, "Disabled");
    }

    #[tokio::test]
    async fn a_key_cancelled_in_the_last_millisecond_survives_its_date() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_millis(7 * 24 * 60 * 60 * 1000 - 1);
        cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
        cloud.clock().advance_days(30);
        cloud.sweep().await;
        assert_eq!(state(&cloud, &key).await, "Disabled");
    }

    #[tokio::test]
    async fn a_key_cannot_be_brought_back_at_its_date() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_days(7);
        let message = format!("Key '{}' does not exist", key.arn);
        cloud.refuses("CancelKeyDeletion", json!({ "KeyId": key.id }), "NotFoundException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_deletion_can_be_planned_again_after_it_was_cancelled() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        schedule(&cloud, &key, 7).await;
        cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
        schedule(&cloud, &key, 10).await;
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        assert_eq!(state(&cloud, &key).await, "PendingDeletion");
        cloud.clock().advance_days(3);
        cloud.sweep().await;
        cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.fails();
    }

    #[tokio::test]
    async fn a_key_that_is_not_pending_deletion_is_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = format!("{} is not pending deletion.", key.arn);
        for operation in ["EnableKey", "DisableKey"] {
            cloud.kms(operation, json!({ "KeyId": key.id })).await.succeeds();
            let input = json!({ "KeyId": key.arn });
            cloud.refuses("CancelKeyDeletion", input, "KMSInvalidStateException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "CancelKeyDeletion", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "CancelKeyDeletion", &json!({})).await;
    }
}
