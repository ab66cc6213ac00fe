//! Log output on standard error.

use std::io::{self, IsTerminal};
use std::panic;

use tracing::error;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::settings::{Log, LogFormat};

/// Sends what the process logs, and its panics, to standard error.
pub(crate) fn init(log: &Log) {
    let is_human = match log.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let layer = fmt::layer().with_writer(io::stderr);
    let layer = if is_human { layer.with_ansi(io::stderr().is_terminal()).boxed() } else { layer.json().boxed() };
    // The directives were checked when they were read.
    let targets: Targets = log.level.as_str().parse().unwrap_or_default();
    tracing_subscriber::registry().with(targets).with(layer).init();

    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("(no message)");
        error!(message, location = panic.location().map(tracing::field::display), "panic");
    }));
}
