//! Agrees on a secret with the holder of another key on the same curve: the raw x-coordinate, without a key derivation
//! function.

use trent_kms_core::AgreementError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DeriveSharedSecretRequest, DeriveSharedSecretResponse};
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages, names::same_name};

pub(crate) async fn derive_shared_secret(
    kms: &Kms,
    cx: &Context,
    input: DeriveSharedSecretRequest,
) -> Result<DeriveSharedSecretResponse, ApiError> {
    let recipient = kms.recipient(input.recipient.as_ref())?;
    let algorithm = Fact::Text(condition::KEY_AGREEMENT_ALGORITHM, input.key_agreement_algorithm.as_str());
    let facts = [algorithm, recipient.fact()];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::DeriveSharedSecret).await?;
    let algorithm = same_name(input.key_agreement_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let agreed = material.derive_shared_secret(algorithm, input.public_key.as_ref());
    let secret = agreed.map_err(|error| match error {
        // Recorded without a message, for a key on another curve as for garbage.
        AgreementError::InvalidPublicKey => ApiError::bare("ValidationException"),
        AgreementError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        AgreementError::Failed(error) => messages::crypto(&error),
    })?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    let delivery = kms.deliver(&recipient, secret)?;
    Ok(DeriveSharedSecretResponse {
        key_id: Some(key.arn_text()),
        shared_secret: delivery.plaintext,
        ciphertext_for_recipient: delivery.ciphertext_for_recipient,
        key_agreement_algorithm: Some(input.key_agreement_algorithm),
        key_origin: Some(same_name(key.record().lifecycle.origin().as_str())?),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeyAgreementAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, Fit, HELLO, SharedKey, base64, bytes, every_key, obeys_states, refuses_absent_aliases,
        refuses_identifiers,
    };

    /// The specs that agree, with the length of their secrets in bytes (crypto.md §4).
    const SPECS: [(KeySpec, usize); 4] =
        [(KeySpec::EccNistP256, 32), (KeySpec::EccNistP384, 48), (KeySpec::EccNistP521, 66), (KeySpec::Sm2, 32)];

    async fn public_key(keys: &EveryKey, key: &SharedKey) -> Value {
        keys.call("GetPublicKey", json!({ "KeyId": key.id })).await.succeeds()["PublicKey"].clone()
    }

    fn input(key: &str, peer: &Value) -> Value {
        json!({ "KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer })
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::KeyAgreement);
        let answer = keys.call("DeriveSharedSecret", input(&key.id, &public_key(keys, key).await)).await;
        assert_eq!(
            answer.text(),
            format!(
                r#"{{"KeyId":"{}","SharedSecret":{},"KeyAgreementAlgorithm":"ECDH","KeyOrigin":"AWS_KMS"}}"#,
                key.arn,
                answer.succeeds()["SharedSecret"]
            )
        );
    }

    #[tokio::test]
    async fn both_sides_agree_on_every_curve() {
        let cloud = Cloud::new();
        for (spec, length) in SPECS {
            let (one, other) = (
                cloud.make_key_of(spec.as_str(), "KEY_AGREEMENT").await,
                cloud.make_key_of(spec.as_str(), "KEY_AGREEMENT").await,
            );
            let public_key = async |id: &str| -> Value {
                cloud.kms("GetPublicKey", json!({ "KeyId": id })).await.succeeds()["PublicKey"].clone()
            };
            let agree = async |id: &str, peer: &Value| -> Value {
                cloud.kms("DeriveSharedSecret", input(id, peer)).await.succeeds()["SharedSecret"].clone()
            };
            let (one_public, other_public) = (public_key(&one.id).await, public_key(&other.id).await);
            let secret = agree(&one.id, &other_public).await;
            assert_eq!(secret, agree(&other.id, &one_public).await, "{spec}");
            assert_eq!(bytes(&secret).len(), length, "{spec}");
            assert_ne!(secret, agree(&one.id, &one_public).await, "a key may agree with itself");
        }
    }

    #[tokio::test]
    async fn whatever_is_no_point_on_the_keys_curve_is_refused_without_a_word() {
        let keys = every_key().await;
        for (spec, _) in SPECS {
            let key = keys.of(spec, KeyUsage::KeyAgreement);
            let own = public_key(keys, key).await;
            let own = bytes(&own);
            let mut wrong = vec![
                b"x".to_vec(),
                vec![0; 8192],
                own[1..].to_vec(),
                own[..own.len() - 1].to_vec(),
                [&*own, &[0]].concat(),
                // One bit of y, so that the point leaves the curve; then the form of a compressed point.
                [&own[..own.len() - 1], &[own[own.len() - 1] ^ 1]].concat(),
                own.iter().map(|byte| if *byte == 4 { 2 } else { *byte }).collect(),
            ];
            for other in keys.iter().filter(|other| other.spec != spec) {
                let answer = keys.call("GetPublicKey", json!({ "KeyId": other.id })).await;
                if answer.status == 200 {
                    wrong.push(bytes(&answer.succeeds()["PublicKey"]));
                }
            }
            for wrong in wrong {
                for dry_run in [false, true] {
                    let mut input = input(&key.id, &json!(base64(&wrong)));
                    input["DryRun"] = json!(dry_run);
                    keys.refuses("DeriveSharedSecret", input, "ValidationException", None).await;
                }
            }
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_are_refused_before_the_peers_key_is_looked_at() {
        let (keys, input) = (every_key().await, json!({ "PublicKey": HELLO, "DryRun": true }));
        let algorithms = KeyAgreementAlgorithm::ALL;
        keys.refuses_unfit("DeriveSharedSecret", "KeyAgreementAlgorithm", algorithms, &input).await;
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::EccNistP256, KeyUsage::KeyAgreement);
        let mut input = input(&key.id, &public_key(keys, key).await);
        input["DryRun"] = json!(true);
        keys.refuses("DeriveSharedSecret", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        let input = json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": HELLO });
        obeys_states("DeriveSharedSecret", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": HELLO }));
        refuses_identifiers(&cloud, "DeriveSharedSecret", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "DeriveSharedSecret", "KeyId", &input).await;
    }
}
