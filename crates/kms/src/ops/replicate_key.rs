//! Makes a replica of a multi-Region primary key in another Region: the same key there, with a policy, tags and a state of
//! its own.

use std::collections::BTreeMap;

use trent_kms_core::{KeyOrigin, Lifecycle, RegionError};
use trent_shared::{ApiError, Context, Region};

use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{ExpirationModelType, ReplicateKeyRequest, ReplicateKeyResponse, Tag};
use crate::change::Edited;
use crate::conditions::{Fact, key as condition};
use crate::identifier::KeyArn;
use crate::metadata::{as_of, expiration_model, lasting_metadata};
use crate::policy_document::WantedPolicy;
use crate::records::{KeyManager, KeyRecord};
use crate::tags::add_tags;
use crate::{Kms, messages};

pub(crate) async fn replicate_key(
    kms: &Kms,
    cx: &Context,
    input: ReplicateKeyRequest,
) -> Result<ReplicateKeyResponse, ApiError> {
    let bypass = input.bypass_policy_lockout_safety_check;
    let facts = [
        Fact::Text(condition::REPLICA_REGION, &input.replica_region),
        Fact::flag(condition::BYPASS_LOCKOUT_CHECK, bypass),
        Fact::Tags(input.tags.as_deref().unwrap_or_default()),
    ];
    if let Ok(region) = input.replica_region.parse() {
        // One of the two is AWS's own dry run.
        kms.admit_in(cx, &region, "CreateKey", 2)?;
    }
    let lookup = kms.key(cx, &input.key_id).saying(&facts);
    let primary = lookup.for_action(Action::ReplicateKey).await?;
    let target = replica_region(&input.replica_region, &cx.region)?;
    let arn = KeyArn { region: target.clone(), ..primary.arn().clone() };
    refuse_namesake(kms, &primary, &arn).await?;

    // A replica is also a new key there.
    let there = Context { region: target.clone(), ..cx.clone() };
    kms.authorize_account(&there, Action::CreateKey, &new_key_facts(&primary, &input)).await?;
    if input.tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
        kms.authorize_by_identity(&there, Action::TagResource, &arn.to_string(), &facts).await?;
    }
    let most_bytes = kms.options.quotas.key_policy_bytes;
    let policy = WantedPolicy::read(input.policy.as_deref(), most_bytes, cx.partition(), cx.account())?;
    let policy_principals = kms.check_policy(&there, &arn, None, &policy, bypass, &facts).await?;

    let changed = lookup.change(Action::ReplicateKey, |change| {
        let (primary, now) = (&mut change.key, change.now);
        let created = now.plus(kms.options.transitions.replica_creation);
        let lifecycle = primary.record.lifecycle.replicate(&primary.arn.region, &target, now, created);
        let lifecycle = lifecycle.map_err(|error| messages::replication(&primary.arn, &target, error))?;
        let mut tags = BTreeMap::new();
        add_tags(&mut tags, input.tags.as_deref().unwrap_or_default())?;
        let record = KeyRecord {
            created: now,
            description: input.description.clone().unwrap_or_default(),
            spec: primary.record.spec,
            usage: primary.record.usage,
            lifecycle,
            policy: policy.text.clone(),
            policy_principals: policy_principals.clone(),
            tags: tags.clone(),
            manager: KeyManager::Customer,
            secrets: primary.record.secrets.clone(),
        };
        let mut metadata = as_of(now, lasting_metadata(&arn, &record)?, &arn, &record)?;
        // That of the primary key's material, though none is here (recorded).
        metadata.expiration_model = shown_expiration_model(&primary.record.lifecycle);
        change.related.push(Edited::new(arn.clone(), record));
        Ok((metadata, tags))
    });
    let (_, (metadata, tags)) = changed.await?;
    let tags = tags.into_iter().map(|(tag_key, tag_value)| Tag { tag_key, tag_value });
    Ok(ReplicateKeyResponse {
        replica_key_metadata: Some(metadata),
        replica_policy: Some(policy.text),
        replica_tags: Some(tags.collect::<Vec<_>>()).filter(|tags| !tags.is_empty()),
    })
}

/// What policies can ask about the new key that a replica is.
fn new_key_facts<'a>(primary: &'a AuthorizedKey, input: &'a ReplicateKeyRequest) -> [Fact<'a>; 9] {
    let KeyRecord { spec, usage, lifecycle, .. } = primary.record();
    [
        Fact::Text(condition::KEY_SPEC, spec.as_str()),
        Fact::Text(condition::OLD_KEY_SPEC, spec.as_str()),
        Fact::Text(condition::KEY_USAGE, usage.as_str()),
        Fact::Text(condition::OLD_KEY_USAGE, usage.as_str()),
        Fact::Text(condition::KEY_ORIGIN, lifecycle.origin().as_str()),
        Fact::Flag(condition::MULTI_REGION, true),
        Fact::Text(condition::MULTI_REGION_KEY_TYPE, "REPLICA"),
        Fact::flag(condition::BYPASS_LOCKOUT_CHECK, input.bypass_policy_lockout_safety_check),
        Fact::Tags(input.tags.as_deref().unwrap_or_default()),
    ]
}

/// Refuses to replicate into a Region that has a key of the same id which is no relation; that takes ids which somebody chose.
async fn refuse_namesake(kms: &Kms, primary: &AuthorizedKey, replica: &KeyArn) -> Result<(), ApiError> {
    let mut related = primary.record().lifecycle.other_regions(&primary.arn().region);
    let is_related = related.any(|other| *other == replica.region);
    if !is_related && replica != primary.arn() && kms.stored_key(replica, primary.now()).await?.is_some() {
        return Err(messages::replication(replica, &replica.region, RegionError::ReplicaIsThere));
    }
    Ok(())
}

fn shown_expiration_model(primary: &Lifecycle) -> Option<ExpirationModelType> {
    let current = primary.current_material().filter(|_| primary.origin() == KeyOrigin::External)?;
    Some(expiration_model(primary.expiry(current.id)))
}

/// A Region that AWS has, in the partition of the primary key's.
fn replica_region(name: &str, primary: &Region) -> Result<Region, ApiError> {
    let region: Region = name.parse().map_err(|_| messages::region_unknown(name))?;
    if !region.is_known() {
        return Err(messages::region_unknown(name));
    }
    if region.partition() == primary.partition() { Ok(region) } else { Err(messages::replica_in_other_partition()) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Cloud, MadeKey};

    use crate::testing::{
        Fit, MOMENT_MILLIS, create_key, imported_key, metadata, obeys_states, primary_key, refuses_aliases,
        refuses_identifiers, replicate, schedule,
    };

    const ONE_REPLICA: &str = "You can create only one replica of each primary key in each AWS Region.";

    /// The policy that keys have unless told otherwise, as a JSON string.
    const DEFAULT_POLICY: &str = concat!(
        r#"{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \"Sid\" : "#,
        r#"\"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : "#,
        r#"\"arn:aws:iam::000000000000:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  } ]\n}"#,
    );

    fn to(key: &MadeKey, region: &str) -> Value {
        json!({ "KeyId": key.id, "ReplicaRegion": region })
    }

    fn multi_region_key(key: &MadeKey, region: &str) -> String {
        format!(r#"{{"Arn":"{}","Region":"{region}"}}"#, key.arn.replace("us-east-1", region))
    }

    #[tokio::test]
    async fn the_answer_has_awss_members_in_awss_order() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let answer = cloud.kms("ReplicateKey", to(&key, "us-west-2")).await;
        assert_eq!(
            answer.text(),
            format!(
                concat!(
                    r#"{{"ReplicaKeyMetadata":{{"AWSAccountId":"000000000000","KeyId":"{id}","Arn":"{arn}","#,
                    r#""CreationDate":1.790597408399E9,"Enabled":false,"Description":"","KeyUsage":"ENCRYPT_DECRYPT","#,
                    r#""KeyState":"Creating","Origin":"AWS_KMS","KeyManager":"CUSTOMER","#,
                    r#""CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","KeySpec":"SYMMETRIC_DEFAULT","#,
                    r#""EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":true,"MultiRegionConfiguration":{{"#,
                    r#""MultiRegionKeyType":"REPLICA","PrimaryKey":{primary},"ReplicaKeys":[{replica}]}}}},"#,
                    r#""ReplicaPolicy":"{policy}"}}"#,
                ),
                id = key.id,
                arn = key.arn.replace("us-east-1", "us-west-2"),
                primary = multi_region_key(&key, "us-east-1"),
                replica = multi_region_key(&key, "us-west-2"),
                policy = DEFAULT_POLICY,
            )
        );
        let there = cloud.client().in_region("us-west-2");
        let told = answer.succeeds()["ReplicaKeyMetadata"].clone();
        assert_eq!(metadata(&there, &key).await, told, "nothing more is known while it is being created");
        cloud.clock().advance_millis(MOMENT_MILLIS - 1);
        assert_eq!(metadata(&there, &key).await, told);
        cloud.clock().advance_millis(1);
        let mut created = told;
        for (member, value) in [("Enabled", json!(true)), ("KeyState", json!("Enabled"))] {
            created[member] = value;
        }
        created["CurrentKeyMaterialId"] = metadata(&cloud.client(), &key).await["CurrentKeyMaterialId"].clone();
        assert_eq!(metadata(&there, &key).await, created);
    }

    #[tokio::test]
    async fn every_region_lists_the_replicas_by_the_name_of_their_region() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        for region in ["us-west-2", "ap-east-1", "eu-west-1"] {
            replicate(&cloud, &key, region).await;
        }
        for (region, kind) in [("us-east-1", "PRIMARY"), ("us-west-2", "REPLICA"), ("ap-east-1", "REPLICA")] {
            let client = cloud.client().in_region(region);
            let text = client.kms("DescribeKey", json!({ "KeyId": key.id })).await.text();
            let replicas = ["ap-east-1", "eu-west-1", "us-west-2"].map(|region| multi_region_key(&key, region));
            let expected = format!(
                r#""MultiRegion":true,"MultiRegionConfiguration":{{"MultiRegionKeyType":"{kind}","PrimaryKey":{},"ReplicaKeys":[{}]}},"#,
                multi_region_key(&key, "us-east-1"),
                replicas.join(",")
            );
            assert!(text.contains(&expected), "{text}");
        }
    }

    #[tokio::test]
    async fn description_policy_and_tags_are_the_replicas_own() {
        let cloud = Cloud::new();
        let tags = |value: &str| json!([{ "TagKey": "t", "TagValue": value }]);
        let input = json!({ "MultiRegion": true, "Description": "here", "Tags": tags("here") });
        let key = create_key(&cloud, input).await;
        let bare = cloud.kms("ReplicateKey", to(&key, "eu-west-1")).await.succeeds();
        assert_eq!(bare["ReplicaKeyMetadata"]["Description"], "");
        assert_eq!(bare.get("ReplicaTags"), None);

        let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let mut input = to(&key, "us-west-2");
        for (member, value) in [("Description", json!("there")), ("Policy", json!(policy)), ("Tags", tags("there"))] {
            input[member] = value;
        }
        let told = cloud.kms("ReplicateKey", input).await.succeeds();
        let there = cloud.client().in_region("us-west-2");
        let id = || json!({ "KeyId": key.id });
        assert_eq!(told["ReplicaKeyMetadata"]["Description"], "there");
        assert_eq!(metadata(&there, &key).await["Description"], "there");
        let listed = |client: trent_testkit::Client| async move {
            client.kms("ListResourceTags", json!({ "KeyId": id()["KeyId"] })).await.succeeds()["Tags"].clone()
        };
        assert_eq!((&told["ReplicaTags"], listed(there.clone()).await), (&tags("there"), tags("there")));
        assert_eq!(there.kms("GetKeyPolicy", id()).await.succeeds()["Policy"], told["ReplicaPolicy"]);
        assert!(told["ReplicaPolicy"].as_str().is_some_and(|policy| policy.contains("\"AWS\" : \"*\"")), "{told}");

        assert_eq!(metadata(&cloud.client(), &key).await["Description"], "here");
        let here = cloud.kms("ListResourceTags", id()).await.succeeds();
        assert_eq!(here["Tags"], tags("here"));
    }

    #[tokio::test]
    async fn a_replica_of_imported_material_waits_for_its_own() {
        let cloud = Cloud::new();
        let (key, importer) = imported_key(&cloud, true).await;
        let told = cloud.kms("ReplicateKey", to(&key, "us-west-2")).await.succeeds()["ReplicaKeyMetadata"].clone();
        let shown =
            ["KeyState", "ExpirationModel", "ValidTo", "CurrentKeyMaterialId"].map(|member| told[member].clone());
        let model = |expires: bool| if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
        assert_eq!(shown, [json!("Creating"), json!(model(false)), Value::Null, Value::Null]);

        let there = cloud.client().in_region("us-west-2");
        cloud.clock().advance_millis(MOMENT_MILLIS);
        let created = metadata(&there, &key).await;
        let shown = ["KeyState", "Enabled", "ExpirationModel"].map(|member| created[member].clone());
        assert_eq!(shown, [json!("PendingImport"), json!(false), Value::Null]);
        let here = metadata(&cloud.client(), &key).await;
        assert_eq!(created["CurrentKeyMaterialId"], here["CurrentKeyMaterialId"]);

        importer.import(1, json!({ "ExpirationModel": model(true), "ValidTo": 1_790_700_000 })).await;
        let told = cloud.kms("ReplicateKey", to(&key, "eu-west-1")).await.succeeds()["ReplicaKeyMetadata"].clone();
        assert_eq!(told["ExpirationModel"], model(true));
    }

    #[tokio::test]
    async fn every_kind_of_key_has_replicas() {
        let cloud = Cloud::new();
        for (spec, usage) in [
            ("RSA_2048", "SIGN_VERIFY"),
            ("ECC_NIST_P256", "KEY_AGREEMENT"),
            ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
            ("ML_DSA_44", "SIGN_VERIFY"),
            ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
            ("HMAC_512", "GENERATE_VERIFY_MAC"),
        ] {
            let key = create_key(&cloud, json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": true })).await;
            replicate(&cloud, &key, "eu-west-1").await;
            let there = metadata(&cloud.client().in_region("eu-west-1"), &key).await;
            let shown = ["KeySpec", "KeyUsage", "KeyState"].map(|member| there[member].clone());
            assert_eq!(shown, [spec, usage, "Enabled"].map(Value::from));
        }
    }

    #[tokio::test]
    async fn regions_that_can_have_no_replica_are_refused() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let unknown = |region: &str| {
            format!("Region {region} is not a valid Region or multi-Region keys are not supported in Region {region}.")
        };
        let partition = "The replica key Region must be in the same AWS partition as the primary key Region.";
        for (region, message) in [
            ("us-east-1", "us-east-1 cannot have a replica because it contains the primary.".to_owned()),
            ("cn-north-1", partition.to_owned()),
            ("us-gov-west-1", partition.to_owned()),
            ("us-invalid-1", unknown("us-invalid-1")),
        ] {
            cloud.refuses("ReplicateKey", to(&key, region), "ValidationException", Some(&message)).await;
        }
    }

    #[tokio::test]
    async fn a_region_has_one_replica_and_keeps_it_until_it_is_really_gone() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        let there = cloud.client().in_region("us-west-2");
        let (code, input) = ("AlreadyExistsException", to(&key, "us-west-2"));
        cloud.refuses("ReplicateKey", input.clone(), code, Some(ONE_REPLICA)).await;
        let schedule = json!({ "KeyId": replica.arn, "PendingWindowInDays": 7 });
        there.kms("ScheduleKeyDeletion", schedule).await.succeeds();
        cloud.clock().advance_millis(7 * 24 * 60 * 60 * 1000 - 1);
        cloud.refuses("ReplicateKey", input.clone(), code, Some(ONE_REPLICA)).await;
        cloud.clock().advance_millis(1);
        let again = cloud.kms("ReplicateKey", input).await.succeeds();
        assert_eq!(again["ReplicaKeyMetadata"]["Arn"], json!(replica.arn));
    }

    #[tokio::test]
    async fn only_a_primary_key_is_replicated() {
        let cloud = Cloud::new();
        let single = cloud.make_key().await;
        let message = format!("{} is not a multi-region primary key.", single.arn);
        let code = "UnsupportedOperationException";
        cloud.refuses("ReplicateKey", to(&single, "us-west-2"), code, Some(&message)).await;

        let key = primary_key(&cloud).await;
        let replica = replicate(&cloud, &key, "us-west-2").await;
        let message = format!("{} is not a multi-region primary key.", replica.arn);
        for region in ["eu-west-1", "us-east-1", "us-west-2"] {
            let refused = cloud.client().in_region("us-west-2").kms("ReplicateKey", to(&key, region)).await;
            refused.fails_with(code, Some(&message));
        }
    }

    #[tokio::test]
    async fn what_create_key_refuses_is_refused_here() {
        let cloud = Cloud::new();
        let key = primary_key(&cloud).await;
        let tag = |key: &str| json!({ "TagKey": key, "TagValue": "v" });
        for (member, value, code, message) in [
            ("Policy", json!("{}"), "MalformedPolicyDocumentException", "Syntax errors in policy."),
            ("Tags", json!([tag("aws:a")]), "TagException", "Tags beginning with aws: are reserved"),
            ("Tags", json!([tag("a"), tag("a")]), "TagException", "Duplicate tag keys"),
        ] {
            let mut input = to(&key, "us-west-2");
            input[member] = value;
            cloud.refuses("ReplicateKey", input, code, Some(message)).await;
        }
    }

    #[tokio::test]
    async fn a_key_that_is_not_enabled_is_refused_before_its_kind_is_looked_at() {
        obeys_states("ReplicateKey", &json!({ "ReplicaRegion": "eu-west-1" }), Fit::Refused, Fit::Refused).await;
        let cloud = Cloud::new();
        let code = "KMSInvalidStateException";
        let pending_import = create_key(&cloud, json!({ "Origin": "EXTERNAL", "MultiRegion": true })).await;
        let message = format!("{} is pending import.", pending_import.arn);
        cloud.refuses("ReplicateKey", to(&pending_import, "eu-west-1"), code, Some(&message)).await;
        let key = primary_key(&cloud).await;
        replicate(&cloud, &key, "us-west-2").await;
        schedule(&cloud, &key, 7).await;
        let message = format!("{} is pending replica deletion.", key.arn);
        cloud.refuses("ReplicateKey", to(&key, "eu-west-1"), code, Some(&message)).await;
    }

    #[tokio::test]
    async fn what_names_no_key_is_refused() {
        let cloud = Cloud::new();
        let input = json!({ "ReplicaRegion": "us-west-2" });
        refuses_identifiers(&cloud, "ReplicateKey", "KeyId", &input).await;
        refuses_aliases(&cloud, "ReplicateKey", &input).await;
    }

    #[tokio::test]
    async fn a_key_of_the_same_id_that_is_no_relation_is_in_the_way() {
        let cloud = Cloud::new();
        let id = format!("mrk-{}", "e".repeat(32));
        let input = json!({ "MultiRegion": true, "Tags": [{ "TagKey": "_custom_id_", "TagValue": id }] });
        cloud.client().in_region("eu-west-1").kms("CreateKey", input.clone()).await.succeeds();
        cloud.kms("CreateKey", input).await.succeeds();
        let input = json!({ "KeyId": id, "ReplicaRegion": "eu-west-1" });
        let message = "You can create only one replica of each primary key in each AWS Region.";
        cloud.refuses("ReplicateKey", input, "AlreadyExistsException", Some(message)).await;
    }
}
