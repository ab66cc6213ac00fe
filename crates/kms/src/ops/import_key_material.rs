//! Imports key material into a key of origin EXTERNAL: the first, a further one to rotate to, or one that the key knows
//! again after it was deleted or expired.

use aws_smithy_types::DateTime;
use trent_kms_core::{KeySpec, MaterialImport};
use trent_shared::{ApiError, Context, Timestamp};

use crate::action::Action;
use crate::api::{ExpirationModelType, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType};
use crate::names::same_name;
use crate::records::KeyRecord;
use crate::{Kms, messages};

pub(crate) async fn import_key_material(
    kms: &Kms,
    cx: &Context,
    input: ImportKeyMaterialRequest,
) -> Result<ImportKeyMaterialResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::ImportKeyMaterial).await?;
    let spec = key.record().spec;
    refuse_symmetric_only(&input, spec)?;
    let expiry = expiry(&input, kms.now())?;
    if input.import_type == Some(ImportType::NewKeyMaterial) && input.key_material_id.is_some() {
        return Err(messages::material_id_of_new());
    }
    let material = kms.unwrap_material(key.arn(), spec, &input.import_token, &input.encrypted_key_material).await?;
    let id = material.id(&key.arn().id.to_string());

    let import = MaterialImport {
        id,
        kind: input.import_type.map(|kind| same_name(kind.as_str())).transpose()?,
        named: input.key_material_id.as_deref().map(str::parse).transpose().map_err(|_| {
            // The model's pattern lets nothing else pass.
            ApiError::internal_failure()
        })?,
        description: input.key_material_description.clone(),
        expiry,
    };

    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::ImportKeyMaterial, |change| {
        let KeyRecord { lifecycle, secrets, .. } = &mut change.key.record;
        let imported = lifecycle.import_material(&change.key.arn.region, change.now, import.clone());
        imported.map_err(|error| messages::import(&change.key.arn, error))?;
        secrets.insert(id, material.to_bytes());
        Ok(())
    });
    let (arn, ()) = changed.await?;
    let is_symmetric = spec == KeySpec::SymmetricDefault;
    Ok(ImportKeyMaterialResponse {
        key_id: Some(arn.to_string()),
        key_material_id: is_symmetric.then(|| id.to_string()),
    })
}

/// Only symmetric encryption keys can have several materials, and so tell them apart.
fn refuse_symmetric_only(input: &ImportKeyMaterialRequest, spec: KeySpec) -> Result<(), ApiError> {
    if spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    let given = [
        ("importType", input.import_type.is_some()),
        ("keyMaterialId", input.key_material_id.is_some()),
        ("keyMaterialDescription", input.key_material_description.is_some()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        Some((parameter, _)) => Err(messages::symmetric_only(parameter, spec)),
        None => Ok(()),
    }
}

/// When the material shall expire: in whole seconds (recorded), within a year, or never.
fn expiry(input: &ImportKeyMaterialRequest, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let model = input.expiration_model.unwrap_or(ExpirationModelType::KeyMaterialExpires);
    match (model, &input.valid_to) {
        (ExpirationModelType::KeyMaterialExpires, Some(valid_to)) => {
            let expiry = whole_seconds(valid_to);
            if expiry <= now {
                return Err(messages::valid_to_past());
            }
            if expiry >= now.plus_days(365) {
                return Err(messages::valid_to_too_far());
            }
            Ok(Some(expiry))
        }
        (ExpirationModelType::KeyMaterialExpires, None) => Err(messages::valid_to_missing()),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => Err(messages::valid_to_superfluous()),
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
    }
}

fn whole_seconds(at: &DateTime) -> Timestamp {
    Timestamp::from_millis(at.secs().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use openssl::encrypt::Encrypter;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::Padding;
    use serde_json::{Value, json};
    use trent_testkit::Cloud;

    use crate::testing::{HELLO, base64, bytes};

    const SOON: f64 = 1_790_697_408.9;

    /// A key of origin EXTERNAL, and parameters for it.
    async fn external(cloud: &Cloud, spec: &str, usage: &str) -> (Value, Value) {
        let input = json!({ "Origin": "EXTERNAL", "KeySpec": spec, "KeyUsage": usage });
        let id = cloud.kms("CreateKey", input).await.succeeds()["KeyMetadata"]["KeyId"].clone();
        let input = json!({ "KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        let parameters = cloud.kms("GetParametersForImport", input).await.succeeds();
        (id, parameters)
    }

    /// Encrypts material as a customer would, with OpenSSL and the wrapping key.
    fn wrap(parameters: &Value, material: &[u8]) -> String {
        let key = PKey::public_key_from_der(&bytes(&parameters["PublicKey"])).expect("SPKI");
        let mut encrypter = Encrypter::new(&key).expect("OpenSSL");
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("OpenSSL");
        encrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("OpenSSL");
        encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("OpenSSL");
        let mut wrapped = vec![0; encrypter.encrypt_len(material).expect("OpenSSL")];
        let length = encrypter.encrypt(material, &mut wrapped).expect("OpenSSL");
        base64(&wrapped[..length])
    }

    fn import(id: &Value, parameters: &Value, material: &[u8]) -> Value {
        json!({
            "KeyId": id,
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": wrap(parameters, material),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
        })
    }

    fn with(mut input: Value, member: &str, value: impl Into<Value>) -> Value {
        input[member] = value.into();
        input
    }

    async fn metadata(cloud: &Cloud, id: &Value) -> Value {
        cloud.kms("DescribeKey", json!({ "KeyId": id })).await.succeeds()["KeyMetadata"].clone()
    }

    #[tokio::test]
    async fn imported_material_encrypts_is_deleted_and_comes_back() {
        let cloud = Cloud::new();
        let (id, parameters) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
        let before = metadata(&cloud, &id).await;
        assert_eq!((&before["KeyState"], &before["ExpirationModel"]), (&json!("PendingImport"), &Value::Null));
        assert_eq!(before["CurrentKeyMaterialId"], Value::Null, "there never was any");

        let input = import(&id, &parameters, &[7; 32]);
        let imported = cloud.kms("ImportKeyMaterial", input.clone()).await.succeeds();
        let after = metadata(&cloud, &id).await;
        assert_eq!(imported, json!({ "KeyId": after["Arn"], "KeyMaterialId": after["CurrentKeyMaterialId"] }));
        assert_eq!(after["KeyState"], "Enabled");
        assert_eq!(after["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
        let sealed = cloud.kms("Encrypt", json!({ "KeyId": id, "Plaintext": HELLO })).await.succeeds();
        let sealed = json!({ "CiphertextBlob": sealed["CiphertextBlob"] });

        let deleted = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": id })).await.succeeds();
        assert_eq!(deleted, imported);
        let nothing = cloud.kms("DeleteImportedKeyMaterial", json!({ "KeyId": id })).await.succeeds();
        assert_eq!(nothing, json!({ "KeyId": after["Arn"] }), "nothing was deleted, so nothing is named");
        let arn = after["Arn"].as_str().expect("text");
        let pending = format!("{arn} is pending import.");
        cloud.kms("Decrypt", sealed.clone()).await.fails_with("KMSInvalidStateException", Some(&pending));
        assert_eq!(metadata(&cloud, &id).await["CurrentKeyMaterialId"], after["CurrentKeyMaterialId"], "its id stays");

        // A token may be used again.
        cloud.kms("ImportKeyMaterial", input).await.succeeds();
        assert_eq!(cloud.kms("Decrypt", sealed).await.succeeds()["Plaintext"], HELLO);
    }

    #[tokio::test]
    async fn other_material_is_refused() {
        let cloud = Cloud::new();
        let (id, parameters) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
        cloud.kms("ImportKeyMaterial", import(&id, &parameters, &[7; 32])).await.succeeds();
        let metadata = metadata(&cloud, &id).await;
        let (arn, material) = (metadata["Arn"].as_str(), metadata["CurrentKeyMaterialId"].as_str());
        let (arn, material) = (arn.expect("text"), material.expect("text"));

        let other = import(&id, &parameters, &[8; 32]);
        let expected = format!("Imported key material does not have the expected identifier ({material}).");
        cloud.refuses("ImportKeyMaterial", other.clone(), "IncorrectKeyMaterialException", Some(&expected)).await;
        let unknown = "0".repeat(64);
        let never = format!("Key material (id: {unknown}) has never been imported into KMS key {arn}.");
        let named = with(other, "KeyMaterialId", unknown);
        cloud.refuses("ImportKeyMaterial", named, "ValidationException", Some(&never)).await;
        let again = with(import(&id, &parameters, &[7; 32]), "ImportType", "NEW_KEY_MATERIAL");
        let known = format!(
            "Key material (id: {material}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn}."
        );
        cloud.refuses("ImportKeyMaterial", again, "IncorrectKeyMaterialException", Some(&known)).await;
    }

    #[tokio::test]
    async fn tokens_are_bound_to_their_key_and_day() {
        let cloud = Cloud::new();
        let (id, parameters) = external(&cloud, "HMAC_256", "GENERATE_VERIFY_MAC").await;
        let (other, _) = external(&cloud, "HMAC_256", "GENERATE_VERIFY_MAC").await;
        let input = import(&id, &parameters, &[7; 32]);
        let elsewhere = with(input.clone(), "KeyId", other);
        cloud.refuses("ImportKeyMaterial", elsewhere, "InvalidImportTokenException", None).await;
        let mut token = bytes(&parameters["ImportToken"]);
        token[0] ^= 1;
        let forged = with(input.clone(), "ImportToken", base64(&token));
        cloud.refuses("ImportKeyMaterial", forged, "InvalidImportTokenException", None).await;
        cloud.clock().advance_days(1);
        cloud.refuses("ImportKeyMaterial", input, "ExpiredImportTokenException", None).await;
    }

    #[tokio::test]
    async fn material_that_does_not_unwrap_or_fit_is_refused_without_a_word() {
        let cloud = Cloud::new();
        let (id, parameters) = external(&cloud, "HMAC_384", "GENERATE_VERIFY_MAC").await;
        for wrong in [&[7; 32][..], &[7; 49], &[]] {
            let input = import(&id, &parameters, wrong);
            cloud.refuses("ImportKeyMaterial", input, "InvalidCiphertextException", None).await;
        }
        let garbage = with(import(&id, &parameters, &[7; 48]), "EncryptedKeyMaterial", base64([1; 256]));
        cloud.refuses("ImportKeyMaterial", garbage, "InvalidCiphertextException", None).await;

        let imported = cloud.kms("ImportKeyMaterial", import(&id, &parameters, &[7; 48])).await.succeeds();
        assert_eq!(imported.as_object().map(serde_json::Map::len), Some(1), "no KeyMaterialId but for symmetric keys");
        let input = with(import(&id, &parameters, &[7; 48]), "ImportType", "EXISTING_KEY_MATERIAL");
        let message = "Input parameter importType cannot be used with HMAC_384 imported keys.";
        cloud.refuses("ImportKeyMaterial", input, "ValidationException", Some(message)).await;
    }

    #[tokio::test]
    async fn expiry_follows_awss_rules_and_the_clock() {
        let cloud = Cloud::new();
        let (id, parameters) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
        let input = import(&id, &parameters, &[7; 32]);
        let expiring = with(input.clone(), "ExpirationModel", "KEY_MATERIAL_EXPIRES");
        let start = 1_790_597_408;
        for (input, message) in [
            (expiring.clone(), "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"),
            (
                with(input, "ValidTo", SOON),
                "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
            ),
            (with(expiring.clone(), "ValidTo", start), "ValidTo must be in the future"),
            (
                with(expiring.clone(), "ValidTo", start + 365 * 86_400 + 1),
                "ValidTo must be less than 365 days in the future",
            ),
        ] {
            cloud.refuses("ImportKeyMaterial", input, "ValidationException", Some(message)).await;
        }
        cloud.kms("ImportKeyMaterial", with(expiring, "ValidTo", SOON)).await.succeeds();
        let valid = metadata(&cloud, &id).await;
        assert_eq!(
            (&valid["ExpirationModel"], &valid["ValidTo"]),
            (&json!("KEY_MATERIAL_EXPIRES"), &json!(SOON.floor()))
        );
        cloud.clock().advance_days(2);
        let expired = metadata(&cloud, &id).await;
        assert_eq!(expired["KeyState"], "PendingImport");
        assert_eq!((&expired["ExpirationModel"], &expired["ValidTo"]), (&Value::Null, &Value::Null));
    }

    #[tokio::test]
    async fn only_keys_of_origin_external_import() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let message = format!("{} origin is AWS_KMS which is not valid for this operation.", key.arn);
        let input =
            json!({ "KeyId": key.id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
        cloud.refuses("GetParametersForImport", input, "UnsupportedOperationException", Some(&message)).await;
        let input = json!({ "KeyId": key.id });
        cloud.refuses("DeleteImportedKeyMaterial", input, "UnsupportedOperationException", Some(&message)).await;
    }

    #[tokio::test]
    async fn combinations_that_aws_refuses_are_refused() {
        let cloud = Cloud::new();
        let (id, _) = external(&cloud, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
        for (algorithm, spec) in [("RSAES_PKCS1_V1_5", "RSA_2048"), ("RSA_AES_KEY_WRAP_SHA_256", "RSA_4096")] {
            let input = json!({ "KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
            let message = format!(
                "Wrapping algorithm {algorithm} and wrapping key spec {spec} cannot be used to import a \
                 SYMMETRIC_DEFAULT key."
            );
            cloud.refuses("GetParametersForImport", input, "ValidationException", Some(&message)).await;
        }
    }
}
