//! Begins a rotation at once. It ends a little later, whatever becomes of the key meanwhile.

use trent_kms_core::KeySpec;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{RotateKeyOnDemandRequest, RotateKeyOnDemandResponse};
use crate::{Kms, messages};

pub(crate) async fn rotate_key_on_demand(
    kms: &Kms,
    cx: &Context,
    input: RotateKeyOnDemandRequest,
) -> Result<RotateKeyOnDemandResponse, ApiError> {
    let duration = kms.options.transitions.on_demand_rotation;
    let quota = kms.options.quotas.on_demand_rotations_per_key;
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::RotateKeyOnDemand, |change| {
        if change.key.record.spec != KeySpec::SymmetricDefault {
            return Err(messages::type_unfit());
        }
        let (life, here) = (&mut change.key.record.lifecycle, &change.key.arn.region);
        let started = life.rotate_on_demand(here, change.now, duration, quota);
        started.map_err(|error| messages::rotation(&change.key.arn, Action::RotateKeyOnDemand, error))
    });
    let (arn, ()) = changed.await?;
    Ok(RotateKeyOnDemandResponse { key_id: Some(arn.to_string()) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::KeySpec;
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        Fit, HELLO, MOMENT_MILLIS, ciphertext, create_key, every_key, imported_key, metadata, obeys_states,
        primary_key, refuses_aliases, refuses_identifiers, replicate, rotate, schedule,
    };

    async fn material(cloud: &Cloud, key: &MadeKey) -> Value {
        metadata(&cloud.client(), key).await["CurrentKeyMaterialId"].clone()
    }

    #[tokio::test]
    async fn the_material_changes_when_the_rotation_is_over() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let (old, blob) = (material(&cloud, &key).await, ciphertext(&cloud, &key).await);
        let answer = cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}"}}"#, key.arn));
        cloud.clock().advance_millis(MOMENT_MILLIS - 1);
        assert_eq!(material(&cloud, &key).await, old);
        cloud.clock().advance_millis(1);
        let new = material(&cloud, &key).await;
        assert_ne!(new, old);

        let blobs = [(old, blob), (new.clone(), ciphertext(&cloud, &key).await)];
        for (material, blob) in &blobs {
            let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
            assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(HELLO), material));
        }
        let input = json!({ "CiphertextBlob": blobs[0].1, "DestinationKeyId": key.id });
        let again = cloud.kms("ReEncrypt", input).await.succeeds();
        assert_eq!((&again["SourceKeyMaterialId"], &again["DestinationKeyMaterialId"]), (&blobs[0].0, &new));
    }

    #[tokio::test]
    async fn asking_again_while_it_is_under_way_changes_nothing() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id });
        cloud.kms("RotateKeyOnDemand", input.clone()).await.succeeds();
        let status = cloud.kms("GetKeyRotationStatus", input.clone()).await.text();
        cloud.clock().advance_millis(MOMENT_MILLIS - 1);
        cloud.kms("RotateKeyOnDemand", input.clone()).await.succeeds();
        assert_eq!(cloud.kms("GetKeyRotationStatus", input.clone()).await.text(), status);
        cloud.clock().advance_days(1);
        let listed = cloud.kms("ListKeyRotations", input).await.succeeds();
        assert_eq!(listed["Rotations"].as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn a_rotation_ends_whatever_becomes_of_the_key() {
        let cloud = Cloud::new();
        for (operation, state) in [("DisableKey", "Disabled"), ("ScheduleKeyDeletion", "PendingDeletion")] {
            let key = cloud.make_key().await;
            let old = material(&cloud, &key).await;
            for operation in ["RotateKeyOnDemand", operation] {
                cloud.kms(operation, json!({ "KeyId": key.id })).await.succeeds();
            }
            cloud.clock().advance_millis(MOMENT_MILLIS);
            let after = metadata(&cloud.client(), &key).await;
            assert_eq!(after["KeyState"], state);
            assert_ne!(after["CurrentKeyMaterialId"], old);
        }
    }

    #[tokio::test]
    async fn there_are_25_for_a_keys_whole_life() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for _ in 0..25 {
            rotate(&cloud, &key).await;
        }
        let message = format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
             performed for this key: {}",
            key.arn
        );
        for days in [0, 4000] {
            cloud.clock().advance_days(days);
            let input = json!({ "KeyId": key.id });
            cloud.refuses("RotateKeyOnDemand", input, "LimitExceededException", Some(&message)).await;
        }
        let listed = cloud.kms("ListKeyRotations", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(listed["Rotations"].as_array().map(Vec::len), Some(25));
    }

    #[tokio::test]
    async fn none_begins_within_20_minutes_of_one_by_the_calendar() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "RotationPeriodInDays": 90 });
        cloud.kms("EnableKeyRotation", input).await.succeeds();
        cloud.clock().advance_days(90);
        cloud.clock().advance_millis(-20 * 60 * 1000);
        let input = json!({ "KeyId": key.id });
        let refusal = cloud.kms("RotateKeyOnDemand", input.clone()).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ConflictException"));
        cloud.clock().advance_millis(20 * 60 * 1000);
        cloud.kms("RotateKeyOnDemand", input).await.succeeds();
    }

    #[tokio::test]
    async fn keys_that_do_not_rotate_are_refused_without_a_word() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
            let input = json!({ "KeyId": key.id });
            keys.refuses("RotateKeyOnDemand", input, "UnsupportedOperationException", None).await;
        }
    }

    #[tokio::test]
    async fn the_state_is_looked_at_before_the_spec() {
        let cloud = Cloud::new();
        let disabled = cloud.make_key_of("RSA_2048", "SIGN_VERIFY").await;
        cloud.kms("DisableKey", json!({ "KeyId": disabled.id })).await.succeeds();
        let message = format!("{} is disabled.", disabled.arn);
        let input = json!({ "KeyId": disabled.id });
        cloud.refuses("RotateKeyOnDemand", input, "DisabledException", Some(&message)).await;
        for (spec, usage) in [("RSA_2048", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC")] {
            let input = json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage });
            let key = create_key(&cloud, input).await;
            let message = format!("{} is pending import.", key.arn);
            let input = json!({ "KeyId": key.id });
            cloud.refuses("RotateKeyOnDemand", input, "KMSInvalidStateException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn imported_material_rotates_to_what_was_imported_for_that() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let message = format!("No available key material pending rotation for the key: {}.", key.arn);
        let input = json!({ "KeyId": key.id });
        cloud.refuses("RotateKeyOnDemand", input.clone(), "KMSInvalidStateException", Some(&message)).await;
        let new = importer.import(2, json!({ "ImportType": "NEW_KEY_MATERIAL" })).await;
        rotate(&cloud, &key).await;
        assert_eq!(material(&cloud, &key).await, new);
        cloud.refuses("RotateKeyOnDemand", input, "KMSInvalidStateException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_rotation_of_the_primary_key_reaches_its_replicas_with_the_same_date() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "eu-west-1").await;
        let there = cloud.client().in_region("eu-west-1");
        let message =
            format!("{} is a multi-region replica key which is not valid for RotateKeyOnDemand.", replica.arn);
        let refused = there.kms("RotateKeyOnDemand", json!({ "KeyId": replica.id })).await;
        refused.fails_with("UnsupportedOperationException", Some(&message));

        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        let input = json!({ "KeyId": replica.id });
        let status = there.kms("GetKeyRotationStatus", input.clone()).await.succeeds();
        assert!(status["OnDemandRotationStartDate"].is_number(), "{status}");
        cloud.clock().advance_millis(MOMENT_MILLIS);
        // The replica is looked at first: nobody has told the primary key yet that its rotation is over.
        let rotated = there.kms("ListKeyRotations", input).await.text();
        assert!(rotated.contains(r#""RotationDate":1.790597412399E9,"RotationType":"ON_DEMAND""#), "{rotated}");
        let here = cloud.kms("ListKeyRotations", json!({ "KeyId": key.id })).await.text();
        assert_eq!(rotated, here.replace(&key.arn, &replica.arn));
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        obeys_states("RotateKeyOnDemand", &json!({}), Fit::Refused, Fit::Refused).await;
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        replicate(&cloud, &key, "eu-west-1").await;
        schedule(&cloud, &key, 7).await;
        let message = format!("{} is pending replica deletion.", key.arn);
        let input = json!({ "KeyId": key.id });
        cloud.refuses("RotateKeyOnDemand", input, "KMSInvalidStateException", Some(&message)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "RotateKeyOnDemand", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "RotateKeyOnDemand", &json!({})).await;
    }
}
