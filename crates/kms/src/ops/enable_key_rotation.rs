//! Turns automatic rotation on, or changes its period.

use trent_kms_core::{KeySpec, RotationPeriod};
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::EnableKeyRotationRequest;
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages};

pub(crate) async fn enable_key_rotation(
    kms: &Kms,
    cx: &Context,
    input: EnableKeyRotationRequest,
) -> Result<(), ApiError> {
    let period = input.rotation_period_in_days.map(RotationPeriod::try_from).transpose().map_err(|_| {
        // The model's bounds let nothing else pass.
        ApiError::internal_failure()
    })?;
    // 365 where nothing was said (recorded).
    let asked = period.unwrap_or_default().days();
    let facts = [Fact::Number(condition::ROTATION_PERIOD, asked.into())];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let changed = lookup.change(Action::EnableKeyRotation, |change| {
        if change.key.record.spec != KeySpec::SymmetricDefault {
            return Err(messages::type_unfit());
        }
        let enabled = change.key.record.lifecycle.enable_rotation(&change.key.arn.region, change.now, period);
        enabled.map_err(|error| messages::rotation(&change.key.arn, Action::EnableKeyRotation, error))
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::KeySpec;
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        Fit, every_key, imported_key, obeys_states, primary_key, refuses_aliases, refuses_identifiers, replicate,
    };

    const START: f64 = 1_790_597_408.399;
    const DAY: f64 = 86_400.0;

    async fn enable(cloud: &Cloud, key: &MadeKey, period: Value) {
        let answer = cloud.kms("EnableKeyRotation", json!({ "KeyId": key.id, "RotationPeriodInDays": period })).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
    }

    /// Period and next date, as GetKeyRotationStatus tells them.
    async fn schedule(cloud: &Cloud, key: &MadeKey) -> (Value, Value) {
        let status = cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.arn })).await.succeeds();
        (status["RotationPeriodInDays"].clone(), status["NextRotationDate"].clone())
    }

    #[tokio::test]
    async fn the_first_rotation_is_a_period_away_and_a_period_is_a_year_unless_told() {
        let cloud = Cloud::new();
        for (period, days) in [(json!(null), 365), (json!(90), 90), (json!(2560), 2560)] {
            let key = cloud.make_key().await;
            enable(&cloud, &key, period).await;
            assert_eq!(schedule(&cloud, &key).await, (json!(days), json!(START + f64::from(days) * DAY)));
        }
    }

    #[tokio::test]
    async fn enabling_it_again_keeps_the_date_unless_the_period_changes() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        enable(&cloud, &key, json!(90)).await;
        cloud.clock().advance_days(10);
        for same in [json!(null), json!(90)] {
            enable(&cloud, &key, same).await;
            assert_eq!(schedule(&cloud, &key).await, (json!(90), json!(START + 90.0 * DAY)));
        }
        enable(&cloud, &key, json!(2560)).await;
        assert_eq!(schedule(&cloud, &key).await, (json!(2560), json!(START + 2570.0 * DAY)));
        enable(&cloud, &key, json!(null)).await;
        assert_eq!(schedule(&cloud, &key).await, (json!(2560), json!(START + 2570.0 * DAY)));

        // Once it was off, nothing is left of the old period.
        cloud.kms("DisableKeyRotation", json!({ "KeyId": key.id })).await.succeeds();
        enable(&cloud, &key, json!(null)).await;
        assert_eq!(schedule(&cloud, &key).await, (json!(365), json!(START + 375.0 * DAY)));
    }

    #[tokio::test]
    async fn periods_outside_of_90_to_2560_days_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (days, constraint) in [(89, "greater than or equal to 90"), (2561, "less than or equal to 2560")] {
            let input = json!({ "KeyId": key.id, "RotationPeriodInDays": days });
            let message = format!(
                "1 validation error detected: Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: \
                 Member must have value {constraint}"
            );
            cloud.refuses("EnableKeyRotation", input, "ValidationException", Some(&message)).await;
        }
        assert_eq!(schedule(&cloud, &key).await, (Value::Null, Value::Null));
    }

    #[tokio::test]
    async fn only_symmetric_encryption_keys_rotate_by_the_calendar() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
            let input = json!({ "KeyId": key.id });
            keys.refuses("EnableKeyRotation", input, "UnsupportedOperationException", None).await;
        }
    }

    #[tokio::test]
    async fn the_state_is_looked_at_before_the_spec() {
        let cloud = Cloud::new();
        let key = cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        let message = format!("{} is disabled.", key.arn);
        let input = json!({ "KeyId": key.id });
        cloud.refuses("EnableKeyRotation", input, "DisabledException", Some(&message)).await;
    }

    #[tokio::test]
    async fn imported_material_does_not_rotate_by_the_calendar_in_whichever_state() {
        let cloud = Cloud::new();
        let (key, _) = imported_key(&cloud, false).await;
        let input = json!({ "KeyId": key.id });
        let message = format!("{} origin is EXTERNAL which is not valid for this operation.", key.arn);
        for bring_about in ["EnableKey", "DisableKey", "DeleteImportedKeyMaterial"] {
            cloud.kms(bring_about, input.clone()).await.succeeds();
            let code = "UnsupportedOperationException";
            cloud.refuses("EnableKeyRotation", input.clone(), code, Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn a_multi_region_key_rotates_where_its_primary_is() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "eu-west-1").await;
        let there = cloud.client().in_region("eu-west-1");
        let message =
            format!("{} is a multi-region replica key which is not valid for EnableKeyRotation.", replica.arn);
        let refused = there.kms("EnableKeyRotation", json!({ "KeyId": replica.id })).await;
        refused.fails_with("UnsupportedOperationException", Some(&message));

        enable(&cloud, &key, json!(100)).await;
        let status = there.kms("GetKeyRotationStatus", json!({ "KeyId": replica.id })).await.succeeds();
        let here = cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!((&status["KeyRotationEnabled"], &status["KeyId"]), (&json!(true), &json!(replica.arn)));
        for shared in ["RotationPeriodInDays", "NextRotationDate"] {
            assert_eq!(status[shared], here[shared]);
        }
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        obeys_states("EnableKeyRotation", &json!({}), Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "EnableKeyRotation", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "EnableKeyRotation", &json!({})).await;
    }
}
