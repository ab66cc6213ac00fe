//! Verifies a signature. One that is wrong is an error, never an answer that says so (recorded); also in a dry run.

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{VerifyRequest, VerifyResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::signing::message_type;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn verify(kms: &Kms, cx: &Context, input: VerifyRequest) -> Result<VerifyResponse, ApiError> {
    let message_type = message_type(input.message_type)?;
    let facts = [
        Fact::Text(condition::MESSAGE_TYPE, message_type.as_str()),
        Fact::Text(condition::SIGNING_ALGORITHM, input.signing_algorithm.as_str()),
    ];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::Verify).await?;
    let algorithm = same_name(input.signing_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let message = material.signing_input(algorithm, message_type, input.message.expose());
    let verified = message.map_err(messages::message)?.verify(input.signature.as_ref());
    verified.map_err(|_| errors::KMS_INVALID_SIGNATURE.bare())?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(VerifyResponse {
        key_id: Some(key.arn_text()),
        signature_valid: Some(true),
        signing_algorithm: Some(input.signing_algorithm),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{Algorithm, KeySpec, KeyUsage, SigningAlgorithm};

    use crate::testing::{DRY_RUN, EveryKey, HELLO, SharedKey, base64, bytes, every_key};

    const CODE: &str = "KMSInvalidSignatureException";

    /// An input of Verify with a genuine signature of `message`, of whichever type the algorithm takes.
    async fn genuine(keys: &EveryKey, key: &SharedKey, algorithm: SigningAlgorithm, message: &[u8]) -> Value {
        let message_type = if algorithm == SigningAlgorithm::Ed25519PhSha512 { "DIGEST" } else { "RAW" };
        let mut input = json!({
            "KeyId": key.id, "SigningAlgorithm": algorithm.as_str(), "MessageType": message_type,
            "Message": base64(message),
        });
        input["Signature"] = keys.call("Sign", input.clone()).await.succeeds()["Signature"].clone();
        input
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::SignVerify);
        let input = genuine(keys, key, SigningAlgorithm::EcdsaSha256, b"x").await;
        assert_eq!(
            keys.call("Verify", input).await.text(),
            format!(r#"{{"KeyId":"{}","SignatureValid":true,"SigningAlgorithm":"ECDSA_SHA_256"}}"#, key.arn)
        );
    }

    #[tokio::test]
    async fn whatever_is_not_the_messages_signature_is_refused_without_a_word() {
        let keys = every_key().await;
        for key in keys.iter().filter(|key| key.usage == KeyUsage::SignVerify) {
            for algorithm in SigningAlgorithm::offered_by(key.spec) {
                let input = genuine(keys, key, *algorithm, &[7; 64]).await;
                keys.call("Verify", input.clone()).await.succeeds();
                let whole = bytes(&input["Signature"]);
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
                    vec![0],
                    vec![0; whole.len()],
                    vec![0xff; 6144],
                ] {
                    let mut input = input.clone();
                    input["Signature"] = json!(base64(wrong));
                    keys.refuses("Verify", input, CODE, None).await;
                }
                let mut input = input;
                input["Message"] = json!(base64([8; 64]));
                keys.refuses("Verify", input, CODE, None).await;
            }
        }
    }

    #[tokio::test]
    async fn a_signature_holds_for_its_key_algorithm_and_message_type_alone() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::Rsa2048, KeyUsage::SignVerify);
        let input = genuine(keys, key, SigningAlgorithm::RsassaPssSha256, &[7; 32]).await;
        let other_key = &keys.of(KeySpec::Rsa3072, KeyUsage::SignVerify).id;
        for (member, value) in [
            ("KeyId", other_key.as_str()),
            ("SigningAlgorithm", "RSASSA_PKCS1_V1_5_SHA_256"),
            ("SigningAlgorithm", "RSASSA_PSS_SHA_384"),
            ("MessageType", "DIGEST"),
        ] {
            let mut input = input.clone();
            input[member] = json!(value);
            keys.refuses("Verify", input, CODE, None).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds_and_tells_of_a_false_signature() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::SignVerify);
        let mut input = genuine(keys, key, SigningAlgorithm::EcdsaSha256, b"x").await;
        input["DryRun"] = json!(true);
        keys.refuses("Verify", input.clone(), "DryRunOperationException", Some(DRY_RUN)).await;
        input["Message"] = json!(HELLO);
        keys.refuses("Verify", input, CODE, None).await;
    }
}
