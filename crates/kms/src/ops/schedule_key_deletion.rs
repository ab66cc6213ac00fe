//! Plans the deletion of a key in 7 to 30 days. Nothing is gone before; afterwards everything is. A multi-Region primary
//! key waits for its replicas before its days begin.

use trent_kms_core::{DeletionWindow, KeyState, ScheduledDeletion};
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse};
use crate::conditions::{Fact, key as condition};
use crate::messages;
use crate::names::same_name;

pub(crate) async fn schedule_key_deletion(
    kms: &Kms,
    cx: &Context,
    input: ScheduleKeyDeletionRequest,
) -> Result<ScheduleKeyDeletionResponse, ApiError> {
    // The model lets 1 to 365 pass.
    let window = input.pending_window_in_days.map_or(Ok(DeletionWindow::default()), DeletionWindow::try_from);
    let window = window.map_err(|_| messages::deletion_window())?;
    let facts = [Fact::Number(condition::PENDING_WINDOW, window.days().into())];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let changed = lookup.change(Action::ScheduleKeyDeletion, |change| {
        let scheduled = change.key.record.lifecycle.schedule_deletion(&change.key.arn.region, change.now, window);
        scheduled.map_err(|error| messages::state(&change.key.arn, error))
    });
    let (arn, scheduled) = changed.await?;
    let (state, date) = match scheduled {
        ScheduledDeletion::At(date) => (KeyState::PendingDeletion, Some(date)),
        ScheduledDeletion::AfterReplicas => (KeyState::PendingReplicaDeletion, None),
    };
    Ok(ScheduleKeyDeletionResponse {
        key_id: Some(arn.to_string()),
        deletion_date: date.map(Into::into),
        key_state: Some(same_name(state.as_str())?),
        pending_window_in_days: i32::try_from(window.days()).ok(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{
        Fit, alias, create_key, metadata, obeys_states, primary_key, refuses_aliases, refuses_identifiers, replicate,
        schedule, state,
    };

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        for (window, days, date) in [
            (json!(7), 7, "1.791202208399E9"),
            (json!(30), 30, "1.793189408399E9"),
            (json!(null), 30, "1.793189408399E9"),
        ] {
            let key = cloud.make_key().await;
            let input = json!({ "KeyId": key.id, "PendingWindowInDays": window });
            assert_eq!(
                cloud.kms("ScheduleKeyDeletion", input).await.text(),
                format!(
                    concat!(
                        r#"{{"KeyId":"{}","DeletionDate":{},"KeyState":"PendingDeletion","#,
                        r#""PendingWindowInDays":{}}}"#,
                    ),
                    key.arn, date, days
                )
            );
            assert_eq!(state(&cloud, &key).await, "PendingDeletion");
        }
    }

    #[tokio::test]
    async fn a_primary_key_with_replicas_is_told_its_window_and_no_date() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        let there = cloud.client().in_region("us-west-2");
        let input = json!({ "KeyId": key.id, "PendingWindowInDays": 7 });
        assert_eq!(
            cloud.kms("ScheduleKeyDeletion", input.clone()).await.text(),
            format!(r#"{{"KeyId":"{}","KeyState":"PendingReplicaDeletion","PendingWindowInDays":7}}"#, key.arn)
        );
        let text = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.text();
        assert!(!text.contains("DeletionDate"), "{text}");
        assert!(text.contains(r#""KeyState":"PendingReplicaDeletion","Origin":"AWS_KMS""#), "{text}");
        assert!(text.contains(r#"},"PendingDeletionWindowInDays":7,"CurrentKeyMaterialId":""#), "{text}");
        let message = format!("{} is pending replica deletion.", key.arn);
        cloud.refuses("ScheduleKeyDeletion", input.clone(), "KMSInvalidStateException", Some(&message)).await;

        assert_eq!(metadata(&there, &replica).await["KeyState"], "Enabled", "a replica goes on working");
        let scheduled = there.kms("ScheduleKeyDeletion", input).await.text();
        assert!(scheduled.contains(r#""DeletionDate":1.791202210399E9,"KeyState":"PendingDeletion""#), "{scheduled}");
    }

    #[tokio::test]
    async fn a_key_that_lacks_material_or_is_being_created_can_be_deleted() {
        let cloud = Cloud::new();
        let pending_import = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        schedule(&cloud, &pending_import, 7).await;
        assert_eq!(state(&cloud, &pending_import).await, "PendingDeletion");

        let key = primary_key(&cloud).await;
        cloud.kms("ReplicateKey", json!({ "KeyId": key.id, "ReplicaRegion": "us-west-2" })).await.succeeds();
        let there = cloud.client().in_region("us-west-2");
        there.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(metadata(&there, &key).await["KeyState"], "PendingDeletion");
    }

    #[tokio::test]
    async fn windows_outside_of_7_to_30_days_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for days in [1, 6, 31, 365] {
            let input = json!({ "KeyId": key.id, "PendingWindowInDays": days });
            let message = Some("PendingWindowInDays must be between 7 and 30 (inclusive).");
            cloud.refuses("ScheduleKeyDeletion", input, "ValidationException", message).await;
        }
        for (days, constraint) in [(0, "greater than or equal to 1"), (366, "less than or equal to 365")] {
            let input = json!({ "KeyId": key.id, "PendingWindowInDays": days });
            let message = format!(
                "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: \
                 Member must have value {constraint}"
            );
            cloud.refuses("ScheduleKeyDeletion", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn sweeping_takes_only_what_is_due_and_all_that_belongs_to_it() {
        let cloud = Cloud::new();
        let mut keys = Vec::new();
        for days in [7, 8, 30] {
            let key = cloud.make_key().await;
            alias(&cloud, &format!("alias/{days}"), &key).await;
            cloud.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id, "PendingWindowInDays": days })).await.succeeds();
            keys.push(key);
        }
        cloud.clock().advance_days(8);
        cloud.sweep().await;
        let listed = cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].clone();
        assert_eq!(listed, json!([{ "KeyId": keys[2].id, "KeyArn": keys[2].arn }]));
        let aliases = cloud.kms("ListAliases", json!({})).await.text();
        for (name, is_left) in [("alias/7", false), ("alias/8", false), ("alias/30", true)] {
            assert_eq!(aliases.contains(&format!("\"{name}\"")), is_left, "{name}");
        }
    }

    #[tokio::test]
    async fn a_disabled_key_can_be_deleted_and_a_pending_one_not_again() {
        obeys_states("ScheduleKeyDeletion", &json!({}), Fit::Works, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "ScheduleKeyDeletion", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "ScheduleKeyDeletion", &json!({})).await;
    }
}
