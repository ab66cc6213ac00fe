//! Tells whether and when a key rotates by itself, and whether a rotation on demand is under way.

use trent_kms_core::KeyState;
use trent_shared::{ApiError, Context, Timestamp};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetKeyRotationStatusRequest, GetKeyRotationStatusResponse};
use crate::records::KeyManager;

pub(crate) async fn get_key_rotation_status(
    kms: &Kms,
    cx: &Context,
    input: GetKeyRotationStatusRequest,
) -> Result<GetKeyRotationStatusResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GetKeyRotationStatus).await?;
    let life = &key.record().lifecycle;
    // While a key is pending deletion its rotation is told to be off, though it comes back with the key (recorded).
    let is_pending_deletion = life.state(key.now()) == Some(KeyState::PendingDeletion);
    // AWS managed keys rotate each year, but say that they do not (recorded of that of SQS).
    let is_managed = key.record().manager == KeyManager::Aws;
    let rotation = life.automatic_rotation().filter(|_| !is_pending_deletion && !is_managed);
    Ok(GetKeyRotationStatusResponse {
        key_rotation_enabled: Some(rotation.is_some()),
        key_id: Some(key.arn_text()),
        rotation_period_in_days: rotation.and_then(|rotation| rotation.period.days().try_into().ok()),
        next_rotation_date: rotation.map(|rotation| rotation.next.into()),
        on_demand_rotation_start_date: life.on_demand_rotation().map(|rotation| Timestamp::into(rotation.started)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        Fit, MOMENT_MILLIS, create_key, every_key, imported_key, obeys_states, primary_key, refuses_aliases,
        refuses_identifiers, replicate, schedule,
    };

    async fn status(cloud: &Cloud, key: &MadeKey) -> String {
        cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.text()
    }

    fn off(key: &MadeKey) -> String {
        format!(r#"{{"KeyRotationEnabled":false,"KeyId":"{}"}}"#, key.arn)
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        assert_eq!(status(&cloud, &key).await, off(&key));
        cloud.kms("EnableKeyRotation", json!({ "KeyId": key.id, "RotationPeriodInDays": 90 })).await.succeeds();
        let on = format!(
            r#"{{"KeyRotationEnabled":true,"KeyId":"{}","RotationPeriodInDays":90,"NextRotationDate":1.798373408399E9"#,
            key.arn
        );
        assert_eq!(status(&cloud, &key).await, format!("{on}}}"));
        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        let rotating = format!(r#"{on},"OnDemandRotationStartDate":1.790597408399E9}}"#);
        assert_eq!(status(&cloud, &key).await, rotating);
        cloud.clock().advance_millis(MOMENT_MILLIS - 1);
        assert_eq!(status(&cloud, &key).await, rotating);
        cloud.clock().advance_millis(1);
        assert_eq!(status(&cloud, &key).await, format!("{on}}}"), "one on demand leaves the calendar as it is");
    }

    #[tokio::test]
    async fn a_disabled_key_keeps_its_schedule_and_one_that_is_pending_deletion_hides_it() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id });
        cloud.kms("EnableKeyRotation", input.clone()).await.succeeds();
        let on = status(&cloud, &key).await;
        cloud.kms("DisableKey", input.clone()).await.succeeds();
        assert_eq!(status(&cloud, &key).await, on);
        schedule(&cloud, &key, 7).await;
        assert_eq!(status(&cloud, &key).await, off(&key));
        cloud.clock().advance_days(6);
        cloud.kms("CancelKeyDeletion", input).await.succeeds();
        assert_eq!(status(&cloud, &key).await, on, "the old period and date come back");
    }

    #[tokio::test]
    async fn a_primary_key_that_waits_for_its_replicas_shows_its_schedule() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        cloud.kms("EnableKeyRotation", json!({ "KeyId": key.id })).await.succeeds();
        let on = status(&cloud, &key).await;
        let replica = replicate(&cloud, &key, "eu-west-1").await;
        schedule(&cloud, &key, 7).await;
        assert_eq!(status(&cloud, &key).await, on);
        let there = cloud.client().in_region("eu-west-1");
        let input = json!({ "KeyId": replica.id });
        assert_eq!(there.kms("GetKeyRotationStatus", input.clone()).await.text(), on.replace(&key.arn, &replica.arn));
        there.kms("ScheduleKeyDeletion", input.clone()).await.succeeds();
        assert_eq!(there.kms("GetKeyRotationStatus", input).await.text(), off(&replica));
        assert_eq!(status(&cloud, &key).await, on);
    }

    #[tokio::test]
    async fn of_keys_that_never_rotate_it_is_off() {
        let keys = every_key().await;
        for key in keys.iter() {
            let answer = keys.call("GetKeyRotationStatus", json!({ "KeyId": key.id })).await;
            assert_eq!(answer.succeeds(), json!({ "KeyRotationEnabled": false, "KeyId": key.arn }), "{}", key.spec);
        }
        let cloud = Cloud::new();
        let (imported, _) = imported_key(&cloud, false).await;
        let pending_import = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        for key in [imported, pending_import] {
            assert_eq!(status(&cloud, &key).await, off(&key));
        }
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("GetKeyRotationStatus", &json!({}), Fit::Works, Fit::Works).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "GetKeyRotationStatus", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "GetKeyRotationStatus", &json!({})).await;
    }
}
