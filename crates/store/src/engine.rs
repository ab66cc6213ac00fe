use std::fmt;

pub use futures_core::future::BoxFuture;
use zeroize::Zeroizing;

use crate::{Batch, CommitError, StoreError};

/// An ordered map from byte keys to versioned rows.
///
/// Keys are ordered as byte strings. What a finished commit wrote is seen by every read that starts afterwards, and
/// each read sees whole batches only. A commit whose future is dropped before it is done may or may not take place.
pub trait Engine: Send + Sync + 'static {
    /// The row under a key.
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>>;

    /// At most `limit` rows of a range with their keys, in the order of the keys, all as of one moment.
    fn scan(&self, range: KeyRange, limit: usize) -> BoxFuture<'_, Result<Rows, StoreError>>;

    /// Writes the whole batch if all its expectations hold at that moment, and nothing otherwise.
    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>>;
}

/// A stored value and the version that its last write gave it.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    pub version: Version,
    /// Wiped when dropped: a record may hold key material.
    pub value: Zeroizing<Vec<u8>>,
}

/// The rows of a scan with their keys.
pub type Rows = Vec<(Vec<u8>, Row)>;

/// Tells one write of a key from every other.
///
/// INVARIANT: an engine never gives a key the same version twice, not even after the key was deleted and made again or
/// the engine was reopened. So a row whose version is unchanged was not touched in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u64);

/// The keys from `start` up to but without `end`; no `end` means to the last key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl Version {
    /// For engines: the version that bears a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// For engines: the number to store.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl KeyRange {
    /// Every key.
    pub const fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// Every key that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        // The first key after all of them: the prefix with its last byte that can grow grown by one.
        let end = prefix.iter().rposition(|&byte| byte != u8::MAX).and_then(|last| {
            let mut end = prefix.get(..=last)?.to_vec();
            *end.last_mut()? += 1;
            Some(end)
        });
        Self { start: prefix.to_vec(), end }
    }

    /// Only the keys that come after `key`.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        if key >= self.start.as_slice() {
            // No byte string lies between a key and the same key with a zero byte added.
            self.start = [key, &[0]].concat();
        }
        self
    }

    /// Whether no key can be in the range.
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row").field("version", &self.version).field("bytes", &self.value.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_sibling() {
        assert_eq!(KeyRange::prefix(b"ab").end.as_deref(), Some(b"ac".as_slice()));
        assert_eq!(KeyRange::prefix(b"a\xff\xff").end.as_deref(), Some(b"b".as_slice()));
        assert_eq!(KeyRange::prefix(b"\xff").end, None);
        assert_eq!(KeyRange::prefix(b""), KeyRange::all());
    }

    #[test]
    fn after_never_widens_a_range() {
        let range = KeyRange::prefix(b"m");
        assert_eq!(range.clone().after(b"a"), range);
        assert_eq!(range.clone().after(b"mm").start, b"mm\0");
        assert!(range.after(b"z").is_empty());
    }

    #[test]
    fn debug_shows_no_value() {
        let row = Row { version: Version::new(7), value: Zeroizing::new(b"secret".to_vec()) };
        assert_eq!(format!("{row:?}"), "Row { version: Version(7), bytes: 6 }");
    }
}
