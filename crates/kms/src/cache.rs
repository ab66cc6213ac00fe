//! Decoded keys, so that a cryptographic operation on a key in use never touches the store.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use trent_kms_core::{KeyMaterial, KeyTag, MaterialId};
use trent_policy::NamedPolicy;
use trent_shared::{AccountId, Region, Timestamp};
use trent_store::{StoreError, Version, Versioned};

use crate::api::KeyMetadata;
use crate::grants::HeldGrant;
use crate::identifier::{KeyArn, KeyId};
use crate::records::{KEYS, KeyRecord};
use crate::usage::LastUse;

/// Keys kept at most, so that memory stays bounded however many there are.
const CAPACITY: usize = 4096;

/// Grants kept at most, counting each caller's as one more than they are.
const GRANT_CAPACITY: u64 = 1 << 18;

/// A key as it was read from the store, its material ready for use.
pub(crate) struct StoredKey {
    pub(crate) arn: KeyArn,
    /// The ARN as text: nearly every answer carries it.
    pub(crate) arn_text: String,
    pub(crate) record: KeyRecord,
    pub(crate) version: Version,
    /// When something will happen to the key by itself.
    pub(crate) due: Option<Timestamp>,
    /// The material that is there, the current one last.
    pub(crate) materials: Vec<Material>,
    /// Made when first asked for.
    pub(crate) metadata: OnceLock<KeyMetadata>,
    /// Parsed when first asked for; `None` of one that cannot be.
    pub(crate) policy: OnceLock<Option<NamedPolicy>>,
    /// The names of the aliases, read when first asked for: a change of any drops this copy of the key.
    pub(crate) aliases: OnceLock<Vec<String>>,
    /// Found when the key is first used.
    pub(crate) last_use: OnceLock<Arc<LastUse>>,
}

/// One piece of a key's material, parsed: for a private key that costs more than using it.
pub(crate) struct Material {
    pub(crate) id: MaterialId,
    pub(crate) key: KeyMaterial,
}

/// The bounded cache of decoded keys.
///
/// INVARIANT: once a change of a key is acknowledged, no older copy is handed out. A reader may have read the old
/// record and be about to keep it when a writer commits; so it may only keep what it read if nothing was dropped since
/// it began, which [`Generation`] tells. Hits take no lock of ours.
pub(crate) struct KeyCache {
    keys: Cache<KeyArn, Arc<StoredKey>>,
    /// Which of an account's keys a tag belongs to. Never dropped: it stays true until the key is deleted, and then the key
    /// is gone.
    tagged: Cache<(Region, KeyTag, AccountId), KeyId>,
    /// What callers hold on keys.
    grants: Cache<(KeyArn, String), KnownGrants, ByNumber>,
    generation: Mutex<Generation>,
}

/// What a caller holds on a key, true as long as that copy of the key is: a change of a key's grants drops the key.
#[derive(Clone)]
struct KnownGrants {
    of: Weak<StoredKey>,
    held: Arc<[HeldGrant]>,
}

#[derive(Clone)]
struct ByNumber;

/// Counts what was dropped from the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Generation(u64);

impl StoredKey {
    pub(crate) fn new(arn: KeyArn, stored: Versioned<KeyRecord>) -> Result<Self, StoreError> {
        let Versioned { record, version } = stored;
        let used = record.lifecycle.materials().iter().map(|material| material.id);
        let present = used.filter_map(|id| Some((id, record.secrets.get(&id)?)));
        let materials = present.map(|(id, bytes)| {
            let key = KeyMaterial::from_bytes(record.spec, bytes.expose());
            let key =
                key.map_err(|error| StoreError::DamagedRecord { table: KEYS.name(), reason: error.to_string() })?;
            Ok(Material { id, key })
        });
        let materials = materials.collect::<Result<_, StoreError>>()?;
        let due = record.lifecycle.next_event(&arn.region);
        Ok(Self {
            arn_text: arn.to_string(),
            arn,
            record,
            version,
            due,
            materials,
            metadata: OnceLock::new(),
            policy: OnceLock::new(),
            aliases: OnceLock::new(),
            last_use: OnceLock::new(),
        })
    }
}

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self {
            keys: Cache::new(CAPACITY),
            tagged: Cache::new(CAPACITY),
            grants: Cache::with_weighter(CAPACITY, GRANT_CAPACITY, ByNumber),
            generation: Mutex::default(),
        }
    }

    pub(crate) fn key(&self, arn: &KeyArn) -> Option<Arc<StoredKey>> {
        self.keys.get(arn)
    }

    /// To be asked before reading from the store what [`KeyCache::keep`] shall keep.
    pub(crate) fn generation(&self) -> Generation {
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a key that was read in this generation, unless it may have changed since.
    pub(crate) fn keep(&self, key: &Arc<StoredKey>, read_in: Generation) {
        let generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        if *generation == read_in {
            self.keys.insert(key.arn.clone(), Arc::clone(key));
        }
    }

    /// Forgets keys; to be called after a commit that changed them and before that is acknowledged.
    pub(crate) fn drop_keys(&self, arns: &[KeyArn]) {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        generation.0 += 1;
        for arn in arns {
            self.keys.remove(arn);
        }
    }

    /// What a caller holds on a key.
    pub(crate) fn grants(&self, key: &Arc<StoredKey>, caller: &str) -> Option<Arc<[HeldGrant]>> {
        let known = self.grants.get(&(key.arn.clone(), caller.to_owned()))?;
        std::ptr::eq(known.of.as_ptr(), Arc::as_ptr(key)).then_some(known.held)
    }

    /// Keeps what was read of a caller's grants after this copy of the key was.
    ///
    /// INVARIANT: nobody finds them any more once the key is dropped, since its next copy is another one; the reference keeps
    /// the place of this one in memory from being given to any other.
    pub(crate) fn keep_grants(&self, key: &Arc<StoredKey>, caller: String, held: &Arc<[HeldGrant]>) {
        let known = KnownGrants { of: Arc::downgrade(key), held: Arc::clone(held) };
        self.grants.insert((key.arn.clone(), caller), known);
    }

    /// The key that a tag belongs to.
    pub(crate) fn tagged(&self, region: &Region, tag: KeyTag, account: AccountId) -> Option<KeyId> {
        self.tagged.get(&(region.clone(), tag, account))
    }

    pub(crate) fn keep_tagged(&self, tag: KeyTag, arn: &KeyArn) {
        self.tagged.insert((arn.region.clone(), tag, arn.account), arn.id);
    }
}

impl Weighter<(KeyArn, String), KnownGrants> for ByNumber {
    fn weight(&self, _: &(KeyArn, String), known: &KnownGrants) -> u64 {
        known.held.len() as u64 + 1
    }
}
