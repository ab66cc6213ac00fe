//! `trent clock` against a running `trent start`, also across a restart.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const TRENT: &str = env!("CARGO_BIN_EXE_trent");

/// A running emulator, killed when dropped.
struct Emulator {
    process: Child,
    url: String,
}

impl Emulator {
    fn start(data: &Path) -> Self {
        let mut start = Command::new(TRENT);
        start.args(["start", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data).env("TRENT_LOG", "error");
        let mut process = start.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut ready = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut ready).expect("the ready line");
        let url = ready.trim_end().strip_prefix("trent ready on ").expect("the ready line").to_owned();
        Self { process, url }
    }

    /// What a command prints, given where to ask by flag or by the environment.
    fn run(&self, words: &[&str], by_flag: bool) -> Result<Value, String> {
        let mut command = Command::new(TRENT);
        command.args(words).env_remove("TRENT_ENDPOINT");
        if by_flag {
            command.args(["--url", &self.url])
        } else {
            command.env("TRENT_ENDPOINT", &self.url)
        };
        let done = command.output().expect("it runs");
        let error = String::from_utf8(done.stderr).expect("UTF-8");
        if done.status.success() {
            assert_eq!(error, "");
            Ok(serde_json::from_slice(&done.stdout).expect("JSON"))
        } else {
            assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{error}");
            Err(error.replace(&self.url, "URL"))
        }
    }

    fn clock(&self, words: &[&str]) -> Value {
        self.run(&[&["clock"], words].concat(), true).expect("it answers")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended on its own, which the test has noticed by then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn time_is_turned_from_the_command_line_and_survives_a_kill() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("state");
    let emulator = Emulator::start(&data);
    let shown = emulator.clock(&[]);
    assert_eq!((&shown["frozen"], &shown["offset_seconds"]), (&Value::from(false), &Value::from(0)));
    assert_eq!(emulator.clock(&["advance", "1d12h"])["offset_seconds"], 36 * 60 * 60);
    let shown = emulator.clock(&["set", "2099-01-01T00:00:00Z"])["now"].as_str().expect("a moment").to_owned();
    assert!(shown.starts_with("2099-01-01T00:0"), "{shown}");
    let health = emulator.run(&["health"], false).expect("it answers");
    assert!(health["uptime_seconds"].as_i64().is_some_and(|real| (0..600).contains(&real)), "{health}");
    drop(emulator);

    let emulator = Emulator::start(&data);
    let now = emulator.run(&["clock"], false).expect("it answers")["now"].as_str().expect("a moment").to_owned();
    assert!(now > shown && now.starts_with("2099-01-01T00:0"), "{shown}, then {now}");
    let frozen = emulator.clock(&["freeze"]);
    assert_eq!(frozen["frozen"], true);
    drop(emulator);

    let emulator = Emulator::start(&data);
    assert_eq!(emulator.clock(&[])["now"], frozen["now"]);
    let resumed = emulator.clock(&["resume"]);
    assert_eq!(resumed["frozen"], false);
    assert!(resumed["now"].as_str() >= frozen["now"].as_str());
}

#[test]
fn a_refusal_is_one_sentence_and_an_exit_status() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let emulator = Emulator::start(&directory.path().join("state"));
    let refused = |words: &[&str]| emulator.run(words, true).expect_err("refused");
    let past = refused(&["clock", "set", "2020-01-01T00:00:00Z"]);
    assert!(past.starts_with("trent: URL refuses: the clock shows 20"), "{past}");
    assert!(past.ends_with(" cannot be set back: time does not run backwards\n"), "{past}");
    let wrong = refused(&["clock", "advance", "a month"]);
    assert!(wrong.starts_with("trent: URL refuses: \"a month\" is not a length of time such as 31d"), "{wrong}");
    assert_eq!(wrong.lines().count(), 1);
}
