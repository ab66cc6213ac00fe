//! Trent's storage: an ordered key–value engine with versioned rows and one atomic conditional batch, typed tables on
//! top, and two engines, in memory and on `SQLite`.
//!
//! Whoever changes something reads rows, decides, and commits a [`Batch`] that expects the rows to be as they were read;
//! on [`CommitError::Conflict`] it starts over. There are no other transactions and no locks to hold.

mod batch;
mod engine;
mod error;
mod key;
mod memory;
mod sqlite;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod table;

pub use batch::{Batch, Expect, Write};
pub use engine::{BoxFuture, Engine, KeyRange, Row, Rows, Version};
pub use error::{CommitError, OpenError, StoreError};
pub use key::{InvalidKey, Key, Part, Parts};
pub use memory::MemoryEngine;
pub use sqlite::SqliteEngine;
pub use table::{Entry, Table, Versioned};
