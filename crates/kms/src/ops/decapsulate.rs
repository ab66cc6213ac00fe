//! Takes the shared secret out of its ciphertext. Only the length of a ciphertext can be wrong: one that was made for
//! another key yields a secret that nobody shares (implicit rejection, FIPS 203).

use trent_kms_core::DecapsulationError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DecapsulateRequest, DecapsulateResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn decapsulate(
    kms: &Kms,
    cx: &Context,
    input: DecapsulateRequest,
) -> Result<DecapsulateResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::Decapsulate).await?;
    let algorithm = same_name(input.encapsulation_algorithm.as_str())?;
    key.require(algorithm)?;
    let ciphertext = input.shared_secret_ciphertext_blob.as_ref();
    let secret = key.current_material()?.key.decapsulate(algorithm, ciphertext).map_err(|error| match error {
        DecapsulationError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        DecapsulationError::InvalidCiphertext(_) => errors::INVALID_CIPHERTEXT.bare(),
    })?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(DecapsulateResponse {
        key_id: Some(key.arn_text()),
        shared_secret: Some(secret),
        encapsulation_algorithm: Some(input.encapsulation_algorithm),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{EncapsulationAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, Fit, HELLO, base64, bytes, every_key, obeys_states, refuses_absent_aliases,
        refuses_identifiers,
    };

    const SPECS: [KeySpec; 3] = [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

    /// What Encapsulate made.
    async fn made(keys: &EveryKey, spec: KeySpec) -> Value {
        let input =
            json!({ "KeyId": keys.of(spec, KeyUsage::EncapsulateDecapsulate).id, "EncapsulationAlgorithm": "ML_KEM" });
        keys.call("Encapsulate", input).await.succeeds()
    }

    fn input(key_id: &Value, ciphertext: &Value) -> Value {
        json!({ "KeyId": key_id, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": ciphertext })
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let made = made(keys, KeySpec::MlKem768).await;
        let answer = keys.call("Decapsulate", input(&made["KeyId"], &made["SharedSecretCiphertextBlob"])).await;
        assert_eq!(
            answer.text(),
            format!(
                r#"{{"KeyId":{},"SharedSecret":{},"EncapsulationAlgorithm":"ML_KEM"}}"#,
                made["KeyId"], made["SharedSecret"]
            )
        );
    }

    #[tokio::test]
    async fn a_changed_ciphertext_yields_a_secret_that_nobody_shares() {
        let keys = every_key().await;
        for spec in SPECS {
            let made = made(keys, spec).await;
            let mut ciphertext = bytes(&made["SharedSecretCiphertextBlob"]);
            ciphertext[100] ^= 1;
            let input = input(&made["KeyId"], &json!(base64(ciphertext)));
            let secret = keys.call("Decapsulate", input.clone()).await.succeeds()["SharedSecret"].clone();
            assert_ne!(secret, made["SharedSecret"], "{spec}");
            assert_eq!(bytes(&secret).len(), 32);
            assert_eq!(secret, keys.call("Decapsulate", input).await.succeeds()["SharedSecret"], "always the same");
        }
    }

    #[tokio::test]
    async fn a_ciphertext_for_another_key_yields_a_secret_that_nobody_shares() {
        let cloud = Cloud::new();
        let (key, other) = (
            cloud.make_key_of("ML_KEM_512", "ENCAPSULATE_DECAPSULATE").await,
            cloud.make_key_of("ML_KEM_512", "ENCAPSULATE_DECAPSULATE").await,
        );
        let input_of_encapsulate = json!({ "KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM" });
        let made = cloud.kms("Encapsulate", input_of_encapsulate).await.succeeds();
        let input = input(&json!(other.id), &made["SharedSecretCiphertextBlob"]);
        assert_ne!(cloud.kms("Decapsulate", input).await.succeeds()["SharedSecret"], made["SharedSecret"]);
    }

    #[tokio::test]
    async fn ciphertexts_of_another_length_are_refused_without_a_word() {
        let keys = every_key().await;
        let mut of_each = Vec::new();
        for spec in SPECS {
            of_each.push(made(keys, spec).await);
        }
        for made in &of_each {
            let whole = bytes(&made["SharedSecretCiphertextBlob"]);
            let of_others = of_each.iter().filter(|other| other["KeyId"] != made["KeyId"]);
            let of_others = of_others.map(|other| bytes(&other["SharedSecretCiphertextBlob"]));
            let wrong = [vec![7], whole[1..].to_vec(), [&*whole, &[0]].concat(), vec![7; 6144]];
            for wrong in wrong.into_iter().chain(of_others) {
                for dry_run in [false, true] {
                    let mut input = input(&made["KeyId"], &json!(base64(&wrong)));
                    input["DryRun"] = json!(dry_run);
                    keys.refuses("Decapsulate", input, "InvalidCiphertextException", None).await;
                }
            }
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_are_refused_before_the_ciphertext_is_looked_at() {
        let (keys, input) = (every_key().await, json!({ "SharedSecretCiphertextBlob": HELLO, "DryRun": true }));
        keys.refuses_unfit("Decapsulate", "EncapsulationAlgorithm", EncapsulationAlgorithm::ALL, &input).await;
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let made = made(keys, KeySpec::MlKem512).await;
        let mut input = input(&made["KeyId"], &made["SharedSecretCiphertextBlob"]);
        input["DryRun"] = json!(true);
        keys.refuses("Decapsulate", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        let input = json!({ "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": HELLO });
        obeys_states("Decapsulate", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let input = json!({ "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": HELLO });
        refuses_identifiers(&cloud, "Decapsulate", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "Decapsulate", "KeyId", &input).await;
    }
}
