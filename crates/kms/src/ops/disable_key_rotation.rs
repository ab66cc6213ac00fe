//! Turns automatic rotation off; where it is off, or could never be on, nothing happens (recorded of HMAC keys).

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::DisableKeyRotationRequest;
use crate::{Kms, messages};

pub(crate) async fn disable_key_rotation(
    kms: &Kms,
    cx: &Context,
    input: DisableKeyRotationRequest,
) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DisableKeyRotation, |change| {
        let disabled = change.key.record.lifecycle.disable_rotation(&change.key.arn.region, change.now);
        disabled.map_err(|error| messages::rotation(&change.key.arn, Action::DisableKeyRotation, error))
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{
        Fit, imported_key, obeys_states, primary_key, refuses_aliases, refuses_identifiers, replicate,
    };

    #[tokio::test]
    async fn the_key_keeps_its_material_from_then_on() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id });
        let before = cloud.kms("DescribeKey", input.clone()).await.succeeds();
        cloud.kms("EnableKeyRotation", input.clone()).await.succeeds();
        let answer = cloud.kms("DisableKeyRotation", json!({ "KeyId": key.arn })).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
        let status = cloud.kms("GetKeyRotationStatus", input.clone()).await.succeeds();
        assert_eq!(status, json!({ "KeyRotationEnabled": false, "KeyId": key.arn }));
        cloud.clock().advance_days(366);
        cloud.sweep().await;
        assert_eq!(cloud.kms("DescribeKey", input).await.succeeds(), before);
    }

    #[tokio::test]
    async fn where_it_is_off_nothing_happens() {
        let cloud = Cloud::new();
        for key in [cloud.make_key().await, cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await] {
            for _ in 0..2 {
                cloud.kms("DisableKeyRotation", json!({ "KeyId": key.id })).await.succeeds();
            }
            let status = cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.succeeds();
            assert_eq!(status, json!({ "KeyRotationEnabled": false, "KeyId": key.arn }));
        }
    }

    #[tokio::test]
    async fn keys_that_cannot_rotate_by_the_calendar_are_refused() {
        let cloud = Cloud::new();
        let (key, _) = imported_key(&cloud, false).await;
        let input = json!({ "KeyId": key.id });
        let message = format!("{} origin is EXTERNAL which is not valid for this operation.", key.arn);
        for bring_about in ["EnableKey", "DisableKey", "DeleteImportedKeyMaterial"] {
            cloud.kms(bring_about, input.clone()).await.succeeds();
            let code = "UnsupportedOperationException";
            cloud.refuses("DisableKeyRotation", input.clone(), code, Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn it_is_turned_off_for_all_regions_where_the_primary_is() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "eu-west-1").await;
        let there = cloud.client().in_region("eu-west-1");
        cloud.kms("EnableKeyRotation", json!({ "KeyId": key.id })).await.succeeds();
        let message =
            format!("{} is a multi-region replica key which is not valid for DisableKeyRotation.", replica.arn);
        let refused = there.kms("DisableKeyRotation", json!({ "KeyId": replica.id })).await;
        refused.fails_with("UnsupportedOperationException", Some(&message));

        cloud.kms("DisableKeyRotation", json!({ "KeyId": key.id })).await.succeeds();
        let status = there.kms("GetKeyRotationStatus", json!({ "KeyId": replica.id })).await.succeeds();
        assert_eq!(status, json!({ "KeyRotationEnabled": false, "KeyId": replica.arn }));
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        obeys_states("DisableKeyRotation", &json!({}), Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "DisableKeyRotation", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "DisableKeyRotation", &json!({})).await;
    }
}
