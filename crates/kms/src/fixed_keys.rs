//! Keys whose id and material tests choose, by tags of CreateKey as other emulators understand them:
//!
//! | tag | value | afterwards |
//! |---|---|---|
//! | `_custom_id_` (LocalStack) | the key id | a tag like any other |
//! | `_custom_key_material_` (LocalStack) | the material in base64: raw, or a private key | taken off |
//! | `floci:override-id` (Floci) | the key id | taken off, with every other `floci:` tag |

use std::collections::BTreeMap;

use base64_simd::STANDARD as BASE64;
use trent_kms_core::{KeyMaterial, KeySpec};
use trent_protocol::{Operation, Value, validate};
use trent_shared::ApiError;
use trent_store::CommitError;
use zeroize::Zeroizing;

use crate::api::{MODEL, Tag};
use crate::identifier::{KeyArn, KeyId};
use crate::{Kms, messages};

const CUSTOM_ID: &str = "_custom_id_";
const CUSTOM_MATERIAL: &str = "_custom_key_material_";
const OVERRIDE_ID: &str = "floci:override-id";
const FLOCI: &str = "floci:";

/// What the tags of a new key say about it.
pub(crate) struct FixedKey {
    pub(crate) id: Option<KeyId>,
    pub(crate) material: Option<KeyMaterial>,
}

impl FixedKey {
    /// Reads the tags, and takes off those that are no tags of the key.
    pub(crate) fn take_from(tags: &mut BTreeMap<String, String>, spec: KeySpec) -> Result<Self, ApiError> {
        let [custom, overriding] = [CUSTOM_ID, OVERRIDE_ID].map(|tag| {
            tags.get(tag).map(|id| id.trim().parse().map_err(|_| messages::fixed_id_invalid(tag))).transpose()
        });
        let (custom, overriding): (Option<KeyId>, Option<KeyId>) = (custom?, overriding?);
        if custom.is_some() && overriding.is_some() && custom != overriding {
            return Err(messages::two_fixed_ids(CUSTOM_ID, OVERRIDE_ID));
        }
        let material = tags.remove(CUSTOM_MATERIAL).map(Zeroizing::new).map(|text| {
            let bytes = BASE64.decode_to_vec(text.trim()).map(Zeroizing::new).ok();
            let material = bytes.and_then(|bytes| KeyMaterial::from_any_encoding(spec, &bytes).ok());
            material.ok_or_else(|| messages::fixed_material_invalid(CUSTOM_MATERIAL, spec))
        });
        tags.retain(|key, _| !key.starts_with(FLOCI));
        Ok(Self { id: custom.or(overriding), material: material.transpose()? })
    }
}

impl Kms {
    /// Makes room for a key whose id is chosen: an earlier one may be past its deletion date and not swept away yet.
    pub(crate) async fn make_room(&self, arn: &KeyArn) -> Result<(), ApiError> {
        match self.delete_for_good(arn, self.now()).await {
            Ok(_) | Err(CommitError::Conflict) => Ok(()),
            Err(CommitError::Store(error)) => Err(messages::store(error)),
        }
    }
}

/// Refuses tags that make sense at creation only.
pub(crate) fn refuse_late(tags: &[Tag]) -> Result<(), ApiError> {
    if tags.iter().any(|tag| tag.tag_key.starts_with(FLOCI)) {
        return Err(messages::tag_of_creation_only(FLOCI));
    }
    Ok(())
}

/// Decodes and checks an input. Private keys are longer than AWS lets values of tags be; the one that carries them is
/// excepted.
pub(crate) fn decode(operation: &'static Operation, body: &[u8]) -> Result<Value, ApiError> {
    let mut input = MODEL.protocol.parse(operation, body)?;
    let held_back = material(operation, &mut input).map(std::mem::take);
    validate(&input, operation.input)?;
    if let (Some(place), Some(text)) = (material(operation, &mut input), held_back) {
        *place = text;
    }
    Ok(input)
}

/// The value of the tag that carries the material, in an input of CreateKey.
fn material<'a>(operation: &Operation, input: &'a mut Value) -> Option<&'a mut String> {
    if operation.name != "CreateKey" {
        return None;
    }
    let place = operation.input.members.iter().position(|member| member.name == "Tags")?;
    let Value::Structure(members) = input else { return None };
    let Some(Value::List(tags)) = members.get_mut(place)? else { return None };
    tags.iter_mut().find_map(|tag| {
        let Value::Structure(members) = tag else { return None };
        match members.as_mut_slice() {
            [Some(Value::String(key)), Some(Value::String(value))] if key == CUSTOM_MATERIAL => Some(value),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeyMaterial, KeySpec};
    use trent_testkit::{Cloud, SeededEntropy};

    use crate::testing::{ABSENT, HELLO, base64, bytes};

    const MRK: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";

    fn tags(tags: &[(&str, &str)]) -> Value {
        tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect()
    }

    async fn tags_of(cloud: &Cloud, id: &str) -> Value {
        cloud.kms("ListResourceTags", json!({ "KeyId": id })).await.succeeds()["Tags"].clone()
    }

    #[tokio::test]
    async fn a_tag_gives_the_id_and_stays_or_goes_as_its_emulator_has_it() {
        for (tag, left) in
            [("_custom_id_", json!([("_custom_id_", ABSENT), ("a", "b")])), ("floci:override-id", json!([("a", "b")]))]
        {
            let cloud = Cloud::new();
            let input = json!({ "Tags": tags(&[(tag, &format!(" {ABSENT} ")), ("a", "b")]) });
            let made = cloud.kms("CreateKey", input.clone()).await.succeeds();
            assert_eq!(made["KeyMetadata"]["KeyId"], ABSENT);
            assert_eq!(made["KeyMetadata"]["Arn"], format!("arn:aws:kms:us-east-1:000000000000:key/{ABSENT}"));
            let shown = tags_of(&cloud, ABSENT).await;
            let shown: Vec<_> = shown
                .as_array()
                .expect("a list")
                .iter()
                .map(|tag| (&tag["TagKey"], tag["TagValue"].as_str().expect("text").trim()))
                .collect();
            assert_eq!(json!(shown), left);

            let message = format!("Key 'arn:aws:kms:us-east-1:000000000000:key/{ABSENT}' already exists");
            cloud.refuses("CreateKey", input.clone(), "AlreadyExistsException", Some(&message)).await;
            let elsewhere = cloud.client().in_region("eu-west-1");
            elsewhere.kms("CreateKey", input).await.succeeds();
        }
    }

    #[tokio::test]
    async fn an_id_is_free_again_when_its_key_is_gone() {
        let cloud = Cloud::new();
        let input = json!({ "Tags": tags(&[("_custom_id_", ABSENT)]) });
        cloud.kms("CreateKey", input.clone()).await.succeeds();
        cloud.kms("ScheduleKeyDeletion", json!({ "KeyId": ABSENT, "PendingWindowInDays": 7 })).await.succeeds();
        assert_eq!(cloud.kms("CreateKey", input.clone()).await.fails().code, "AlreadyExistsException");
        cloud.clock().advance_days(7);
        cloud.kms("CreateKey", input).await.succeeds();
    }

    #[tokio::test]
    async fn ids_need_not_tell_whether_a_key_is_multi_region() {
        let cloud = Cloud::new();
        for (id, is_multi_region) in [(ABSENT, true), (MRK, false)] {
            let input = json!({ "MultiRegion": is_multi_region, "Tags": tags(&[("_custom_id_", id)]) });
            let made = cloud.kms("CreateKey", input).await.succeeds();
            assert_eq!(made["KeyMetadata"]["KeyId"], id);
            assert_eq!(made["KeyMetadata"]["MultiRegion"], is_multi_region);
        }
    }

    #[tokio::test]
    async fn a_tag_gives_the_material_and_is_taken_off() {
        let secret = base64([7; 32]);
        let ciphertext = {
            let cloud = Cloud::new();
            let input = json!({ "Tags": tags(&[("_custom_id_", ABSENT), ("_custom_key_material_", &secret)]) });
            cloud.kms("CreateKey", input).await.succeeds();
            assert_eq!(tags_of(&cloud, ABSENT).await, tags(&[("_custom_id_", ABSENT)]));
            cloud.kms("Encrypt", json!({ "KeyId": ABSENT, "Plaintext": HELLO })).await.succeeds()
        };
        let another = Cloud::new();
        let input = json!({ "Tags": tags(&[("floci:override-id", ABSENT), ("_custom_key_material_", &secret)]) });
        another.kms("CreateKey", input).await.succeeds();
        let input = json!({ "CiphertextBlob": ciphertext["CiphertextBlob"] });
        assert_eq!(another.kms("Decrypt", input).await.succeeds()["Plaintext"], HELLO);
    }

    #[tokio::test]
    async fn two_accounts_may_fix_the_same_key() {
        let cloud = Cloud::new();
        let clients = ["111122223333", "444455556666"].map(|account| cloud.client().in_account(account));
        for client in &clients {
            let fixed = tags(&[("_custom_id_", ABSENT), ("_custom_key_material_", &base64([7; 32]))]);
            client.kms("CreateKey", json!({ "Tags": fixed })).await.succeeds();
        }
        for client in &clients {
            let sealed = client.kms("Encrypt", json!({ "KeyId": ABSENT, "Plaintext": HELLO })).await.succeeds();
            let opened = client.kms("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await.succeeds();
            assert_eq!((&opened["KeyId"], &opened["Plaintext"]), (&sealed["KeyId"], &json!(HELLO)));
        }
    }

    #[tokio::test]
    async fn keys_of_every_spec_take_their_material() {
        let cloud = Cloud::new();
        let small = KeySpec::ALL.iter().filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096));
        for spec in small.copied() {
            let material = KeyMaterial::generate(spec, &SeededEntropy::new(1)).expect("OpenSSL works");
            let tag = base64(material.to_bytes().expose());
            let usage = trent_kms_core::KeyUsage::ALL.iter().find(|usage| spec.allows_usage(**usage)).expect("has one");
            let input = json!({
                "KeySpec": spec.as_str(),
                "KeyUsage": usage.as_str(),
                "Tags": tags(&[("_custom_key_material_", &tag)]),
            });
            let made = cloud.kms("CreateKey", input).await.succeeds();
            let key = json!({ "KeyId": made["KeyMetadata"]["KeyId"] });
            if let Some(public) = material.public_key() {
                let shown = cloud.kms("GetPublicKey", key).await.succeeds();
                assert_eq!(bytes(&shown["PublicKey"]), public, "{spec}");
            }
        }
    }

    #[tokio::test]
    async fn an_external_key_comes_with_its_material() {
        let cloud = Cloud::new();
        let input = json!({ "Origin": "EXTERNAL", "Tags": tags(&[("_custom_key_material_", &base64([7; 32]))]) });
        let made = cloud.kms("CreateKey", input).await.succeeds();
        assert_eq!(made["KeyMetadata"]["KeyState"], "Enabled");
        assert_eq!(made["KeyMetadata"]["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    }

    #[tokio::test]
    async fn wrong_values_are_refused() {
        let cloud = Cloud::new();
        let id_is = "a key id is a lower-case UUID or mrk- and 32 hexadecimal digits";
        let (short, right) = (base64([7; 31]), base64([7; 32]));
        let material = "The value of the tag _custom_key_material_ is not valid: it must be base64 of";
        for (spec, usage, given, message) in [
            (
                "SYMMETRIC_DEFAULT",
                "ENCRYPT_DECRYPT",
                [("_custom_id_", "my-key"), ("a", "")],
                format!("The value of the tag _custom_id_ is not valid: {id_is}."),
            ),
            (
                "SYMMETRIC_DEFAULT",
                "ENCRYPT_DECRYPT",
                [("floci:override-id", ""), ("a", "")],
                format!("The value of the tag floci:override-id is not valid: {id_is}."),
            ),
            (
                "SYMMETRIC_DEFAULT",
                "ENCRYPT_DECRYPT",
                [("floci:override-id", MRK), ("_custom_id_", ABSENT)],
                "The tags _custom_id_ and floci:override-id name different key IDs.".to_owned(),
            ),
            (
                "SYMMETRIC_DEFAULT",
                "ENCRYPT_DECRYPT",
                [("_custom_key_material_", &short), ("a", "")],
                format!("{material} 32 bytes."),
            ),
            (
                "SYMMETRIC_DEFAULT",
                "ENCRYPT_DECRYPT",
                [("_custom_key_material_", "?"), ("a", "")],
                format!("{material} 32 bytes."),
            ),
            (
                "HMAC_384",
                "GENERATE_VERIFY_MAC",
                [("_custom_key_material_", &right), ("a", "")],
                format!("{material} 48 bytes."),
            ),
            (
                "RSA_2048",
                "SIGN_VERIFY",
                [("_custom_key_material_", &right), ("a", "")],
                format!("{material} a private key of RSA_2048, not encrypted."),
            ),
        ] {
            let input = json!({ "KeySpec": spec, "KeyUsage": usage, "Tags": tags(&given) });
            cloud.refuses("CreateKey", input, "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn no_other_tag_is_longer_than_aws_allows() {
        let (cloud, long) = (Cloud::new(), "A".repeat(257));
        let key = cloud.make_key().await;
        let violation = |place: usize| {
            format!(
                "1 validation error detected: Value '{long}' at 'tags.{place}.member.tagValue' failed to satisfy constraint: \
             Member must have length less than or equal to 256"
            )
        };
        let both = tags(&[("_custom_key_material_", &long), ("a", &long)]);
        cloud.refuses("CreateKey", json!({ "Tags": both }), "ValidationException", Some(&violation(2))).await;
        let input = json!({ "KeyId": key.id, "Tags": tags(&[("_custom_key_material_", &long)]) });
        cloud.refuses("TagResource", input, "ValidationException", Some(&violation(1))).await;
    }

    #[tokio::test]
    async fn floci_tags_are_for_creation_only() {
        let cloud = Cloud::new();
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Tags": tags(&[("floci:any", "")]) });
        let message = "Tags beginning with floci: can only be given when a key is created.";
        cloud.refuses("TagResource", input, "ValidationException", Some(message)).await;
    }
}
