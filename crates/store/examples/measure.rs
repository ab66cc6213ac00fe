//! Measures the `SQLite` engine: `cargo run --release -p trent-store --example measure [DIRECTORY]`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use trent_store::{Batch, Engine, Key, KeyRange, SqliteEngine, Table};
use zeroize::Zeroizing;

const INDEX: Table<()> = Table::new("index", 1);
const ROWS: u64 = 100_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory =
        std::env::args().nth(1).map_or_else(|| std::env::temp_dir().join("trent-store-measure"), PathBuf::from);
    if directory.exists() {
        return Err(format!("{} exists already", directory.display()).into());
    }
    measure(&directory).await?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

async fn measure(directory: &Path) -> Result<(), Box<dyn Error>> {
    println!("resident at the start: {} KiB", resident_kib());
    let (engine, took) = timed(|| SqliteEngine::open(directory));
    println!("open, new directory: {took:.1?}");
    drop(engine?);
    let mut opened: Vec<_> = (0..50).map(|_| timed(|| SqliteEngine::open(directory).map(drop)).1).collect();
    opened.sort();
    println!("open and close, existing directory: median {:.1?}, longest {:.1?}", opened[25], opened[49]);

    let engine = Arc::new(SqliteEngine::open(directory)?);
    engine.get(b"k").await?;
    println!("resident when open: {} KiB", resident_kib());

    let mut alone = Vec::new();
    for number in 0..5_000_u64 {
        let start = Instant::now();
        put(&*engine, key(0, scattered(number))).await?;
        alone.push(start.elapsed());
    }
    print_quantiles("commit of 600 bytes, alone", alone);

    for tasks in [16, 64] {
        committers(&engine, tasks, "over 5,000 rows that exist", |task, number| {
            key(0, scattered((task * 79 + number) % 5_000))
        })
        .await?;
        committers(&engine, tasks, "new rows in order", key).await?;
        committers(&engine, tasks, "new rows anywhere", |task, number| key(task, scattered(number))).await?;
    }

    for first in (0..ROWS).step_by(1000) {
        let mut batch = Batch::new();
        for number in first..first + 1000 {
            let id = format!("{:08x}-1111-2222-3333-{number:012x}", number.wrapping_mul(0x9E37_79B9) & 0xFFFF_FFFF);
            batch.put(&INDEX, ("111122223333", "us-east-1", id.as_str()), &())?;
        }
        engine.commit(batch).await?;
    }

    let mut gets = Vec::new();
    for number in 0..20_000 {
        let key = key(0, scattered(number * 7919 % 5_000));
        let start = Instant::now();
        let row = engine.get(&key).await?;
        gets.push(start.elapsed());
        assert!(row.is_some());
    }
    print_quantiles("get", gets);

    for marker in ["0", "8", "e"] {
        let mut scans = Vec::new();
        for _ in 0..500 {
            let start = Instant::now();
            let marker = Key::from(("111122223333", "us-east-1", marker));
            let page = INDEX.scan(&*engine, ("111122223333", "us-east-1"), Some(&marker), 1000).await?;
            scans.push(start.elapsed());
            assert_eq!(page.len(), 1000);
        }
        print_quantiles(&format!("scan of 1,000 among {ROWS} empty records, after {marker}"), scans);
    }
    println!("resident after all that: {} KiB", resident_kib());
    let start = Instant::now();
    let rows = engine.scan(KeyRange::all(), usize::MAX).await?.len();
    println!("scan of everything: {rows} rows in {:.1?}", start.elapsed());
    let ((), took) = timed(|| drop(engine));
    println!("close: {took:.1?}");
    Ok(())
}

/// Commits from many tasks at once; `key` says which row a task writes the next time.
async fn committers(
    engine: &Arc<SqliteEngine>,
    tasks: u64,
    what: &str,
    key: fn(u64, u64) -> Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    const EACH: u64 = 2_000;
    let start = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let engine = Arc::clone(engine);
        running.spawn(async move {
            let mut took = Vec::new();
            for number in 0..EACH {
                let start = Instant::now();
                put(&*engine, key(tasks * 1000 + task, number)).await.map_err(|error| error.to_string())?;
                took.push(start.elapsed());
            }
            Ok::<_, String>(took)
        });
    }
    let mut took = Vec::new();
    while let Some(finished) = running.join_next().await {
        took.extend(finished??);
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(tasks * EACH)?) / seconds;
    print_quantiles(&format!("{rate:.0} commits/s from {tasks} tasks, {what}"), took);
    Ok(())
}

async fn put(engine: &dyn Engine, key: Vec<u8>) -> Result<(), trent_store::CommitError> {
    let mut batch = Batch::new();
    batch.put_raw(key, Zeroizing::new(vec![b'x'; 600]));
    engine.commit(batch).await
}

fn key(task: u64, number: u64) -> Vec<u8> {
    Key::from((task, number)).into_encoded()
}

/// Another number for every number, without order, as ids are.
fn scattered(number: u64) -> u64 {
    number.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn print_quantiles(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |per_mille: usize| took[(took.len() - 1) * per_mille / 1000];
    println!("{what}: p50 {:.1?}, p99 {:.1?}, longest {:.1?}", at(500), at(990), at(1000));
}

/// Linux only; 0 elsewhere.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok()).unwrap_or(0)
}
