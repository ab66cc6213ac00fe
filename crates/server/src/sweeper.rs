//! Makes permanent what fell due by the clock.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use trent_kms::Kms;
use trent_store::StoreError;

/// Sweeps the services: now and again, and whenever the clock was turned.
pub(crate) struct Sweeper {
    /// Two sweeps at once would only be in each other's way.
    kms: Mutex<Option<Arc<Kms>>>,
}

impl Sweeper {
    pub(crate) fn new(kms: Option<Arc<Kms>>) -> Self {
        Self { kms: Mutex::new(kms) }
    }

    /// Sweeps until nothing is left that has fallen due.
    pub(crate) async fn sweep(&self) -> Result<(), StoreError> {
        if let Some(kms) = &*self.kms.lock().await {
            while kms.sweep().await? > 0 {}
        }
        Ok(())
    }

    /// Sweeps as time goes by; never ends.
    pub(crate) async fn run(&self) {
        /// To look costs one read of an index.
        const PAUSE: Duration = Duration::from_secs(1);
        const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);
        loop {
            let pause = match self.sweep().await {
                Ok(()) => PAUSE,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a sweep failed");
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }
}
