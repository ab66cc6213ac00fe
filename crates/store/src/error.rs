use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use crate::InvalidKey;

/// Why a commit wrote nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// An expectation did not hold. Read again, decide again, commit again.
    #[error("a row that the batch depends on has changed")]
    Conflict,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A fault of the store, for the log: no message holds anything of a stored value.
///
/// Cheap to clone, since one failed write can be the answer to many commits.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("there is no room to store anything")]
    Full(#[source] Cause),
    #[error("the stored data is damaged")]
    Damaged(#[source] Cause),
    #[error("the storage engine failed")]
    Failed(#[source] Cause),
    /// The engine has stopped writing; only a restart helps.
    #[error("the storage engine has stopped")]
    Stopped,
    #[error(
        "a record of table {table} has format {found}, written by a newer version of Trent; this one reads up to {known}"
    )]
    NewerRecord { table: &'static str, found: u8, known: u8 },
    /// `reason` names the place, never the content.
    #[error("a record of table {table} cannot be read: {reason}")]
    DamagedRecord { table: &'static str, reason: String },
    #[error("a record of table {table} cannot be written: {reason}")]
    UnwritableRecord { table: &'static str, reason: String },
    #[error(transparent)]
    Key(#[from] InvalidKey),
}

/// What lies below a [`StoreError`].
pub(crate) type Cause = Arc<dyn Error + Send + Sync>;

/// Why a data directory was not opened. Nothing in it has been changed, except that a failed `Create` may leave an
/// empty directory or lock file behind.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data directory {} is in use by another process", directory.display())]
    Locked { directory: PathBuf },
    #[error("{} was written by a newer version of Trent: it has format {found}, this version reads up to {known}", file.display())]
    Newer { file: PathBuf, found: u32, known: u32 },
    #[error("{} is not a Trent database", file.display())]
    NotTrent { file: PathBuf },
    #[error("the database {} is damaged or cannot be read", file.display())]
    Database { file: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error("cannot read or write {}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("cannot create {}", path.display())]
    Create { path: PathBuf, source: Box<dyn Error + Send + Sync> },
}
