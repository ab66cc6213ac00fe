//! `cargo xtask bench`: builds the release binary and the load generator, and lets the one drive the other.

use std::path::Path;
use std::process::Command;

use crate::Failure;

pub(crate) fn run(workspace: &Path) -> Result<(), Failure> {
    let cargo = |arguments: &[&str]| -> Result<(), Failure> {
        let status = Command::new(env!("CARGO")).current_dir(workspace).args(arguments).status()?;
        if status.success() { Ok(()) } else { Err(format!("cargo {} failed", arguments.join(" ")).into()) }
    };
    cargo(&["build", "--release", "--locked", "--package", "trent-server"])?;
    let target = std::env::var("CARGO_TARGET_DIR").map_or(workspace.join("target"), Into::into);
    let trent = target.join("release/trent");
    let trent = trent.to_str().ok_or("the target directory has a name that is not UTF-8")?;
    cargo(&["run", "--release", "--locked", "--package", "trent-bench", "--", trent])
}
