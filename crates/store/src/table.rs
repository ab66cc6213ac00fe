use std::io;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::{Batch, Engine, Expect, Key, KeyRange, StoreError, Version};

/// Records of one type under one name, declared as a constant by the crate that owns them.
///
/// A record is stored as one byte with the table's format number and the record as JSON; the unit record `()` is stored as
/// nothing at all, so that a `Table<()>` is an index that lives in its keys.
#[derive(Debug)]
pub struct Table<R> {
    name: &'static str,
    format: u8,
    record: PhantomData<fn() -> R>,
}

/// A record as it was read, with the version to expect when it is written back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<R> {
    pub record: R,
    pub version: Version,
}

/// One record of a scan. The key is the table's, without its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<R> {
    pub key: Key,
    pub record: R,
    pub version: Version,
}

/// The unit record as JSON.
const UNIT: &[u8] = b"null";

impl<R: Serialize + DeserializeOwned> Table<R> {
    /// `name` is stored with every key: short, unique among all tables, and never changed.
    ///
    /// `format` begins at 1 and rises when builds from before would misread the records; `R` must go on reading what was
    /// written with every lower number.
    ///
    /// # Panics
    /// If `format` is 0; in a constant that is an error of the build.
    pub const fn new(name: &'static str, format: u8) -> Self {
        assert!(format > 0, "format numbers begin at 1");
        Self { name, format, record: PhantomData }
    }

    /// The name that the table is stored under.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The record under a key.
    pub async fn get(&self, engine: &dyn Engine, key: impl Into<Key>) -> Result<Option<Versioned<R>>, StoreError> {
        let key = self.engine_key(&key.into());
        let Some(row) = engine.get(&key).await? else { return Ok(None) };
        Ok(Some(Versioned { record: self.decode(&row.value)?, version: row.version }))
    }

    /// At most `limit` records whose keys begin with the parts of `prefix`, in the order of the keys, from the first
    /// one after the key `after` on.
    pub async fn scan(
        &self,
        engine: &dyn Engine,
        prefix: impl Into<Key>,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Entry<R>>, StoreError> {
        let mut range = KeyRange::prefix(&self.engine_key(&prefix.into()));
        if let Some(after) = after {
            range = range.after(&self.engine_key(after));
        }
        let name_length = self.engine_key(&Key::new()).len();
        let rows = engine.scan(range, limit).await?;
        rows.into_iter()
            .map(|(mut key, row)| {
                key.drain(..name_length.min(key.len()));
                Ok(Entry { key: Key::from_encoded(key), record: self.decode(&row.value)?, version: row.version })
            })
            .collect()
    }

    fn engine_key(&self, key: &Key) -> Vec<u8> {
        let mut name = Key::new().with(self.name).into_encoded();
        name.extend_from_slice(key.as_encoded());
        name
    }

    fn encode(&self, record: &R) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let mut buffer = WipedBuffer::new(self.format);
        serde_json::to_writer(&mut buffer, record)
            .map_err(|error| StoreError::UnwritableRecord { table: self.name, reason: place(&error) })?;
        Ok(match buffer.0.split_first() {
            Some((_, UNIT)) => Zeroizing::default(),
            _ => buffer.0,
        })
    }

    fn decode(&self, value: &[u8]) -> Result<R, StoreError> {
        let json = match value.split_first() {
            None => UNIT,
            Some((0, _)) => return Err(self.damaged("it has no format number".to_owned())),
            Some((&found, _)) if found > self.format => {
                return Err(StoreError::NewerRecord { table: self.name, found, known: self.format });
            }
            Some((_, json)) => json,
        };
        serde_json::from_slice(json).map_err(|error| self.damaged(place(&error)))
    }

    fn damaged(&self, reason: String) -> StoreError {
        StoreError::DamagedRecord { table: self.name, reason }
    }
}

impl Batch {
    /// Commits only if the record under a key is as expected.
    pub fn expect<R>(&mut self, table: &Table<R>, key: impl Into<Key>, expect: Expect)
    where
        R: Serialize + DeserializeOwned,
    {
        self.expect_raw(table.engine_key(&key.into()), expect);
    }

    /// Writes a record, over the one under the same key if there is one. Fails only for a record that JSON cannot hold.
    pub fn put<R>(&mut self, table: &Table<R>, key: impl Into<Key>, record: &R) -> Result<(), StoreError>
    where
        R: Serialize + DeserializeOwned,
    {
        self.put_raw(table.engine_key(&key.into()), table.encode(record)?);
        Ok(())
    }

    /// Deletes the record under a key, if there is one.
    pub fn delete<R>(&mut self, table: &Table<R>, key: impl Into<Key>)
    where
        R: Serialize + DeserializeOwned,
    {
        self.delete_raw(table.engine_key(&key.into()));
    }
}

/// Where and how JSON is wrong. `serde_json`'s own words may quote the value, which must not reach a log.
fn place(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}

/// A growing buffer that leaves no copy behind when it moves.
struct WipedBuffer(Zeroizing<Vec<u8>>);

impl WipedBuffer {
    fn new(format: u8) -> Self {
        let mut bytes = Zeroizing::new(Vec::with_capacity(1024));
        bytes.push(format);
        Self(bytes)
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.capacity() - self.0.len() < bytes.len() {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * (self.0.len() + bytes.len())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::MemoryEngine;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Alias {
        target: String,
    }

    const ALIASES: Table<Alias> = Table::new("test.alias", 2);
    const INDEX: Table<()> = Table::new("test.index", 1);

    async fn stored(engine: &MemoryEngine, value: &[u8]) {
        let mut batch = Batch::new();
        batch.put_raw(ALIASES.engine_key(&("a",).into()), Zeroizing::new(value.to_vec()));
        batch.commit(engine).await.expect("no expectation");
    }

    #[tokio::test]
    async fn a_record_is_its_format_and_json() {
        let engine = MemoryEngine::new();
        let alias = Alias { target: "k".repeat(5000) };
        let mut batch = Batch::new();
        batch.put(&ALIASES, ("a",), &alias).expect("JSON");
        batch.put(&INDEX, ("a",), &()).expect("JSON");
        batch.commit(&engine).await.expect("no expectation");

        let row = engine.get(b"\x02test.alias\0\x02a\0").await.expect("read").expect("stored");
        assert!(row.value.starts_with(b"\x02{\"target\":\"kkk"));
        let read = ALIASES.get(&engine, ("a",)).await.expect("readable");
        assert_eq!(read, Some(Versioned { record: alias, version: row.version }));
        let row = engine.get(b"\x02test.index\0\x02a\0").await.expect("read").expect("stored");
        assert!(row.value.is_empty());
        assert_eq!(INDEX.get(&engine, ("a",)).await.expect("readable").map(|read| read.record), Some(()));
    }

    #[tokio::test]
    async fn older_formats_are_read_and_newer_ones_refused() {
        let engine = MemoryEngine::new();
        stored(&engine, b"\x01{\"target\":\"k\"}").await;
        assert!(matches!(ALIASES.get(&engine, ("a",)).await, Ok(Some(read)) if read.record.target == "k"));
        stored(&engine, b"\x03{\"target\":\"k\"}").await;
        let refused = ALIASES.scan(&engine, (), None, 9).await.expect_err("newer");
        assert!(matches!(refused, StoreError::NewerRecord { table: "test.alias", found: 3, known: 2 }));
        assert!(refused.to_string().contains("written by a newer version of Trent"));
    }

    #[tokio::test]
    async fn a_damaged_record_is_an_error_that_quotes_nothing() {
        let engine = MemoryEngine::new();
        for value in [b"\x02\"secret\"".as_slice(), b"\x02{\"target\":[\"secret\"]}", b"\0secret", b""] {
            stored(&engine, value).await;
            let error = ALIASES.get(&engine, ("a",)).await.expect_err("damaged");
            assert!(matches!(error, StoreError::DamagedRecord { .. }));
            assert!(!format!("{error} {error:?}").contains("secret"), "{error:?}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        const PAIRS: Table<BTreeMap<(u8, u8), u8>> = Table::new("test.pairs", 1);
        let refused = Batch::new().put(&PAIRS, ("a",), &BTreeMap::from([((1, 2), 3)]));
        assert!(matches!(refused, Err(StoreError::UnwritableRecord { .. })));
    }

    #[tokio::test]
    async fn a_scan_goes_on_after_a_marker_and_stays_in_its_prefix() {
        let engine = MemoryEngine::new();
        let mut batch = Batch::new();
        for (account, id) in [("1", "a"), ("1", "b"), ("1", "c"), ("11", "a"), ("2", "a")] {
            batch.put(&INDEX, (account, id), &()).expect("JSON");
        }
        batch.commit(&engine).await.expect("no expectation");

        let page = INDEX.scan(&engine, ("1",), None, 2).await.expect("readable");
        let ids: Vec<_> = page.iter().map(|entry| entry.key.text(1).expect("text")).collect();
        assert_eq!(ids, ["a", "b"]);
        let marker = page.last().map(|entry| &entry.key);
        let page = INDEX.scan(&engine, ("1",), marker, 2).await.expect("readable");
        assert_eq!(page.iter().map(|entry| &entry.key).collect::<Vec<_>>(), [&Key::from(("1", "c"))]);
        let marker = Key::from(("1", "bb"));
        assert_eq!(INDEX.scan(&engine, ("1",), Some(&marker), 2).await.expect("readable").len(), 1);
        assert_eq!(INDEX.scan(&engine, (), None, 9).await.expect("readable").len(), 5);
    }
}
