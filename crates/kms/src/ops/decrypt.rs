//! Opens a ciphertext. The key is found by the ciphertext itself; one that is named must be that key.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::access::Asked;
use crate::action::Action;
use crate::api::{DecryptRequest, DecryptResponse};
use crate::ciphertext::{
    Sealed, encryption_algorithm, encryption_context, encryption_facts, end_dry_run, ignores_ciphertext,
};
use crate::names::same_name;

pub(crate) async fn decrypt(kms: &Kms, cx: &Context, input: DecryptRequest) -> Result<DecryptResponse, ApiError> {
    let modifiers = input.dry_run_modifiers.as_deref();
    let is_ignored = ignores_ciphertext(modifiers, input.dry_run, input.key_id.as_deref())?;
    let recipient = kms.recipient(input.recipient.as_ref())?;
    let algorithm = encryption_algorithm(input.encryption_algorithm)?;
    let sealed = Sealed {
        blob: input.ciphertext_blob,
        key_id: input.key_id,
        algorithm,
        context: encryption_context(input.encryption_context),
        is_ignored,
    };
    let [algorithm_fact, context_fact] = encryption_facts(algorithm, &sealed.context);
    let facts = [algorithm_fact, context_fact, recipient.fact()];
    let asked = Asked { facts: &facts, grant_tokens: input.grant_tokens.as_deref().unwrap_or_default(), child: None };
    let opened = kms.open(cx, Action::Decrypt, &sealed, asked).await?;
    end_dry_run(input.dry_run)?;
    let delivery = kms.deliver(&recipient, opened.plaintext)?;
    kms.note_use(cx, &opened.key);
    Ok(DecryptResponse {
        key_id: Some(opened.key.arn_text()),
        plaintext: delivery.plaintext,
        encryption_algorithm: Some(same_name(algorithm.as_str())?),
        key_material_id: opened.material_id.and_then(|id| recipient.told(id)),
        ciphertext_for_recipient: delivery.ciphertext_for_recipient,
    })
}

#[cfg(test)]
mod tests {
    use base64_simd::STANDARD as BASE64;
    use serde_json::{Value, json};
    use trent_kms_core::{EncryptionAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, HELLO, INACCESSIBLE, INCORRECT_KEY, alias, base64, bytes, ciphertext, every_key,
        refuses_absent_aliases, refuses_identifiers, schedule, with,
    };

    /// An input of Decrypt: [`HELLO`], encrypted under the shared key of this spec.
    async fn encrypted(keys: &EveryKey, spec: KeySpec, algorithm: &str) -> Value {
        let id = &keys.of(spec, KeyUsage::EncryptDecrypt).id;
        let mut input = json!({ "KeyId": id, "EncryptionAlgorithm": algorithm });
        let encrypt = with(&input, "Plaintext", HELLO);
        input["CiphertextBlob"] = keys.call("Encrypt", encrypt).await.succeeds()["CiphertextBlob"].clone();
        input
    }

    #[tokio::test]
    async fn the_ciphertext_alone_names_its_key() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        let answer = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await;
        let described = cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();
        let material = described["KeyMetadata"]["CurrentKeyMaterialId"].as_str().expect("present");
        assert_eq!(
            answer.text(),
            format!(
                r#"{{"KeyId":"{}","Plaintext":"{HELLO}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyMaterialId":"{material}"}}"#,
                key.arn
            )
        );
    }

    #[tokio::test]
    async fn its_key_may_be_named_in_all_four_ways() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        alias(&cloud, "alias/a", &key).await;
        let blob = ciphertext(&cloud, &key).await;
        for id in [&*key.id, &*key.arn, "alias/a", "arn:aws:kms:us-east-1:000000000000:alias/a"] {
            let input = json!({ "CiphertextBlob": blob, "KeyId": id });
            assert_eq!(cloud.kms("Decrypt", input).await.succeeds()["Plaintext"], HELLO);
        }
    }

    #[tokio::test]
    async fn another_key_than_the_ciphertexts_is_refused() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        alias(&cloud, "alias/other", &other).await;
        let blob = ciphertext(&cloud, &key).await;
        for id in [&*other.id, &*other.arn, "alias/other"] {
            let input = json!({ "CiphertextBlob": blob, "KeyId": id });
            cloud.refuses("Decrypt", input, "IncorrectKeyException", Some(INCORRECT_KEY)).await;
        }
    }

    #[tokio::test]
    async fn the_context_must_be_the_same_in_any_order() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Plaintext": HELLO, "EncryptionContext": { "a": "1", "b": "2" } });
        let blob = cloud.kms("Encrypt", input).await.succeeds()["CiphertextBlob"].clone();
        let reversed = format!(r#"{{"EncryptionContext":{{"b":"2","a":"1"}},"CiphertextBlob":{blob}}}"#);
        let request = cloud.client().request("kms").header("x-amz-target", "TrentService.Decrypt");
        assert_eq!(cloud.client().send(request, reversed).await.succeeds()["Plaintext"], HELLO);
        for wrong in [
            json!(null),
            json!({}),
            json!({ "a": "1" }),
            json!({ "a": "1", "b": "3" }),
            json!({ "A": "1", "b": "2" }),
            json!({ "a": "2", "b": "1" }),
            json!({ "a": "1", "b": "2", "c": "" }),
        ] {
            let input = json!({ "CiphertextBlob": blob, "EncryptionContext": wrong });
            cloud.refuses("Decrypt", input, "InvalidCiphertextException", None).await;
        }
    }

    #[tokio::test]
    async fn no_context_and_an_empty_one_are_the_same() {
        let cloud = Cloud::new();
        let blob = ciphertext(&cloud, &cloud.make_key().await).await;
        let input = json!({ "CiphertextBlob": blob, "EncryptionContext": {} });
        assert_eq!(cloud.kms("Decrypt", input).await.succeeds()["Plaintext"], HELLO);
    }

    #[tokio::test]
    async fn what_is_no_ciphertext_is_refused_without_a_word() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        let whole = BASE64.decode_to_vec(blob.as_str().expect("base64")).expect("base64");
        let (shorter, longer) = (&whole[..whole.len() - 1], [&*whole, &[0]].concat());
        for wrong in [b"x".as_slice(), &[0; 6144], &whole[..58], shorter, &longer] {
            let wrong = BASE64.encode_to_string(wrong);
            for key_id in [json!(null), json!(key.id)] {
                let input = json!({ "CiphertextBlob": wrong, "KeyId": key_id });
                cloud.refuses("Decrypt", input, "InvalidCiphertextException", None).await;
            }
        }
    }

    #[tokio::test]
    async fn a_ciphertext_is_required() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        for input in [json!({}), json!({ "KeyId": key.id }), json!({ "KeyId": key.id, "DryRun": true })] {
            cloud.refuses("Decrypt", input, "ValidationException", Some("CiphertextBlob must not be null")).await;
        }
    }

    #[tokio::test]
    async fn an_asymmetric_algorithm_needs_a_key_id_and_an_asymmetric_key() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        let algorithm = "RSAES_OAEP_SHA_1";
        let input = json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm });
        cloud.refuses("Decrypt", input, "ValidationException", Some("KeyId must not be null")).await;
        let input = json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm, "KeyId": key.id });
        let message = "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.";
        cloud.refuses("Decrypt", input, "InvalidKeyUsageException", Some(message)).await;
    }

    #[tokio::test]
    async fn a_ciphertext_of_another_account_region_or_cloud_is_inaccessible() {
        let cloud = Cloud::new();
        let elsewhere = [cloud.client().in_account("111122223333"), cloud.client().in_region("eu-west-1")];
        let mut blobs = Vec::new();
        for client in elsewhere {
            let input = json!({ "KeyId": client.make_key().await.id, "Plaintext": HELLO });
            blobs.push(client.kms("Encrypt", input).await.succeeds()["CiphertextBlob"].clone());
        }
        let other_cloud = Cloud::new();
        // Two clouds draw the same random bytes; its second key is nobody's here.
        other_cloud.make_key().await;
        blobs.push(ciphertext(&other_cloud, &other_cloud.make_key().await).await);
        for blob in blobs {
            let input = json!({ "CiphertextBlob": blob });
            cloud.refuses("Decrypt", input, "AccessDeniedException", Some(INACCESSIBLE)).await;
        }
    }

    #[tokio::test]
    async fn states_are_told_whether_or_not_the_key_is_named() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        let inputs = [json!({ "CiphertextBlob": blob }), json!({ "CiphertextBlob": blob, "KeyId": key.id })];
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        for input in &inputs {
            let message = format!("{} is disabled.", key.arn);
            cloud.refuses("Decrypt", input.clone(), "DisabledException", Some(&message)).await;
        }
        schedule(&cloud, &key, 7).await;
        for input in &inputs {
            let message = format!("{} is pending deletion.", key.arn);
            cloud.refuses("Decrypt", input.clone(), "KMSInvalidStateException", Some(&message)).await;
        }
        cloud.kms("CancelKeyDeletion", json!({ "KeyId": key.id })).await.succeeds();
        cloud.kms("EnableKey", json!({ "KeyId": key.id })).await.succeeds();
        for input in inputs {
            assert_eq!(cloud.kms("Decrypt", input).await.succeeds()["Plaintext"], HELLO);
        }
    }

    #[tokio::test]
    async fn the_ciphertext_of_a_deleted_key_is_inaccessible_before_and_after_the_sweep() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let blob = ciphertext(&cloud, &key).await;
        schedule(&cloud, &key, 7).await;
        cloud.clock().advance_days(7);
        for _ in 0..2 {
            let refusal = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob })).await;
            refusal.fails_with("AccessDeniedException", Some(INACCESSIBLE));
            let refusal = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob, "KeyId": key.id })).await;
            refusal.fails_with("NotFoundException", Some(&format!("Key '{}' does not exist", key.arn)));
            cloud.sweep().await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_does_everything_but_answer() {
        let cloud = Cloud::new();
        let (key, other) = (cloud.make_key().await, cloud.make_key().await);
        let blob = ciphertext(&cloud, &key).await;
        let dry_run = |key_id, context| json!({ "CiphertextBlob": blob, "KeyId": key_id, "EncryptionContext": context, "DryRun": true });
        for key_id in [json!(null), json!(key.id)] {
            cloud.refuses("Decrypt", dry_run(key_id, json!({})), "DryRunOperationException", Some(DRY_RUN)).await;
        }
        let wrong_context = dry_run(json!(null), json!({ "a": "b" }));
        cloud.refuses("Decrypt", wrong_context, "InvalidCiphertextException", None).await;
        let wrong_key = dry_run(json!(other.id), json!({}));
        cloud.refuses("Decrypt", wrong_key, "IncorrectKeyException", Some(INCORRECT_KEY)).await;
        cloud.kms("Decrypt", json!({ "CiphertextBlob": blob, "DryRun": false })).await.succeeds();
    }

    #[tokio::test]
    async fn a_dry_run_may_ignore_the_ciphertext_if_it_names_the_key() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let ignoring = |key_id, dry_run, blob| {
            json!({
                "KeyId": key_id, "DryRun": dry_run, "CiphertextBlob": blob, "DryRunModifiers": ["IGNORE_CIPHERTEXT"],
            })
        };
        for blob in [json!(null), json!("AA==")] {
            let input = ignoring(json!(key.id), json!(true), blob);
            cloud.refuses("Decrypt", input, "DryRunOperationException", Some(DRY_RUN)).await;
        }
        let misused = "The IGNORE_CIPHERTEXT modifier requires DryRun and a key ID.";
        let blob = ciphertext(&cloud, &key).await;
        for (key_id, dry_run) in
            [(json!(null), json!(true)), (json!(key.id), json!(false)), (json!(key.id), json!(null))]
        {
            let input = ignoring(key_id, dry_run, blob.clone());
            cloud.refuses("Decrypt", input, "ValidationException", Some(misused)).await;
        }
        cloud.kms("DisableKey", json!({ "KeyId": key.id })).await.succeeds();
        let input = ignoring(json!(key.id), json!(true), json!(null));
        let message = format!("{} is disabled.", key.arn);
        cloud.refuses("Decrypt", input, "DisabledException", Some(&message)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let input = json!({ "CiphertextBlob": ciphertext(&cloud, &cloud.make_key().await).await });
        refuses_identifiers(&cloud, "Decrypt", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "Decrypt", "KeyId", &input).await;
    }

    #[tokio::test]
    async fn nothing_is_decrypted_in_the_clear_for_an_enclave() {
        let cloud = Cloud::new();
        let blob = ciphertext(&cloud, &cloud.make_key().await).await;
        let recipient = json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": "AA==" });
        let refusal = cloud.kms("Decrypt", json!({ "CiphertextBlob": blob, "Recipient": recipient })).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationException"));
    }

    #[tokio::test]
    async fn the_answer_of_an_asymmetric_key_tells_no_key_material() {
        let keys = every_key().await;
        for (spec, algorithm) in [(KeySpec::Rsa2048, "RSAES_OAEP_SHA_1"), (KeySpec::Sm2, "SM2PKE")] {
            let answer = keys.call("Decrypt", encrypted(keys, spec, algorithm).await).await;
            let arn = &keys.of(spec, KeyUsage::EncryptDecrypt).arn;
            assert_eq!(
                answer.text(),
                format!(r#"{{"KeyId":"{arn}","Plaintext":"{HELLO}","EncryptionAlgorithm":"{algorithm}"}}"#)
            );
        }
    }

    #[tokio::test]
    async fn an_asymmetric_ciphertext_needs_its_key_and_its_algorithm() {
        let keys = every_key().await;
        for (spec, algorithm) in
            [(KeySpec::Rsa2048, "RSAES_OAEP_SHA_1"), (KeySpec::Rsa4096, "RSAES_OAEP_SHA_256"), (KeySpec::Sm2, "SM2PKE")]
        {
            let input = encrypted(keys, spec, algorithm).await;
            let mut nameless = input.clone();
            nameless["KeyId"].take();
            keys.refuses("Decrypt", nameless.clone(), "ValidationException", Some("KeyId must not be null")).await;

            // Taken for a symmetric ciphertext, whether or not the key is named.
            for mut input in [input.clone(), nameless] {
                input["EncryptionAlgorithm"].take();
                keys.refuses("Decrypt", input, "InvalidCiphertextException", None).await;
            }
        }
        for (used, other) in [("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), ("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1")] {
            let input = with(&encrypted(keys, KeySpec::Rsa3072, used).await, "EncryptionAlgorithm", other);
            keys.refuses("Decrypt", input, "InvalidCiphertextException", None).await;
        }
    }

    #[tokio::test]
    async fn whatever_is_no_ciphertext_of_the_asymmetric_key_is_refused_without_a_word_also_in_a_dry_run() {
        let keys = every_key().await;
        for (spec, algorithm) in [
            (KeySpec::Rsa2048, "RSAES_OAEP_SHA_1"),
            (KeySpec::Rsa2048, "RSAES_OAEP_SHA_256"),
            (KeySpec::Rsa3072, "RSAES_OAEP_SHA_256"),
            (KeySpec::Sm2, "SM2PKE"),
        ] {
            let input = encrypted(keys, spec, algorithm).await;
            let whole = bytes(&input["CiphertextBlob"]);
            let changed = |position: usize| {
                let mut changed = whole.clone();
                changed[position] ^= 1;
                changed
            };
            for wrong in [
                changed(0),
                changed(whole.len() / 2),
                changed(whole.len() - 1),
                whole[1..].to_vec(),
                whole[..whole.len() - 1].to_vec(),
                [&*whole, &[0]].concat(),
                [&[0], &*whole].concat(),
                vec![0],
                vec![0; whole.len()],
                vec![0xff; whole.len()],
                vec![0xff; 6144],
            ] {
                for dry_run in [false, true] {
                    let mut input = with(&input, "CiphertextBlob", &base64(&wrong));
                    input["DryRun"] = json!(dry_run);
                    keys.refuses("Decrypt", input, "InvalidCiphertextException", None).await;
                }
            }
        }
    }

    #[tokio::test]
    async fn asymmetric_keys_take_no_context_but_an_empty_one() {
        let keys = every_key().await;
        let mut input = encrypted(keys, KeySpec::Rsa2048, "RSAES_OAEP_SHA_256").await;
        input["EncryptionContext"] = json!({});
        assert_eq!(keys.call("Decrypt", input.clone()).await.succeeds()["Plaintext"], HELLO);
        input["EncryptionContext"] = json!({ "a": "b" });
        // Told before the ciphertext is looked at.
        input["CiphertextBlob"] = json!(HELLO);
        let message = "EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.";
        keys.refuses("Decrypt", input, "ValidationException", Some(message)).await;
    }

    #[tokio::test]
    async fn keys_for_something_else_and_algorithms_of_other_specs_are_refused() {
        let keys = every_key().await;
        let input = json!({ "CiphertextBlob": HELLO, "EncryptionContext": { "a": "b" }, "DryRun": true });
        let asymmetric =
            [EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256, EncryptionAlgorithm::Sm2Pke];
        keys.refuses_unfit("Decrypt", "EncryptionAlgorithm", &asymmetric, &input).await;
    }

    #[tokio::test]
    async fn a_symmetric_ciphertext_is_no_other_keys_whatever_that_is_for() {
        let keys = every_key().await;
        let input = encrypted(keys, KeySpec::SymmetricDefault, "SYMMETRIC_DEFAULT").await;
        keys.call("Decrypt", input.clone()).await.succeeds();
        for key in keys.iter().filter(|key| key.spec != KeySpec::SymmetricDefault) {
            let input = with(&input, "KeyId", &key.id);
            keys.refuses("Decrypt", input, "IncorrectKeyException", Some(INCORRECT_KEY)).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_with_an_asymmetric_key_never_succeeds_and_may_ignore_the_ciphertext() {
        let keys = every_key().await;
        let mut input = encrypted(keys, KeySpec::Rsa2048, "RSAES_OAEP_SHA_1").await;
        input["DryRun"] = json!(true);
        keys.refuses("Decrypt", input.clone(), "DryRunOperationException", Some(DRY_RUN)).await;
        input["CiphertextBlob"].take();
        input["DryRunModifiers"] = json!(["IGNORE_CIPHERTEXT"]);
        keys.refuses("Decrypt", input.clone(), "DryRunOperationException", Some(DRY_RUN)).await;
        input["EncryptionAlgorithm"] = json!("SM2PKE");
        let message = "Algorithm SM2PKE is incompatible with key spec RSA_2048.";
        keys.refuses("Decrypt", input, "InvalidKeyUsageException", Some(message)).await;
    }
}
