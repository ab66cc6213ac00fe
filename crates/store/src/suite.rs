//! What every engine must do, as tests: `engine_suite!` in an engine's test module runs them all, each on a fresh engine.
//! The crate that uses it needs tokio with its macros and its multi-threaded runtime.

#![expect(clippy::missing_panics_doc, reason = "a test panics when it fails")]

use std::sync::Arc;

use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::{Batch, CommitError, Engine, Expect, KeyRange, Row, Table, Version};

/// Makes one test of every case. The expression makes a fresh engine: `(Arc<impl Engine>, whatever it needs to live)`.
#[macro_export]
macro_rules! engine_suite {
    ($fresh:expr) => {
        $crate::engine_suite! { @each $fresh =>
            a_row_is_what_was_put,
            a_batch_takes_place_whole,
            a_conflict_writes_nothing,
            each_expectation_holds_exactly_when_it_should,
            expectations_are_about_the_rows_before_the_batch,
            the_last_write_of_a_key_counts,
            a_batch_may_only_expect,
            versions_never_repeat,
            a_scan_is_ordered_and_bounded,
            tables_do_not_see_each_other,
            concurrent_increments_lose_nothing,
            of_concurrent_creations_one_wins,
            a_scan_sees_whole_batches,
        }
    };
    (@each $fresh:expr => $($case:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (engine, _alive) = $fresh;
            $crate::suite::$case(engine).await;
        }
    )+};
}

pub async fn a_row_is_what_was_put(engine: Arc<dyn Engine>) {
    assert_eq!(read(&engine, b"k").await, None);
    for value in [b"one".to_vec(), Vec::new(), (0..=u8::MAX).collect(), vec![7; 100_000]] {
        commit(&engine, &[], &[(b"k", Some(&value))]).await.expect("nothing expected");
        assert_eq!(read(&engine, b"k").await.map(|row| row.value.to_vec()), Some(value));
    }
    commit(&engine, &[], &[(b"k", None), (b"never there", None)]).await.expect("nothing expected");
    assert_eq!(read(&engine, b"k").await, None);
    commit(&engine, &[], &[(b"", Some(b"empty key"))]).await.expect("nothing expected");
    assert_eq!(read(&engine, b"").await.map(|row| row.value.to_vec()), Some(b"empty key".to_vec()));
}

pub async fn a_batch_takes_place_whole(engine: Arc<dyn Engine>) {
    commit(&engine, &[], &[(b"old", Some(b"0"))]).await.expect("nothing expected");
    let old = version(&engine, b"old").await;
    let expect = [(b"old".as_slice(), Expect::Version(old)), (b"a", Expect::Absent)];
    commit(&engine, &expect, &[(b"a", Some(b"1")), (b"b", Some(b"2")), (b"old", None)]).await.expect("all hold");
    assert_eq!(all(&engine).await, [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"2".to_vec())]);
    assert_eq!(version(&engine, b"a").await, version(&engine, b"b").await);
}

pub async fn a_conflict_writes_nothing(engine: Arc<dyn Engine>) {
    commit(&engine, &[], &[(b"m", Some(b"0"))]).await.expect("nothing expected");
    let before = read(&engine, b"m").await;
    // One expectation fails, whatever its place and however many hold.
    for place in 0..3 {
        let mut expect = [(b"a".as_slice(), Expect::Absent), (b"b", Expect::Absent), (b"c", Expect::Absent)];
        expect[place] = (b"m", Expect::Absent);
        let result = commit(&engine, &expect, &[(b"a", Some(b"1")), (b"m", None), (b"z", Some(b"1"))]).await;
        assert!(matches!(result, Err(CommitError::Conflict)), "{result:?}");
    }
    assert_eq!(all(&engine).await, [(b"m".to_vec(), b"0".to_vec())]);
    assert_eq!(read(&engine, b"m").await, before);
}

pub async fn each_expectation_holds_exactly_when_it_should(engine: Arc<dyn Engine>) {
    commit(&engine, &[], &[(b"k", Some(b"1")), (b"gone", Some(b"1"))]).await.expect("nothing expected");
    let stale = version(&engine, b"k").await;
    let gone = version(&engine, b"gone").await;
    commit(&engine, &[], &[(b"k", Some(b"1")), (b"gone", None)]).await.expect("nothing expected");
    let current = version(&engine, b"k").await;
    for (key, expect, holds) in [
        (b"k".as_slice(), Expect::Version(current), true),
        (b"k", Expect::Version(stale), false),
        (b"k", Expect::Absent, false),
        (b"gone", Expect::Absent, true),
        (b"gone", Expect::Version(gone), false),
        (b"never", Expect::Absent, true),
        (b"never", Expect::Version(current), false),
    ] {
        for write in [[(b"witness".as_slice(), Some(b"x".as_slice()))].as_slice(), &[]] {
            let result = commit(&engine, &[(key, expect)], write).await;
            assert_eq!(result.is_ok(), holds, "{key:?} {expect:?} {result:?}");
        }
        assert_eq!(read(&engine, b"witness").await.is_some(), holds);
        commit(&engine, &[], &[(b"witness", None)]).await.expect("nothing expected");
    }
    // Two expectations of one key hold together or not.
    let both = [(b"k".as_slice(), Expect::Version(current)), (b"k", Expect::Absent)];
    assert!(matches!(commit(&engine, &both, &[]).await, Err(CommitError::Conflict)));
}

pub async fn expectations_are_about_the_rows_before_the_batch(engine: Arc<dyn Engine>) {
    commit(&engine, &[(b"k", Expect::Absent)], &[(b"k", Some(b"1"))]).await.expect("absent before");
    let first = version(&engine, b"k").await;
    commit(&engine, &[(b"k", Expect::Version(first))], &[(b"k", None)]).await.expect("there before");
    assert_eq!(read(&engine, b"k").await, None);
}

pub async fn the_last_write_of_a_key_counts(engine: Arc<dyn Engine>) {
    let writes: [(&[u8], Option<&[u8]>); 5] =
        [(b"a", Some(b"1")), (b"a", None), (b"b", None), (b"b", Some(b"1")), (b"b", Some(b"2"))];
    commit(&engine, &[], &writes).await.expect("nothing expected");
    assert_eq!(all(&engine).await, [(b"b".to_vec(), b"2".to_vec())]);
}

pub async fn a_batch_may_only_expect(engine: Arc<dyn Engine>) {
    commit(&engine, &[], &[]).await.expect("nothing expected");
    commit(&engine, &[(b"k", Expect::Absent)], &[]).await.expect("absent");
    commit(&engine, &[], &[(b"k", Some(b"1"))]).await.expect("nothing expected");
    assert!(matches!(commit(&engine, &[(b"k", Expect::Absent)], &[]).await, Err(CommitError::Conflict)));
}

pub async fn versions_never_repeat(engine: Arc<dyn Engine>) {
    let mut seen = Vec::new();
    for round in 0..40 {
        commit(&engine, &[], &[(b"k", Some(b"same"))]).await.expect("nothing expected");
        let version = version(&engine, b"k").await;
        assert!(!seen.contains(&version), "{version:?} again in round {round}");
        seen.push(version);
        if round % 2 == 0 {
            commit(&engine, &[], &[(b"k", None)]).await.expect("nothing expected");
        }
    }
    for version in seen.iter().rev().skip(1) {
        let result = commit(&engine, &[(b"k", Expect::Version(*version))], &[(b"k", None)]).await;
        assert!(matches!(result, Err(CommitError::Conflict)));
    }
}

pub async fn a_scan_is_ordered_and_bounded(engine: Arc<dyn Engine>) {
    let keys: [&[u8]; 9] = [b"", b"\0", b"a", b"a\0", b"a\0\xff", b"a\x01", b"b", b"\xff", b"\xff\xff"];
    for key in [5, 2, 8, 0, 7, 1, 6, 3, 4].map(|index: usize| keys[index]) {
        commit(&engine, &[], &[(key, Some(key))]).await.expect("nothing expected");
    }
    let bounds = keys.iter().map(|key| key.to_vec()).chain([b"aa".to_vec(), b"zz".to_vec()]);
    for start in bounds.clone() {
        for end in bounds.clone().map(Some).chain([None]) {
            for limit in [0, 1, 2, 8, 9, usize::MAX] {
                let range = KeyRange { start: start.clone(), end: end.clone() };
                let inside =
                    |key: &&[u8]| *key >= start.as_slice() && end.as_ref().is_none_or(|end| *key < end.as_slice());
                let expected: Vec<_> = keys.into_iter().filter(inside).take(limit).map(<[u8]>::to_vec).collect();
                let found = engine.scan(range.clone(), limit).await.expect("readable");
                assert!(found.iter().all(|(key, row)| *key == *row.value));
                let found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
                assert_eq!(found, expected, "{range:?} {limit}");
            }
        }
    }
}

pub async fn tables_do_not_see_each_other(engine: Arc<dyn Engine>) {
    // Names of which one begins the other are the ones that could be mixed up.
    const TABLES: [Table<String>; 4] =
        [Table::new("t", 1), Table::new("ta", 1), Table::new("t\0", 1), Table::new("t\0\u{1}", 1)];
    for (index, table) in TABLES.iter().enumerate() {
        let mut batch = Batch::new();
        for key in ["", "a", "\0", "\u{10FFFF}"] {
            batch.expect(table, (key,), Expect::Absent);
            batch.put(table, (key,), &format!("{index}{key}")).expect("JSON");
        }
        engine.commit(batch).await.expect("tables share nothing");
    }
    for (index, table) in TABLES.iter().enumerate() {
        let found = table.scan(&*engine, (), None, usize::MAX).await.expect("readable");
        let found: Vec<_> = found.into_iter().map(|entry| entry.record).collect();
        assert_eq!(found, ["", "\0", "a", "\u{10FFFF}"].map(|key| format!("{index}{key}")));
    }
    let mut batch = Batch::new();
    batch.delete(&TABLES[0], ("a",));
    engine.commit(batch).await.expect("nothing expected");
    assert_eq!(TABLES[0].get(&*engine, ("a",)).await.expect("readable"), None);
    assert!(TABLES[1].get(&*engine, ("a",)).await.expect("readable").is_some());
}

pub async fn concurrent_increments_lose_nothing(engine: Arc<dyn Engine>) {
    const TASKS: usize = 8;
    const EACH: u64 = 40;
    const COUNTERS: Table<u64> = Table::new("counter", 1);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for _ in 0..EACH {
                increment(&*engine, &COUNTERS, task).await;
            }
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.expect("no task panics");
    }
    let total = COUNTERS.get(&*engine, ("shared",)).await.expect("readable").expect("counted");
    assert_eq!(total.record, TASKS as u64 * EACH);
    let own = COUNTERS.scan(&*engine, ("own",), None, usize::MAX).await.expect("readable");
    assert_eq!(own.iter().map(|entry| entry.record).collect::<Vec<_>>(), [EACH; TASKS]);
}

/// Adds one to the shared counter and to the task's own, however often others come first.
async fn increment(engine: &dyn Engine, counters: &Table<u64>, task: usize) {
    let keys = [crate::Key::from(("shared",)), crate::Key::from(("own", task as u64))];
    loop {
        let mut batch = Batch::new();
        for key in &keys {
            let read = counters.get(engine, key).await.expect("readable");
            batch.expect(counters, key, read.as_ref().map_or(Expect::Absent, |read| Expect::Version(read.version)));
            batch.put(counters, key, &read.map_or(1, |read| read.record + 1)).expect("JSON");
        }
        match engine.commit(batch).await {
            Ok(()) => return,
            Err(CommitError::Conflict) => {}
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
}

pub async fn of_concurrent_creations_one_wins(engine: Arc<dyn Engine>) {
    for round in 0..20_u8 {
        let mut tasks = JoinSet::new();
        for task in 0..8_u8 {
            let engine = Arc::clone(&engine);
            tasks.spawn(async move {
                let write: [(&[u8], Option<&[u8]>); 2] = [(&[round], Some(&[task])), (&[round, task], Some(b""))];
                // The neighbour without expectations must not be drawn into anybody's conflict.
                let (expect, other) = ([(write[0].0, Expect::Absent)], [u8::MAX, round, task]);
                let other: [(&[u8], Option<&[u8]>); 1] = [(&other, Some(b""))];
                let (created, free) = tokio::join!(commit(&engine, &expect, &write), commit(&engine, &[], &other));
                free.expect("nothing expected");
                created.is_ok().then_some(task)
            });
        }
        let winners: Vec<u8> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(read(&engine, &[round]).await.map(|row| row.value.to_vec()), Some(winners.clone()));
        let traces = engine.scan(KeyRange::prefix(&[round]), 99).await.expect("readable");
        assert_eq!(
            traces.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(),
            [vec![round], vec![round, winners[0]]]
        );
        let free = engine.scan(KeyRange::prefix(&[u8::MAX, round]), 99).await.expect("readable");
        assert_eq!(free.len(), 8);
    }
}

pub async fn a_scan_sees_whole_batches(engine: Arc<dyn Engine>) {
    const KEYS: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];
    const COMMITS: u32 = 300;
    let writer = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move {
            for number in 0..COMMITS {
                let number = number.to_be_bytes();
                commit(&engine, &[], &KEYS.map(|key| (key, Some(number.as_slice())))).await.expect("nothing expected");
            }
        }
    });
    let mut last = Vec::new();
    loop {
        let finished = writer.is_finished();
        let values: Vec<_> = all(&engine).await.into_iter().map(|(_, value)| value).collect();
        assert!(values.is_empty() || values.len() == KEYS.len());
        assert!(values.iter().all(|value| Some(value) == values.first()), "{values:?}");
        assert!(values >= last, "time went backwards");
        last = values;
        if finished {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(last, vec![(COMMITS - 1).to_be_bytes(); KEYS.len()]);
    writer.await.expect("the writer does not panic");
}

async fn read(engine: &Arc<dyn Engine>, key: &[u8]) -> Option<Row> {
    engine.get(key).await.expect("readable")
}

async fn version(engine: &Arc<dyn Engine>, key: &[u8]) -> Version {
    read(engine, key).await.expect("stored").version
}

async fn all(engine: &Arc<dyn Engine>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = engine.scan(KeyRange::all(), usize::MAX).await.expect("readable");
    rows.into_iter().map(|(key, row)| (key, row.value.to_vec())).collect()
}

/// Commits expectations and writes; a write without a value is a deletion.
async fn commit(
    engine: &Arc<dyn Engine>,
    expectations: &[(&[u8], Expect)],
    writes: &[(&[u8], Option<&[u8]>)],
) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    for (key, expect) in expectations {
        batch.expect_raw(key.to_vec(), *expect);
    }
    for (key, value) in writes {
        match value {
            Some(value) => batch.put_raw(key.to_vec(), Zeroizing::new(value.to_vec())),
            None => batch.delete_raw(key.to_vec()),
        }
    }
    engine.commit(batch).await
}
