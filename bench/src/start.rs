//! From the start of the process to the first answered request, and the memory of an idle server.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Failure;
use crate::load::{Connection, kms_request};
use crate::report::{heading, line, median};
use crate::server::Server;

const RUNS: usize = 15;

pub(crate) async fn measure(trent: &Path) -> Result<(), Failure> {
    heading("start to first answered request, idle memory");
    let (mut fresh, mut existing, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");
        fresh.push(first_answer(trent, &data).await?.0);
        let (time, memory) = first_answer(trent, &data).await?;
        existing.push(time);
        idle.push(memory);
    }
    let size = std::fs::metadata(trent)?.len();
    line("new data directory", &milliseconds(median(fresh)));
    line("existing data directory", &milliseconds(median(existing)));
    line("resident memory, idle", &format!("{:.1} MB", median(idle).unwrap_or_default()));
    #[expect(clippy::cast_precision_loss, reason = "a binary is far smaller than f64 can count")]
    line("binary", &format!("{:.1} MB", size as f64 / 1e6));
    Ok(())
}

/// The time to the first answer, and the memory then, in MB.
pub(crate) async fn first_answer(trent: &Path, data: &Path) -> Result<(Duration, f64), Failure> {
    let started = Instant::now();
    let server = Server::trent(trent, Some(data)).await?;
    let mut connection = Connection::open(&server.address).await?;
    connection.call(&kms_request("/", "ListKeys", "{}")).await?;
    Ok((started.elapsed(), server.resident()?))
}

pub(crate) fn milliseconds(time: Option<Duration>) -> String {
    format!("{:.1} ms", time.unwrap_or_default().as_secs_f64() * 1e3)
}
