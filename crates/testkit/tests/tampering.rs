//! A ciphertext that was changed anywhere on its way is refused, and nothing is told about where.

use std::ops::Range;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use serde_json::{Value, json};
use trent_store::{MemoryEngine, Table};
use trent_testkit::Cloud;

/// Where a ciphertext tells the id of the key material that made it.
const MATERIAL_ID: Range<usize> = 5..37;

const INACCESSIBLE: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
                            region, or you are not allowed to access.";
const INCORRECT_KEY: &str = "The key ID in the request does not identify a CMK that can perform this operation.";

#[tokio::test]
async fn each_changed_bit_of_a_ciphertext_is_refused() {
    let cloud = Cloud::new();
    let key = cloud.make_key().await;
    let context = json!({ "purpose": "test" });
    for (operation, input) in [
        ("Encrypt", json!({ "KeyId": key.id, "Plaintext": "SGVsbG8=", "EncryptionContext": context })),
        ("GenerateDataKey", json!({ "KeyId": key.id, "KeySpec": "AES_256", "EncryptionContext": context })),
    ] {
        let made = cloud.kms(operation, input).await.succeeds();
        let whole = BASE64.decode_to_vec(made["CiphertextBlob"].as_str().expect("text")).expect("base64");
        let decrypt = async |blob: &[u8], key_id| {
            let blob = BASE64.encode_to_string(blob);
            let input = json!({ "CiphertextBlob": blob, "EncryptionContext": context, "KeyId": key_id });
            cloud.kms("Decrypt", input).await
        };
        decrypt(&whole, json!(null)).await.succeeds();
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[position] ^= 1 << bit;
                let (unnamed, named) = if MATERIAL_ID.contains(&position) {
                    (("AccessDeniedException", Some(INACCESSIBLE)), ("IncorrectKeyException", Some(INCORRECT_KEY)))
                } else {
                    (("InvalidCiphertextException", None), ("InvalidCiphertextException", None))
                };
                decrypt(&changed, json!(null)).await.fails_with(unnamed.0, unnamed.1);
                decrypt(&changed, json!(key.id)).await.fails_with(named.0, named.1);
            }
        }
    }
}

#[tokio::test]
async fn each_shortened_and_each_lengthened_ciphertext_is_refused() {
    let cloud = Cloud::new();
    let key = cloud.make_key().await;
    let made = cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": "SGVsbG8=" })).await.succeeds();
    let whole = BASE64.decode_to_vec(made["CiphertextBlob"].as_str().expect("text")).expect("base64");
    let shortened = (1..whole.len()).flat_map(|n| [whole[..n].to_vec(), whole[n..].to_vec()]);
    let lengthened =
        [0, 1, 0xff].into_iter().flat_map(|byte| [[&*whole, &[byte]].concat(), [&[byte], &*whole].concat()]);
    for changed in shortened.chain(lengthened) {
        let input = json!({ "CiphertextBlob": BASE64.encode_to_string(changed) });
        cloud.kms("Decrypt", input).await.fails_with("InvalidCiphertextException", None);
    }
}

/// The id of an HMAC or asymmetric key's material stands in no ciphertext, and opens none that claims it.
#[tokio::test]
async fn a_ciphertext_that_names_the_material_of_a_key_that_does_not_encrypt_so_is_refused() {
    static KEYS: Table<Value> = Table::new("kms.key", 1);
    let engine = Arc::new(MemoryEngine::new());
    let cloud = Cloud::over(engine.clone());
    let symmetric = cloud.make_key().await;
    let made = cloud.kms("Encrypt", json!({ "KeyId": symmetric.id, "Plaintext": "SGVsbG8=" })).await.succeeds();
    let genuine = BASE64.decode_to_vec(made["CiphertextBlob"].as_str().expect("text")).expect("base64");
    for (spec, usage) in
        [("HMAC_256", "GENERATE_VERIFY_MAC"), ("SM2", "ENCRYPT_DECRYPT"), ("ECC_NIST_P256", "SIGN_VERIFY")]
    {
        let key = cloud.make_key_of(spec, usage).await;
        let stored = KEYS.scan(&*engine, (), None, usize::MAX).await.expect("readable");
        let stored = stored.iter().find(|entry| entry.key.text(2).is_ok_and(|id| id == key.id)).expect("it was made");
        let material = hex::decode(stored.record["lifecycle"]["shared"]["materials"][0]["id"].as_str().expect("an id"))
            .expect("hexadecimal");
        let mut forged = genuine.clone();
        forged[MATERIAL_ID].copy_from_slice(&material);
        let mut input = json!({ "CiphertextBlob": BASE64.encode_to_string(forged) });
        cloud.refuses("Decrypt", input.clone(), "AccessDeniedException", Some(INACCESSIBLE)).await;
        input["KeyId"] = json!(key.id);
        cloud.refuses("Decrypt", input, "IncorrectKeyException", Some(INCORRECT_KEY)).await;
    }
}
