//! What the services stand on, and which services there are: the one place that knows all of them by name.

use std::sync::Arc;
use std::time::Duration;

use trent_kms::Kms;
use trent_protocol::{Service, ServiceModel};
use trent_shared::{Clock, Entropy};
use trent_store::{Engine, MemoryEngine, OpenError, SqliteEngine};
use trent_sts::Sts;

use crate::settings::{Settings, SettingsError};
use crate::system::{SystemClock, SystemEntropy};

/// The outside world as the services see it.
pub(crate) struct Platform {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The services that are turned on.
pub(crate) struct Cloud {
    kms: Option<Arc<Kms>>,
    sts: Option<Arc<Sts>>,
}

impl Platform {
    /// Opens the data directory, unless nothing is to be kept.
    pub(crate) fn open(settings: &Settings) -> Result<Self, OpenError> {
        let engine: Arc<dyn Engine> = if settings.ephemeral {
            Arc::new(MemoryEngine::new())
        } else {
            Arc::new(SqliteEngine::open(&settings.data_dir)?)
        };
        Ok(Self { engine, clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) })
    }

    /// Makes the services that are turned on.
    pub(crate) fn cloud(&self, settings: &Settings) -> Result<Cloud, SettingsError> {
        let options = settings.kms.options()?;
        let kms = || Kms::new(self.engine.clone(), self.clock.clone(), self.entropy.clone(), options);
        let enabled = &settings.services;
        Ok(Cloud {
            kms: enabled.kms.is_enabled.then(|| Arc::new(kms())),
            sts: enabled.sts.is_enabled.then(|| Arc::new(Sts::new())),
        })
    }
}

impl Cloud {
    /// Every service for the gateway; `None` stands for one that is turned off.
    pub(crate) fn services(&self) -> [(&'static ServiceModel, Option<Arc<dyn Service>>); 2] {
        [
            (&trent_kms::api::MODEL, self.kms.clone().map(|kms| kms as _)),
            (&trent_sts::api::MODEL, self.sts.clone().map(|sts| sts as _)),
        ]
    }

    /// Makes permanent what fell due by the clock, now and again; never ends.
    pub(crate) async fn sweep(self) {
        /// AWS deletes keys up to a day after their deletion date; a minute is prompt.
        const PAUSE: Duration = Duration::from_mins(1);
        let Some(kms) = self.kms else { return };
        loop {
            match kms.sweep().await {
                Ok(0) => tokio::time::sleep(PAUSE).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a sweep failed");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}
