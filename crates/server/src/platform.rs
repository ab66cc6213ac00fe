//! What the services stand on, and which services there are: the one place that knows all of them by name.

use std::sync::Arc;

use trent_iam::Iam;
use trent_identity::{Authorizer, Directory, DirectoryOptions};
use trent_kms::Kms;
use trent_protocol::{Service, ServiceModel};
use trent_shared::Entropy;
use trent_store::{Engine, MemoryEngine, OpenError, SqliteEngine, StoreError};
use trent_sts::Sts;

use crate::authenticator::DirectoryAuthenticator;
use crate::clock::TurnableClock;
use crate::settings::{Settings, SettingsError};
use crate::system::{SystemClock, SystemEntropy};

/// The outside world as the services see it.
pub(crate) struct Platform {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Arc<TurnableClock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// The services that are turned on.
pub(crate) struct Cloud {
    pub(crate) kms: Option<Arc<Kms>>,
    sts: Option<Arc<Sts>>,
    iam: Option<Arc<Iam>>,
    pub(crate) authorizer: Arc<Authorizer>,
    pub(crate) authenticator: Arc<DirectoryAuthenticator>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum PlatformError {
    #[error(transparent)]
    Data(#[from] OpenError),
    #[error("cannot tell how the clock was turned")]
    Clock(#[source] StoreError),
}

impl Platform {
    /// Opens the data directory, unless nothing is to be kept, and goes on in its time.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, PlatformError> {
        let engine: Arc<dyn Engine> = if settings.ephemeral {
            Arc::new(MemoryEngine::new())
        } else {
            Arc::new(SqliteEngine::open(&settings.data_dir)?)
        };
        let clock = TurnableClock::restore(Arc::new(SystemClock), engine.clone()).await;
        let clock = clock.map_err(PlatformError::Clock)?;
        Ok(Self { engine, clock: Arc::new(clock), entropy: Arc::new(SystemEntropy) })
    }

    /// Makes the services that are turned on.
    pub(crate) fn cloud(&self, settings: &Settings) -> Result<Cloud, SettingsError> {
        let options = settings.kms.options()?;
        let sts = settings.sts.options()?;
        let enabled = &settings.services;
        let directory = Arc::new(self.directory(settings)?);
        let authenticator = DirectoryAuthenticator::new(settings.auth.signatures(), directory.clone());
        let authorizer =
            Arc::new(Authorizer::new(directory.clone(), self.clock.clone(), settings.authorization.mode()));
        let kms =
            || Kms::new(self.engine.clone(), self.clock.clone(), self.entropy.clone(), authorizer.clone(), options);
        Ok(Cloud {
            kms: enabled.kms.is_enabled.then(|| Arc::new(kms())),
            sts: enabled.sts.is_enabled.then(|| Arc::new(Sts::new(authorizer.clone(), sts))),
            iam: enabled.iam.is_enabled.then(|| Arc::new(Iam::new(authorizer.clone()))),
            authorizer,
            authenticator: Arc::new(authenticator),
        })
    }

    fn directory(&self, settings: &Settings) -> Result<Directory, SettingsError> {
        let options = DirectoryOptions {
            is_iam_enabled: settings.services.iam.is_enabled,
            credentials: settings.auth.credentials()?,
            organization: settings.organization.organization()?,
        };
        Ok(Directory::new(self.engine.clone(), self.clock.clone(), self.entropy.clone(), options))
    }
}

impl Cloud {
    /// Every service for the gateway; `None` stands for one that is turned off.
    pub(crate) fn services(&self) -> [(&'static ServiceModel, Option<Arc<dyn Service>>); 3] {
        [
            (&trent_kms::api::MODEL, self.kms.clone().map(|kms| kms as _)),
            (&trent_sts::api::MODEL, self.sts.clone().map(|sts| sts as _)),
            (&trent_iam::api::MODEL, self.iam.clone().map(|iam| iam as _)),
        ]
    }
}
