//! `cargo xtask bench`: what the release binary does over HTTP, beside a bare hyper server that reads the same request
//! and returns a body of the same size, in the same run.
//!
//! Client, server and bare server share the machine's cores, so rates are not comparable between machines; the ratios
//! and the servers' CPU time per request are. Each figure is the median of several rounds, Trent and bare in turn.

mod aging;
mod asymmetric;
mod bare;
mod cases;
mod load;
mod report;
mod server;
mod start;

use std::error::Error;
use std::path::{Path, PathBuf};

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next().as_deref()) {
        (Some("bare"), None) => bare::serve().await,
        (Some(trent), None) => bench(PathBuf::from(trent)).await,
        (Some(trent), Some("aging")) => aging::measure(&PathBuf::from(trent)).await,
        (Some(trent), Some("growth")) => cases::growth(&PathBuf::from(trent)).await,
        (Some(trent), Some(only)) => operations(&PathBuf::from(trent), only).await,
        _ => Err("usage: trent-bench PATH_OF_TRENT [ONLY_OPERATIONS_NAMED_SO]".into()),
    }
}

async fn bench(trent: PathBuf) -> Result<(), Failure> {
    start::measure(&trent).await?;
    operations(&trent, "").await?;
    asymmetric::generation(&trent).await?;
    cases::pages(&trent).await?;
    cases::growth(&trent).await?;
    aging::measure(&trent).await
}

async fn operations(trent: &Path, only: &str) -> Result<(), Failure> {
    cases::operations(trent, only).await?;
    asymmetric::operations(trent, only).await
}
