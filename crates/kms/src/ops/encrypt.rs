//! Encrypts up to 4,096 bytes under a key. The encryption context is bound to the ciphertext as additional
//! authenticated data; the answer does not tell the key material's id, unlike that of Decrypt (recorded).

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{EncryptRequest, EncryptResponse};
use crate::ciphertext::{encryption_algorithm, encryption_context, end_dry_run};
use crate::names::same_name;

pub(crate) async fn encrypt(kms: &Kms, cx: &Context, input: EncryptRequest) -> Result<EncryptResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Encrypt).await?;
    let algorithm = encryption_algorithm(input.encryption_algorithm)?;
    key.require(algorithm)?;
    let context = encryption_context(input.encryption_context);
    let (ciphertext, _) = kms.encrypt(&key, algorithm, &input.plaintext, &context)?;
    end_dry_run(input.dry_run)?;
    Ok(EncryptResponse {
        ciphertext_blob: Some(ciphertext),
        key_id: Some(key.arn_text()),
        encryption_algorithm: Some(same_name(algorithm.as_str())?),
    })
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::json;
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, HELLO, alias, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_and_a_ciphertext_of_awss_form() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let answer = cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO })).await;
        let blob = answer.succeeds()["CiphertextBlob"].as_str().expect("present").to_owned();
        assert_eq!(
            answer.text(),
            format!(r#"{{"CiphertextBlob":"{blob}","KeyId":"{}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT"}}"#, key.arn)
        );
        assert!(blob.starts_with("AQICAH"), "{blob}");
    }

    #[tokio::test]
    async fn any_name_of_the_key_is_answered_by_its_arn() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        for id in [&*key.id, &*key.arn, "alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a"] {
            let answer = cloud.kms("Encrypt", json!({ "KeyId": id, "Plaintext": HELLO })).await;
            assert_eq!(answer.succeeds()["KeyId"], json!(key.arn));
        }
    }

    #[tokio::test]
    async fn every_length_from_1_to_4096_comes_back() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for length in [1, 2, 15, 16, 17, 32, 100, 101, 229, 4095, 4096] {
            let plaintext = BASE64.encode_to_string(vec![7; length]);
            let encrypted = cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": plaintext })).await.succeeds();
            let decrypted = cloud.kms("Decrypt", json!({ "CiphertextBlob": encrypted["CiphertextBlob"] })).await;
            assert_eq!(decrypted.succeeds()["Plaintext"], json!(plaintext), "{length}");
        }
    }

    #[tokio::test]
    async fn too_little_and_too_much_are_refused_without_showing_it() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for (length, constraint) in [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")] {
            let input = json!({ "KeyId": key.id, "Plaintext": BASE64.encode_to_string(vec![7; length]) });
            let message = format!(
                "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length \
                 {constraint}"
            );
            cloud.refuses("Encrypt", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn the_same_plaintext_never_gives_the_same_ciphertext() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO });
        let blobs = [cloud.kms("Encrypt", input.clone()).await, cloud.kms("Encrypt", input).await];
        assert_ne!(blobs[0].succeeds()["CiphertextBlob"], blobs[1].succeeds()["CiphertextBlob"]);
    }

    #[tokio::test]
    async fn an_algorithm_that_does_not_fit_the_key_is_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for algorithm in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"] {
            let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionAlgorithm": algorithm });
            let message = format!("Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.");
            cloud.refuses("Encrypt", input, "InvalidKeyUsageException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn the_state_is_told_before_the_algorithm_and_before_a_dry_run() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionAlgorithm": "SM2PKE", "DryRun": true });
        let message = format!("{} is disabled.", key.arn);
        cloud.refuses("Encrypt", input, "DisabledException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "DryRun": true });
        cloud.refuses("Encrypt", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused() {
        obeys_states("Encrypt", &json!({ "Plaintext": HELLO }), Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "Plaintext": HELLO }));
        refuses_identifiers(&cloud, "Encrypt", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "Encrypt", "KeyId", &input).await;
    }
}
