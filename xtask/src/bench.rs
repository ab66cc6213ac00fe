//! `cargo xtask bench`: builds the release binary and the load generator, and lets the one drive the other.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;

pub(crate) fn run(workspace: &Path) -> Result<(), Failure> {
    let build = Command::new(workspace.join("scripts/build")).stderr(Stdio::inherit()).output()?;
    if !build.status.success() {
        return Err("scripts/build failed".into());
    }
    let trent = String::from_utf8(build.stdout)?;
    let arguments = ["run", "--release", "--locked", "--package", "trent-bench", "--", trent.trim()];
    let status = Command::new(env!("CARGO")).current_dir(workspace).args(arguments).status()?;
    if status.success() { Ok(()) } else { Err("the load generator failed".into()) }
}
