use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{Batch, BoxFuture, CommitError, Engine, KeyRange, Row, Rows, StoreError, Version, Write};

/// An engine that keeps everything in memory and nothing longer: for `--ephemeral`, for tests, and as the plain
/// statement of what every engine must do.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<Vec<u8>, Row>,
    last_version: u64,
}

impl MemoryEngine {
    pub fn new() -> Self {
        Self::default()
    }

    // A panic elsewhere must not end all storage: the state is whole whenever no `commit` runs, and nothing in
    // `State::commit` panics between its first and its last change.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for MemoryEngine {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async move { Ok(self.read().rows.get(key).cloned()) })
    }

    fn scan(&self, range: KeyRange, limit: usize) -> BoxFuture<'_, Result<Rows, StoreError>> {
        Box::pin(async move {
            // `BTreeMap::range` panics on a range that ends before it starts.
            if range.is_empty() {
                return Ok(Vec::new());
            }
            let end = range.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let state = self.read();
            let rows = state.rows.range::<[u8], _>((Bound::Included(range.start.as_slice()), end));
            Ok(rows.take(limit).map(|(key, row)| (key.clone(), row.clone())).collect())
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async move { self.write().commit(batch) })
    }
}

impl State {
    fn commit(&mut self, batch: Batch) -> Result<(), CommitError> {
        if !batch.expectations().all(|(key, expect)| expect.holds(self.rows.get(key).map(|row| row.version))) {
            return Err(CommitError::Conflict);
        }
        self.last_version += 1;
        let version = Version::new(self.last_version);
        for (key, write) in batch.into_writes() {
            match write {
                Write::Put(value) => self.rows.insert(key, Row { version, value }),
                Write::Delete => self.rows.remove(&key),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    crate::engine_suite!((Arc::new(MemoryEngine::new()), ()));
}
