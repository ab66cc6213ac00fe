//! Makes a key of any spec and usage, with material made here or to be imported. What else AWS would accept is answered
//! with `NotImplemented`, after everything that AWS would refuse has been refused.

use std::collections::BTreeMap;

use trent_identity::ServiceLinkedRole;
use trent_kms_core::{KeyMaterial, KeyOrigin, KeySpec, KeyUsage, Lifecycle};
use trent_shared::{ApiError, Context, Entropy, Timestamp, random_uuid};

use crate::action::Action;
use crate::api::{CreateKeyRequest, CreateKeyResponse, MODEL, OriginType};
use crate::conditions::{Fact, key as condition};
use crate::fixed_keys::FixedKey;
use crate::identifier::{KeyArn, KeyId};
use crate::metadata::{as_of, lasting_metadata};
use crate::names::same_name;
use crate::policy_document::WantedPolicy;
use crate::records::{KeyManager, KeyRecord};
use crate::tags::add_tags;
use crate::{Kms, api, messages};

pub(crate) async fn create_key(
    kms: &Kms,
    cx: &Context,
    input: CreateKeyRequest,
) -> Result<CreateKeyResponse, ApiError> {
    let bypass = input.bypass_policy_lockout_safety_check;
    let facts = facts(&input);
    kms.authorize_account(cx, Action::CreateKey, &facts).await?;
    let mut key = NewKey::wanted(kms, cx, &input)?;
    let fixed = FixedKey::take_from(&mut key.tags, key.spec)?;

    let has_fixed_id = fixed.id.is_some();
    let id = fixed.id.unwrap_or_else(|| key.random_id(&*kms.entropy));
    let arn = KeyArn { region: cx.region.clone(), account: cx.account(), id };
    if !key.tags.is_empty() {
        kms.authorize_by_identity(cx, Action::TagResource, &arn.to_string(), &facts).await?;
    }
    let policy_principals = kms.check_policy(cx, &arn, None, &key.policy, bypass, &facts).await?;
    if key.is_multi_region {
        kms.authorize_multi_region_role(cx).await?;
    }
    if has_fixed_id {
        kms.make_room(&arn).await?;
    }
    let material = match fixed.material {
        None if key.origin == KeyOrigin::External => None,
        None => Some(kms.factory.make(key.spec).await?),
        fixed => fixed,
    };
    let record = KeyRecord { policy_principals, ..key.record(&arn, material.as_slice(), kms.now()) };
    let metadata = as_of(record.created, lasting_metadata(&arn, &record)?, &arn, &record)?;
    if kms.add_key(&arn, record).await? {
        if metadata.multi_region == Some(true) {
            let (directory, role) = (kms.authorizer.directory(), ServiceLinkedRole::MULTI_REGION_KEYS);
            directory.ensure_service_linked_role(cx.partition(), cx.account(), role).await?;
        }
        Ok(CreateKeyResponse { key_metadata: Some(metadata) })
    } else if has_fixed_id {
        Err(messages::key_exists(&arn))
    } else {
        // Two equal random ids would be a broken source of entropy, so a conflict is not tried again.
        Err(messages::too_many_conflicts())
    }
}

/// A key that somebody wants and may have.
pub(crate) struct NewKey {
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) origin: KeyOrigin,
    pub(crate) is_multi_region: bool,
    pub(crate) description: String,
    pub(crate) policy: WantedPolicy,
    pub(crate) tags: BTreeMap<String, String>,
}

impl NewKey {
    /// What the request wants, unless AWS would refuse it or Trent cannot make it.
    pub(crate) fn wanted(kms: &Kms, cx: &Context, input: &CreateKeyRequest) -> Result<Self, ApiError> {
        let (spec, usage) = spec_and_usage(input)?;
        kms.options.refuse_foreign_spec(spec, &cx.region)?;
        let origin = origin(input, spec)?;
        let mut tags = BTreeMap::new();
        add_tags(&mut tags, input.tags.as_deref().unwrap_or_default())?;
        let most_bytes = kms.options.quotas.key_policy_bytes;
        let policy = WantedPolicy::read(input.policy.as_deref(), most_bytes, cx.partition(), cx.account())?;
        refuse_not_built(origin)?;
        let is_multi_region = input.multi_region == Some(true);
        let description = input.description.clone().unwrap_or_default();
        Ok(Self { spec, usage, origin, is_multi_region, description, policy, tags })
    }

    fn random_id(&self, entropy: &dyn Entropy) -> KeyId {
        let uuid = random_uuid(entropy);
        if self.is_multi_region { KeyId::MultiRegion(uuid) } else { KeyId::SingleRegion(uuid) }
    }

    /// The key as it is at the beginning, with these materials, the last one current; none are to be imported.
    pub(crate) fn record(self, arn: &KeyArn, materials: &[KeyMaterial], now: Timestamp) -> KeyRecord {
        let materials = materials.iter().map(|material| (material.id(&arn.id.to_string()), material));
        let lifecycle = Lifecycle::given(self.origin, materials.clone().map(|(id, _)| id), now);
        KeyRecord {
            created: now,
            description: self.description,
            spec: self.spec,
            usage: self.usage,
            lifecycle: if self.is_multi_region { lifecycle.multi_region(arn.region.clone()) } else { lifecycle },
            policy: self.policy.text,
            policy_principals: BTreeMap::new(),
            tags: self.tags,
            manager: KeyManager::Customer,
            secrets: materials.map(|(id, material)| (id, material.to_bytes())).collect(),
        }
    }
}

/// What policies can ask about a new key, before it is looked at whether there can be such a key.
fn facts(input: &CreateKeyRequest) -> [Fact<'_>; 9] {
    let new_name = input.key_spec.map(api::KeySpec::as_str);
    let old_name = input.customer_master_key_spec.map(api::CustomerMasterKeySpec::as_str);
    let spec = new_name.or(old_name).unwrap_or(KeySpec::SymmetricDefault.as_str());
    let usage = input.key_usage.map_or(KeyUsage::EncryptDecrypt.as_str(), api::KeyUsageType::as_str);
    let is_multi_region = input.multi_region == Some(true);
    [
        Fact::Text(condition::KEY_SPEC, spec),
        Fact::Text(condition::OLD_KEY_SPEC, spec),
        Fact::Text(condition::KEY_USAGE, usage),
        Fact::Text(condition::OLD_KEY_USAGE, usage),
        Fact::Text(condition::KEY_ORIGIN, input.origin.unwrap_or(OriginType::AwsKms).as_str()),
        Fact::Flag(condition::MULTI_REGION, is_multi_region),
        if is_multi_region { Fact::Text(condition::MULTI_REGION_KEY_TYPE, "PRIMARY") } else { Fact::Nothing },
        // Absent unless it was said (documented; policies test it with Null).
        Fact::flag(condition::BYPASS_LOCKOUT_CHECK, input.bypass_policy_lockout_safety_check),
        Fact::Tags(input.tags.as_deref().unwrap_or_default()),
    ]
}

fn spec_and_usage(input: &CreateKeyRequest) -> Result<(KeySpec, KeyUsage), ApiError> {
    let new_name = input.key_spec.map(api::KeySpec::as_str);
    let old_name = input.customer_master_key_spec.map(api::CustomerMasterKeySpec::as_str);
    let spec: KeySpec = match (new_name, old_name) {
        (Some(new), Some(old)) if new != old => return Err(messages::two_key_specs()),
        (Some(name), _) | (None, Some(name)) => same_name(name)?,
        (None, None) => KeySpec::SymmetricDefault,
    };
    let usage = match input.key_usage {
        Some(usage) => same_name(usage.as_str())?,
        None => spec.default_usage().ok_or_else(messages::key_usage_required)?,
    };
    if spec.allows_usage(usage) { Ok((spec, usage)) } else { Err(messages::usage_incompatible(usage, spec)) }
}

fn origin(input: &CreateKeyRequest, spec: KeySpec) -> Result<KeyOrigin, ApiError> {
    let origin: KeyOrigin = same_name(input.origin.unwrap_or(OriginType::AwsKms).as_str())?;
    if !spec.allows_origin(origin) {
        return Err(messages::origin_unsupported(spec, origin));
    }
    if input.custom_key_store_id.is_some() {
        return Err(messages::custom_key_store_not_found());
    }
    Ok(origin)
}

fn refuse_not_built(origin: KeyOrigin) -> Result<(), ApiError> {
    match origin {
        KeyOrigin::AwsKms | KeyOrigin::External => Ok(()),
        KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => {
            Err(ApiError::not_implemented(MODEL.full_name, &format!("CreateKey with Origin {origin}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_kms_core::{KeySpec, KeyUsage};
    use trent_testkit::{Cloud, KmsOptions};

    use crate::testing::every_key;

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let answer = cloud.kms("CreateKey", json!({})).await;
        let metadata = answer.succeeds()["KeyMetadata"].clone();
        let (id, material) = (metadata["KeyId"].as_str(), metadata["CurrentKeyMaterialId"].as_str());
        let (id, material) = (id.expect("present"), material.expect("present"));
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"KeyMetadata":{{"AWSAccountId":"000000000000","KeyId":"{id}","#,
                    r#""Arn":"arn:aws:kms:us-east-1:000000000000:key/{id}","CreationDate":1.790597408399E9,"#,
                    r#""Enabled":true,"Description":"","KeyUsage":"ENCRYPT_DECRYPT","KeyState":"Enabled","#,
                    r#""Origin":"AWS_KMS","KeyManager":"CUSTOMER","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","#,
                    r#""KeySpec":"SYMMETRIC_DEFAULT","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"#,
                    r#""MultiRegion":false,"CurrentKeyMaterialId":"{material}"}}}}"#,
                ),
                id = id,
                material = material,
            )
        );
        assert_eq!(material.len(), 64);
    }

    #[tokio::test]
    async fn what_is_given_is_kept() {
        let cloud = Cloud::new();
        let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let made = cloud
            .kms(
                "CreateKey",
                json!({
                    "Description": "for \u{e4}\u{f6}\u{fc} \"quotes\"",
                    "Policy": policy,
                    "Tags": [{ "TagKey": "b", "TagValue": "" }, { "TagKey": "a", "TagValue": "1" }],
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "Origin": "AWS_KMS",
                    "MultiRegion": false,
                }),
            )
            .await
            .succeeds();
        let key = json!({ "KeyId": made["KeyMetadata"]["KeyId"] });
        assert_eq!(made["KeyMetadata"]["Description"], "for \u{e4}\u{f6}\u{fc} \"quotes\"");
        assert_eq!(cloud.kms("DescribeKey", key.clone()).await.succeeds(), made);
        let tags = cloud.kms("ListResourceTags", key.clone()).await.succeeds();
        assert_eq!(tags["Tags"], json!([{ "TagKey": "a", "TagValue": "1" }, { "TagKey": "b", "TagValue": "" }]));
        let policy = cloud.kms("GetKeyPolicy", key).await.succeeds();
        assert!(policy["Policy"].as_str().is_some_and(|policy| policy.contains("\"AWS\" : \"*\"")), "{policy}");
    }

    #[tokio::test]
    async fn no_two_keys_share_an_id_or_material() {
        let cloud = Cloud::new();
        let (first, second) =
            (cloud.kms("CreateKey", json!({})).await.succeeds(), cloud.kms("CreateKey", json!({})).await.succeeds());
        for member in ["KeyId", "CurrentKeyMaterialId"] {
            assert_ne!(first["KeyMetadata"][member], second["KeyMetadata"][member]);
        }
    }

    #[tokio::test]
    async fn what_aws_does_not_take_is_refused_and_makes_no_key() {
        let cloud = Cloud::new();
        let usage_required = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
        let validation = "ValidationException";
        for (input, code, message) in [
            (json!({ "KeySpec": "RSA_2048" }), validation, Some(usage_required)),
            (
                json!({ "KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT" }),
                validation,
                Some("KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"),
            ),
            (
                json!({ "KeyUsage": "SIGN_VERIFY" }),
                validation,
                Some("KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"),
            ),
            (
                json!({ "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY", "Origin": "EXTERNAL" }),
                validation,
                Some("KeySpec ML_DSA_44 is not supported for Origin EXTERNAL"),
            ),
            (
                json!({ "KeySpec": "RSA_2048", "CustomerMasterKeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY" }),
                validation,
                Some(
                    "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is \
                     deprecated.",
                ),
            ),
            (json!({ "CustomKeyStoreId": "cks-1" }), "CustomKeyStoreNotFoundException", None),
            (json!({ "Policy": "{}" }), "MalformedPolicyDocumentException", Some("Syntax errors in policy.")),
            (
                json!({ "Policy": " ".repeat(32_769) }),
                "LimitExceededException",
                Some("The key policy document must not exceed 32768 bytes."),
            ),
        ] {
            cloud.refuses("CreateKey", input, code, message).await;
        }
    }

    #[tokio::test]
    async fn tags_are_checked_before_the_key_is_made() {
        let cloud = Cloud::new();
        let tags = |keys: &[String]| {
            let tags: Vec<_> = keys.iter().map(|key| json!({ "TagKey": key, "TagValue": "v" })).collect();
            json!({ "Tags": tags })
        };
        let fifty: Vec<String> = (0..50).map(|n| format!("t{n}")).collect();
        cloud.kms("CreateKey", tags(&fifty)).await.succeeds();
        let fifty_one: Vec<String> = (0..51).map(|n| format!("t{n}")).collect();
        for (keys, message) in [
            (fifty_one.as_slice(), "Too many tags"),
            (&["a".to_owned(), "a".to_owned()], "Duplicate tag keys"),
            (&["aWs:a".to_owned()], "Tags beginning with aws: are reserved"),
        ] {
            cloud.refuses("CreateKey", tags(keys), "TagException", Some(message)).await;
        }
    }

    #[tokio::test]
    async fn what_is_not_built_yet_says_so_and_makes_no_key() {
        let cloud = Cloud::new();
        for origin in ["EXTERNAL_KEY_STORE", "AWS_CLOUDHSM"] {
            let refusal = cloud.kms("CreateKey", json!({ "Origin": origin })).await.fails();
            assert_eq!((refusal.status, &*refusal.code), (501, "NotImplemented"));
            let what = format!("CreateKey with Origin {origin}");
            let message = format!("Trent does not implement AWS Key Management Service {what} yet.");
            assert_eq!(refusal.message, Some(message));
        }
        assert_eq!(cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"], json!([]));
    }

    #[tokio::test]
    async fn every_spec_is_made_for_each_of_its_usages() {
        let keys = every_key().await;
        for key in keys.iter() {
            let metadata = keys.call("DescribeKey", json!({ "KeyId": key.id })).await.succeeds()["KeyMetadata"].clone();
            let shown = ["KeySpec", "CustomerMasterKeySpec", "KeyUsage", "Origin", "KeyState"];
            let shown = shown.map(|member| metadata[member].as_str().unwrap_or_default());
            assert_eq!(shown, [key.spec.as_str(), key.spec.as_str(), key.usage.as_str(), "AWS_KMS", "Enabled"]);
        }
        // 20 specs; RSA and the NIST curves have two usages, SM2 has three.
        assert_eq!(keys.iter().count(), 20 + 3 + 3 + 2);
    }

    #[tokio::test]
    async fn usages_that_a_spec_does_not_have_are_refused_and_all_but_symmetric_keys_must_name_one() {
        let cloud = Cloud::new();
        let code = "ValidationException";
        for spec in KeySpec::ALL {
            for usage in KeyUsage::ALL.iter().filter(|usage| !spec.allows_usage(**usage)) {
                let input = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
                let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
                cloud.refuses("CreateKey", input, code, Some(&message)).await;
            }
            if *spec != KeySpec::SymmetricDefault {
                let message =
                    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
                cloud.refuses("CreateKey", json!({ "KeySpec": spec.as_str() }), code, Some(message)).await;
            }
        }
    }

    #[tokio::test]
    async fn the_old_name_of_the_spec_will_do() {
        let cloud = Cloud::new();
        for input in [
            json!({ "CustomerMasterKeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC" }),
            json!({ "CustomerMasterKeySpec": "HMAC_384", "KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC" }),
        ] {
            let made = cloud.kms("CreateKey", input).await.succeeds();
            assert_eq!(made["KeyMetadata"]["KeySpec"], "HMAC_384");
        }
    }

    #[tokio::test]
    async fn material_of_every_spec_but_post_quantum_ones_may_come_from_outside() {
        let cloud = Cloud::new();
        for spec in KeySpec::ALL {
            for usage in KeyUsage::ALL.iter().filter(|usage| spec.allows_usage(**usage)) {
                let input = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str(), "Origin": "EXTERNAL" });
                if spec.as_str().starts_with("ML_") {
                    let message = format!("KeySpec {spec} is not supported for Origin EXTERNAL");
                    cloud.refuses("CreateKey", input, "ValidationException", Some(&message)).await;
                    continue;
                }
                let metadata = cloud.kms("CreateKey", input).await.succeeds()["KeyMetadata"].clone();
                let shown =
                    ["KeySpec", "Origin", "KeyState"].map(|member| metadata[member].as_str().unwrap_or_default());
                assert_eq!(shown, [spec.as_str(), "EXTERNAL", "PendingImport"]);
                assert_eq!(
                    ["Enabled", "CurrentKeyMaterialId"].map(|member| metadata[member].clone()),
                    [json!(false), Value::Null],
                    "{spec}"
                );
            }
        }
    }

    #[tokio::test]
    async fn only_what_aws_offers_in_a_region_is_made_there_if_that_is_wanted() {
        let strict = Cloud::with_options(KmsOptions { strict_regions: true, ..KmsOptions::default() });
        let lenient = Cloud::new();
        for (region, spec, usage, is_offered) in [
            ("us-east-1", "SM2", "SIGN_VERIFY", false),
            ("cn-north-1", "SM2", "SIGN_VERIFY", true),
            ("us-east-1", "ML_KEM_512", "ENCAPSULATE_DECAPSULATE", true),
            ("cn-northwest-1", "ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", false),
            ("cn-north-1", "ML_DSA_44", "SIGN_VERIFY", true),
        ] {
            lenient.client().in_region(region).make_key_of(spec, usage).await;
            let client = strict.client().in_region(region);
            let symmetric = client.make_key().await;
            let pair = json!({ "KeyId": symmetric.id, "KeyPairSpec": spec });
            let key = json!({ "KeySpec": spec, "KeyUsage": usage });
            let before = client.everything().await;
            for (operation, input) in [("CreateKey", key), ("GenerateDataKeyPair", pair)] {
                if operation == "GenerateDataKeyPair" && spec == "ML_DSA_44" {
                    continue;
                }
                let answer = client.kms(operation, input).await;
                if is_offered {
                    answer.succeeds();
                } else {
                    let message = format!("KeySpec {spec} is not supported in Region {region}.");
                    answer.fails_with("UnsupportedOperationException", Some(&message));
                    assert_eq!(client.everything().await, before);
                }
            }
        }
    }
}
