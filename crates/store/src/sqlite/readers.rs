use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rusqlite::{Connection, OpenFlags};

use crate::StoreError;

/// Read-only connections: opened when all others are busy, and a few of them kept.
#[derive(Debug)]
pub(super) struct Readers {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
    max_idle: usize,
}

/// Kibibytes of pages that a connection may keep. Other processes' writes never occur, but every commit empties the
/// readers' caches all the same, and the operating system's own cache is behind it: more would be memory for nothing.
const CACHE_KIB: i64 = 128;

impl Readers {
    pub(super) fn new(database: PathBuf) -> Self {
        // Reads do not wait, so no more of them can run at once than there are worker threads, one per core.
        let max_idle = thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
        Self { database, idle: Mutex::default(), max_idle }
    }

    /// Lends a connection to `read`. One on which something failed is closed rather than kept.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let result = read(&connection)?;
        let mut idle = self.idle();
        if idle.len() < self.max_idle {
            idle.push(connection);
        }
        Ok(result)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.database, flags)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        Ok(connection)
    }

    // Pushing and popping leave the list whole, so whoever panicked with the lock held did no harm.
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
