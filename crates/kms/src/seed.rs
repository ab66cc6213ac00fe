//! Keys that are to exist from the start, with ids and material that somebody chose.
//!
//! They are made once. Afterwards they belong to their users, who may change, use and delete them: planting them again
//! brings back what is gone entirely, adds aliases that are missing, and changes nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trent_kms_core::{
    KeyMaterial, KeyOrigin, KeySpec, KeyType, KeyUsage, Lifecycle, LifecycleOperation, MaterialId, RotationPeriod,
};
use trent_protocol::Decode;
use trent_shared::{AccountId, ApiError, Caller, Context, Region, RequestId, SecretBytes, Timestamp, random_uuid};

use crate::alias;
use crate::api::{CreateAliasRequest, CreateGrantRequest, CreateKeyRequest, MODEL};
use crate::grants::WantedGrant;
use crate::identifier::{AliasArn, KeyArn};
pub use crate::identifier::{InvalidKeyId, KeyId};
use crate::ops::create_alias::create_alias;
use crate::ops::create_key::NewKey;
use crate::records::{GrantRecord, KeyRecord};
use crate::{Kms, messages};

/// A key as a seed file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedKey {
    pub account: AccountId,
    pub region: Region,
    /// Of a multi-Region primary key, if it begins with `mrk-`.
    pub id: KeyId,
    pub spec: KeySpec,
    /// `None` stands for the only one that the spec has.
    pub usage: Option<KeyUsage>,
    pub origin: KeyOrigin,
    pub description: String,
    pub is_enabled: bool,
    /// Every material, the current one last, in any encoding that [`KeyMaterial::from_any_encoding`] takes. Without any,
    /// Trent makes one, unless the customer is to import it.
    pub materials: Vec<SecretBytes>,
    /// Names, with `alias/`.
    pub aliases: Vec<String>,
    /// The key policy, as JSON.
    pub policy: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub rotation: Option<SeedRotation>,
    pub grants: Vec<SeedGrant>,
}

/// Rotation by the calendar, turned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedRotation {
    /// The days from one rotation to the next, 365 unless told.
    pub period_days: Option<i32>,
    /// The date of the next one, a period from now unless told.
    pub next: Option<Timestamp>,
}

/// A grant on such a key, by its own account: what CreateGrant is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SeedGrant {
    pub grantee_principal: Option<String>,
    pub grantee_service_principal: Option<String>,
    pub retiring_principal: Option<String>,
    pub retiring_service_principal: Option<String>,
    pub operations: Vec<String>,
    pub name: Option<String>,
    pub encryption_context_equals: Option<BTreeMap<String, String>>,
    pub encryption_context_subset: Option<BTreeMap<String, String>>,
    pub source_arn: Option<String>,
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Planted {
    pub keys: usize,
    pub aliases: usize,
    pub grants: usize,
}

/// A key that there cannot be, or not beside what there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RefusedSeed {
    /// Its place among the seeds.
    pub index: usize,
    pub reason: String,
}

/// A seed that has been found in order.
struct Plan<'a> {
    seed: &'a SeedKey,
    cx: Context,
    arn: KeyArn,
    key: NewKey,
    materials: Vec<KeyMaterial>,
    rotation: Option<(RotationPeriod, Timestamp)>,
    grants: Vec<GrantRecord>,
    is_there: bool,
}

impl Kms {
    /// Makes those of the keys, and of their aliases and grants, that are not there. Nothing is made if any of them is refused.
    pub async fn plant(&self, seeds: &[SeedKey]) -> Result<Planted, RefusedSeed> {
        let mut plans = Vec::with_capacity(seeds.len());
        for (index, seed) in seeds.iter().enumerate() {
            plans.push(self.plan(seed).await.map_err(|reason| RefusedSeed { index, reason })?);
        }
        let mut planted = Planted::default();
        for (index, plan) in plans.into_iter().enumerate() {
            let refused = |error: ApiError| RefusedSeed { index, reason: reason(error) };
            let (cx, arn, aliases, grants) =
                (plan.cx.clone(), plan.arn.clone(), &plan.seed.aliases, plan.grants.clone());
            if !plan.is_there {
                self.make(plan).await.map_err(refused)?;
                planted.keys += 1;
            }
            planted.aliases += self.add_aliases(&cx, &arn, aliases).await.map_err(refused)?;
            planted.grants += self.add_grants(&arn, &grants).await.map_err(refused)?;
        }
        Ok(planted)
    }

    async fn plan<'a>(&self, seed: &'a SeedKey) -> Result<Plan<'a>, String> {
        let SeedKey { account, region, id, .. } = seed;
        let request_id = RequestId::new(random_uuid(&*self.entropy));
        let cx = Context::new(request_id, region.clone(), Caller::root(region.partition(), *account));
        let arn = KeyArn { region: region.clone(), account: *account, id: *id };
        let key = NewKey::wanted(self, &cx, &seed.request().map_err(reason)?).map_err(reason)?;
        for name in &seed.aliases {
            alias_request(name, id).and_then(|request| alias::check_name(&request.alias_name)).map_err(|error| {
                let reason = reason(error);
                format!("{name}: {reason}")
            })?;
        }
        let mut grants = Vec::with_capacity(seed.grants.len());
        for grant in &seed.grants {
            let grant = self.plan_grant(&cx, &key, grant).await;
            grants.push(grant.map_err(|error| format!("grant: {}", reason(error)))?);
        }
        let materials = seed.materials()?;
        let rotation = seed.rotation(self.now())?;
        if !seed.is_enabled && seed.origin == KeyOrigin::External && materials.is_empty() {
            return Err("a key without its material cannot be disabled".to_owned());
        }
        let is_there = self.is_there(&arn, &key, &materials).await?;
        Ok(Plan { seed, cx, arn, key, materials, rotation, grants, is_there })
    }

    async fn plan_grant(&self, cx: &Context, key: &NewKey, grant: &SeedGrant) -> Result<GrantRecord, ApiError> {
        let wanted = WantedGrant::of(grant.request()?)?;
        wanted.fit(key.spec, key.usage)?;
        wanted.record(self, cx, self.now()).await
    }

    /// Whether the key exists already, as it is described.
    async fn is_there(&self, arn: &KeyArn, key: &NewKey, materials: &[KeyMaterial]) -> Result<bool, String> {
        let now = self.now();
        self.make_room(arn).await.map_err(reason)?;
        let Some(stored) = self.stored_key(arn, now).await.map_err(reason)? else { return Ok(false) };
        let there: &KeyRecord = &stored.record;
        let life = &there.lifecycle;
        let differs = if there.spec != key.spec {
            "spec"
        } else if there.usage != key.usage {
            "usage"
        } else if life.origin() != key.origin {
            "origin"
        } else if !begins_with(life, materials.iter().map(|material| material.id(&arn.id.to_string()))) {
            "material"
        } else {
            return Ok(true);
        };
        Err(format!("{arn} exists, but with another {differs}"))
    }

    async fn make(&self, plan: Plan<'_>) -> Result<(), ApiError> {
        let Plan { seed, arn, key, mut materials, rotation, .. } = plan;
        let now = self.now();
        if materials.is_empty() && key.origin != KeyOrigin::External {
            materials.push(self.factory.make(key.spec).await?);
        }
        let mut record = key.record(&arn, &materials, now);
        if let Some((period, next)) = rotation {
            record.lifecycle = record.lifecycle.rotating(period, next);
        }
        if !seed.is_enabled {
            record.lifecycle.disable(now).map_err(|error| messages::state(&arn, error))?;
        }
        if self.add_key(&arn, record).await? { Ok(()) } else { Err(messages::key_exists(&arn)) }
    }

    /// Gives a key those of its aliases that do not exist. Where the user has pointed one elsewhere it stays so; to a key
    /// that is pending deletion none can be given.
    async fn add_aliases(&self, cx: &Context, arn: &KeyArn, aliases: &[String]) -> Result<usize, ApiError> {
        let now = self.now();
        let key = self.stored_key(arn, now).await?.ok_or_else(|| messages::key_not_found(arn))?;
        if key.record.lifecycle.permits(LifecycleOperation::CreateAlias, now).is_err() {
            return Ok(0);
        }
        let mut added = 0;
        for name in aliases {
            if self.stored_alias(&AliasArn::in_context(name, cx)).await?.is_none() {
                create_alias(self, cx, alias_request(name, &arn.id)?).await?;
                added += 1;
            }
        }
        Ok(added)
    }
}

impl Kms {
    /// Gives a key those of its grants that it does not have; to one that is pending deletion none can be given.
    async fn add_grants(&self, arn: &KeyArn, grants: &[GrantRecord]) -> Result<usize, ApiError> {
        let mut added = 0;
        for grant in grants {
            if self.has_grant_like(arn, grant).await? {
                continue;
            }
            let now = self.now();
            let key = self.stored_key(arn, now).await?.ok_or_else(|| messages::key_not_found(arn))?;
            // Unlike CreateGrant it need not be enabled.
            if key.record.lifecycle.permits(LifecycleOperation::TagResource, now).is_err() {
                return Ok(added);
            }
            self.add_grant(&key, grant).await?.ok_or_else(messages::too_many_conflicts)?;
            added += 1;
        }
        Ok(added)
    }
}

impl SeedGrant {
    /// The request that would make such a grant, found to be within AWS's bounds.
    fn request(&self) -> Result<CreateGrantRequest, ApiError> {
        decode(
            "CreateGrant",
            &json!({
                "KeyId": "seed",
                "GranteePrincipal": self.grantee_principal,
                "GranteeServicePrincipal": self.grantee_service_principal,
                "RetiringPrincipal": self.retiring_principal,
                "RetiringServicePrincipal": self.retiring_service_principal,
                "Operations": self.operations,
                "Name": self.name,
                "Constraints": {
                    "EncryptionContextEquals": self.encryption_context_equals,
                    "EncryptionContextSubset": self.encryption_context_subset,
                    "SourceArn": self.source_arn,
                },
            }),
        )
    }
}

impl SeedKey {
    /// The request that would make such a key, found to be within AWS's bounds.
    fn request(&self) -> Result<CreateKeyRequest, ApiError> {
        let tags = self.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value }));
        let mut usages = KeyUsage::ALL.iter().copied().filter(|usage| self.spec.allows_usage(*usage));
        let only_usage = usages.next().filter(|_| usages.next().is_none());
        decode(
            "CreateKey",
            &json!({
                "KeySpec": self.spec.as_str(),
                "KeyUsage": self.usage.or(only_usage).map(KeyUsage::as_str),
                "Origin": self.origin.as_str(),
                "MultiRegion": matches!(self.id, KeyId::MultiRegion(_)),
                "Description": self.description,
                "Policy": self.policy,
                "Tags": tags.collect::<Vec<_>>(),
            }),
        )
    }

    fn materials(&self) -> Result<Vec<KeyMaterial>, String> {
        let spec = self.spec;
        if self.materials.len() > 1 && spec.key_type() != KeyType::Symmetric {
            return Err(format!("a key of {spec} has one material only"));
        }
        let read = |material: &SecretBytes| KeyMaterial::from_any_encoding(spec, material.expose());
        let materials: Result<Vec<_>, _> = self.materials.iter().map(read).collect();
        let materials = materials.map_err(|_| format!("the material must be {}", messages::material_form(spec)))?;
        let ids: Vec<MaterialId> = materials.iter().map(|material| material.id("")).collect();
        if ids.iter().enumerate().any(|(n, id)| ids.iter().take(n).any(|earlier| earlier == id)) {
            return Err("the same material is given twice".to_owned());
        }
        Ok(materials)
    }

    fn rotation(&self, now: Timestamp) -> Result<Option<(RotationPeriod, Timestamp)>, String> {
        let Some(SeedRotation { period_days, next }) = self.rotation else { return Ok(None) };
        if self.spec != KeySpec::SymmetricDefault || self.origin != KeyOrigin::AwsKms {
            return Err("only a symmetric encryption key of origin AWS_KMS rotates".to_owned());
        }
        let period = period_days.map(RotationPeriod::try_from).transpose().map_err(|error| error.to_string())?;
        let period = period.unwrap_or_default();
        // A date that has passed is due now, once.
        Ok(Some((period, next.map_or(now.plus_days(period.days()), |next| next.max(now)))))
    }
}

fn alias_request(name: &str, target: &KeyId) -> Result<CreateAliasRequest, ApiError> {
    decode("CreateAlias", &json!({ "AliasName": name, "TargetKeyId": target.to_string() }))
}

/// An input as if it had come over the wire, so that all of AWS's constraints are checked.
fn decode<T: Decode>(operation: &str, input: &Value) -> Result<T, ApiError> {
    let operation = MODEL.operations.iter().find(|known| known.name == operation);
    let operation = operation.ok_or_else(ApiError::internal_failure)?;
    Ok(T::decode(MODEL.protocol.decode(operation, input.to_string().as_bytes())?)?)
}

/// Whether these are the materials that the key began with; it may have rotated since.
fn begins_with(life: &Lifecycle, materials: impl Iterator<Item = MaterialId>) -> bool {
    let mut there = life.materials().iter().map(|material| material.id);
    materials.into_iter().all(|id| there.next() == Some(id))
}

fn reason(error: ApiError) -> String {
    error.message.unwrap_or_else(|| error.code.into_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::slice::from_ref;

    use serde_json::{Value, json};
    use trent_kms_core::{KeyOrigin, KeySpec, KeyUsage};
    use trent_shared::{AccountId, Region, SecretBytes};
    use trent_testkit::{Cloud, Planted, SeedGrant, SeedKey, SeedRotation};

    use crate::testing::{ABSENT, HELLO, alias, schedule};

    const NOTHING: Planted = Planted { keys: 0, aliases: 0, grants: 0 };

    fn seed(id: &str) -> SeedKey {
        SeedKey {
            account: AccountId::DEFAULT,
            region: Region::default(),
            id: id.parse().expect("valid"),
            spec: KeySpec::SymmetricDefault,
            usage: None,
            origin: KeyOrigin::AwsKms,
            description: String::new(),
            is_enabled: true,
            materials: vec![SecretBytes::new(vec![7; 32])],
            aliases: vec!["alias/seed".to_owned()],
            policy: None,
            tags: BTreeMap::new(),
            rotation: None,
            grants: Vec::new(),
        }
    }

    async fn describe(cloud: &Cloud, id: &str) -> Value {
        cloud.kms("DescribeKey", json!({ "KeyId": id })).await.succeeds()["KeyMetadata"].clone()
    }

    #[tokio::test]
    async fn a_key_is_as_its_seed_says() {
        let cloud = Cloud::new();
        let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let key = SeedKey {
            description: "for tests".to_owned(),
            is_enabled: false,
            policy: Some(policy.to_owned()),
            tags: [("a".to_owned(), "b".to_owned())].into(),
            rotation: Some(SeedRotation { period_days: Some(90), next: None }),
            ..seed("mrk-1234abcd12ab34cd56ef1234567890ab")
        };
        assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 1, aliases: 1, grants: 0 }));
        let shown = describe(&cloud, "alias/seed").await;
        assert_eq!(shown["Arn"], "arn:aws:kms:us-east-1:000000000000:key/mrk-1234abcd12ab34cd56ef1234567890ab");
        assert_eq!((&shown["MultiRegion"], &shown["KeyState"]), (&json!(true), &json!("Disabled")));
        assert_eq!((&shown["Description"], &shown["Origin"]), (&json!("for tests"), &json!("AWS_KMS")));
        let id = json!({ "KeyId": shown["KeyId"] });
        assert_eq!(
            cloud.kms("ListResourceTags", id.clone()).await.succeeds()["Tags"],
            json!([{ "TagKey": "a", "TagValue": "b" }])
        );
        let rotation = cloud.kms("GetKeyRotationStatus", id.clone()).await.succeeds();
        assert_eq!((&rotation["KeyRotationEnabled"], &rotation["RotationPeriodInDays"]), (&json!(true), &json!(90)));
        let shown = cloud.kms("GetKeyPolicy", id).await.succeeds();
        assert!(shown["Policy"].as_str().expect("text").contains("\"Effect\" : \"Allow\""), "{shown}");
    }

    #[tokio::test]
    async fn the_last_material_is_current_and_the_older_ones_open_what_they_sealed() {
        let old = seed(ABSENT);
        let before = Cloud::new();
        before.plant(from_ref(&old)).await.expect("in order");
        let sealed = before.kms("Encrypt", json!({ "KeyId": ABSENT, "Plaintext": HELLO })).await.succeeds();

        let mut rotated = old;
        rotated.materials.push(SecretBytes::new(vec![8; 32]));
        let cloud = Cloud::new();
        cloud.plant(&[rotated]).await.expect("in order");
        let opened = cloud.kms("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await.succeeds();
        assert_eq!(opened["Plaintext"], HELLO);
        let current = describe(&cloud, ABSENT).await["CurrentKeyMaterialId"].clone();
        assert_ne!(opened["KeyMaterialId"], current);
        let rotations = cloud.kms("ListKeyRotations", json!({ "KeyId": ABSENT })).await.succeeds();
        assert_eq!(rotations["Rotations"].as_array().map(Vec::len), Some(1));
        assert_eq!(rotations["Rotations"][0]["KeyMaterialId"], current);
    }

    #[tokio::test]
    async fn a_rotation_date_that_has_passed_means_now_and_once() {
        let cloud = Cloud::new();
        let long_ago = trent_shared::Timestamp::from_millis(0);
        let rotation = Some(SeedRotation { period_days: None, next: Some(long_ago) });
        cloud.plant(&[SeedKey { rotation, ..seed(ABSENT) }]).await.expect("in order");
        let rotations = cloud.kms("ListKeyRotations", json!({ "KeyId": ABSENT })).await.succeeds();
        assert_eq!(rotations["Rotations"].as_array().map(Vec::len), Some(1));
    }

    #[tokio::test]
    async fn without_material_a_key_gets_its_own_or_waits_for_it() {
        let cloud = Cloud::new();
        let keys = [KeyOrigin::AwsKms, KeyOrigin::External].map(|origin| SeedKey {
            origin,
            materials: Vec::new(),
            aliases: Vec::new(),
            ..seed(if origin == KeyOrigin::External { ABSENT } else { "99999999-12ab-34cd-56ef-1234567890ab" })
        });
        for made in [2, 0] {
            assert_eq!(cloud.plant(&keys).await, Ok(Planted { keys: made, aliases: 0, grants: 0 }));
        }
        assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "PendingImport");
        let input = json!({ "KeyId": "99999999-12ab-34cd-56ef-1234567890ab", "Plaintext": HELLO });
        cloud.kms("Encrypt", input).await.succeeds();
    }

    fn seed_grant(operations: &[&str]) -> SeedGrant {
        SeedGrant {
            grantee_principal: Some("arn:aws:sts::111122223333:federated-user/app".to_owned()),
            operations: operations.iter().map(|operation| (*operation).to_owned()).collect(),
            ..SeedGrant::default()
        }
    }

    async fn listed_grants(cloud: &Cloud) -> Vec<Value> {
        let listed = cloud.kms("ListGrants", json!({ "KeyId": ABSENT })).await.succeeds();
        listed["Grants"].as_array().expect("a list").clone()
    }

    #[tokio::test]
    async fn a_grant_is_as_its_seed_says_and_made_once() {
        let cloud = Cloud::new();
        let context = [("a".to_owned(), "b".to_owned())].into();
        let grant = SeedGrant {
            retiring_principal: Some("000000000000".to_owned()),
            name: Some("app".to_owned()),
            encryption_context_subset: Some(context),
            ..seed_grant(&["Encrypt", "Decrypt"])
        };
        let key = SeedKey { is_enabled: false, grants: vec![grant, seed_grant(&["DescribeKey"])], ..seed(ABSENT) };
        for made in [2, 0] {
            assert_eq!(cloud.plant(from_ref(&key)).await.map(|planted| planted.grants), Ok(made));
        }
        let listed = listed_grants(&cloud).await;
        let named = listed.iter().find(|grant| grant["Name"] == "app").expect("it has one");
        assert_eq!(named["GranteePrincipal"], "arn:aws:sts::111122223333:federated-user/app");
        assert_eq!(named["RetiringPrincipal"], "arn:aws:iam::000000000000:root");
        assert_eq!(named["IssuingAccount"], "arn:aws:iam::000000000000:root");
        assert_eq!(named["Operations"], json!(["Encrypt", "Decrypt"]));
        assert_eq!(named["Constraints"], json!({ "EncryptionContextSubset": { "a": "b" } }));

        // What is gone comes back, be it with a name or without.
        for grant in &listed {
            let input = json!({ "KeyId": ABSENT, "GrantId": grant["GrantId"] });
            cloud.kms("RevokeGrant", input).await.succeeds();
        }
        assert_eq!(cloud.plant(from_ref(&key)).await, Ok(Planted { keys: 0, aliases: 0, grants: 2 }));
        assert_eq!(listed_grants(&cloud).await.len(), 2);
    }

    #[tokio::test]
    async fn a_key_pending_deletion_gets_no_grants() {
        let cloud = Cloud::new();
        cloud.plant(&[seed(ABSENT)]).await.expect("in order");
        let made = trent_testkit::MadeKey { id: ABSENT.to_owned(), arn: String::new() };
        schedule(&cloud, &made, 7).await;
        let key = SeedKey { grants: vec![seed_grant(&["Decrypt"])], ..seed(ABSENT) };
        assert_eq!(cloud.plant(&[key]).await, Ok(NOTHING));
    }

    #[tokio::test]
    async fn what_is_there_is_left_to_its_users() {
        let key = SeedKey { rotation: Some(SeedRotation { period_days: None, next: None }), ..seed(ABSENT) };
        let cloud = Cloud::new();
        cloud.plant(from_ref(&key)).await.expect("in order");
        let other = cloud.make_key().await;
        cloud.kms("UpdateAlias", json!({ "AliasName": "alias/seed", "TargetKeyId": other.id })).await.succeeds();
        cloud.kms("UpdateKeyDescription", json!({ "KeyId": ABSENT, "Description": "mine" })).await.succeeds();
        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": ABSENT })).await.succeeds();
        cloud.kms("DisableKey", json!({ "KeyId": ABSENT })).await.succeeds();
        cloud.clock().advance_millis(400 * 24 * 3_600_000);
        cloud.sweep().await;
        let before = cloud.client().everything().await;
        assert_eq!(cloud.plant(from_ref(&key)).await, Ok(NOTHING));
        assert_eq!(cloud.client().everything().await, before);

        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/seed" })).await.succeeds();
        assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 0, aliases: 1, grants: 0 }));
        assert_eq!(describe(&cloud, "alias/seed").await["KeyId"], ABSENT);
    }

    #[tokio::test]
    async fn a_deleted_key_comes_again_once_it_is_gone() {
        let cloud = Cloud::new();
        let key = seed(ABSENT);
        cloud.plant(from_ref(&key)).await.expect("in order");
        let made = trent_testkit::MadeKey { id: ABSENT.to_owned(), arn: String::new() };
        alias(&cloud, "alias/users", &made).await;
        cloud.kms("DeleteAlias", json!({ "AliasName": "alias/seed" })).await.succeeds();
        schedule(&cloud, &made, 7).await;
        assert_eq!(cloud.plant(from_ref(&key)).await, Ok(NOTHING));
        assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "PendingDeletion");
        cloud.clock().advance_millis(7 * 24 * 3_600_000);
        assert_eq!(cloud.plant(&[key]).await, Ok(Planted { keys: 1, aliases: 1, grants: 0 }));
        assert_eq!(describe(&cloud, ABSENT).await["KeyState"], "Enabled");
        assert_eq!(cloud.kms("DescribeKey", json!({ "KeyId": "alias/users" })).await.fails().code, "NotFoundException");
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_and_nothing_made() {
        let hmac = || SeedKey { spec: KeySpec::Hmac256, ..seed(ABSENT) };
        let two = || vec![SecretBytes::new(vec![7; 32]), SecretBytes::new(vec![8; 32])];
        let cases = [
            (
                SeedKey { usage: Some(KeyUsage::SignVerify), ..seed(ABSENT) },
                "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT",
            ),
            (
                SeedKey { spec: KeySpec::Rsa2048, ..seed(ABSENT) },
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ),
            (
                SeedKey { spec: KeySpec::MlDsa44, origin: KeyOrigin::External, ..seed(ABSENT) },
                "KeySpec ML_DSA_44 is not supported for Origin EXTERNAL",
            ),
            (
                SeedKey { materials: vec![SecretBytes::new(vec![7; 31])], ..seed(ABSENT) },
                "the material must be 32 bytes",
            ),
            (SeedKey { materials: two(), ..hmac() }, "a key of HMAC_256 has one material only"),
            (SeedKey { materials: [two(), two()].concat(), ..seed(ABSENT) }, "the same material is given twice"),
            (
                SeedKey { aliases: vec!["seed".to_owned()], ..seed(ABSENT) },
                "seed: Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
            ),
            (
                SeedKey { aliases: vec!["alias/aws/s3".to_owned()], ..seed(ABSENT) },
                "alias/aws/s3: NotAuthorizedException",
            ),
            (SeedKey { policy: Some("{}".to_owned()), ..seed(ABSENT) }, "Syntax errors in policy."),
            (
                SeedKey { tags: [("aws:a".to_owned(), String::new())].into(), ..seed(ABSENT) },
                "Tags beginning with aws: are reserved",
            ),
            (SeedKey { description: "d".repeat(8193), ..seed(ABSENT) }, "1 validation error detected: Value"),
            (
                SeedKey { rotation: Some(SeedRotation { period_days: Some(89), next: None }), ..seed(ABSENT) },
                "a rotation period is 90 to 2560 days",
            ),
            (
                SeedKey { rotation: Some(SeedRotation { period_days: None, next: None }), ..hmac() },
                "only a symmetric encryption key of origin AWS_KMS rotates",
            ),
            (
                SeedKey { origin: KeyOrigin::External, materials: Vec::new(), is_enabled: false, ..seed(ABSENT) },
                "a key without its material cannot be disabled",
            ),
            (SeedKey { origin: KeyOrigin::AwsCloudHsm, ..seed(ABSENT) }, "CreateKey with Origin AWS_CLOUDHSM"),
            (
                SeedKey { grants: vec![seed_grant(&["Sign"])], ..seed(ABSENT) },
                "grant: Operations [Sign] are not supported when creating a grant for a symmetric KMS key",
            ),
            (SeedKey { grants: vec![seed_grant(&["Nothing"])], ..seed(ABSENT) }, "grant: 1 validation error detected"),
            (SeedKey { grants: vec![SeedGrant::default()], ..seed(ABSENT) }, "grant: 1 validation error detected"),
        ];
        for (wrong, reason) in cases {
            let cloud = Cloud::new();
            let right = SeedKey { aliases: Vec::new(), ..seed("99999999-12ab-34cd-56ef-1234567890ab") };
            let refused = cloud.plant(&[right, wrong]).await.expect_err(reason);
            assert_eq!(refused.index, 1);
            assert!(refused.reason.contains(reason), "{}", refused.reason);
            assert_eq!(cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"], json!([]));
        }
    }

    #[tokio::test]
    async fn what_is_there_differently_is_refused() {
        let cloud = Cloud::new();
        cloud.plant(&[seed(ABSENT)]).await.expect("in order");
        let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{ABSENT}");
        for (wrong, what) in [
            (SeedKey { materials: vec![SecretBytes::new(vec![8; 32])], ..seed(ABSENT) }, "material"),
            (SeedKey { spec: KeySpec::Hmac256, ..seed(ABSENT) }, "spec"),
            (SeedKey { origin: KeyOrigin::External, ..seed(ABSENT) }, "origin"),
        ] {
            let refused = cloud.plant(&[wrong]).await.expect_err(what);
            assert_eq!(refused.reason, format!("{arn} exists, but with another {what}"));
        }
    }
}
