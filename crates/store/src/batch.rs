use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use crate::{Engine, Version};

/// Changes that take place together or not at all, and what must hold for that.
///
/// Expectations are about the rows before the batch and are all checked before anything is written. A key is written
/// at most once: of several puts and deletes of one key the last counts. All puts of a batch get the same new version.
#[derive(Clone, Default)]
#[must_use = "a batch does nothing until it is committed"]
pub struct Batch {
    expectations: Vec<(Vec<u8>, Expect)>,
    writes: BTreeMap<Vec<u8>, Write>,
}

/// What a commit needs a key to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is no row.
    Absent,
    /// The row was last written with this version.
    Version(Version),
}

/// What a commit does to a key.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    Put(Zeroizing<Vec<u8>>),
    /// Deleting a row that does not exist is no error.
    Delete,
}

impl Batch {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an expectation about an engine key; [`Batch::expect`] takes a table's.
    pub fn expect_raw(&mut self, key: Vec<u8>, expect: Expect) {
        self.expectations.push((key, expect));
    }

    /// Writes a value under an engine key; [`Batch::put`] takes a table's.
    pub fn put_raw(&mut self, key: Vec<u8>, value: Zeroizing<Vec<u8>>) {
        self.writes.insert(key, Write::Put(value));
    }

    /// Deletes an engine key; [`Batch::delete`] takes a table's.
    pub fn delete_raw(&mut self, key: Vec<u8>) {
        self.writes.insert(key, Write::Delete);
    }

    /// For engines: every expectation, in the order of their adding.
    pub fn expectations(&self) -> impl Iterator<Item = (&[u8], Expect)> {
        self.expectations.iter().map(|(key, expect)| (key.as_slice(), *expect))
    }

    /// For engines: every write, in the order of the keys.
    pub fn writes(&self) -> impl Iterator<Item = (&[u8], &Write)> {
        self.writes.iter().map(|(key, write)| (key.as_slice(), write))
    }

    /// For engines that keep what they are given.
    pub fn into_writes(self) -> impl Iterator<Item = (Vec<u8>, Write)> {
        self.writes.into_iter()
    }

    /// Whether the batch writes nothing; it may still expect something.
    pub fn is_read_only(&self) -> bool {
        self.writes.is_empty()
    }

    /// [`Engine::commit`], where that reads better.
    pub async fn commit(self, engine: &dyn Engine) -> Result<(), crate::CommitError> {
        engine.commit(self).await
    }
}

impl Expect {
    /// Whether a key with this version, or without a row, is what was expected.
    pub fn holds(self, found: Option<Version>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Version(version) => found == Some(version),
        }
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("expectations", &self.expectations.len())
            .field("writes", &self.writes.len())
            .finish()
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(value) => write!(f, "Put({} bytes)", value.len()),
            Self::Delete => f.write_str("Delete"),
        }
    }
}
