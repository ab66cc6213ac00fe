//! Encrypts up to 4,096 bytes under a key. The encryption context is bound to the ciphertext as additional
//! authenticated data; the answer does not tell the key material's id, unlike that of Decrypt (recorded).

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{EncryptRequest, EncryptResponse};
use crate::ciphertext::{encryption_algorithm, encryption_context, encryption_facts, end_dry_run};
use crate::names::same_name;

pub(crate) async fn encrypt(kms: &Kms, cx: &Context, input: EncryptRequest) -> Result<EncryptResponse, ApiError> {
    let algorithm = encryption_algorithm(input.encryption_algorithm)?;
    let context = encryption_context(input.encryption_context);
    let facts = encryption_facts(algorithm, &context);
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::Encrypt).await?;
    key.require(algorithm)?;
    let (ciphertext, _) = kms.encrypt(&key, algorithm, &input.plaintext, &context)?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(EncryptResponse {
        ciphertext_blob: Some(ciphertext),
        key_id: Some(key.arn_text()),
        encryption_algorithm: Some(same_name(algorithm.as_str())?),
    })
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::{Value, json};
    use trent_kms_core::{EncryptionAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, Fit, HELLO, alias, base64, bytes, every_key, obeys_states, refuses_absent_aliases,
        refuses_identifiers,
    };

    /// What asymmetric keys encrypt, as crypto.md §3 and §8 have it: spec, algorithm, longest plaintext and, where it is
    /// always the same, length of the ciphertext.
    const ASYMMETRIC: [(KeySpec, &str, usize, Option<usize>); 7] = [
        (KeySpec::Rsa2048, "RSAES_OAEP_SHA_1", 214, Some(256)),
        (KeySpec::Rsa2048, "RSAES_OAEP_SHA_256", 190, Some(256)),
        (KeySpec::Rsa3072, "RSAES_OAEP_SHA_1", 342, Some(384)),
        (KeySpec::Rsa3072, "RSAES_OAEP_SHA_256", 318, Some(384)),
        (KeySpec::Rsa4096, "RSAES_OAEP_SHA_1", 470, Some(512)),
        (KeySpec::Rsa4096, "RSAES_OAEP_SHA_256", 446, Some(512)),
        (KeySpec::Sm2, "SM2PKE", 1024, None),
    ];

    fn input(keys: &EveryKey, spec: KeySpec, algorithm: &str, length: usize) -> Value {
        json!({
            "KeyId": keys.of(spec, KeyUsage::EncryptDecrypt).id, "EncryptionAlgorithm": algorithm,
            "Plaintext": base64(vec![7; length]),
        })
    }

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

    #[tokio::test]
    async fn the_answer_for_an_asymmetric_key_has_the_same_members() {
        let keys = every_key().await;
        let answer = keys.call("Encrypt", input(keys, KeySpec::Rsa2048, "RSAES_OAEP_SHA_256", 1)).await;
        let (blob, arn) =
            (&answer.succeeds()["CiphertextBlob"], &keys.of(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).arn);
        let expected =
            format!(r#"{{"CiphertextBlob":{blob},"KeyId":"{arn}","EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}"#);
        assert_eq!(answer.text(), expected);
    }

    #[tokio::test]
    async fn asymmetric_keys_encrypt_up_to_their_limit_and_decrypt_it() {
        let keys = every_key().await;
        for (spec, algorithm, longest, ciphertext_len) in ASYMMETRIC {
            for length in [1, longest] {
                let mut input = input(keys, spec, algorithm, length);
                let plaintext = input["Plaintext"].clone();
                let encrypted = keys.call("Encrypt", input.clone()).await.succeeds();
                let found = bytes(&encrypted["CiphertextBlob"]).len();
                assert!(ciphertext_len.is_none_or(|expected| expected == found), "{spec} {algorithm}: {found} bytes");
                let again = keys.call("Encrypt", input.clone()).await.succeeds();
                assert_ne!(encrypted["CiphertextBlob"], again["CiphertextBlob"]);
                input["CiphertextBlob"] = encrypted["CiphertextBlob"].clone();
                input["Plaintext"].take();
                let opened = keys.call("Decrypt", input).await.succeeds();
                assert_eq!(opened["Plaintext"], plaintext, "{spec} {algorithm} {length}");
            }
        }
    }

    #[tokio::test]
    async fn longer_plaintexts_are_refused_by_each_asymmetric_limit() {
        let keys = every_key().await;
        for (spec, algorithm, longest, _) in ASYMMETRIC {
            let message =
                format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes.");
            for length in [longest + 1, 4096] {
                for dry_run in [false, true] {
                    let mut input = input(keys, spec, algorithm, length);
                    input["DryRun"] = json!(dry_run);
                    keys.refuses("Encrypt", input, "ValidationException", Some(&message)).await;
                }
            }
        }
    }

    #[tokio::test]
    async fn asymmetric_keys_take_no_context_but_an_empty_one() {
        let keys = every_key().await;
        for (spec, algorithm, longest, _) in ASYMMETRIC {
            let mut input = input(keys, spec, algorithm, longest);
            input["EncryptionContext"] = json!({});
            keys.call("Encrypt", input.clone()).await.succeeds();
            input["EncryptionContext"] = json!({ "a": "b" });
            let message = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
            keys.refuses("Encrypt", input, "ValidationException", Some(message)).await;
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_and_algorithms_of_other_specs_are_refused() {
        let keys = every_key().await;
        let input = json!({ "Plaintext": base64([7; 4096]), "EncryptionContext": { "a": "b" }, "DryRun": true });
        keys.refuses_unfit("Encrypt", "EncryptionAlgorithm", EncryptionAlgorithm::ALL, &input).await;
    }

    #[tokio::test]
    async fn the_algorithm_of_an_asymmetric_key_must_be_named() {
        let keys = every_key().await;
        for spec in [KeySpec::Rsa2048, KeySpec::Rsa4096, KeySpec::Sm2] {
            let input = json!({ "KeyId": keys.of(spec, KeyUsage::EncryptDecrypt).id, "Plaintext": HELLO });
            let message = format!("Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {spec}.");
            keys.refuses("Encrypt", input, "InvalidKeyUsageException", Some(&message)).await;
        }
    }
}
