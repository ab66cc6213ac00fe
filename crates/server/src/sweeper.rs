//! Makes permanent what fell due by the clock.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use trent_kms::{Kms, lower_priority};
use trent_store::StoreError;

/// Sweeps the services: now and again, and whenever the clock was turned. One thread of low priority does it, since years
/// of many keys take a while to compute and requests shall not wait for that; and two sweeps at once would only be in
/// each other's way.
pub(crate) struct Sweeper {
    wishes: Sender<oneshot::Sender<Result<(), StoreError>>>,
}

/// To look costs one read of an index.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);

impl Sweeper {
    /// Starts the thread, which ends when the sweeper is dropped. To be called within a runtime.
    pub(crate) fn start(kms: Option<Arc<Kms>>) -> io::Result<Self> {
        let (wishes, queue) = channel();
        let runtime = Handle::current();
        thread::Builder::new().name("trent-sweep".to_owned()).spawn(move || run(kms.as_deref(), &runtime, &queue))?;
        Ok(Self { wishes })
    }

    /// Sweeps until nothing is left that has fallen due.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        let (done, swept) = oneshot::channel();
        self.wishes.send(done).map_err(|_| StoreError::Stopped)?;
        swept.await.map_err(|_| StoreError::Stopped)?
    }
}

fn run(kms: Option<&Kms>, runtime: &Handle, queue: &Receiver<oneshot::Sender<Result<(), StoreError>>>) {
    lower_priority();
    let mut pause = PAUSE;
    loop {
        let wish = match queue.recv_timeout(pause) {
            Ok(done) => Some(done),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let swept = runtime.block_on(sweep(kms));
        pause = PAUSE;
        if let Some(done) = wish {
            // Whoever wished for it may have gone.
            let _ = done.send(swept);
        } else if let Err(error) = swept {
            tracing::error!(error = &error as &dyn std::error::Error, "a sweep failed");
            pause = PAUSE_AFTER_FAILURE;
        }
    }
}

async fn sweep(kms: Option<&Kms>) -> Result<(), StoreError> {
    if let Some(kms) = kms {
        while kms.sweep().await? > 0 {}
    }
    Ok(())
}
