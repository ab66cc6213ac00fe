//! What Sign and Verify share.

use trent_shared::ApiError;

use crate::api;
use crate::names::same_name;

/// What a message is; the message itself unless told.
pub(crate) fn message_type(asked: Option<api::MessageType>) -> Result<trent_kms_core::MessageType, ApiError> {
    same_name(asked.unwrap_or(api::MessageType::Raw).as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeySpec, KeyUsage, SigningAlgorithm};
    use trent_testkit::Cloud;

    use crate::testing::{
        Fit, HELLO, base64, every_key, length_violation, obeys_states, refuses_absent_aliases, refuses_identifiers,
    };

    const OPERATIONS: [&str; 2] = ["Sign", "Verify"];

    /// All that both need but a key; Sign knows no signature and so ignores it.
    fn input(algorithm: &str, message_type: &str, message: &[u8]) -> Value {
        json!({
            "SigningAlgorithm": algorithm, "MessageType": message_type, "Message": base64(message), "Signature": HELLO,
        })
    }

    #[tokio::test]
    async fn keys_for_something_else_and_algorithms_of_other_specs_are_refused() {
        let keys = every_key().await;
        for operation in OPERATIONS {
            // The message type and the length would be wrong too, and it is a dry run.
            let mut input = input("", "EXTERNAL_MU", b"x");
            input["DryRun"] = json!(true);
            keys.refuses_unfit(operation, "SigningAlgorithm", SigningAlgorithm::ALL, &input).await;
        }
    }

    #[tokio::test]
    async fn message_types_that_do_not_fit_are_refused_before_lengths() {
        let keys = every_key().await;
        for (spec, algorithm, message_type, what) in [
            (KeySpec::Rsa2048, "RSASSA_PKCS1_V1_5_SHA_256", "EXTERNAL_MU", "key spec RSA_2048"),
            (KeySpec::Rsa3072, "RSASSA_PSS_SHA_512", "EXTERNAL_MU", "key spec RSA_3072"),
            (KeySpec::Rsa4096, "RSASSA_PSS_SHA_256", "EXTERNAL_MU", "key spec RSA_4096"),
            (KeySpec::EccNistP256, "ECDSA_SHA_256", "EXTERNAL_MU", "key spec ECC_NIST_P256"),
            (KeySpec::EccNistP384, "ECDSA_SHA_384", "EXTERNAL_MU", "key spec ECC_NIST_P384"),
            (KeySpec::EccNistP521, "ECDSA_SHA_512", "EXTERNAL_MU", "key spec ECC_NIST_P521"),
            (KeySpec::EccSecgP256k1, "ECDSA_SHA_256", "EXTERNAL_MU", "key spec ECC_SECG_P256K1"),
            (KeySpec::Sm2, "SM2DSA", "EXTERNAL_MU", "key spec SM2"),
            (KeySpec::MlDsa44, "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_44"),
            (KeySpec::MlDsa65, "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_65"),
            (KeySpec::MlDsa87, "ML_DSA_SHAKE_256", "DIGEST", "key spec ML_DSA_87"),
            (KeySpec::EccNistEdwards25519, "ED25519_SHA_512", "EXTERNAL_MU", "key spec ECC_NIST_EDWARDS25519"),
            (KeySpec::EccNistEdwards25519, "ED25519_SHA_512", "DIGEST", "algorithm ED25519_SHA_512"),
            (KeySpec::EccNistEdwards25519, "ED25519_PH_SHA_512", "RAW", "algorithm ED25519_PH_SHA_512"),
        ] {
            for operation in OPERATIONS {
                let mut input = input(algorithm, message_type, b"x");
                input["KeyId"] = json!(keys.of(spec, KeyUsage::SignVerify).id);
                let message = format!("Message type {message_type} is incompatible with {what}.");
                keys.refuses(operation, input, "ValidationException", Some(&message)).await;
            }
        }
    }

    #[tokio::test]
    async fn digests_and_mus_of_other_lengths_are_refused_before_anything_is_computed() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.usage == KeyUsage::SignVerify) {
            for algorithm in SigningAlgorithm::ALL.iter().filter(|algorithm| {
                trent_kms_core::Algorithm::fits(**algorithm, key.spec) && **algorithm != SigningAlgorithm::Ed25519Sha512
            }) {
                let (message_type, what, right) = match algorithm.digest_len() {
                    Some(length) => ("DIGEST", "Digest", length),
                    None => ("EXTERNAL_MU", "External Mu", 64),
                };
                for length in [1, right - 1, right + 1, 4096] {
                    for (operation, dry_run) in [("Sign", false), ("Verify", false), ("Verify", true)] {
                        let mut input = input(algorithm.as_str(), message_type, &vec![7; length]);
                        input["KeyId"] = json!(key.id);
                        input["DryRun"] = json!(dry_run);
                        let message = format!("{what} is invalid length for algorithm {algorithm}.");
                        keys.refuses(operation, input, "ValidationException", Some(&message)).await;
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn empty_messages_and_longer_ones_than_4096_bytes_are_refused_without_showing_them() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::SignVerify);
        for operation in OPERATIONS {
            for (length, constraint) in [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")] {
                let mut input = input("ECDSA_SHA_256", "RAW", &vec![7; length]);
                input["KeyId"] = json!(key.id);
                let message = length_violation("message", constraint);
                keys.refuses(operation, input, "ValidationException", Some(&message)).await;
            }
        }
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        // What does not even sign.
        let input = input("ECDSA_SHA_256", "EXTERNAL_MU", b"x");
        for operation in OPERATIONS {
            obeys_states(operation, &input, Fit::Refused, Fit::Refused).await;
        }
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), input("ECDSA_SHA_256", "RAW", b"x"));
        for operation in OPERATIONS {
            refuses_identifiers(&cloud, operation, "KeyId", &input).await;
            refuses_absent_aliases(&cloud, operation, "KeyId", &input).await;
        }
    }
}
