//! What KMS stores, and under which keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_kms_core::{KeySpec, KeyUsage, Lifecycle, MaterialId};
use trent_shared::{AccountId, ApiError, Region, SecretBytes, Timestamp};
use trent_store::{Batch, Key, Table};

use crate::identifier::{AliasArn, KeyArn, KeyId};
use crate::messages;

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

/// A piece of key material. One that was imported may be missing for a while; its id stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MaterialRecord {
    pub(crate) id: MaterialId,
    /// As [`trent_kms_core::KeyMaterial::to_bytes`] writes it.
    #[serde(with = "exposed", default, skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<SecretBytes>,
    /// What the customer says of imported material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
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

/// Adds to a batch that a symmetric ciphertext made with this material finds its key. No other ciphertext names any.
pub(crate) fn record_owner(
    batch: &mut Batch,
    arn: &KeyArn,
    key: &KeyRecord,
    material: MaterialId,
) -> Result<(), ApiError> {
    if key.spec != KeySpec::SymmetricDefault {
        return Ok(());
    }
    let owner = MaterialOwner { account: arn.account, key: arn.id };
    batch.put(&MATERIAL_OWNERS, material_address(&arn.region, material), &owner).map_err(messages::store)
}

impl KeyRecord {
    /// The material whose id is shown: the current one, of symmetric encryption keys only (crypto.md §1.1). It is shown
    /// also while imported material is missing, but not before there was any.
    pub(crate) fn shown_material(&self) -> Option<&MaterialRecord> {
        self.materials.last().filter(|_| self.spec == KeySpec::SymmetricDefault)
    }
}

/// Key material as base64: the one place where it leaves memory.
pub(crate) mod exposed {
    use base64_simd::STANDARD as BASE64;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use trent_shared::SecretBytes;
    use zeroize::Zeroizing;

    #[expect(clippy::ref_option, reason = "the signature that serde calls")]
    pub(crate) fn serialize<S: Serializer>(bytes: &Option<SecretBytes>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => serializer.serialize_str(&Zeroizing::new(BASE64.encode_to_string(bytes.expose()))),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretBytes>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.map(Zeroizing::new);
        let bytes = text.map(|text| BASE64.decode_to_vec(text.as_str()).map(SecretBytes::new)).transpose();
        bytes.map_err(|_| D::Error::custom("not base64"))
    }
}
