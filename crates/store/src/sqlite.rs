//! The embedded default engine: one `SQLite` database in a data directory.
//!
//! One thread writes and any thread reads, which is what `SQLite`'s write-ahead log is made for. With
//! `synchronous=NORMAL` a commit is handed to the operating system before it is acknowledged, so it survives the death
//! of the process at any moment; a power failure may lose the last commits, but never part of one.

mod directory;
mod readers;
mod writer;

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use zeroize::Zeroizing;

use self::readers::Readers;
use self::writer::Writer;
use crate::{Batch, BoxFuture, CommitError, Engine, KeyRange, OpenError, Row, Rows, StoreError, Version};

/// The engine that keeps its rows in a data directory of its own.
///
/// Dropping it waits for the commits under way, moves the log into the database and lets go of the directory.
#[derive(Debug)]
pub struct SqliteEngine {
    // INVARIANT: dropped in this order. The writer's connection must be the last one to close, for then SQLite moves the
    // log into the database and removes it; the directory is unlocked when nothing touches it any more.
    readers: Readers,
    writer: Writer,
    _lock: File,
}

impl SqliteEngine {
    /// Opens a data directory, which is made if it is missing, and locks it for as long as the engine lives.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let directory::Opened { database, connection, lock } = directory::open(directory)?;
        let writer =
            Writer::start(connection).map_err(|source| OpenError::Database { file: database.clone(), source })?;
        Ok(Self { readers: Readers::new(database), writer, _lock: lock })
    }

    fn row(connection: &Connection, key: &[u8]) -> rusqlite::Result<Option<Row>> {
        connection
            .prepare_cached("SELECT key, version, value FROM entry WHERE key = ?1")?
            .query_row([key], entry)
            .optional()
            .map(|found| found.map(|(_, row)| row))
    }

    fn rows(connection: &Connection, range: &KeyRange, limit: usize) -> rusqlite::Result<Rows> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let KeyRange { start, end } = range;
        // Two statements rather than `?2 IS NULL OR …`, which SQLite would not turn into the end of an index range.
        match end {
            Some(end) => connection
                .prepare_cached(
                    "SELECT key, version, value FROM entry WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3",
                )?
                .query_map(params![start, end, limit], entry)?
                .collect(),
            None => connection
                .prepare_cached("SELECT key, version, value FROM entry WHERE key >= ?1 ORDER BY key LIMIT ?2")?
                .query_map(params![start, limit], entry)?
                .collect(),
        }
    }
}

// Reads run right on the calling task: they take microseconds, mostly out of the page cache, which is less than handing
// them to another thread and back would take.
impl Engine for SqliteEngine {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        Box::pin(async move { self.readers.read(|connection| Self::row(connection, key)) })
    }

    fn scan(&self, range: KeyRange, limit: usize) -> BoxFuture<'_, Result<Rows, StoreError>> {
        Box::pin(async move { self.readers.read(|connection| Self::rows(connection, &range, limit)) })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(self.writer.commit(batch))
    }
}

fn version(stored: i64) -> Version {
    Version::new(stored.cast_unsigned())
}

/// A key and its row, from the columns key, version, value.
fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Vec<u8>, Row)> {
    Ok((row.get(0)?, Row { version: version(row.get(1)?), value: row.get(2).map(Zeroizing::new)? }))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let variant = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            _ => Self::Failed,
        };
        variant(std::sync::Arc::new(error))
    }
}

#[cfg(test)]
mod tests;
