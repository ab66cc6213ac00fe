use std::error::Error;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use tokio::sync::oneshot;

use super::version;
use crate::{Batch, CommitError, StoreError, Version, Write};

/// The one thread that writes. Commits queue up; all that wait are written in one `SQLite` transaction, so that under
/// load they share its cost, and are acknowledged when it is committed.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while the engine is dropped: the closing of the queue is what ends the thread.
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Job {
    batch: Batch,
    done: oneshot::Sender<Result<(), CommitError>>,
}

/// The thread's side: the connection and the version numbers.
#[derive(Debug)]
struct Log {
    connection: Connection,
    versions: Versions,
}

/// Which version numbers to give out.
///
/// INVARIANT: numbers are given out in rising order and stay below what the database says is reserved. So a process
/// that starts at the reserved number after any kind of death repeats none, and only one commit in `BLOCK` pays for it.
#[derive(Debug, Clone, Copy)]
struct Versions {
    next: u64,
    reserved: u64,
}

const BLOCK: u64 = 1 << 20;

/// So that the first commit of a large group does not wait for too many others.
const MAX_GROUP: usize = 256;

impl Writer {
    /// Starts the thread on a connection whose database has been checked.
    pub(super) fn start(connection: Connection) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let reserved: i64 = connection.query_row("SELECT reserved FROM version", [], |row| row.get(0))?;
        let reserved = reserved.cast_unsigned();
        let log = Log { connection, versions: Versions { next: reserved, reserved } };
        let (queue, jobs) = mpsc::channel();
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(move || log.run(&jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    pub(super) async fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let (done, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.send(Job { batch, done }).map_err(|_| StoreError::Stopped)?;
        answer.await.map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the store had panicked");
        }
    }
}

impl Log {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        let mut group = Vec::new();
        while let Ok(first) = jobs.recv() {
            group.push(first);
            group.extend(jobs.try_iter().take(MAX_GROUP - 1));
            match self.write(group.iter().map(|job| &job.batch)) {
                Ok(results) => group.drain(..).zip(results).for_each(|(job, result)| job.answer(result)),
                // Whatever went wrong may be the fault of one batch, such as too large a value, so each is tried alone.
                Err(_) => group.drain(..).for_each(|job| {
                    let alone = self.write([&job.batch]).map(|results| results.into_iter().next());
                    let result = match alone {
                        Ok(result) => result.unwrap_or_else(|| Err(StoreError::Stopped.into())),
                        Err(error) => Err(StoreError::from(error).into()),
                    };
                    job.answer(result);
                }),
            }
        }
    }

    /// One transaction: each batch is written or finds itself in conflict with what is stored and with the batches
    /// before it. On an error nothing is written.
    fn write<'a>(
        &mut self,
        batches: impl IntoIterator<Item = &'a Batch>,
    ) -> rusqlite::Result<Vec<Result<(), CommitError>>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut versions = self.versions;
        let results = batches
            .into_iter()
            .map(|batch| {
                // Nothing of a batch is written before all its expectations hold, so a conflict leaves nothing to undo.
                if !expectations_hold(&transaction, batch)? {
                    return Ok(Err(CommitError::Conflict));
                }
                if !batch.is_read_only() {
                    write_batch(&transaction, batch, versions.take(&transaction)?)?;
                }
                Ok(Ok(()))
            })
            .collect::<rusqlite::Result<Vec<_>>>()?;
        // Numbers may be skipped but not repeated, and a reservation counts only when it is stored.
        self.versions.next = versions.next;
        transaction.commit()?;
        self.versions = versions;
        Ok(results)
    }
}

impl Versions {
    fn take(&mut self, connection: &Connection) -> rusqlite::Result<Version> {
        if self.next >= self.reserved {
            self.reserved = self.next + BLOCK;
            connection.prepare_cached("UPDATE version SET reserved = ?1")?.execute([self.reserved.cast_signed()])?;
        }
        let version = Version::new(self.next);
        self.next += 1;
        Ok(version)
    }
}

impl Job {
    fn answer(self, result: Result<(), CommitError>) {
        // Nobody listens any more when the future of the commit was dropped, which is its right.
        let _ = self.done.send(result);
    }
}

fn expectations_hold(connection: &Connection, batch: &Batch) -> rusqlite::Result<bool> {
    let mut select = connection.prepare_cached("SELECT version FROM entry WHERE key = ?1")?;
    for (key, expect) in batch.expectations() {
        let found = select.query_row([key], |row| row.get(0)).optional()?;
        if !expect.holds(found.map(version)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn write_batch(connection: &Connection, batch: &Batch, version: Version) -> rusqlite::Result<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO entry (key, version, value) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM entry WHERE key = ?1")?;
    for (key, write) in batch.writes() {
        match write {
            Write::Put(value) => put.execute((key, version.number().cast_signed(), value.as_slice()))?,
            Write::Delete => delete.execute([key])?,
        };
    }
    Ok(())
}
