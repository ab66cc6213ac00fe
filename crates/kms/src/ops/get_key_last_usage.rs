//! Tells when a key was last used for cryptography, whichever state it is in.

use trent_shared::{ApiError, Context, Timestamp};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetKeyLastUsageRequest, GetKeyLastUsageResponse};

/// 2026-04-23T00:00:00Z, before which AWS took no notes of it.
const TRACKING_BEGAN: Timestamp = Timestamp::from_millis(1_776_902_400_000);

pub(crate) async fn get_key_last_usage(
    kms: &Kms,
    cx: &Context,
    input: GetKeyLastUsageRequest,
) -> Result<GetKeyLastUsageResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GetKeyLastUsage).await?;
    let created = key.record().created;
    Ok(GetKeyLastUsageResponse {
        // The bare id, as the only documented example has it.
        key_id: Some(key.arn().id.to_string()),
        key_last_usage: Some(kms.last_use(&key).await?),
        tracking_start_date: Some(created.max(TRACKING_BEGAN).into()),
        key_creation_date: Some(created.into()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Answer, Cloud, MadeKey};

    use crate::testing::{
        Fit, HELLO, base64, ciphertext, obeys_states, refuses_aliases, refuses_identifiers, schedule,
    };

    async fn last_use(cloud: &Cloud, key: &MadeKey) -> Value {
        cloud.kms("GetKeyLastUsage", json!({ "KeyId": key.id })).await.succeeds()["KeyLastUsage"].clone()
    }

    /// Checks that a call was the last use of a key.
    async fn assert_last(cloud: &Cloud, key: &MadeKey, operation: &str, answer: &Answer) {
        answer.succeeds();
        let last = last_use(cloud, key).await;
        assert_eq!(last["Operation"], operation);
        assert_eq!(last["KmsRequestId"], answer.headers["x-amzn-requestid"].to_str().expect("text"));
    }

    #[tokio::test]
    async fn a_key_that_was_never_used_has_no_last_use() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        assert_eq!(
            cloud.kms("GetKeyLastUsage", json!({ "KeyId": key.arn })).await.text(),
            format!(
                concat!(
                    r#"{{"KeyId":"{}","KeyLastUsage":{{}},"TrackingStartDate":1.790597408399E9,"#,
                    r#""KeyCreationDate":1.790597408399E9}}"#
                ),
                key.id
            )
        );
    }

    #[tokio::test]
    async fn the_last_use_is_told_with_its_moment_and_its_request() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        ciphertext(&cloud, &key).await;
        cloud.clock().advance_millis(1);
        let answer = cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": HELLO })).await;
        cloud.clock().advance_days(1);
        let last = last_use(&cloud, &key).await;
        let event = last["CloudTrailEventId"].clone();
        let request = answer.headers["x-amzn-requestid"].to_str().expect("text");
        let members =
            ["Operation", "Timestamp", "CloudTrailEventId", "KmsRequestId"].map(|member| last[member].clone());
        assert_eq!(members, [json!("Encrypt"), json!(1_790_597_408.4), event.clone(), json!(request)]);
        assert_ne!(event, request);
        let event: uuid::Uuid = event.as_str().expect("present").parse().expect("a UUID");
        assert_eq!(event.get_version_num(), 4);
    }

    #[tokio::test]
    async fn every_cryptographic_operation_counts() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let id = &key.id;
        let blob = ciphertext(&cloud, &key).await;
        for (operation, input) in [
            ("Encrypt", json!({ "KeyId": id, "Plaintext": HELLO })),
            ("Decrypt", json!({ "CiphertextBlob": blob })),
            ("GenerateDataKey", json!({ "KeyId": id, "NumberOfBytes": 1 })),
            ("GenerateDataKeyWithoutPlaintext", json!({ "KeyId": id, "NumberOfBytes": 1 })),
            ("GenerateDataKeyPair", json!({ "KeyId": id, "KeyPairSpec": "ECC_NIST_P256" })),
            ("GenerateDataKeyPairWithoutPlaintext", json!({ "KeyId": id, "KeyPairSpec": "ECC_NIST_P256" })),
        ] {
            assert_last(&cloud, &key, operation, &cloud.kms(operation, input).await).await;
        }

        let key = cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
        let mut input = json!({ "KeyId": key.id, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
        let answer = cloud.kms("GenerateMac", input.clone()).await;
        assert_last(&cloud, &key, "GenerateMac", &answer).await;
        input["Mac"] = answer.succeeds()["Mac"].clone();
        assert_last(&cloud, &key, "VerifyMac", &cloud.kms("VerifyMac", input).await).await;

        let key = cloud.make_key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
        let mut input = json!({ "KeyId": key.id, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
        let answer = cloud.kms("Sign", input.clone()).await;
        assert_last(&cloud, &key, "Sign", &answer).await;
        input["Signature"] = answer.succeeds()["Signature"].clone();
        assert_last(&cloud, &key, "Verify", &cloud.kms("Verify", input).await).await;

        let key = cloud.make_key_of("ECC_NIST_P256", "KEY_AGREEMENT").await;
        let public = cloud.kms("GetPublicKey", json!({ "KeyId": key.id })).await.succeeds();
        assert_eq!(last_use(&cloud, &key).await, json!({}), "a public key is no secret");
        let input = json!({ "KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public["PublicKey"] });
        assert_last(&cloud, &key, "DeriveSharedSecret", &cloud.kms("DeriveSharedSecret", input).await).await;

        let key = cloud.make_key_of("ML_KEM_512", "ENCAPSULATE_DECAPSULATE").await;
        let mut input = json!({ "KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM" });
        let answer = cloud.kms("Encapsulate", input.clone()).await;
        assert_last(&cloud, &key, "Encapsulate", &answer).await;
        input["SharedSecretCiphertextBlob"] = answer.succeeds()["SharedSecretCiphertextBlob"].clone();
        assert_last(&cloud, &key, "Decapsulate", &cloud.kms("Decapsulate", input).await).await;
    }

    #[tokio::test]
    async fn a_re_encryption_counts_for_both_keys() {
        let cloud = Cloud::new();
        let (source, destination) = (cloud.make_key().await, cloud.make_key().await);
        let blob = ciphertext(&cloud, &source).await;
        let input = json!({ "CiphertextBlob": blob, "DestinationKeyId": destination.id });
        let answer = cloud.kms("ReEncrypt", input).await;
        assert_last(&cloud, &source, "ReEncrypt", &answer).await;
        assert_last(&cloud, &destination, "ReEncrypt", &answer).await;
        assert_eq!(last_use(&cloud, &source).await, last_use(&cloud, &destination).await);
    }

    #[tokio::test]
    async fn what_fails_and_what_only_might_have_been_does_not_count() {
        let cloud = Cloud::new();
        let (key, used) = (cloud.make_key().await, cloud.make_key().await);
        let blob = ciphertext(&cloud, &used).await;
        let input = json!({ "KeyId": key.id, "CiphertextBlob": blob });
        assert_eq!(cloud.kms("Decrypt", input).await.fails().code, "IncorrectKeyException");
        let input =
            json!({ "DestinationKeyId": key.id, "CiphertextBlob": blob, "SourceEncryptionContext": { "a": "b" } });
        assert_eq!(cloud.kms("ReEncrypt", input).await.fails().code, "InvalidCiphertextException");
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "DryRun": true });
        assert_eq!(cloud.kms("Encrypt", input).await.fails().code, "DryRunOperationException");
        assert_eq!(last_use(&cloud, &key).await, json!({}));
        assert_eq!(last_use(&cloud, &used).await["Operation"], "Encrypt");

        let hmac = cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
        let input =
            json!({ "KeyId": hmac.id, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": base64([0; 32]) });
        assert_eq!(cloud.kms("VerifyMac", input).await.fails().code, "KMSInvalidMacException");
        assert_eq!(last_use(&cloud, &hmac).await, json!({}));
    }

    #[tokio::test]
    async fn it_stays_when_the_key_changes_and_is_written_down() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        ciphertext(&cloud, &key).await;
        let last = last_use(&cloud, &key).await;
        for operation in ["DisableKey", "EnableKey"] {
            cloud.kms(operation, json!({ "KeyId": key.id })).await.succeeds();
            assert_eq!(last_use(&cloud, &key).await, last);
        }
        for _ in 0..3 {
            cloud.clock().advance_millis(60_000);
            cloud.sweep().await;
            assert_eq!(last_use(&cloud, &key).await, last);
        }
        cloud.kms("Decrypt", json!({ "CiphertextBlob": ciphertext(&cloud, &key).await })).await.succeeds();
        assert_eq!(last_use(&cloud, &key).await["Operation"], "Decrypt");
    }

    #[tokio::test]
    async fn it_works_in_every_state() {
        obeys_states("GetKeyLastUsage", &json!({}), Fit::Works, Fit::Works).await;
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        ciphertext(&cloud, &key).await;
        schedule(&cloud, &key, 7).await;
        assert_eq!(last_use(&cloud, &key).await["Operation"], "Encrypt");
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        refuses_identifiers(&cloud, "GetKeyLastUsage", "KeyId", &json!({})).await;
        refuses_aliases(&cloud, "GetKeyLastUsage", &json!({})).await;
    }
}
