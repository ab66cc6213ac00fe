//! `trent start --seed` with files that are in order, that are not, and that no longer fit what is there.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const TRENT: &str = env!("CARGO_BIN_EXE_trent");

const ID: &str = "11111111-2222-4333-8444-555555555555";

fn start(directory: &Path, seed: &str) -> Command {
    let file = directory.join("seed.yaml");
    fs::write(&file, seed).expect("written");
    let mut start = Command::new(TRENT);
    start.args(["start", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.join("state"));
    start.arg("--seed").arg(file).env("TRENT_LOG", "error");
    start
}

/// Starts, and stops as soon as it is ready.
fn starts(directory: &Path, seed: &str) {
    let mut process = start(directory, seed).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut ready = String::new();
    let mut output = std::io::BufReader::new(process.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut output, &mut ready).expect("the ready line");
    process.kill().expect("it runs");
    process.wait().expect("killed");
    assert!(ready.starts_with("trent ready on "), "{ready}");
}

/// The one sentence that it ends with instead of starting.
fn refuses(directory: &Path, seed: &str) -> String {
    let Output { status, stdout, stderr } = start(directory, seed).output().expect("it runs");
    assert_eq!((status.code(), stdout.len()), (Some(1), 0));
    let told = String::from_utf8(stderr).expect("UTF-8");
    assert_eq!(told.lines().count(), 1, "{told}");
    told.trim_end().replace(&directory.display().to_string(), "DIR")
}

fn seed(members: &str) -> String {
    format!("keys:\n  - id: {ID}\n    {members}\n")
}

#[test]
fn a_wrong_seed_stops_the_start_with_file_entry_and_reason() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (members, line, reason) in [
        ("speck: RSA_2048", 3, "unknown field `speck`, expected one of id, "),
        ("material: 00ff", 2, "the material must be 32 bytes"),
        ("aliases: [a]", 2, "a: Alias must start with the prefix \"alias/\"."),
        (
            "grants: [{ operations: [Decrypt] }]",
            2,
            "grant: 1 validation error detected: Value null at 'granteePrincipal'",
        ),
    ] {
        let told = refuses(directory.path(), &seed(members));
        assert!(told.starts_with(&format!("trent: DIR/seed.yaml:{line}: key {ID}: {reason}")), "{told}");
    }
}

#[test]
fn a_seed_may_be_planted_again_and_not_with_other_material() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let of = |digit: &str| seed(&format!("material: \"{}\"\n    aliases: [alias/seed]", digit.repeat(64)));
    for _ in 0..3 {
        starts(directory.path(), &of("7"));
    }
    let told = refuses(directory.path(), &of("8"));
    let arn = format!("arn:aws:kms:us-east-1:000000000000:key/{ID}");
    assert_eq!(told, format!("trent: DIR/seed.yaml:2: key {ID}: {arn} exists, but with another material"));
}
