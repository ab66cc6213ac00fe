//! Trent's own format: `keys:`, a list of mappings whose members are named after those of `CreateKey`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;
use trent_kms::seed::{KeyId, SeedGrant, SeedKey, SeedRotation};
use trent_kms_core::{KeyOrigin, KeySpec};

use super::Home;
use super::document::{self, Outline, Wrong, named};
use super::material::MaterialText;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    keys: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    account: Option<String>,
    region: Option<String>,
    spec: Option<String>,
    usage: Option<String>,
    origin: Option<String>,
    /// What the id tells already.
    multi_region: Option<bool>,
    #[serde(default)]
    description: String,
    #[serde(default = "yes")]
    enabled: bool,
    material: Option<MaterialText>,
    /// What was current before, the oldest first.
    #[serde(default)]
    older_materials: Vec<MaterialText>,
    #[serde(default)]
    aliases: Vec<String>,
    policy: Option<Value>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    rotation: bool,
    rotation_period_days: Option<i32>,
    #[serde(default)]
    grants: Vec<Grant>,
}

/// Its members are named after those of `CreateGrant`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    grantee_principal: Option<String>,
    grantee_service_principal: Option<String>,
    retiring_principal: Option<String>,
    retiring_service_principal: Option<String>,
    operations: Vec<String>,
    name: Option<String>,
    #[serde(default)]
    constraints: Constraints,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constraints {
    encryption_context_equals: Option<BTreeMap<String, String>>,
    encryption_context_subset: Option<BTreeMap<String, String>>,
    source_arn: Option<String>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct Names {
    keys: Vec<Spanned<Name>>,
}

#[derive(Deserialize)]
struct Name {
    id: Option<String>,
}

impl Outline for Names {
    fn entries(self) -> Vec<(u64, String)> {
        self.keys.into_iter().filter_map(|key| Some((document::line(&key), key.value.id?))).collect()
    }
}

/// The keys, each with its line.
pub(super) fn parse(text: &str, home: &Home) -> Result<Vec<(u64, SeedKey)>, Wrong> {
    let Document { keys } = document::read::<Document, Names>(text)?;
    let seed = |key: Spanned<Entry>| {
        let line = document::line(&key);
        let name = format!("key {}", key.value.id);
        let key = key.value.seed(home).map_err(|reason| Wrong { entry: Some(name), line: Some(line), reason })?;
        Ok((line, key))
    };
    keys.into_iter().map(seed).collect()
}

impl Entry {
    fn seed(self, home: &Home) -> Result<SeedKey, String> {
        if !self.older_materials.is_empty() && self.material.is_none() {
            return Err("`older_materials` without `material`".to_owned());
        }
        if self.rotation_period_days.is_some() && !self.rotation {
            return Err("`rotation_period_days` without `rotation: true`".to_owned());
        }
        let id: KeyId = self.id.parse().map_err(|error| format!("`id`: {error}"))?;
        if self.multi_region.is_some_and(|is| is != matches!(id, KeyId::MultiRegion(_))) {
            return Err("`multi_region`: the ids of multi-Region keys, and of no others, begin with mrk-".to_owned());
        }
        let materials = self.older_materials.iter().chain(&self.material).map(MaterialText::decode);
        Ok(SeedKey {
            account: named("account", self.account.as_deref())?.unwrap_or(home.account),
            region: named("region", self.region.as_deref())?.unwrap_or_else(|| home.region.clone()),
            id,
            spec: named("spec", self.spec.as_deref())?.unwrap_or(KeySpec::SymmetricDefault),
            usage: named("usage", self.usage.as_deref())?,
            origin: named("origin", self.origin.as_deref())?.unwrap_or(KeyOrigin::AwsKms),
            description: self.description,
            is_enabled: self.enabled,
            materials: materials.collect::<Result<_, _>>().map_err(|error| error.to_string())?,
            aliases: self.aliases,
            policy: self.policy.map(|policy| match policy {
                Value::String(json) => json,
                mapping => mapping.to_string(),
            }),
            tags: self.tags,
            rotation: self.rotation.then_some(SeedRotation { period_days: self.rotation_period_days, next: None }),
            grants: self.grants.into_iter().map(Grant::seed).collect(),
        })
    }
}

impl Grant {
    fn seed(self) -> SeedGrant {
        SeedGrant {
            grantee_principal: self.grantee_principal,
            grantee_service_principal: self.grantee_service_principal,
            retiring_principal: self.retiring_principal,
            retiring_service_principal: self.retiring_service_principal,
            operations: self.operations,
            name: self.name,
            encryption_context_equals: self.constraints.encryption_context_equals,
            encryption_context_subset: self.constraints.encryption_context_subset,
            source_arn: self.constraints.source_arn,
        }
    }
}
