//! Makes a symmetric data key and gives it both in plaintext and encrypted under a key.

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextKind, EncryptionAlgorithm, MaterialId, generate_data_key as random_key};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{DataKeySpec, GenerateDataKeyRequest, GenerateDataKeyResponse};
use crate::ciphertext::{encryption_context, encryption_facts, end_dry_run};
use crate::messages;
use crate::names::same_name;
use crate::recipient::Recipient;

/// A fresh data key, and what it was encrypted with.
pub(crate) struct DataKey {
    pub(crate) key: AuthorizedKey,
    pub(crate) plaintext: SecretBytes,
    pub(crate) ciphertext: Blob,
    pub(crate) material_id: MaterialId,
}

pub(crate) async fn generate_data_key(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyRequest,
) -> Result<GenerateDataKeyResponse, ApiError> {
    let recipient = kms.recipient(input.recipient.as_ref())?;
    let data_key = make(kms, cx, Action::GenerateDataKey, input, &recipient).await?;
    let delivery = kms.deliver(&recipient, data_key.plaintext)?;
    Ok(GenerateDataKeyResponse {
        ciphertext_blob: Some(data_key.ciphertext),
        plaintext: delivery.plaintext,
        key_id: Some(data_key.key.arn_text()),
        ciphertext_for_recipient: delivery.ciphertext_for_recipient,
        key_material_id: recipient.told(data_key.material_id),
    })
}

/// What GenerateDataKey and GenerateDataKeyWithoutPlaintext have in common.
pub(crate) async fn make(
    kms: &Kms,
    cx: &Context,
    action: Action,
    input: GenerateDataKeyRequest,
    recipient: &Recipient,
) -> Result<DataKey, ApiError> {
    let length = length(input.key_spec, input.number_of_bytes)?;
    let context = encryption_context(input.encryption_context);
    let [algorithm, context_fact] = encryption_facts(EncryptionAlgorithm::SymmetricDefault, &context);
    let facts = [algorithm, context_fact, recipient.fact()];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(action).await?;
    key.require_symmetric("data key")?;
    end_dry_run(input.dry_run)?;
    let plaintext = random_key(length, &*kms.entropy);
    let (ciphertext, material_id) = kms.seal(&key, CiphertextKind::DataKey, &plaintext, &context)?;
    kms.note_use(cx, &key);
    Ok(DataKey { key, plaintext, ciphertext, material_id })
}

/// Either a named size or a number of bytes, never both.
fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, ApiError> {
    match (spec, bytes) {
        (Some(spec), None) => Ok(same_name::<trent_kms_core::DataKeySpec>(spec.as_str())?.len_in_bytes()),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| ApiError::internal_failure()),
        _ => Err(messages::bytes_or_key_spec()),
    }
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::json;
    use trent_kms_core::{KeySpec, KeyType};
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, every_key, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let answer = cloud.kms("GenerateDataKey", json!({ "KeyId": key.id, "KeySpec": "AES_256" })).await;
        let made = answer.succeeds();
        let described = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(
            answer.text(),
            format!(
                r#"{{"CiphertextBlob":{},"Plaintext":{},"KeyId":"{}","KeyMaterialId":{}}}"#,
                made["CiphertextBlob"], made["Plaintext"], key.arn, described["KeyMetadata"]["CurrentKeyMaterialId"],
            )
        );
        assert!(made["CiphertextBlob"].as_str().is_some_and(|blob| blob.starts_with("AQIDAH")), "{made}");
    }

    #[tokio::test]
    async fn the_data_key_has_the_length_asked_for_and_decrypts_to_itself() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (size, length) in [
            (json!({ "KeySpec": "AES_256" }), 32),
            (json!({ "KeySpec": "AES_128" }), 16),
            (json!({ "NumberOfBytes": 1 }), 1),
            (json!({ "NumberOfBytes": 1024 }), 1024),
        ] {
            let mut input = size;
            input["KeyId"] = json!(key.id);
            input["EncryptionContext"] = json!({ "a": "b" });
            let made = cloud.kms("GenerateDataKey", input).await.succeeds();
            let plaintext = BASE64.decode_to_vec(made["Plaintext"].as_str().expect("present")).expect("base64");
            assert_eq!(plaintext.len(), length);
            let blob = &made["CiphertextBlob"];
            let opened =
                cloud.kms("Decrypt", json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "b" } })).await;
            assert_eq!(opened.succeeds()["Plaintext"], made["Plaintext"]);
            cloud
                .kms("Decrypt", json!({ "CiphertextBlob": blob }))
                .await
                .fails_with("InvalidCiphertextException", None);
        }
    }

    #[tokio::test]
    async fn neither_size_and_both_sizes_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for input in [json!({ "KeyId": key.id }), json!({ "KeyId": key.id, "KeySpec": "AES_128", "NumberOfBytes": 16 })]
        {
            let message = Some("Please specify either number of bytes or key spec.");
            cloud.refuses("GenerateDataKey", input, "ValidationException", message).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "KeySpec": "AES_256", "DryRun": true });
        cloud.refuses("GenerateDataKey", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        let input = json!({ "KeySpec": "AES_256" });
        obeys_states("GenerateDataKey", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "KeySpec": "AES_256" }));
        refuses_identifiers(&cloud, "GenerateDataKey", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "GenerateDataKey", "KeyId", &input).await;
    }

    #[tokio::test]
    async fn nothing_goes_out_in_the_clear_that_was_meant_for_an_enclave() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let recipient = json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": "AA==" });
        let input = json!({ "KeyId": key.id, "KeySpec": "AES_256", "Recipient": recipient });
        let refusal = cloud.kms("GenerateDataKey", input).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationException"));
    }

    #[tokio::test]
    async fn nothing_is_made_under_keys_that_do_not_encrypt_symmetrically() {
        let keys = every_key().await;
        for operation in ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
            for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
                let input = json!({ "KeyId": key.id, "KeySpec": "AES_256", "DryRun": true });
                let message = match key.spec.key_type() {
                    KeyType::Asymmetric => "You cannot generate a data key with an asymmetric CMK".to_owned(),
                    _ => format!("{} key usage is {} which is not valid for {operation}.", key.arn, key.usage),
                };
                keys.refuses(operation, input, "InvalidKeyUsageException", Some(&message)).await;
            }
        }
    }
}
