//! A server under measurement: a child process, stopped when dropped.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;

pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

impl Server {
    /// Trent with its state in this directory, or with none kept.
    pub(crate) async fn trent(binary: &Path, data: Option<&Path>) -> Result<Self, Failure> {
        let mut command = Command::new(binary);
        command.args(["start", "--listen", "127.0.0.1:0"]);
        match data {
            Some(data) => command.arg("--data-dir").arg(data),
            None => command.arg("--ephemeral"),
        };
        Self::start(command).await
    }

    /// The bare hyper server: this program itself.
    pub(crate) async fn bare() -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready).await?;
        let address = ready.trim().rsplit("http://").next().unwrap_or_default().to_owned();
        if address.is_empty() { Err("the server did not start".into()) } else { Ok(Self { child, address }) }
    }

    /// Resident memory in MB.
    pub(crate) fn resident(&self) -> Result<f64, Failure> {
        let status = fs::read_to_string(self.proc("status")?)?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }

    /// CPU time used so far, in user and kernel mode.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        // Linux counts in hundredths of a second here, whatever the kernel's own tick.
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(self.proc("stat")?)?;
        // The name before the last ')' may hold anything; the times are the 12th and 13th field after it.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u32 = [11, 12].iter().filter_map(|&field| fields.get(field)?.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        let id = self.child.id().ok_or("the server has ended")?;
        Ok(format!("/proc/{id}/{file}"))
    }
}
