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
mod tests;
