//! What KMS stores, and under which keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_kms_core::{KeySpec, KeyUsage, Lifecycle, MaterialId, SymmetricMaterial};
use trent_shared::{AccountId, Region, Timestamp};
use trent_store::{Key, Table};

use crate::identifier::{AliasArn, KeyArn, KeyId};

/// (Region, account, key id) → the key.
pub(crate) static KEYS: Table<KeyRecord> = Table::new("kms.key", 1);

/// (Region, account, key id): the same keys without their records, so that ListKeys reads nothing that it does not show.
pub(crate) static KEY_IDS: Table<()> = Table::new("kms.key-id", 1);

/// (Region, account, alias name) → the alias.
pub(crate) static ALIASES: Table<AliasRecord> = Table::new("kms.alias", 1);

/// (Region, account, key id, alias name): the aliases of a key.
pub(crate) static ALIASES_OF_KEY: Table<()> = Table::new("kms.alias-of-key", 1);

/// (Region, key material id) → whose material it is. Decrypt finds its key here, across accounts.
pub(crate) static MATERIAL_OWNERS: Table<MaterialOwner> = Table::new("kms.material-owner", 1);

/// (deletion date in ms, Region, account, key id): the keys that wait for their deletion, the next one first.
pub(crate) static DELETIONS: Table<()> = Table::new("kms.deletion", 1);

/// A KMS key. Its ARN is not in here, being the key of the record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    pub(crate) created: Timestamp,
    pub(crate) description: String,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) lifecycle: Lifecycle,
    /// The key policy as [`crate::policy_document`] renders it.
    pub(crate) policy: String,
    pub(crate) tags: BTreeMap<String, String>,
    /// Every material the key ever had, the current one last.
    pub(crate) materials: Vec<MaterialRecord>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MaterialRecord {
    pub(crate) id: MaterialId,
    #[serde(with = "exposed")]
    pub(crate) material: SymmetricMaterial,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AliasRecord {
    pub(crate) target: KeyId,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MaterialOwner {
    pub(crate) account: AccountId,
    pub(crate) key: KeyId,
}

/// The address of a key, in [`KEYS`] and [`KEY_IDS`].
pub(crate) fn key_address(arn: &KeyArn) -> Key {
    Key::from((arn.region.as_str(), arn.account.as_str(), &arn.id.to_string()))
}

/// The prefix of all of an account's keys or aliases in a Region.
pub(crate) fn account_address(region: &Region, account: AccountId) -> Key {
    Key::from((region.as_str(), account.as_str()))
}

pub(crate) fn alias_address(arn: &AliasArn) -> Key {
    Key::from((arn.region.as_str(), arn.account.as_str(), &arn.name))
}

pub(crate) fn alias_of_key_address(key: &KeyArn, alias: &str) -> Key {
    key_address(key).with(alias)
}

pub(crate) fn material_address(region: &Region, id: MaterialId) -> Key {
    Key::from((region.as_str(), id.as_bytes()))
}

pub(crate) fn deletion_address(due: Timestamp, arn: &KeyArn) -> Key {
    let due = u64::try_from(due.as_millis()).unwrap_or_default();
    Key::from((due, arn.region.as_str(), arn.account.as_str(), &arn.id.to_string()))
}

impl KeyRecord {
    /// The material that encrypts now; none while imported material is awaited.
    pub(crate) fn current_material(&self) -> Option<&MaterialRecord> {
        self.materials.last()
    }

    pub(crate) fn material(&self, id: MaterialId) -> Option<&MaterialRecord> {
        self.materials.iter().find(|material| material.id == id)
    }
}

/// The id names the material, so equal ids are equal materials; the bytes themselves are never compared.
impl PartialEq for MaterialRecord {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Key material as base64: the one place where it leaves memory.
mod exposed {
    use base64_simd::STANDARD as BASE64;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use trent_kms_core::SymmetricMaterial;
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(material: &SymmetricMaterial, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode_to_string(material.expose())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SymmetricMaterial, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = Zeroizing::new(BASE64.decode_to_vec(text.as_str()).map_err(|_| D::Error::custom("not base64"))?);
        SymmetricMaterial::try_from(bytes.as_slice()).map_err(D::Error::custom)
    }
}
