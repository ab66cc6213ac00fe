//! Makes a key pair for use outside KMS: the public key, and the private key both in plaintext and encrypted under a
//! symmetric encryption key.

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextKind, DataKeyPairSpec, EncryptionAlgorithm, KeyMaterial, MaterialId};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{GenerateDataKeyPairRequest, GenerateDataKeyPairResponse};
use crate::ciphertext::{encryption_context, encryption_facts, end_dry_run};
use crate::conditions::{Fact, key as condition};
use crate::recipient::Recipient;
use crate::{Kms, names::same_name};

/// A fresh key pair, and what its private key was encrypted with.
pub(crate) struct Pair {
    pub(crate) key: AuthorizedKey,
    pub(crate) public_key: Blob,
    pub(crate) private_key: SecretBytes,
    pub(crate) ciphertext: Blob,
    pub(crate) material_id: MaterialId,
}

pub(crate) async fn generate_data_key_pair(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyPairRequest,
) -> Result<GenerateDataKeyPairResponse, ApiError> {
    let recipient = kms.recipient(input.recipient.as_ref())?;
    let spec = input.key_pair_spec;
    let pair = make(kms, cx, Action::GenerateDataKeyPair, input, &recipient).await?;
    let delivery = kms.deliver(&recipient, pair.private_key)?;
    Ok(GenerateDataKeyPairResponse {
        private_key_ciphertext_blob: Some(pair.ciphertext),
        private_key_plaintext: delivery.plaintext,
        public_key: Some(pair.public_key),
        key_id: Some(pair.key.arn_text()),
        key_pair_spec: Some(spec),
        ciphertext_for_recipient: delivery.ciphertext_for_recipient,
        key_material_id: recipient.told(pair.material_id),
    })
}

/// What GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext have in common.
pub(crate) async fn make(
    kms: &Kms,
    cx: &Context,
    action: Action,
    input: GenerateDataKeyPairRequest,
    recipient: &Recipient,
) -> Result<Pair, ApiError> {
    let spec = same_name::<DataKeyPairSpec>(input.key_pair_spec.as_str())?.key_spec();
    let context = encryption_context(input.encryption_context);
    let [algorithm, context_fact] = encryption_facts(EncryptionAlgorithm::SymmetricDefault, &context);
    let pair_spec = Fact::Text(condition::DATA_KEY_PAIR_SPEC, input.key_pair_spec.as_str());
    let facts = [algorithm, context_fact, pair_spec, recipient.fact()];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(action).await?;
    key.require_symmetric("data key pair")?;
    kms.options.refuse_foreign_spec(spec, &cx.region)?;
    kms.admit_data_key_pair(cx, spec)?;
    end_dry_run(input.dry_run)?;
    let pair: KeyMaterial = kms.factory.make(spec).await?;
    let (public_key, private_key) = (Blob::new(pair.public_key().unwrap_or_default()), pair.to_bytes());
    let (ciphertext, material_id) = kms.seal(&key, CiphertextKind::DataKey, &private_key, &context)?;
    kms.note_use(cx, &key);
    Ok(Pair { key, public_key, private_key, ciphertext, material_id })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{DataKeyPairSpec, KeyMaterial, KeySpec, KeyType, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, bytes, every_key, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        let input = json!({ "KeyId": key.id, "KeyPairSpec": "ECC_NIST_P256" });
        let answer = keys.call("GenerateDataKeyPair", input).await;
        let made = answer.succeeds();
        let described = keys.call("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"PrivateKeyCiphertextBlob":{},"PrivateKeyPlaintext":{},"PublicKey":{},"KeyId":"{}","#,
                    r#""KeyPairSpec":"ECC_NIST_P256","KeyMaterialId":{}}}"#,
                ),
                made["PrivateKeyCiphertextBlob"],
                made["PrivateKeyPlaintext"],
                made["PublicKey"],
                key.arn,
                described["KeyMetadata"]["CurrentKeyMaterialId"],
            )
        );
        let blob = &made["PrivateKeyCiphertextBlob"];
        assert!(blob.as_str().is_some_and(|blob| blob.starts_with("AQIDAH")), "{blob}");
    }

    #[tokio::test]
    async fn every_spec_makes_a_pair_that_belongs_together_and_whose_private_key_decrypts() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        for spec in DataKeyPairSpec::ALL {
            let context = json!({ "purpose": spec.as_str() });
            let input = json!({ "KeyId": key.id, "KeyPairSpec": spec.as_str(), "EncryptionContext": context });
            let made = keys.call("GenerateDataKeyPair", input).await.succeeds();
            let private_key = bytes(&made["PrivateKeyPlaintext"]);
            let material = KeyMaterial::from_bytes(spec.key_spec(), &private_key);
            let material = material.unwrap_or_else(|error| panic!("{spec}: {error}"));
            assert_eq!(material.public_key(), Some(&*bytes(&made["PublicKey"])), "{spec}");
            if let Some(size) = private_key_size(*spec) {
                assert_eq!(private_key.len(), size, "{spec}");
            }

            let mut input = json!({ "CiphertextBlob": made["PrivateKeyCiphertextBlob"] });
            keys.refuses("Decrypt", input.clone(), "InvalidCiphertextException", None).await;
            input["EncryptionContext"] = context;
            let opened = keys.call("Decrypt", input).await.succeeds();
            assert_eq!(opened["Plaintext"], made["PrivateKeyPlaintext"], "{spec}");
        }
    }

    /// crypto.md §4; `None` where the size varies or is not recorded.
    fn private_key_size(spec: DataKeyPairSpec) -> Option<usize> {
        match spec.as_str() {
            "ECC_NIST_P256" => Some(150),
            "ECC_NIST_P384" => Some(194),
            "ECC_NIST_P521" => Some(250),
            "ECC_SECG_P256K1" => Some(144),
            "ECC_NIST_EDWARDS25519" => Some(48),
            _ => None,
        }
    }

    #[tokio::test]
    async fn no_two_pairs_are_the_same() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        for spec in ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_KEM_512"] {
            let make = async || -> Value {
                let input = json!({ "KeyId": key.id, "KeyPairSpec": spec });
                keys.call("GenerateDataKeyPair", input).await.succeeds()
            };
            let (one, other) = (make().await, make().await);
            for member in ["PrivateKeyCiphertextBlob", "PrivateKeyPlaintext", "PublicKey"] {
                assert_ne!(one[member], other[member], "{spec} {member}");
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_made_under_keys_that_do_not_encrypt_symmetrically() {
        let keys = every_key().await;
        for operation in ["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"] {
            for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
                let input = json!({ "KeyId": key.id, "KeyPairSpec": "ECC_NIST_P256", "DryRun": true });
                let message = match key.spec.key_type() {
                    KeyType::Asymmetric => "You cannot generate a data key pair with an asymmetric CMK".to_owned(),
                    _ => format!("{} key usage is {} which is not valid for {operation}.", key.arn, key.usage),
                };
                keys.refuses(operation, input, "InvalidKeyUsageException", Some(&message)).await;
            }
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        let input = json!({ "KeyId": key.id, "KeyPairSpec": "RSA_4096", "DryRun": true });
        keys.refuses("GenerateDataKeyPair", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        let input = json!({ "KeyPairSpec": "ECC_NIST_P256" });
        obeys_states("GenerateDataKeyPair", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "KeyPairSpec": "ECC_NIST_P256" }));
        refuses_identifiers(&cloud, "GenerateDataKeyPair", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "GenerateDataKeyPair", "KeyId", &input).await;
    }
}
