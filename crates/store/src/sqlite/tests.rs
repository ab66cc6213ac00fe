use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::{Expect, MemoryEngine};

crate::engine_suite!({
    let directory = fresh();
    (Arc::new(open(directory.path())), directory)
});

fn fresh() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

fn open(directory: &Path) -> SqliteEngine {
    SqliteEngine::open(directory).expect("a usable directory")
}

fn refusal(directory: &Path) -> String {
    SqliteEngine::open(directory).map(|_| ()).expect_err("not usable").to_string()
}

async fn put(engine: &SqliteEngine, key: &[u8], value: &[u8]) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.put_raw(key.to_vec(), Zeroizing::new(value.to_vec()));
    engine.commit(batch).await
}

async fn version_of(engine: &SqliteEngine, key: &[u8]) -> u64 {
    engine.get(key).await.expect("readable").expect("stored").version.number()
}

/// Every file with its bytes and the time of its last change.
fn listing(directory: &Path) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    let entries = fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| {
            let entry = entry.expect("an entry");
            let changed = entry.metadata().and_then(|metadata| metadata.modified()).expect("metadata");
            (entry.file_name().display().to_string(), (fs::read(entry.path()).expect("a file"), changed))
        })
        .collect()
}

#[tokio::test]
async fn a_new_directory_is_private_and_a_clean_end_leaves_only_the_database() {
    let parent = fresh();
    let directory = parent.path().join("a/b");
    let engine = open(&directory);
    put(&engine, b"k", b"v").await.expect("room");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for file in listing(&directory).keys() {
        assert_eq!(mode(&directory.join(file)), 0o600, "{file}");
    }
    drop(engine);
    assert_eq!(listing(&directory).keys().collect::<Vec<_>>(), ["trent.db", "trent.lock"]);

    let engine = open(&directory);
    assert_eq!(engine.get(b"k").await.expect("readable").map(|row| row.value.to_vec()), Some(b"v".to_vec()));
}

#[tokio::test]
async fn versions_do_not_repeat_after_reopening() {
    let directory = fresh();
    let mut last = 0;
    for _ in 0..3 {
        let engine = open(directory.path());
        put(&engine, b"k", b"v").await.expect("room");
        let version = version_of(&engine, b"k").await;
        assert!(version > last, "{version} after {last}");
        let mut batch = Batch::new();
        batch.delete_raw(b"k".to_vec());
        engine.commit(batch).await.expect("nothing expected");
        put(&engine, b"k", b"v").await.expect("room");
        last = version_of(&engine, b"k").await;
        assert!(last > version);
    }
}

#[tokio::test]
async fn a_second_opening_is_refused_and_the_first_goes_on() {
    let directory = fresh();
    let engine = open(directory.path());
    put(&engine, b"k", b"v").await.expect("room");
    let before = listing(directory.path());
    let sentence = format!("the data directory {} is in use by another process", directory.path().display());
    assert_eq!(refusal(directory.path()), sentence);
    assert_eq!(listing(directory.path()), before);
    put(&engine, b"k", b"w").await.expect("room");
    drop(engine);
    open(directory.path());
}

/// Opens and closes a directory, changes its database by SQL, and returns what is in it then.
fn with_changed_database(directory: &Path, sql: &str) -> BTreeMap<String, (Vec<u8>, SystemTime)> {
    drop(open(directory));
    let connection = Connection::open(directory.join("trent.db")).expect("a database");
    connection.execute_batch(sql).expect("valid SQL");
    drop(connection);
    listing(directory)
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let directory = fresh();
    let before = with_changed_database(directory.path(), "PRAGMA user_version = 2");
    let refusal = refusal(directory.path());
    assert!(refusal.ends_with("was written by a newer version of Trent: it has format 2, this version reads up to 1"));
    assert_eq!(listing(directory.path()), before);
}

#[test]
fn a_newer_format_that_is_still_in_the_log_is_seen() {
    let directory = fresh();
    drop(open(directory.path()));
    let newer = Connection::open(directory.path().join("trent.db")).expect("a database");
    newer.execute_batch("PRAGMA user_version = 7").expect("valid SQL");
    assert!(refusal(directory.path()).contains("it has format 7"));
}

#[test]
fn what_is_not_trents_is_refused_untouched() {
    let directory = fresh();
    let before = with_changed_database(directory.path(), "PRAGMA application_id = 1");
    assert!(refusal(directory.path()).ends_with("trent.db is not a Trent database"));
    assert_eq!(listing(directory.path()), before);

    for content in [b"".as_slice(), b"SQLite format 3\0", &[b'x'; 8192]] {
        let directory = fresh();
        fs::write(directory.path().join("trent.db"), content).expect("writable");
        let before = listing(directory.path());
        assert!(refusal(directory.path()).ends_with("trent.db is not a Trent database"));
        // Not even a lock file is left behind.
        assert_eq!(listing(directory.path()), before);
    }
}

#[test]
fn a_damaged_database_is_refused_untouched() {
    let directory = fresh();
    drop(open(directory.path()));
    let path = directory.path().join("trent.db");
    let mut bytes = fs::read(&path).expect("readable");
    bytes[100..].fill(0xA5);
    fs::write(&path, bytes).expect("writable");
    let before = listing(directory.path());
    assert!(refusal(directory.path()).ends_with("trent.db is damaged or cannot be read"));
    assert_eq!(listing(directory.path()), before);
}

#[test]
fn what_cannot_be_read_or_made_is_named() {
    let directory = fresh();
    let file = directory.path().join("file");
    fs::write(&file, b"").expect("writable");
    assert_eq!(refusal(&file), format!("cannot read or write {}", file.join("trent.lock").display()));

    let closed = directory.path().join("closed");
    drop(open(&closed));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("own directory");
    if fs::read_dir(&closed).is_ok() {
        eprintln!("skipped: this user may read every directory");
    } else {
        assert_eq!(refusal(&closed), format!("cannot read or write {}", closed.join("trent.lock").display()));
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("own directory");
}

#[test]
fn an_interrupted_creation_is_started_over() {
    let directory = fresh();
    fs::write(directory.path().join("trent.db.new"), b"half a database").expect("writable");
    drop(open(directory.path()));
    assert_eq!(listing(directory.path()).keys().collect::<Vec<_>>(), ["trent.db", "trent.lock"]);
}

#[tokio::test]
async fn a_full_disk_fails_what_does_not_fit_and_nothing_else() {
    let directory = fresh();
    let directory::Opened { database, connection, lock } = directory::open(directory.path()).expect("usable");
    connection.pragma_update(None, "max_page_count", 16).expect("a number");
    let writer = Writer::start(connection).expect("a thread");
    let engine = SqliteEngine { readers: Readers::new(database), writer, _lock: lock };

    put(&engine, b"small", b"1").await.expect("room");
    let big = vec![1; 100_000];
    // All three are waiting when the writer gets to them or come one by one; the big one must not drag the others along.
    let (one, full, two) =
        tokio::join!(put(&engine, b"one", b"1"), put(&engine, b"big", &big), put(&engine, b"two", b"1"));
    assert!(matches!(full, Err(CommitError::Store(StoreError::Full(_)))), "{full:?}");
    one.and(two).expect("room for the small ones");
    assert_eq!(engine.get(b"big").await.expect("readable"), None);
    let before = version_of(&engine, b"small").await;
    put(&engine, b"small", b"2").await.expect("room");
    assert!(version_of(&engine, b"small").await > before);
}

#[tokio::test]
async fn a_dropped_commit_harms_nobody() {
    let directory = fresh();
    let engine = open(directory.path());
    // Polled once, so it is queued, and dropped.
    tokio::select! {
        biased;
        _ = put(&engine, b"dropped", b"1") => {}
        () = std::future::ready(()) => {}
    }
    put(&engine, b"kept", b"1").await.expect("room");
    // The queue keeps its order, so the first one is done by now.
    assert!(engine.get(b"dropped").await.expect("readable").is_some());
}

/// One step of the property test; keys and remembered versions are picked by small numbers, so that they meet often.
#[derive(Debug, Clone)]
enum Step {
    Commit { expectations: Vec<(u8, Expected)>, writes: Vec<(u8, Option<u8>)> },
    Scan { start: u8, end: Option<u8>, limit: usize },
    Reopen,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    Absent,
    Current,
    /// One of the versions that the key had, counted back.
    Earlier(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let expected = prop_oneof![
        2 => Just(Expected::Absent),
        4 => Just(Expected::Current),
        1 => (1..4_usize).prop_map(Expected::Earlier),
    ];
    let commit = (vec((0..6_u8, expected), 0..3), vec((0..6_u8, proptest::option::weighted(0.7, any::<u8>())), 0..4))
        .prop_map(|(expectations, writes)| Step::Commit { expectations, writes });
    let scan = (0..7_u8, proptest::option::of(0..7_u8), 0..8_usize).prop_map(|(start, end, limit)| Step::Scan {
        start,
        end,
        limit,
    });
    prop_oneof![12 => commit, 4 => scan, 1 => Just(Step::Reopen)]
}

/// The versions that a key has had, oldest first, in the oracle and in the engine under test.
type History = BTreeMap<u8, Vec<(Version, Version)>>;

fn batches(expectations: &[(u8, Expected)], writes: &[(u8, Option<u8>)], history: &History) -> (Batch, Batch) {
    let mut both = (Batch::new(), Batch::new());
    for &(key, expected) in expectations {
        let versions = history.get(&key).map_or([].as_slice(), Vec::as_slice);
        let picked = match expected {
            Expected::Absent => None,
            Expected::Current => versions.last(),
            Expected::Earlier(back) => versions.iter().rev().nth(back),
        };
        both.0.expect_raw(vec![key], picked.map_or(Expect::Absent, |(oracle, _)| Expect::Version(*oracle)));
        both.1.expect_raw(vec![key], picked.map_or(Expect::Absent, |(_, tested)| Expect::Version(*tested)));
    }
    for batch in [&mut both.0, &mut both.1] {
        for &(key, value) in writes {
            match value {
                Some(value) => batch.put_raw(vec![key], Zeroizing::new(vec![value; usize::from(value) * 40])),
                None => batch.delete_raw(vec![key]),
            }
        }
    }
    both
}

async fn compare(steps: Vec<Step>) {
    let directory = fresh();
    let oracle = MemoryEngine::new();
    let mut tested = open(directory.path());
    let mut history = History::new();
    for step in steps {
        match step {
            Step::Commit { expectations, writes } => {
                let (for_oracle, for_tested) = batches(&expectations, &writes, &history);
                let (expected, found) = (oracle.commit(for_oracle).await, tested.commit(for_tested).await);
                assert_eq!(found.is_ok(), expected.is_ok(), "{found:?}");
                for key in 0..6 {
                    let (expected, found) = (oracle.get(&[key]).await, tested.get(&[key]).await);
                    let (expected, found) = (expected.expect("readable"), found.expect("readable"));
                    assert_eq!(found.as_ref().map(|row| &row.value), expected.as_ref().map(|row| &row.value));
                    let Some(versions) = expected.zip(found).map(|(a, b)| (a.version, b.version)) else { continue };
                    let had = history.entry(key).or_default();
                    if had.last() != Some(&versions) {
                        // Both changed, and to what neither has been.
                        assert!(had.iter().all(|old| old.0 != versions.0 && old.1 != versions.1));
                        had.push(versions);
                    }
                }
            }
            Step::Scan { start, end, limit } => {
                let range = KeyRange { start: vec![start], end: end.map(|end| vec![end]) };
                let strip = |rows: Vec<(Vec<u8>, Row)>| rows.into_iter().map(|(key, row)| (key, row.value)).collect();
                let expected: Vec<_> = oracle.scan(range.clone(), limit).await.map(strip).expect("readable");
                let found: Vec<_> = tested.scan(range, limit).await.map(strip).expect("readable");
                assert_eq!(found, expected);
            }
            Step::Reopen => {
                drop(tested);
                tested = open(directory.path());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn sqlite_does_what_memory_does(steps in vec(step(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(compare(steps));
    }
}
