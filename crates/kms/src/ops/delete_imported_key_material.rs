//! Deletes imported key material. The key stays, pending import unless the material was only pending rotation: it works
//! again once the same material is imported.

use trent_kms_core::{KeySpec, MaterialId};
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse};
use crate::{Kms, messages};

pub(crate) async fn delete_imported_key_material(
    kms: &Kms,
    cx: &Context,
    input: DeleteImportedKeyMaterialRequest,
) -> Result<DeleteImportedKeyMaterialResponse, ApiError> {
    let named: Option<MaterialId> = input.key_material_id.as_deref().map(str::parse).transpose().map_err(|_| {
        // The model's pattern lets nothing else pass.
        ApiError::internal_failure()
    })?;
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DeleteImportedKeyMaterial, |change| {
        let spec = change.key.record.spec;
        if spec != KeySpec::SymmetricDefault && named.is_some() {
            return Err(messages::symmetric_only("keyMaterialId", spec));
        }
        let deleted = change.key.record.lifecycle.delete_material(&change.key.arn.region, change.now, named);
        let deleted = deleted.map_err(|error| messages::import(&change.key.arn, error))?;
        Ok(deleted.filter(|_| spec == KeySpec::SymmetricDefault))
    });
    let (arn, deleted) = changed.await?;
    Ok(DeleteImportedKeyMaterialResponse {
        key_id: Some(arn.to_string()),
        key_material_id: deleted.map(|id| id.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        HELLO, Importer, MOMENT_MILLIS, all_materials, ciphertext, create_key, imported_key, metadata, refuses_aliases,
        refuses_identifiers, replicate, rotate, schedule, state,
    };

    fn new() -> Value {
        json!({ "ImportType": "NEW_KEY_MATERIAL" })
    }

    async fn delete(cloud: &Cloud, key: &MadeKey, material: &str) {
        let input = json!({ "KeyId": key.id, "KeyMaterialId": material });
        let answer = cloud.kms("DeleteImportedKeyMaterial", input).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}","KeyMaterialId":"{material}"}}"#, key.arn));
    }

    /// The ids of all materials.
    async fn ids(cloud: &Cloud, key: &MadeKey) -> Vec<Value> {
        let listed = all_materials(&cloud.client(), key).await;
        listed.into_iter().map(|material| material["KeyMaterialId"].clone()).collect()
    }

    #[tokio::test]
    async fn it_is_the_current_material_unless_another_is_named() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let first = importer.import(1, json!({})).await;
        let second = importer.import(2, new()).await;
        rotate(&cloud, &key).await;
        let answer = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await;
        let expected = format!(r#"{{"KeyId":"{}","KeyMaterialId":"{second}"}}"#, key.arn);
        assert_eq!(answer.text(), expected);
        assert_eq!(state(&cloud, &key).await, "PendingImport");
        let again = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await;
        assert_eq!(again.text(), expected, "it is named whether it was there or not (recorded)");
        importer.import(2, json!({})).await;
        delete(&cloud, &key, &first).await;
        assert_eq!(state(&cloud, &key).await, "PendingImport");
        importer.import(1, json!({})).await;
        assert_eq!(state(&cloud, &key).await, "Enabled");
    }

    #[tokio::test]
    async fn a_key_that_never_had_any_stays_as_it_is() {
        let cloud = Cloud::new();
        let key = create_key(&cloud, json!({ "Origin": "EXTERNAL" })).await;
        let before = metadata(&cloud.client(), &key).await;
        let answer = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}"}}"#, key.arn));
        assert_eq!(metadata(&cloud.client(), &key).await, before);
    }

    #[tokio::test]
    async fn what_was_never_imported_is_refused() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let pending = importer.import(2, new()).await;
        delete(&cloud, &key, &pending).await;
        // What was pending has been forgotten.
        for id in ["0".repeat(64), pending] {
            let message = format!("Key material (id: {id}) has never been imported into KMS key {}.", key.arn);
            let input = json!({ "KeyId": key.id, "KeyMaterialId": id });
            cloud.refuses("DeleteImportedKeyMaterial", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn deleting_what_is_pending_leaves_the_key_as_it_is() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let before = (metadata(&cloud.client(), &key).await, ids(&cloud, &key).await);
        let pending = importer.import(2, new()).await;
        delete(&cloud, &key, &pending).await;
        assert_eq!((metadata(&cloud.client(), &key).await, ids(&cloud, &key).await), before);
        assert_eq!(importer.import(2, new()).await, pending, "as new material it may come again");
    }

    #[tokio::test]
    async fn a_rotation_under_way_ends_with_what_is_pending_then() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let blob = ciphertext(&cloud, &key).await;
        let first = ids(&cloud, &key).await;
        let second = importer.import(2, new()).await;
        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        let status = cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.text();
        assert!(status.contains("OnDemandRotationStartDate"), "{status}");
        delete(&cloud, &key, &second).await;
        let third = importer.import(3, new()).await;
        assert_eq!(cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.text(), status);
        cloud.clock().advance_millis(MOMENT_MILLIS);
        assert_eq!(metadata(&cloud.client(), &key).await["CurrentKeyMaterialId"], json!(third));
        assert_eq!(ids(&cloud, &key).await, [first[0].clone(), json!(third)], "the second is forgotten");
        let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
        assert_eq!(opened["Plaintext"], HELLO);
        let message = format!("No available key material pending rotation for the key: {}.", key.arn);
        let input = json!({ "KeyId": key.id });
        cloud.refuses("RotateKeyOnDemand", input, "KMSInvalidStateException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_rotation_that_is_left_without_material_ends_in_nothing() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        let before = (metadata(&cloud.client(), &key).await, ids(&cloud, &key).await);
        let second = importer.import(2, new()).await;
        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        delete(&cloud, &key, &second).await;
        cloud.clock().advance_millis(MOMENT_MILLIS);
        assert_eq!((metadata(&cloud.client(), &key).await, ids(&cloud, &key).await), before);
        let status = cloud.kms("GetKeyRotationStatus", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(status, json!({ "KeyRotationEnabled": false, "KeyId": key.arn }));
    }

    #[tokio::test]
    async fn a_disabled_key_that_lost_its_material_comes_back_enabled() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, false).await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(state(&cloud, &key).await, "PendingImport");
        importer.import(1, json!({})).await;
        assert_eq!(state(&cloud, &key).await, "Enabled");
    }

    #[tokio::test]
    async fn a_key_that_is_pending_deletion_stays_so_and_lacks_the_material_afterwards() {
        let cloud = Cloud::new();
        let (key, _) = imported_key(&cloud, false).await;
        schedule(&cloud, &key, 7).await;
        cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(state(&cloud, &key).await, "PendingDeletion");
        cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(state(&cloud, &key).await, "PendingImport");
    }

    #[tokio::test]
    async fn what_is_pending_on_the_primary_key_goes_everywhere_and_on_a_replica_only_there() {
        let cloud = Cloud::new();
        let (key, here) = imported_key(&cloud, true).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        let client = cloud.client().in_region("us-west-2");
        let there = Importer::of(client.clone(), &replica).await;
        there.import(1, json!({})).await;
        let pending = here.import(2, new()).await;
        there.import(2, json!({})).await;
        let input = json!({ "KeyId": key.id, "KeyMaterialId": pending });

        let gone = client.kms("DeleteImportedKeyMaterial", input.clone()).await.succeeds();
        assert_eq!(gone, json!({ "KeyId": replica.arn, "KeyMaterialId": pending }));
        for (client, import_state) in [(cloud.client(), "IMPORTED"), (client.clone(), "PENDING_IMPORT")] {
            let listed = all_materials(&client, &key).await;
            let shown = ["ImportState", "KeyMaterialState"].map(|member| listed[1][member].clone());
            assert_eq!(shown, [import_state, "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"].map(Value::from));
        }
        there.import(2, json!({})).await;
        cloud.kms("DeleteImportedKeyMaterial", input).await.succeeds();
        for client in [cloud.client(), client] {
            assert_eq!(all_materials(&client, &key).await.len(), 1);
            assert_eq!(metadata(&client, &key).await["KeyState"], "Enabled");
        }
    }

    #[tokio::test]
    async fn a_replica_that_deletes_the_material_during_the_rotation_is_pending_import_after_it() {
        let cloud = Cloud::new();
        let (key, here) = imported_key(&cloud, true).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        let client = cloud.client().in_region("us-west-2");
        let there = Importer::of(client.clone(), &replica).await;
        there.import(1, json!({})).await;
        let second = here.import(2, new()).await;
        there.import(2, json!({})).await;
        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        let input = json!({ "KeyId": replica.id, "KeyMaterialId": second });
        client.kms("DeleteImportedKeyMaterial", input).await.succeeds();
        cloud.clock().advance_millis(MOMENT_MILLIS);
        for (client, state) in [(&client, "PendingImport"), (&cloud.client(), "Enabled")] {
            let told = metadata(client, &key).await;
            assert_eq!((&told["KeyState"], &told["CurrentKeyMaterialId"]), (&json!(state), &json!(second)));
        }
        there.import(2, json!({})).await;
        assert_eq!(metadata(&client, &replica).await["KeyState"], "Enabled");
    }

    #[tokio::test]
    async fn other_keys_lose_their_one_material_and_do_not_name_it() {
        let cloud = Cloud::new();
        let input = json!({ "Origin": "EXTERNAL", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" });
        let key = create_key(&cloud, input).await;
        let importer = Importer::of(cloud.client(), &key).await;
        cloud.kms("ImportKeyMaterial", importer.input(&[7; 32])).await.succeeds();
        let input = json!({ "KeyId": key.id, "KeyMaterialId": "0".repeat(64) });
        let message = "Input parameter keyMaterialId cannot be used with HMAC_256 imported keys.";
        cloud.refuses("DeleteImportedKeyMaterial", input, "ValidationException", Some(message)).await;
        let answer = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": key.id })).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{}"}}"#, key.arn));
        assert_eq!(state(&cloud, &key).await, "PendingImport");
    }

    #[tokio::test]
    async fn only_keys_of_origin_external_lose_material() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = format!("{} origin is AWS_KMS which is not valid for this operation.", key.arn);
        let input = json!({ "KeyId": key.id });
        for bring_about in ["EnableKey", "DisableKey", "ScheduleKeyDeletion"] {
            cloud.kms(bring_about, input.clone()).await.succeeds();
            let code = "UnsupportedOperationException";
            cloud.refuses("DeleteImportedKeyMaterial", input.clone(), code, Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "DeleteImportedKeyMaterial", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "DeleteImportedKeyMaterial", &json!({})).await;
    }
}
