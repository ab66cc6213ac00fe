//! Decrypts under one key and encrypts under another, without the plaintext leaving KMS. Source and destination ask for
//! permissions of their own, and have contexts of their own.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::access::Asked;
use crate::action::Action;
use crate::api::{ReEncryptRequest, ReEncryptResponse};
use crate::ciphertext::{
    Sealed, encryption_algorithm, encryption_context, encryption_facts, end_dry_run, ignores_ciphertext,
};
use crate::conditions::{Fact, key as condition};
use crate::names::same_name;

pub(crate) async fn re_encrypt(
    kms: &Kms,
    cx: &Context,
    input: ReEncryptRequest,
) -> Result<ReEncryptResponse, ApiError> {
    let modifiers = input.dry_run_modifiers.as_deref();
    let is_ignored = ignores_ciphertext(modifiers, input.dry_run, input.source_key_id.as_deref())?;
    let source_algorithm = encryption_algorithm(input.source_encryption_algorithm)?;
    let algorithm = encryption_algorithm(input.destination_encryption_algorithm)?;
    let sealed = Sealed {
        blob: input.ciphertext_blob,
        key_id: input.source_key_id,
        algorithm: source_algorithm,
        context: encryption_context(input.source_encryption_context),
        is_ignored,
    };
    let context = encryption_context(input.destination_encryption_context);
    let is_same_key =
        Fact::Flag(condition::RE_ENCRYPT_ON_SAME_KEY, kms.opens_itself(cx, &sealed, &input.destination_key_id).await);
    let grant_tokens = input.grant_tokens.as_deref().unwrap_or_default();

    let [algorithm_fact, context_fact] = encryption_facts(algorithm, &context);
    let facts = [algorithm_fact, context_fact, is_same_key];
    let lookup = kms.key(cx, &input.destination_key_id).asking(Asked { facts: &facts, grant_tokens, child: None });
    let destination = lookup.for_action(Action::ReEncryptTo).await?;
    destination.require(algorithm)?;

    let [.., is_same_key] = facts;
    let [algorithm_fact, context_fact] = encryption_facts(source_algorithm, &sealed.context);
    let facts = [algorithm_fact, context_fact, is_same_key];
    let opened =
        kms.open(cx, Action::ReEncryptFrom, &sealed, Asked { facts: &facts, grant_tokens, child: None }).await?;

    let (ciphertext, material_id) = kms.encrypt(&destination, algorithm, &opened.plaintext, &context)?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &opened.key);
    kms.note_use(cx, &destination);
    Ok(ReEncryptResponse {
        ciphertext_blob: Some(ciphertext),
        source_key_id: Some(opened.key.arn_text()),
        key_id: Some(destination.arn_text()),
        source_encryption_algorithm: Some(same_name(source_algorithm.as_str())?),
        destination_encryption_algorithm: Some(same_name(algorithm.as_str())?),
        source_key_material_id: opened.material_id.map(|id| id.to_string()),
        destination_key_material_id: material_id.map(|id| id.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{EncryptionAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, HELLO, INACCESSIBLE, INCORRECT_KEY, alias, base64, ciphertext, every_key,
        refuses_absent_aliases, refuses_identifiers, schedule, with,
    };

    /// A key of each kind that encrypts, and an algorithm of it.
    const KINDS: [(KeySpec, &str); 3] = [
        (KeySpec::SymmetricDefault, "SYMMETRIC_DEFAULT"),
        (KeySpec::Rsa2048, "RSAES_OAEP_SHA_256"),
        (KeySpec::Sm2, "SM2PKE"),
    ];

    /// An input of ReEncrypt: a plaintext of this length, encrypted under the one shared key, for the other.
    async fn between(keys: &EveryKey, from: (KeySpec, &str), to: (KeySpec, &str), length: usize) -> Value {
        let id = |spec| &keys.of(spec, KeyUsage::EncryptDecrypt).id;
        let encrypt =
            json!({ "KeyId": id(from.0), "EncryptionAlgorithm": from.1, "Plaintext": base64(vec![7; length]) });
        json!({
            "CiphertextBlob": keys.call("Encrypt", encrypt).await.succeeds()["CiphertextBlob"],
            "SourceKeyId": id(from.0), "SourceEncryptionAlgorithm": from.1,
            "DestinationKeyId": id(to.0), "DestinationEncryptionAlgorithm": to.1,
        })
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_and_opens_under_the_other_key() {
        let cloud = Cloud::new();
        let (from, to) = (cloud.make_key().await, cloud.make_key().await);
        let blob = ciphertext(&cloud, &from).await;
        let answer = cloud.kms("ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": to.id })).await;
        let made = answer.succeeds();
        let (from_metadata, to_metadata) = (
            cloud.kms("DescribeKey", json!({ "KeyId": from.id })).await.succeeds(),
            cloud.kms("DescribeKey", json!({ "KeyId": to.id })).await.succeeds(),
        );
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"CiphertextBlob":{},"SourceKeyId":"{}","KeyId":"{}","#,
                    r#""SourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","#,
                    r#""DestinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","#,
                    r#""SourceKeyMaterialId":{},"DestinationKeyMaterialId":{}}}"#,
                ),
                made["CiphertextBlob"],
                from.arn,
                to.arn,
                from_metadata["KeyMetadata"]["CurrentKeyMaterialId"],
                to_metadata["KeyMetadata"]["CurrentKeyMaterialId"],
            )
        );
        let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": made["CiphertextBlob"] })).await.succeeds();
        assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!(HELLO), &json!(to.arn)));
    }

    #[tokio::test]
    async fn contexts_of_source_and_destination_have_nothing_to_do_with_each_other() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionContext": { "a": "1" } });
        let blob = cloud.kms("Encrypt", input).await.succeeds()["CiphertextBlob"].clone();
        let re_encrypt = |source, destination| {
            json!({
                "CiphertextBlob": blob, "DestinationKeyId": key.id,
                "SourceEncryptionContext": source, "DestinationEncryptionContext": destination,
            })
        };
        cloud
            .refuses("ReEncrypt", re_encrypt(json!(null), json!({ "a": "1" })), "InvalidCiphertextException", None)
            .await;
        for (destination, fits, fits_not) in
            [(json!(null), json!({}), json!({ "a": "1" })), (json!({ "b": "2" }), json!({ "b": "2" }), json!({}))]
        {
            let made = cloud.kms("ReEncrypt", re_encrypt(json!({ "a": "1" }), destination)).await.succeeds();
            let decrypt = |context| json!({ "CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": context });
            assert_eq!(cloud.kms("Decrypt", decrypt(fits)).await.succeeds()["Plaintext"], HELLO);
            cloud.kms("Decrypt", decrypt(fits_not)).await.fails_with("InvalidCiphertextException", None);
        }
    }

    #[tokio::test]
    async fn a_data_key_becomes_an_ordinary_ciphertext() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let made = cloud.kms("GenerateDataKey", json!({ "KeyId": key.id, "KeySpec": "AES_128" })).await.succeeds();
        let input = json!({ "CiphertextBlob": made["CiphertextBlob"], "DestinationKeyId": key.id });
        let blob = cloud.kms("ReEncrypt", input).await.succeeds()["CiphertextBlob"].clone();
        assert!(blob.as_str().is_some_and(|blob| blob.starts_with("AQICAH")), "{blob}");
        let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
    }

    #[tokio::test]
    async fn a_source_that_is_named_must_be_the_ciphertexts() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/key", &key).await;
        let blob = ciphertext(&cloud, &key).await;
        let input =
            |source: &str| json!({ "CiphertextBlob": blob, "DestinationKeyId": other.id, "SourceKeyId": source });
        for source in [&*key.id, &*key.arn, "alias/key"] {
            cloud.kms("ReEncrypt", input(source)).await.succeeds();
        }
        cloud.refuses("ReEncrypt", input(&other.id), "IncorrectKeyException", Some(INCORRECT_KEY)).await;
    }

    #[tokio::test]
    async fn the_states_of_both_keys_are_told() {
        let cloud = Cloud::new();
        let (from, to) = (cloud.make_key().await, cloud.make_key().await);
        let input = json!({ "CiphertextBlob": ciphertext(&cloud, &from).await, "DestinationKeyId": to.id });
        for key in [&from, &to] {
            cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
            let message = format!("{} is disabled.", key.arn);
            cloud.refuses("ReEncrypt", input.clone(), "DisabledException", Some(&message)).await;
            cloud.kms("EnableKey", json!({ "KeyId": key.id })).await.succeeds();
            schedule(&cloud, key, 7).await;
            let message = format!("{} is pending deletion.", key.arn);
            cloud.refuses("ReEncrypt", input.clone(), "KMSInvalidStateException", Some(&message)).await;
            cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
            cloud.kms("EnableKey", json!({ "KeyId": key.id })).await.succeeds();
        }
        cloud.kms("ReEncrypt", input).await.succeeds();
    }

    #[tokio::test]
    async fn a_ciphertext_is_required_and_must_be_one() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "DestinationKeyId": key.id });
        let message = Some("CiphertextBlob must not be null");
        cloud.refuses("ReEncrypt", input, "ValidationException", message).await;
        let input = json!({ "DestinationKeyId": key.id, "CiphertextBlob": "AA==" });
        cloud.refuses("ReEncrypt", input, "InvalidCiphertextException", None).await;
        let foreign = cloud.client().in_account("111122223333");
        let input = json!({ "KeyId": foreign.make_key().await.id, "Plaintext": HELLO });
        let blob = foreign.kms("Encrypt", input).await.succeeds()["CiphertextBlob"].clone();
        let input = json!({ "DestinationKeyId": key.id, "CiphertextBlob": blob });
        cloud.refuses("ReEncrypt", input, "AccessDeniedException", Some(INACCESSIBLE)).await;
    }

    #[tokio::test]
    async fn algorithms_that_do_not_fit_are_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        let algorithm = "RSAES_OAEP_SHA_256";
        let message = format!("Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.");
        let input =
            json!({ "CiphertextBlob": blob, "DestinationKeyId": key.id, "DestinationEncryptionAlgorithm": algorithm });
        cloud.refuses("ReEncrypt", input, "InvalidKeyUsageException", Some(&message)).await;
        let mut input =
            json!({ "CiphertextBlob": blob, "DestinationKeyId": key.id, "SourceEncryptionAlgorithm": algorithm });
        cloud.refuses("ReEncrypt", input.clone(), "ValidationException", Some("KeyId must not be null")).await;
        input["SourceKeyId"] = json!(key.id);
        cloud.refuses("ReEncrypt", input, "InvalidKeyUsageException", Some(&message)).await;
    }

    #[tokio::test]
    async fn a_dry_run_opens_the_ciphertext_unless_it_shall_be_ignored() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        let blob = ciphertext(&cloud, &key).await;
        let input = json!({ "CiphertextBlob": blob, "DestinationKeyId": other.id, "DryRun": true });
        cloud.refuses("ReEncrypt", input.clone(), "DryRunOperationException", Some(DRY_RUN)).await;
        let mut wrong = input.clone();
        wrong["SourceEncryptionContext"] = json!({ "a": "b" });
        cloud.refuses("ReEncrypt", wrong, "InvalidCiphertextException", None).await;

        let mut ignoring = json!({ "DestinationKeyId": other.id, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
        let misused = Some("The IGNORE_CIPHERTEXT modifier requires DryRun and a key ID.");
        cloud.refuses("ReEncrypt", ignoring.clone(), "ValidationException", misused).await;
        ignoring["DryRun"] = json!(true);
        cloud.refuses("ReEncrypt", ignoring.clone(), "ValidationException", misused).await;
        ignoring["SourceKeyId"] = json!(key.id);
        cloud.refuses("ReEncrypt", ignoring, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "CiphertextBlob": ciphertext(&cloud, &key).await, "DestinationKeyId": key.id });
        for member in ["SourceKeyId", "DestinationKeyId"] {
            refuses_identifiers(&cloud, "ReEncrypt", member, &input).await;
            refuses_absent_aliases(&cloud, "ReEncrypt", member, &input).await;
        }
    }

    #[tokio::test]
    async fn symmetric_and_asymmetric_keys_mix_and_only_symmetric_ones_tell_their_material() {
        let keys = every_key().await;
        let arn = |spec| &keys.of(spec, KeyUsage::EncryptDecrypt).arn;
        let symmetric = json!({ "KeyId": arn(KeySpec::SymmetricDefault) });
        let material =
            keys.call("DescribeKey", symmetric).await.succeeds()["KeyMetadata"]["CurrentKeyMaterialId"].clone();
        let told = |member: &str, spec| {
            if spec == KeySpec::SymmetricDefault { format!(r#","{member}":{material}"#) } else { String::new() }
        };
        for from in KINDS {
            for to in KINDS {
                let answer = keys.call("ReEncrypt", between(keys, from, to, 100).await).await;
                let blob = &answer.succeeds()["CiphertextBlob"];
                assert_eq!(
                    answer.text(),
                    format!(
                        concat!(
                            r#"{{"CiphertextBlob":{},"SourceKeyId":"{}","KeyId":"{}","SourceEncryptionAlgorithm":"{}","#,
                            r#""DestinationEncryptionAlgorithm":"{}"{}{}}}"#,
                        ),
                        blob,
                        arn(from.0),
                        arn(to.0),
                        from.1,
                        to.1,
                        told("SourceKeyMaterialId", from.0),
                        told("DestinationKeyMaterialId", to.0),
                    )
                );
                let input = json!({ "CiphertextBlob": blob, "KeyId": arn(to.0), "EncryptionAlgorithm": to.1 });
                assert_eq!(keys.call("Decrypt", input).await.succeeds()["Plaintext"], base64([7; 100]));
            }
        }
    }

    #[tokio::test]
    async fn a_destination_that_does_not_fit_is_refused_before_the_source_is_looked_at() {
        let keys = every_key().await;
        let input = json!({ "CiphertextBlob": HELLO, "SourceKeyId": "x", "DryRun": true });
        for key in keys.iter() {
            for algorithm in EncryptionAlgorithm::ALL {
                let input = with(
                    &with(&input, "DestinationKeyId", &key.id),
                    "DestinationEncryptionAlgorithm",
                    algorithm.as_str(),
                );
                let message = if key.usage != KeyUsage::EncryptDecrypt {
                    format!("{} key usage is {} which is not valid for ReEncryptTo.", key.arn, key.usage)
                } else if !trent_kms_core::Algorithm::fits(*algorithm, key.spec) {
                    format!("Algorithm {algorithm} is incompatible with key spec {}.", key.spec)
                } else {
                    continue;
                };
                keys.refuses("ReEncrypt", input, "InvalidKeyUsageException", Some(&message)).await;
            }
        }
    }

    #[tokio::test]
    async fn a_source_that_does_not_fit_is_refused() {
        let keys = every_key().await;
        let [symmetric, rsa, _] = KINDS;
        let input = between(keys, rsa, symmetric, 1).await;
        let signing = keys.of(KeySpec::Rsa2048, KeyUsage::SignVerify);
        let message = format!("{} key usage is SIGN_VERIFY which is not valid for ReEncryptFrom.", signing.arn);
        let wrong = with(&input, "SourceKeyId", &signing.id);
        keys.refuses("ReEncrypt", wrong, "InvalidKeyUsageException", Some(&message)).await;
        let wrong = with(&input, "SourceEncryptionAlgorithm", "SM2PKE");
        let message = "Algorithm SM2PKE is incompatible with key spec RSA_2048.";
        keys.refuses("ReEncrypt", wrong, "InvalidKeyUsageException", Some(message)).await;
        for algorithm in ["RSAES_OAEP_SHA_1", "SYMMETRIC_DEFAULT"] {
            let wrong = with(&input, "SourceEncryptionAlgorithm", algorithm);
            keys.refuses("ReEncrypt", wrong, "InvalidCiphertextException", None).await;
        }
        let mut nameless = input;
        nameless["SourceKeyId"].take();
        keys.refuses("ReEncrypt", nameless, "ValidationException", Some("KeyId must not be null")).await;
    }

    #[tokio::test]
    async fn what_the_destination_cannot_encrypt_is_refused_also_in_a_dry_run() {
        let keys = every_key().await;
        let [symmetric, rsa, _] = KINDS;
        for dry_run in [false, true] {
            let mut input = between(keys, symmetric, rsa, 191).await;
            input["DryRun"] = json!(dry_run);
            let message =
                "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.";
            keys.refuses("ReEncrypt", input, "ValidationException", Some(message)).await;

            let message = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
            for (from, to, member) in
                [(symmetric, rsa, "DestinationEncryptionContext"), (rsa, symmetric, "SourceEncryptionContext")]
            {
                let mut input = between(keys, from, to, 1).await;
                input["DryRun"] = json!(dry_run);
                input[member] = json!({ "a": "b" });
                keys.refuses("ReEncrypt", input, "ValidationException", Some(message)).await;
            }
        }
        let mut input = between(keys, symmetric, rsa, 190).await;
        input["DryRun"] = json!(true);
        keys.refuses("ReEncrypt", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }
}
