//! Contexts that OpenSSL has set up for a key and an algorithm, kept for the next message: each set-up would look up the
//! algorithm, its hash function and its parameters by their names again.

use std::sync::{Mutex, PoisonError};

use openssl::error::ErrorStack;
use openssl::pkey_ctx::PkeyCtx;

use crate::SigningAlgorithm;

/// Contexts kept for a key at most; as many threads use one key at the same time without setting up more.
const CAPACITY: usize = 8;

/// The contexts of one key for one purpose that nobody uses just now.
pub(super) struct IdleContexts<K>(Mutex<Vec<(SigningAlgorithm, PkeyCtx<K>)>>);

impl<K> IdleContexts<K> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Uses an idle context for the algorithm, or one that `set_up` makes.
    pub(super) fn with<T>(
        &self,
        algorithm: SigningAlgorithm,
        set_up: impl FnOnce() -> Result<PkeyCtx<K>, ErrorStack>,
        use_it: impl FnOnce(&mut PkeyCtx<K>) -> Result<T, ErrorStack>,
    ) -> Result<T, ErrorStack> {
        let mut context = self.take(algorithm).map_or_else(set_up, Ok)?;
        // One that failed is not used again.
        let result = use_it(&mut context)?;
        self.put_back(algorithm, context);
        Ok(result)
    }

    fn take(&self, algorithm: SigningAlgorithm) -> Option<PkeyCtx<K>> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().rposition(|(for_algorithm, _)| *for_algorithm == algorithm)?;
        Some(idle.swap_remove(at).1)
    }

    fn put_back(&self, algorithm: SigningAlgorithm, context: PkeyCtx<K>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < CAPACITY {
            idle.push((algorithm, context));
        }
    }
}
