//! Verifies an HMAC. One that is wrong or cut short is an error, never an answer that says so (recorded); also in a dry
//! run.

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{VerifyMacRequest, VerifyMacResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages, names::same_name};

pub(crate) async fn verify_mac(
    kms: &Kms,
    cx: &Context,
    input: VerifyMacRequest,
) -> Result<VerifyMacResponse, ApiError> {
    let facts = [Fact::Text(condition::MAC_ALGORITHM, input.mac_algorithm.as_str())];
    let lookup = kms.key(cx, &input.key_id).saying(&facts).presenting(input.grant_tokens.as_ref());
    let key = lookup.for_action(Action::VerifyMac).await?;
    let algorithm = same_name(input.mac_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let verified = material.verify_mac(algorithm, input.message.expose(), input.mac.as_ref());
    if !verified.map_err(messages::incompatible)? {
        return Err(errors::KMS_INVALID_MAC.bare());
    }
    end_dry_run(input.dry_run)?;
    kms.note_use(cx, &key);
    Ok(VerifyMacResponse {
        key_id: Some(key.arn_text()),
        mac_valid: Some(true),
        mac_algorithm: Some(input.mac_algorithm),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeySpec, KeyUsage, MacAlgorithm};
    use trent_testkit::Cloud;

    use crate::testing::{
        DRY_RUN, EveryKey, Fit, HELLO, base64, bytes, every_key, length_violation, obeys_states,
        refuses_absent_aliases, refuses_identifiers,
    };

    const CODE: &str = "KMSInvalidMacException";

    /// An input of VerifyMac with the right MAC.
    async fn genuine(keys: &EveryKey, spec: KeySpec, algorithm: &str) -> Value {
        let key = keys.of(spec, KeyUsage::GenerateVerifyMac);
        let mut input = json!({ "KeyId": key.id, "Message": HELLO, "MacAlgorithm": algorithm });
        input["Mac"] = keys.call("GenerateMac", input.clone()).await.succeeds()["Mac"].clone();
        input
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let keys = every_key().await;
        let arn = &keys.of(KeySpec::Hmac512, KeyUsage::GenerateVerifyMac).arn;
        let answer = keys.call("VerifyMac", genuine(keys, KeySpec::Hmac512, "HMAC_SHA_512").await).await;
        assert_eq!(answer.text(), format!(r#"{{"KeyId":"{arn}","MacValid":true,"MacAlgorithm":"HMAC_SHA_512"}}"#));
    }

    #[tokio::test]
    async fn whatever_is_not_the_messages_whole_mac_is_refused_without_a_word() {
        let keys = every_key().await;
        for (spec, algorithm) in [
            (KeySpec::Hmac224, "HMAC_SHA_224"),
            (KeySpec::Hmac256, "HMAC_SHA_256"),
            (KeySpec::Hmac384, "HMAC_SHA_384"),
            (KeySpec::Hmac512, "HMAC_SHA_512"),
        ] {
            let input = genuine(keys, spec, algorithm).await;
            let whole = bytes(&input["Mac"]);
            let changed = (0..whole.len()).map(|position| {
                let mut changed = whole.clone();
                changed[position] ^= 1;
                changed
            });
            let shortened = (1..whole.len()).map(|length| whole[..length].to_vec());
            for wrong in changed.chain(shortened).chain([[&*whole, &[0]].concat(), vec![0; 6144]]) {
                let mut input = input.clone();
                input["Mac"] = json!(base64(wrong));
                keys.refuses("VerifyMac", input, CODE, None).await;
            }
            let mut input = input;
            input["Message"] = json!(base64(b"hello"));
            keys.refuses("VerifyMac", input, CODE, None).await;
        }
    }

    #[tokio::test]
    async fn keys_for_something_else_and_algorithms_of_other_specs_are_refused() {
        let input = json!({ "Message": HELLO, "Mac": HELLO, "DryRun": true });
        every_key().await.refuses_unfit("VerifyMac", "MacAlgorithm", MacAlgorithm::ALL, &input).await;
    }

    #[tokio::test]
    async fn empty_messages_and_longer_ones_than_4096_bytes_are_refused_without_showing_them() {
        let keys = every_key().await;
        let input = genuine(keys, KeySpec::Hmac256, "HMAC_SHA_256").await;
        for (length, constraint) in [(0, "greater than or equal to 1"), (4097, "less than or equal to 4096")] {
            let mut input = input.clone();
            input["Message"] = json!(base64(vec![7; length]));
            let message = length_violation("message", constraint);
            keys.refuses("VerifyMac", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn a_dry_run_never_succeeds_and_tells_of_a_false_mac() {
        let keys = every_key().await;
        let mut input = genuine(keys, KeySpec::Hmac256, "HMAC_SHA_256").await;
        input["DryRun"] = json!(true);
        keys.refuses("VerifyMac", input.clone(), "DryRunOperationException", Some(DRY_RUN)).await;
        input["Mac"] = json!(HELLO);
        keys.refuses("VerifyMac", input, CODE, None).await;
    }

    #[tokio::test]
    async fn the_state_is_told_before_anything_else_about_the_key() {
        let input = json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": HELLO });
        obeys_states("VerifyMac", &input, Fit::Refused, Fit::Refused).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let input = json!({ "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256", "Mac": HELLO });
        refuses_identifiers(&cloud, "VerifyMac", "KeyId", &input).await;
        refuses_absent_aliases(&cloud, "VerifyMac", "KeyId", &input).await;
    }
}
