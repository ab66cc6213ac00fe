use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::OpenError;

/// A locked data directory and the connection that writes to its database.
pub(super) struct Opened {
    pub(super) database: PathBuf,
    pub(super) connection: Connection,
    pub(super) lock: File,
}

const DATABASE: &str = "trent.db";
const LOCK: &str = "trent.lock";
/// A database that is being made; it becomes `DATABASE` when it is whole.
const UNFINISHED: &str = "trent.db.new";

/// "Trnt", by which a database is known to be Trent's.
const APPLICATION_ID: u32 = u32::from_be_bytes(*b"Trnt");
/// The layout of the database. Rises when builds from before could not use it any more.
const FORMAT: u32 = 1;

const SCHEMA: &str = "
    CREATE TABLE entry (
        key BLOB NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- One row: no version number from here on has been given out.
    CREATE TABLE version (reserved INTEGER NOT NULL) STRICT;
    INSERT INTO version VALUES (1);
";

/// Nothing is written before the directory is known to be free and its database to be one that this build can use.
pub(super) fn open(directory: &Path) -> Result<Opened, OpenError> {
    let database = directory.join(DATABASE);
    let lock = if let Some(lock) = existing_lock(directory)? {
        lock
    } else {
        is_there_and_usable(&database)?;
        new_lock(directory)?
    };
    // Now that nobody else can change it.
    if !is_there_and_usable(&database)? {
        create(&directory.join(UNFINISHED), &database)
            .map_err(|source| OpenError::Create { path: database.clone(), source })?;
    }
    let failed = |source: rusqlite::Error| OpenError::Database { file: database.clone(), source: source.into() };
    let connection = connect(&database).map_err(failed)?;
    // The header was read from the file; what SQLite says takes its log into account.
    let found = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    check_format(&database, found)?;
    Ok(Opened { database, connection, lock })
}

/// The lock on the file that earlier runs left behind, if there is one.
fn existing_lock(directory: &Path) -> Result<Option<File>, OpenError> {
    let path = directory.join(LOCK);
    match OpenOptions::new().write(true).open(&path) {
        Ok(file) => hold(directory, &path, file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error(&path)(error)),
    }
}

fn new_lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join(LOCK);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| OpenError::Create { path: directory.to_owned(), source: error.into() })?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| OpenError::Create { path: path.clone(), source: error.into() })?;
    hold(directory, &path, file)
}

/// The kernel lets go of the lock when the process dies, however it dies.
fn hold(directory: &Path, path: &Path, file: File) -> Result<File, OpenError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { directory: directory.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io_error(path)(error)),
    }
}

/// Looks at a database, if there is one, without `SQLite`, which might create files beside it.
/// Source: <https://www.sqlite.org/fileformat2.html#the_database_header>
fn is_there_and_usable(database: &Path) -> Result<bool, OpenError> {
    // Opened for writing too, though nothing is written: a file that cannot be written is of no use.
    let mut file = match OpenOptions::new().read(true).write(true).open(database) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(io_error(database)(error)),
    };
    let not_trent = || OpenError::NotTrent { file: database.to_owned() };
    let mut header = [0; 100];
    file.read_exact(&mut header).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => not_trent(),
        _ => io_error(database)(error),
    })?;
    let number_at =
        |offset: usize| header.get(offset..).and_then(|rest| rest.first_chunk()).map(|b| u32::from_be_bytes(*b));
    if !header.starts_with(b"SQLite format 3\0") || number_at(68) != Some(APPLICATION_ID) {
        return Err(not_trent());
    }
    check_format(database, number_at(60).unwrap_or_default())?;
    Ok(true)
}

fn check_format(database: &Path, found: u32) -> Result<(), OpenError> {
    match found {
        FORMAT => Ok(()),
        0 => Err(OpenError::NotTrent { file: database.to_owned() }),
        _ => Err(OpenError::Newer { file: database.to_owned(), found, known: FORMAT }),
    }
}

/// Makes the database under another name, so that one under its own name is always whole.
fn create(unfinished: &Path, database: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(unfinished)?;
    {
        let connection = Connection::open(unfinished)?;
        connection.pragma_update(None, "journal_mode", "OFF")?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", FORMAT)?;
        connection.execute_batch(SCHEMA)?;
        // The database remembers this one.
        connection.pragma_update(None, "journal_mode", "WAL")?;
    }
    file.sync_all()?;
    fs::rename(unfinished, database)?;
    Ok(())
}

fn connect(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -512)?;
    // Deleted and replaced records are overwritten with zeros: they may have held key material.
    connection.pragma_update(None, "secure_delete", "ON")?;
    // A burst of writes that had to wait for readers may make the log long; it is cut back.
    connection.pragma_update(None, "journal_size_limit", 8 << 20)?;
    Ok(connection)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> OpenError + '_ {
    |source| OpenError::Io { path: path.to_owned(), source }
}
