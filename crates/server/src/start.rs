//! `trent start`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use trent_gateway::{AmbiguousRoute, Gateway, Limits};
use trent_store::StoreError;

use crate::admin::AdminApi;
use crate::cli::StartArguments;
use crate::clock::rfc3339;
use crate::logging;
use crate::platform::{Platform, PlatformError};
use crate::seed::{self, SeedError};
use crate::settings::{Settings, SettingsError};
use crate::sweeper::Sweeper;
use crate::system::SystemClock;
use crate::tls::{TlsError, TlsMode};

#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Platform(#[from] PlatformError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Seed(#[from] SeedError),
    #[error(transparent)]
    Routes(#[from] AmbiguousRoute),
    #[error("cannot start the runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot sweep what fell due")]
    Sweep(#[source] StoreError),
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot print the ready line")]
    Output(#[source] io::Error),
}

/// Runs until SIGTERM or SIGINT.
pub(crate) fn run(arguments: &StartArguments) -> Result<(), StartError> {
    let lossy = |text: OsString| text.to_string_lossy().into_owned();
    let environment = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value)));
    let settings = Settings::load(arguments, environment)?;
    logging::init(&settings.log);
    let runtime = runtime::Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    runtime.block_on(serve(&settings))
}

async fn serve(settings: &Settings) -> Result<(), StartError> {
    // Before anything can be interrupted half-way.
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;

    let tls = TlsMode::configured(settings)?;
    let platform = Platform::open(settings).await?;
    let cloud = platform.cloud(settings)?;
    if let Some(kms) = &cloud.kms {
        seed::plant(kms, settings).await?;
    }
    let limits = Limits::from(&settings.limits);
    let sweeper = Arc::new(Sweeper::start(cloud.kms.clone()).map_err(StartError::Runtime)?);
    // What fell due while nothing ran, before anybody sees it.
    sweeper.sweep().await.map_err(StartError::Sweep)?;
    let admin = Arc::new(AdminApi::new(platform.clock.clone(), sweeper, tls.clone(), cloud.authorizer.clone()));
    // The uptime is told by real time: nobody can turn how long a process has run.
    let (real_clock, entropy) = (Arc::new(SystemClock), &*platform.entropy);
    let authenticator = cloud.authenticator.clone();
    let gateway = Gateway::with_admin(cloud.services(), authenticator, real_clock, entropy, limits, admin)?;

    let tls = tls.for_gateway()?;
    let unusable = |source| StartError::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    // The kernel takes connections from here on, so that whoever reads this line is answered.
    announce(address).map_err(StartError::Output)?;
    info!(%address, data_dir = (!settings.ephemeral).then(|| tracing::field::display(settings.data_dir.display())), "ready");

    let reading = platform.clock.reading();
    if reading.is_frozen || reading.offset_seconds != 0 {
        info!(now = rfc3339(reading.now), is_frozen = reading.is_frozen, "the clock is turned");
    }

    let stopped = async {
        tokio::select! {
            _ = terminate.recv() => info!("stopping on SIGTERM"),
            _ = interrupt.recv() => info!("stopping on SIGINT"),
        }
    };
    gateway.serve(listener, tls, stopped).await;
    if let Some(kms) = &cloud.kms
        && let Err(error) = kms.flush_usage().await
    {
        tracing::error!(error = &error as &dyn std::error::Error, "the last uses of keys could not be written down");
    }
    if let Err(error) = cloud.authorizer.directory().flush_last_uses().await {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "the last uses of access keys and roles could not be written down");
    }
    info!("stopped");
    Ok(())
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "trent ready on http://{address}")?;
    output.flush()
}
