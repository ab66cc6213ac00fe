//! Chores of the workspace that are longer than a shell line: `cargo xtask <command>`.

mod bench;
mod codegen;
mod model;
mod models;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  models              import the service models from botocore into models/
  codegen [--check]   write each service's api/ and docs/compatibility.md from models/; --check only tells what is stale
  tidy                check the dependency rules between crates and the house rules of the source
  bench               measure the release binary over HTTP beside a bare hyper server";

/// What a command reports when it fails: one sentence, or several lines of findings.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["models"] => models::import(&workspace()),
        ["codegen"] => codegen::write(&workspace()),
        ["codegen", "--check"] => codegen::check(&workspace()),
        ["tidy"] => tidy::check(&workspace()),
        ["bench"] => bench::run(&workspace()),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}
