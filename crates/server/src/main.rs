//! The `trent` binary: configuration → platform → services → gateway.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]
#![cfg_attr(test, expect(clippy::expect_used, reason = "tests may stop at the first surprise"))]

mod admin;
mod attest;
mod authenticator;
mod ca_command;
mod cli;
mod client;
mod clock;
mod clock_command;
mod health;
mod logging;
mod platform;
mod seed;
mod settings;
mod start;
mod sweeper;
mod system;
mod tls;
mod why_command;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Start(arguments) => start::run(&arguments).map_err(|error| sentence(&error)),
        Command::Attest(arguments) => attest::run(&arguments).map_err(|error| sentence(&error)),
        Command::Ca { url } => ca_command::run(url).map_err(|error| sentence(&error)),
        Command::Health { url } => health::run(url).map_err(|error| sentence(&error)),
        Command::Why { request_id, json, url } => {
            why_command::run(request_id.as_deref(), json, url).map_err(|error| sentence(&error))
        }
        Command::Clock(arguments) => clock_command::run(arguments).map_err(|error| sentence(&error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("trent: {sentence}");
            ExitCode::FAILURE
        }
    }
}

/// An error and what caused it, on one line.
fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        sentence.push_str(": ");
        sentence.push_str(&error.to_string());
        cause = error.source();
    }
    sentence
}
