//! What was acknowledged is there after `kill -9`, and no batch is there by half.
//!
//! The parent runs this same binary as a child that commits from many tasks and prints what was acknowledged, kills it
//! after a number of lines, and looks at what it left behind.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use trent_store::{Batch, CommitError, Engine, Expect, Key, SqliteEngine, Table, Version};

const ROUNDS: u64 = 40;
const TASKS: u64 = 16;
const COUNTING: u64 = 4;
const DIRECTORY: &str = "TRENT_STORE_KILL_DIRECTORY";
const ROUND: &str = "TRENT_STORE_KILL_ROUND";

/// Both sides of a batch hold the same text under the same key: (round, task, number).
const LEFT: Table<String> = Table::new("left", 1);
const RIGHT: Table<String> = Table::new("right", 1);
/// How many batches the first `COUNTING` tasks have committed. They are in each other's way and start over all the time;
/// the others never are, so that the engine has many batches to write at once.
const COUNT: Table<u64> = Table::new("count", 1);

#[tokio::test]
async fn acknowledged_commits_survive_kill_9() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut counted = 0;
    let mut last_version = 0;
    for round in 0..ROUNDS {
        // From the first acknowledgement on to where the log has been moved into the database more than once.
        let acknowledged = run_and_kill(directory.path(), round, 1 + round * round);
        let engine = SqliteEngine::open(directory.path()).expect("usable after a kill");

        let left = LEFT.scan(&engine, (round,), None, usize::MAX).await.expect("readable");
        let right = RIGHT.scan(&engine, (round,), None, usize::MAX).await.expect("readable");
        assert_eq!(left, right, "round {round}: a batch is there by half");
        let found_versions: Vec<Version> = left.iter().map(|entry| entry.version).collect();
        let found: BTreeSet<Key> = left.into_iter().map(|entry| entry.key).collect();
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}: {} of {} lost", lost.len(), acknowledged.len());

        counted += found.range(..Key::from((round, COUNTING))).count() as u64;
        assert_eq!(count(&engine).await.1, counted, "round {round}");
        let versions = found_versions.iter().map(|version| version.number());
        assert!(versions.clone().all(|version| version > last_version), "round {round}: versions went back");
        last_version = versions.max().unwrap_or(last_version);
    }
}

/// Runs the child until it has acknowledged `enough` batches and returns all that it acknowledged before it died.
fn run_and_kill(directory: &Path, round: u64, enough: u64) -> BTreeSet<Key> {
    let mut child = Command::new(env::current_exe().expect("this binary"))
        .args(["--exact", "commits_until_killed", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut acknowledged = BTreeSet::new();
    let mut collect = |line: String| {
        let mut numbers = line.strip_prefix("acknowledged ")?.split(' ').map(|number| number.parse::<u64>().ok());
        acknowledged.insert(Key::from((round, numbers.next()??, numbers.next()??))).then_some(())
    };
    let mut seen = 0;
    while seen < enough {
        let line = lines.next().expect("the child runs until it is killed").expect("readable");
        seen += u64::from(collect(line).is_some());
    }
    child.kill().expect("still running");
    // What is still in the pipe was acknowledged too. Should the last line be cut off, then it names a lower number of the
    // same task, acknowledged before, or none.
    lines.map_while(Result::ok).for_each(|line| {
        collect(line);
    });
    child.wait().expect("killed");
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of acknowledged_commits_survive_kill_9; runs until it is killed"]
async fn commits_until_killed() {
    let (Ok(directory), Ok(round)) = (env::var(DIRECTORY), env::var(ROUND)) else {
        eprintln!("only runs as a child");
        return;
    };
    let round: u64 = round.parse().expect("a number");
    let engine = Arc::new(SqliteEngine::open(Path::new(&directory)).expect("usable"));
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(commit_forever(Arc::clone(&engine), round, task))).collect();
    for task in tasks {
        task.await.expect("no task ends");
    }
}

async fn commit_forever(engine: Arc<SqliteEngine>, round: u64, task: u64) {
    for number in 0.. {
        commit_one(&*engine, &Key::from((round, task, number)), task < COUNTING).await;
        // One write for the whole line, so that the parent never sees two of them mixed.
        let line = format!("acknowledged {task} {number}\n");
        std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent reads");
    }
}

async fn commit_one(engine: &dyn Engine, key: &Key, counting: bool) {
    let text = format!("{key:?}").repeat(10);
    loop {
        let mut batch = Batch::new();
        if counting {
            let (version, count) = count(engine).await;
            batch.expect(&COUNT, (), version.map_or(Expect::Absent, Expect::Version));
            batch.put(&COUNT, (), &(count + 1)).expect("JSON");
        }
        batch.put(&LEFT, key, &text).expect("JSON");
        batch.put(&RIGHT, key, &text).expect("JSON");
        match engine.commit(batch).await {
            Ok(()) => return,
            Err(CommitError::Conflict) => {}
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
}

async fn count(engine: &dyn Engine) -> (Option<Version>, u64) {
    let read = COUNT.get(engine, ()).await.expect("readable");
    read.map_or((None, 0), |read| (Some(read.version), read.record))
}
