//! What KMS stores, and under which keys.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_kms_core::{Grant, GrantPrincipal, KeySpec, KeyTag, KeyUsage, Lifecycle, MaterialId};
use trent_shared::{AccountId, Region, SecretBytes, Timestamp};
use trent_store::{Key, Table};

use crate::grants::GrantId;
use crate::identifier::{AliasArn, KeyArn, KeyId};

/// (Region, account, key id) → the key.
pub(crate) static KEYS: Table<KeyRecord> = Table::new("kms.key", 1);

/// (Region, account, key id): the same keys without their records, so that ListKeys reads nothing that it does not show.
pub(crate) static KEY_IDS: Table<()> = Table::new("kms.key-id", 1);

/// (Region, account, alias name) → the alias.
pub(crate) static ALIASES: Table<AliasRecord> = Table::new("kms.alias", 1);

/// (Region, account, key id, alias name): the aliases of a key.
pub(crate) static ALIASES_OF_KEY: Table<()> = Table::new("kms.alias-of-key", 1);

/// (Region, key tag, account) → the symmetric encryption key of which ciphertexts carry that tag. Accounts can have keys of
/// the same id only where they choose it.
pub(crate) static TAGGED_KEYS: Table<KeyId> = Table::new("kms.tagged-key", 1);

/// (date in ms, Region, account, key id): the keys to which something will happen by itself, the next one first.
pub(crate) static DUE: Table<()> = Table::new("kms.due", 1);

/// (Region, account, key id, grant id) → the grant.
pub(crate) static GRANTS: Table<GrantRecord> = Table::new("kms.grant", 1);

/// (Region, account, key id) → how many grants the key has, where it has any. INVARIANT: every change of the key's grants
/// writes it, so that of two at once one starts over.
pub(crate) static GRANT_COUNTS: Table<usize> = Table::new("kms.grant-count", 1);

/// (Region, account, key id, grantee, grant id): a key's grants by whom they are for.
pub(crate) static GRANTS_BY_GRANTEE: Table<()> = Table::new("kms.grant-by-grantee", 1);

/// (Region, account, key id, name, grant id): a key's grants that have a name.
pub(crate) static GRANTS_BY_NAME: Table<()> = Table::new("kms.grant-by-name", 1);

/// (Region, retiring principal, account, key id, grant id): the grants of all keys by who may retire them.
pub(crate) static RETIRABLE_GRANTS: Table<()> = Table::new("kms.retirable-grant", 1);

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
    /// The users and roles that the policy names, with the unique ids that they had when it was written: whoever gets
    /// their names later is somebody else (authz.md §4).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) policy_principals: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) manager: KeyManager,
    /// The material that is here, as [`trent_kms_core::KeyMaterial::to_bytes`] writes it; what else is known of it is in the
    /// life.
    #[serde(with = "exposed::map")]
    pub(crate) secrets: BTreeMap<MaterialId, SecretBytes>,
}

/// Who looks after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum KeyManager {
    #[default]
    Customer,
    /// An AWS service, which made the key for its own use.
    Aws,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AliasRecord {
    pub(crate) target: KeyId,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// A grant. Neither the key nor its id is in here, both being in the key of the record. It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GrantRecord {
    pub(crate) created: Timestamp,
    pub(crate) grantee: GrantParty,
    pub(crate) retiring: Option<GrantParty>,
    /// The account whose principal made it.
    pub(crate) issuer: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) grant: Grant,
}

/// Whom a grant names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GrantParty {
    Principal(GrantPrincipal),
    /// An AWS service, as `service.amazonaws.com`.
    Service(String),
}

/// The address of a key, in [`KEYS`], [`KEY_IDS`] and [`GRANT_COUNTS`]; the prefix of all that is the key's.
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

pub(crate) fn grant_address(key: &KeyArn, id: GrantId) -> Key {
    key_address(key).with(id.as_bytes())
}

/// In [`GRANTS_BY_GRANTEE`] and [`GRANTS_BY_NAME`].
pub(crate) fn named_grant_address(key: &KeyArn, name: &str, id: GrantId) -> Key {
    key_address(key).with(name).with(id.as_bytes())
}

pub(crate) fn retirable_grant_address(retiring: &str, key: &KeyArn, id: GrantId) -> Key {
    Key::from((key.region.as_str(), retiring, key.account.as_str(), &key.id.to_string(), id.as_bytes()))
}

pub(crate) fn tag_address(region: &Region, tag: KeyTag, account: AccountId) -> Key {
    Key::from((region.as_str(), tag.as_bytes(), account.as_str()))
}

/// The prefix of the keys of all accounts of which ciphertexts carry the tag.
pub(crate) fn tag_prefix(region: &Region, tag: KeyTag) -> Key {
    Key::from((region.as_str(), tag.as_bytes()))
}

pub(crate) fn due_address(due: Timestamp, arn: &KeyArn) -> Key {
    let due = u64::try_from(due.as_millis()).unwrap_or_default();
    Key::from((due, arn.region.as_str(), arn.account.as_str(), &arn.id.to_string()))
}

impl KeyRecord {
    /// The material whose id is shown: the current one, of symmetric encryption keys only (crypto.md §1.1). It is shown
    /// also while imported material is missing, but not before there was any.
    pub(crate) fn shown_material(&self) -> Option<MaterialId> {
        let current = self.lifecycle.current_material().filter(|_| self.spec == KeySpec::SymmetricDefault);
        current.map(|material| material.id)
    }
}

impl GrantParty {
    /// The name that the indexes have it under; no service has a principal's.
    pub(crate) fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Principal(principal) => principal.lasting_name(),
            Self::Service(service) => Cow::Borrowed(service),
        }
    }

    /// Whether both name the same.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Principal(own), Self::Principal(other)) => own.is_same_as(other),
            (Self::Service(own), Self::Service(other)) => own == other,
            _ => false,
        }
    }

    pub(crate) fn principal(&self) -> Option<&GrantPrincipal> {
        match self {
            Self::Principal(principal) => Some(principal),
            Self::Service(_) => None,
        }
    }
}

/// Key material as base64: the one place where it leaves memory.
pub(crate) mod exposed {
    use base64_simd::STANDARD as BASE64;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use trent_shared::SecretBytes;
    use zeroize::Zeroizing;

    pub(crate) fn serialize<S: Serializer>(bytes: &SecretBytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64.encode_to_string(bytes.expose())))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretBytes, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        BASE64.decode_to_vec(text.as_str()).map(SecretBytes::new).map_err(|_| D::Error::custom("not base64"))
    }

    /// The same for each value of a map.
    pub(crate) mod map {
        use std::collections::BTreeMap;

        use serde::{Deserialize, Deserializer, Serialize, Serializer};
        use trent_kms_core::MaterialId;
        use trent_shared::SecretBytes;

        #[derive(Serialize)]
        struct Exposed<'a>(#[serde(with = "super")] &'a SecretBytes);

        #[derive(Deserialize)]
        struct Read(#[serde(with = "super")] SecretBytes);

        pub(crate) fn serialize<S: Serializer>(
            secrets: &BTreeMap<MaterialId, SecretBytes>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_map(secrets.iter().map(|(id, bytes)| (id, Exposed(bytes))))
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<BTreeMap<MaterialId, SecretBytes>, D::Error> {
            let read = BTreeMap::<MaterialId, Read>::deserialize(deserializer)?;
            Ok(read.into_iter().map(|(id, Read(bytes))| (id, bytes)).collect())
        }
    }
}
