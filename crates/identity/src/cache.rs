//! What was found of callers, so that a request of a known one never touches the store.

use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache;
use trent_policy::Policy;

use crate::credentials::Credentials;
use crate::permissions::Permissions;

/// Callers kept at most.
const CALLERS: usize = 4096;

/// Parsed policies kept at most; those in use are kept by the callers' permissions anyway.
const POLICIES: usize = 512;

/// The bounded caches of the directory.
///
/// INVARIANT: once a change is acknowledged, nothing that was found before is handed out. A reader may have read old records
/// and be about to keep what follows from them when a writer commits; so it may only keep it if nothing was forgotten
/// since it began, which [`Generation`] tells. Any change forgets all callers: who is concerned by a group or a policy
/// takes longer to find out than the few that call take to be found again.
pub(crate) struct Caches {
    /// By access key id; also that there are none.
    pub(crate) credentials: Cache<String, Option<Arc<Credentials>>>,
    /// By what [`crate::permissions`] calls the caller.
    pub(crate) permissions: Cache<String, Arc<Permissions>>,
    /// By the document: what it means never changes.
    policies: Cache<Box<str>, Arc<Policy>>,
    generation: Mutex<Generation>,
}

/// Counts how often something was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Generation(u64);

impl Caches {
    pub(crate) fn new() -> Self {
        Self {
            credentials: Cache::new(CALLERS),
            permissions: Cache::new(CALLERS),
            policies: Cache::new(POLICIES),
            generation: Mutex::default(),
        }
    }

    /// To be asked before reading what [`Caches::keep`] shall keep.
    pub(crate) fn generation(&self) -> Generation {
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what was found in this generation, unless it may have changed since.
    pub(crate) fn keep<V: Clone>(&self, cache: &Cache<String, V>, name: &str, found: &V, found_in: Generation) {
        let generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        if *generation == found_in {
            cache.insert(name.to_owned(), found.clone());
        }
    }

    /// Forgets all callers; to be called after a commit and before that is acknowledged.
    pub(crate) fn forget(&self) {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        generation.0 += 1;
        self.credentials.clear();
        self.permissions.clear();
    }

    /// Forgets that there are no credentials with this access key id; to be called as [`forget`](Self::forget) is.
    pub(crate) fn forget_absence(&self, access_key_id: &str) {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        generation.0 += 1;
        self.credentials.remove(access_key_id);
    }

    /// An identity policy, parsed.
    pub(crate) fn policy<E>(
        &self,
        document: &str,
        parse: impl FnOnce(&str) -> Result<Policy, E>,
    ) -> Result<Arc<Policy>, E> {
        if let Some(policy) = self.policies.get(document) {
            return Ok(policy);
        }
        let policy = Arc::new(parse(document)?);
        self.policies.insert(document.into(), Arc::clone(&policy));
        Ok(policy)
    }
}
