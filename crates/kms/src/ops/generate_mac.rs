//! Computes the HMAC of a message.

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{GenerateMacRequest, GenerateMacResponse};
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages, names::same_name};

pub(crate) async fn generate_mac(
    kms: &Kms,
    cx: &Context,
    input: GenerateMacRequest,
) -> Result<GenerateMacResponse, ApiError> {
    let facts = [Fact::Text(condition::MAC_ALGORITHM, input.mac_algorithm.as_str())];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::GenerateMac).await?;
    let algorithm = same_name(input.mac_algorithm.as_str())?;
    key.require(algorithm)?;
    let mac = key.current_material()?.key.mac(algorithm, input.message.expose()).map_err(messages::incompatible)?;
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(GenerateMacResponse {
        mac: Some(Blob::new(mac)),
        mac_algorithm: Some(input.mac_algorithm),
        key_id: Some(key.arn_text()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeySpec, KeyUsage, MacAlgorithm};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, Fit, HELLO, base64, bytes, every_key, length_violation, obeys_states, refuses_absent_aliases,
        refuses_identifiers,
    };

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
        let input = json!({ "KeyId": key.id, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
        let answer = keys.call("GenerateMac", input).await;
        let mac = &answer.succeeds()["Mac"];
        assert_eq!(answer.text(), format!(r#"{{"Mac":{mac},"MacAlgorithm":"HMAC_SHA_256","KeyId":"{}"}}"#, key.arn));
    }

    #[tokio::test]
    async fn every_spec_makes_macs_of_its_length_that_depend_on_the_message_alone() {
        let keys = every_key().await;
        for (spec, algorithm, length) in [
            (KeySpec::Hmac224, "HMAC_SHA_224", 28),
            (KeySpec::Hmac256, "HMAC_SHA_256", 32),
            (KeySpec::Hmac384, "HMAC_SHA_384", 48),
            (KeySpec::Hmac512, "HMAC_SHA_512", 64),
        ] {
            let key = keys.of(spec, KeyUsage::GenerateVerifyMac);
            let mac = async |message: &[u8]| -> Value {
                let input = json!({ "KeyId": key.id, "Message": base64(message), "MacAlgorithm": algorithm });
                keys.call("GenerateMac", input).await.succeeds()["Mac"].clone()
            };
            for message in [&[7; 1][..], &[7; 4096]] {
                let made = mac(message).await;
                assert_eq!(bytes(&made).len(), length, "{spec}");
                assert_eq!(made, mac(message).await);
                let mut input = json!({ "KeyId": key.id, "Message": base64(message), "MacAlgorithm": algorithm });
                input["Mac"] = made;
                assert_eq!(keys.call("VerifyMac", input).await.succeeds()["MacValid"], true);
            }
            assert_ne!(mac(&[7; 1]).await, mac(&[7; 4096]).await);
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_and_algorithms_of_other_specs_are_refused() {
        let input = json!({ "Message": HELLO, "DryRun": true });
        every_key().await.refuses_unfit("GenerateMac", "MacAlgorithm", MacAlgorithm::ALL, &input).await;
    }

    #[tokio::test]
    async fn empty_messages_and_longer_ones_than_4096_bytes_are_refused_without_showing_them() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
        for (length, constraint) in [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")] {
            let message = base64(vec![7; length]);
            let input = json!({ "KeyId": key.id, "Message": message, "MacAlgorithm": "HMAC_SHA_256" });
            let message = length_violation("message", constraint);
            keys.refuses("GenerateMac", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds() {
        let keys = every_key().await;
        let key = keys.of(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac);
        let input = json!({ "KeyId": key.id, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "DryRun": true });
        keys.refuses("GenerateMac", input, "DryRunOperationException", Some(DRY_RUN)).await;
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        let input = json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
        obeys_states("GenerateMac", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let (cloud, input) = (Cloud::new(), json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" }));
        refuses_identifiers(&cloud, "GenerateMac", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "GenerateMac", "KeyId", &input).await;
    }
}
