//! Makes a key pair for use outside KMS and gives its private key encrypted only.

use trent_shared::{ApiError, Context};

use super::generate_data_key_pair::make;
use crate::Kms;
use crate::action::Action;
use crate::api::{
    GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse,
};
use crate::recipient::Recipient;

pub(crate) async fn generate_data_key_pair_without_plaintext(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyPairWithoutPlaintextRequest,
) -> Result<GenerateDataKeyPairWithoutPlaintextResponse, ApiError> {
    let spec = input.key_pair_spec;
    let input = GenerateDataKeyPairRequest {
        encryption_context: input.encryption_context,
        key_id: input.key_id,
        key_pair_spec: spec,
        grant_tokens: input.grant_tokens,
        recipient: None,
        dry_run: input.dry_run,
    };
    let pair = make(kms, cx, Action::GenerateDataKeyPairWithoutPlaintext, input, &Recipient::Caller).await?;
    Ok(GenerateDataKeyPairWithoutPlaintextResponse {
        private_key_ciphertext_blob: Some(pair.ciphertext),
        public_key: Some(pair.public_key),
        key_id: Some(pair.key.arn_text()),
        key_pair_spec: Some(spec),
        key_material_id: Some(pair.material_id.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_kms_core::{KeyMaterial, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, bytes, every_key, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_and_no_private_key() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        let context = json!({ "a": "b" });
        let input = json!({ "KeyId": key.id, "KeyPairSpec": "ECC_NIST_EDWARDS25519", "EncryptionContext": context });
        let answer = keys.call("GenerateDataKeyPairWithoutPlaintext", input).await;
        let made = answer.succeeds();
        let described = keys.call("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"PrivateKeyCiphertextBlob":{},"PublicKey":{},"KeyId":"{}","#,
                    r#""KeyPairSpec":"ECC_NIST_EDWARDS25519","KeyMaterialId":{}}}"#,
                ),
                made["PrivateKeyCiphertextBlob"],
                made["PublicKey"],
                key.arn,
                described["KeyMetadata"]["CurrentKeyMaterialId"],
            )
        );
        let input = json!({ "CiphertextBlob": made["PrivateKeyCiphertextBlob"], "EncryptionContext": context });
        let private_key = bytes(&keys.call("Decrypt", input).await.succeeds()["Plaintext"]);
        let material = KeyMaterial::from_bytes(KeySpec::EccNistEdwards25519, &private_key).expect("a private key");
        assert_eq!(material.public_key(), Some(&*bytes(&made["PublicKey"])));
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        let input = json!({ "KeyId": key.id, "KeyPairSpec": "RSA_4096", "DryRun": true });
        let operation = "GenerateDataKeyPairWithoutPlaintext";
        keys.refuses(operation, input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        let input = json!({ "KeyPairSpec": "ECC_NIST_P256" });
        obeys_states("GenerateDataKeyPairWithoutPlaintext", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "KeyPairSpec": "ECC_NIST_P256" }));
        refuses_identifiers(&cloud, "GenerateDataKeyPairWithoutPlaintext", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "GenerateDataKeyPairWithoutPlaintext", "KeyId", &input).await;
    }
}
