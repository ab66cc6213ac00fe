//! Makes a replica the primary key, and the primary key a replica.

use trent_kms_core::{LifecycleOperation, RegionError};
use trent_shared::{ApiError, Context, Region};

use crate::action::Action;
use crate::api::UpdatePrimaryRegionRequest;
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages};

pub(crate) async fn update_primary_region(
    kms: &Kms,
    cx: &Context,
    input: UpdatePrimaryRegionRequest,
) -> Result<(), ApiError> {
    if let Some(region) = input.primary_region.parse().ok().filter(|region| *region != cx.region) {
        // A request there as well as here.
        kms.admit_in(cx, &region, "UpdatePrimaryRegion", 1)?;
    }
    let facts = [Fact::Text(condition::PRIMARY_REGION, &input.primary_region)];
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let primary = lookup.for_action(Action::UpdatePrimaryRegion).await?;
    // The replica is asked as well, where there is one.
    let mut asked_policy = None;
    if let Some(region) = input.primary_region.parse().ok().filter(|region| *region != cx.region) {
        let (there, id) = (Context { region, ..cx.clone() }, primary.arn().id.to_string());
        let replica = kms.key(&there, &id).saying(&facts);
        if replica.resolve(Action::UpdatePrimaryRegion).await.is_ok() {
            let replica = replica.for_action_in_any_state(Action::UpdatePrimaryRegion).await?;
            asked_policy = Some(replica.record().policy.clone());
        }
    }
    let changed = lookup.change(Action::UpdatePrimaryRegion, |change| {
        let (key, now) = (&mut change.key, change.now);
        let here = &key.arn.region;
        let life = &mut key.record.lifecycle;
        let Some(regions) = life.regions().filter(|regions| regions.primary == *here) else {
            return Err(messages::not_primary(&key.arn));
        };
        if regions.primary.as_str() == input.primary_region {
            // It is there already (recorded).
            return Ok(());
        }
        let no_replica_there = || messages::no_replica_there(key.arn.id);
        let target: Region = input.primary_region.parse().map_err(|_| no_replica_there())?;
        let replica = change.related.iter_mut().find(|related| related.arn.region == target);
        let replica = replica.ok_or_else(no_replica_there)?;
        if asked_policy.as_ref() != Some(&replica.record.policy) {
            // Somebody changed who may, in between.
            return Err(messages::too_many_conflicts());
        }
        // Either key may be in the wrong state; the answer names the one that is (recorded).
        let permitted = replica.record.lifecycle.permits(LifecycleOperation::UpdatePrimaryRegion, now);
        permitted.map_err(|error| messages::state(&replica.arn, error))?;
        let updated = now.plus(kms.options.transitions.primary_update);
        let handed_over = life.hand_over(here, &mut replica.record.lifecycle, &target, now, updated);
        handed_over.map_err(|error| match error {
            RegionError::State(error) => messages::state(&key.arn, error),
            RegionError::NotPrimary => messages::not_primary(&key.arn),
            RegionError::PrimaryIsThere | RegionError::ReplicaIsThere | RegionError::NoReplicaThere => {
                no_replica_there()
            }
        })
    });
    changed.await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Client, Cloud, MadeKey};

    use crate::testing::{
        Fit, HELLO, MOMENT_MILLIS, ciphertext, create_key, metadata, obeys_states, primary_key, refuses_aliases,
        refuses_identifiers, replicate,
    };

    const HERE: &str = "us-east-1";
    const THERE: &str = "us-west-2";

    fn to(key: &MadeKey, region: &str) -> Value {
        json!({ "KeyId": key.id, "PrimaryRegion": region })
    }

    /// State, whether enabled, kind, the primary's Region and the replicas', as one Region tells them.
    async fn told(client: &Client, key: &MadeKey) -> Value {
        let metadata = metadata(client, key).await;
        let regions = &metadata["MultiRegionConfiguration"];
        let replicas = regions["ReplicaKeys"].as_array().expect("a list").iter().map(|key| key["Region"].clone());
        json!([
            metadata["KeyState"],
            metadata["Enabled"],
            regions["MultiRegionKeyType"],
            regions["PrimaryKey"]["Region"],
            replicas.collect::<Vec<_>>()
        ])
    }

    #[tokio::test]
    async fn both_keys_change_places_at_once_and_are_updating_for_a_moment() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        for region in [THERE, "ap-east-1"] {
            replicate(&cloud, &key, region).await;
        }
        let answer = cloud.kms("UpdatePrimaryRegion", to(&key, THERE)).await;
        answer.succeeds();
        assert_eq!(answer.text(), "");
        let [here, there, third] = [HERE, THERE, "ap-east-1"].map(|region| cloud.client().in_region(region));
        let replicas = ["ap-east-1", HERE];
        for elapsed in [0, MOMENT_MILLIS - 1] {
            cloud.clock().advance_millis(elapsed);
            assert_eq!(told(&here, &key).await, json!(["Updating", false, "REPLICA", THERE, replicas]));
            assert_eq!(told(&there, &key).await, json!(["Updating", false, "PRIMARY", THERE, replicas]));
            assert_eq!(told(&third, &key).await, json!(["Enabled", true, "REPLICA", THERE, replicas]));
        }
        cloud.clock().advance_millis(1);
        assert_eq!(told(&here, &key).await, json!(["Enabled", true, "REPLICA", THERE, replicas]));
        assert_eq!(told(&there, &key).await, json!(["Enabled", true, "PRIMARY", THERE, replicas]));

        // Only the new primary key can be called on, and brings the old one back.
        there.kms("UpdatePrimaryRegion", to(&key, HERE)).await.succeeds();
        cloud.clock().advance_millis(MOMENT_MILLIS);
        assert_eq!(told(&here, &key).await, json!(["Enabled", true, "PRIMARY", HERE, ["ap-east-1", THERE]]));
    }

    #[tokio::test]
    async fn the_new_primary_key_has_the_say_over_rotation_and_replicas() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let blob = ciphertext(&cloud, &key).await;
        let input = json!({ "KeyId": key.id, "RotationPeriodInDays": 90 });
        cloud.kms("EnableKeyRotation", input).await.succeeds();
        replicate(&cloud, &key, THERE).await;
        cloud.kms("UpdatePrimaryRegion", to(&key, THERE)).await.succeeds();
        cloud.clock().advance_millis(MOMENT_MILLIS);
        let [here, there] = [HERE, THERE].map(|region| cloud.client().in_region(region));
        let id = || json!({ "KeyId": key.id });

        let message = format!("{} is a multi-region replica key which is not valid for RotateKeyOnDemand.", key.arn);
        here.kms("RotateKeyOnDemand", id()).await.fails_with("UnsupportedOperationException", Some(&message));
        there.kms("RotateKeyOnDemand", id()).await.succeeds();
        let input = json!({ "KeyId": key.id, "ReplicaRegion": "eu-west-1" });
        there.kms("ReplicateKey", input).await.succeeds();
        let status = there.kms("GetKeyRotationStatus", id()).await.succeeds();
        assert_eq!(status["NextRotationDate"], json!(1_798_373_408.399), "the schedule goes on");

        cloud.clock().advance_days(90);
        for client in [here, there.clone(), cloud.client().in_region("eu-west-1")] {
            let rotations = client.kms("ListKeyRotations", id()).await.succeeds()["Rotations"].clone();
            let types = rotations.as_array().expect("a list").iter().map(|rotation| rotation["RotationType"].clone());
            assert_eq!(types.collect::<Vec<_>>(), ["ON_DEMAND", "AUTOMATIC"]);
            let opened = client.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
            assert_eq!(opened["Plaintext"], HELLO);
        }
    }

    #[tokio::test]
    async fn updating_keys_encrypt_and_decrypt_and_refuse_what_would_change_them() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        replicate(&cloud, &key, THERE).await;
        let blob = ciphertext(&cloud, &key).await;
        cloud.kms("UpdatePrimaryRegion", to(&key, THERE)).await.succeeds();
        for region in [HERE, THERE] {
            let client = cloud.client().in_region(region);
            let opened = client.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": key.id })).await.succeeds();
            assert_eq!(opened["Plaintext"], HELLO);
            client.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO })).await.succeeds();
            let message = format!("{} is updating.", key.arn.replace(HERE, region));
            for operation in ["EnableKey", "DisableKey", "ScheduleKeyDeletion", "ReplicateKey"] {
                let input = json!({ "KeyId": key.id, "ReplicaRegion": "eu-west-1" });
                client.kms(operation, input).await.fails_with("KMSInvalidStateException", Some(&message));
            }
        }
        // The change itself may be asked for again and back (documented).
        cloud.client().in_region(THERE).kms("UpdatePrimaryRegion", to(&key, HERE)).await.succeeds();
    }

    #[tokio::test]
    async fn where_the_primary_is_already_nothing_happens() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        cloud.kms("UpdatePrimaryRegion", to(&key, HERE)).await.succeeds();
        assert_eq!(told(&cloud.client(), &key).await, json!(["Enabled", true, "PRIMARY", HERE, []]));
        replicate(&cloud, &key, THERE).await;
        cloud.kms("UpdatePrimaryRegion", to(&key, HERE)).await.succeeds();
        assert_eq!(told(&cloud.client(), &key).await, json!(["Enabled", true, "PRIMARY", HERE, [THERE]]));
    }

    #[tokio::test]
    async fn a_region_without_a_replica_is_refused() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        replicate(&cloud, &key, THERE).await;
        let message = format!("{} does not have a replica key in the specified Region.", key.id);
        for region in ["eu-west-1", "us-invalid-1", "cn-north-1"] {
            cloud.refuses("UpdatePrimaryRegion", to(&key, region), "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn only_the_primary_key_can_be_called_on() {
        let cloud = Cloud::new();
        let (single, key) = (cloud.make_key().await, primary_key(&cloud).await);
        let code = "KMSInvalidStateException";
        let message = format!("{} is not a multi-Region primary key.", single.arn);
        cloud.refuses("UpdatePrimaryRegion", to(&single, THERE), code, Some(&message)).await;
        let replica = replicate(&cloud, &key, THERE).await;
        let message = format!("{} is not a multi-Region primary key.", replica.arn);
        for region in [HERE, THERE, "eu-west-1"] {
            let refused = cloud.client().in_region(THERE).kms("UpdatePrimaryRegion", to(&key, region)).await;
            refused.fails_with(code, Some(&message));
        }
    }

    #[tokio::test]
    async fn both_keys_must_be_enabled_and_the_answer_names_the_one_that_is_not() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let input = json!({ "KeyId": key.id, "ReplicaRegion": THERE });
        let [here, there] = [HERE, THERE].map(|region| cloud.client().in_region(region));
        cloud.kms("ReplicateKey", input).await.succeeds();
        let replica = key.arn.replace(HERE, THERE);
        let update = || to(&key, THERE);
        let invalid = "KMSInvalidStateException";
        let message = format!("{replica} is creating.");
        cloud.refuses("UpdatePrimaryRegion", update(), invalid, Some(&message)).await;
        cloud.clock().advance_millis(MOMENT_MILLIS);

        for (client, arn) in [(&here, &key.arn), (&there, &replica)] {
            client.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
            let message = format!("{arn} is disabled.");
            cloud.refuses("UpdatePrimaryRegion", update(), "DisabledException", Some(&message)).await;
            client.kms("EnableKey", json!({ "KeyId": key.id })).await.succeeds();
        }
        for (client, message) in [
            (&there, format!("{replica} is pending deletion.")),
            (&here, format!("{} is pending replica deletion.", key.arn)),
        ] {
            client.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
            cloud.refuses("UpdatePrimaryRegion", update(), invalid, Some(&message)).await;
            for operation in ["CancelKeyDeletion", "EnableKey"] {
                client.kms(operation, json!({ "KeyId": key.id })).await.succeeds();
            }
        }
        cloud.kms("UpdatePrimaryRegion", update()).await.succeeds();
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused_before_its_kind_is_looked_at() {
        obeys_states("UpdatePrimaryRegion", &json!({ "PrimaryRegion": THERE }), Fit::Refused, Fit::Refused).await;
        let cloud = Cloud::new();
        let key = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        let message = format!("{} is pending import.", key.arn);
        cloud.refuses("UpdatePrimaryRegion", to(&key, THERE), "KMSInvalidStateException", Some(&message)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let input = json!({ "PrimaryRegion": THERE });
        refuses_identifiers(&cloud, "UpdatePrimaryRegion", "KeyId", &input).await;
        refuses_aliases(&cloud, "UpdatePrimaryRegion", &input).await;
    }
}
