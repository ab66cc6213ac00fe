//! Makes a fresh shared secret, and its ciphertext for whoever may decapsulate.

use aws_smithy_types::Blob;
use trent_kms_core::EncapsulationError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{EncapsulateRequest, EncapsulateResponse};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn encapsulate(
    kms: &Kms,
    cx: &Context,
    input: EncapsulateRequest,
) -> Result<EncapsulateResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::Encapsulate).await?;
    let algorithm = same_name(input.encapsulation_algorithm.as_str())?;
    key.require(algorithm)?;
    let made = key.current_material()?.key.encapsulate(algorithm).map_err(|error| match error {
        EncapsulationError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        EncapsulationError::Failed(error) => messages::crypto(&error),
    })?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(EncapsulateResponse {
        key_id: Some(key.arn_text()),
        shared_secret: Some(made.shared_secret),
        shared_secret_ciphertext_blob: Some(Blob::new(made.ciphertext)),
        encapsulation_algorithm: Some(input.encapsulation_algorithm),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trent_kms_core::{EncapsulationAlgorithm, KeySpec, KeyUsage};
    use trent_testkit::Cloud;

    use crate::testing::{DRY_RUN, Fit, bytes, every_key, obeys_states, refuses_absent_aliases, refuses_identifiers};

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate);
        let input = json!({ "KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM" });
        let answer = keys.call("Encapsulate", input).await;
        let made = answer.succeeds();
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"KeyId":"{}","SharedSecret":{},"SharedSecretCiphertextBlob":{},"#,
                    r#""EncapsulationAlgorithm":"ML_KEM"}}"#,
                ),
                key.arn, made["SharedSecret"], made["SharedSecretCiphertextBlob"]
            )
        );
    }

    #[tokio::test]
    async fn every_spec_makes_fresh_secrets_that_decapsulate() {
        let keys = every_key().await;
        for (spec, length) in [(KeySpec::MlKem512, 768), (KeySpec::MlKem768, 1088), (KeySpec::MlKem1024, 1568)] {
            let input = json!({ "KeyId": keys.of(spec, KeyUsage::EncapsulateDecapsulate).id, "EncapsulationAlgorithm": "ML_KEM" });
            let made = keys.call("Encapsulate", input.clone()).await.succeeds();
            assert_eq!(bytes(&made["SharedSecret"]).len(), 32, "{spec}");
            assert_eq!(bytes(&made["SharedSecretCiphertextBlob"]).len(), length, "{spec}");
            let again = keys.call("Encapsulate", input.clone()).await.succeeds();
            assert_ne!(made["SharedSecret"], again["SharedSecret"]);
            assert_ne!(made["SharedSecretCiphertextBlob"], again["SharedSecretCiphertextBlob"]);

            let mut input = input;
            input["SharedSecretCiphertextBlob"] = made["SharedSecretCiphertextBlob"].clone();
            let opened = keys.call("Decapsulate", input).await.succeeds();
            assert_eq!(opened["SharedSecret"], made["SharedSecret"], "{spec}");
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_are_refused() {
        let (keys, algorithms) = (every_key().await, EncapsulationAlgorithm::ALL);
        keys.refuses_unfit("Encapsulate", "EncapsulationAlgorithm", algorithms, &json!({ "DryRun": true })).await;
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::MlKem512, KeyUsage::EncapsulateDecapsulate);
        let input = json!({ "KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM", "DryRun": true });
        keys.refuses("Encapsulate", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        let input = json!({ "EncapsulationAlgorithm": "ML_KEM" });
        obeys_states("Encapsulate", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "EncapsulationAlgorithm": "ML_KEM" }));
        refuses_identifiers(&cloud, "Encapsulate", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "Encapsulate", "KeyId", &input).await;
    }
}
