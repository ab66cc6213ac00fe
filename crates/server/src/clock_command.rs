//! `trent clock`: what the clock of a running emulator shows, after it was turned if that is asked for.

use std::time::Duration;

use serde_json::json;

use crate::cli::{ClockArguments, ClockTurn};
use crate::client::{Endpoint, EndpointError};

pub(crate) fn run(arguments: ClockArguments) -> Result<(), EndpointError> {
    /// A turn is answered when all that fell due is done, which may be years of it for many keys.
    const PATIENCE: Duration = Duration::from_mins(10);
    let endpoint = Endpoint::new(arguments.url, PATIENCE);
    let answer = match arguments.turn {
        None => endpoint.get("/_trent/clock"),
        Some(ClockTurn::Advance { by }) => endpoint.post("/_trent/clock/advance", &json!({ "by": by })),
        Some(ClockTurn::Set { to }) => endpoint.post("/_trent/clock/set", &json!({ "to": to })),
        Some(ClockTurn::Freeze) => endpoint.post("/_trent/clock/freeze", &json!({})),
        Some(ClockTurn::Resume) => endpoint.post("/_trent/clock/resume", &json!({})),
    }?;
    println!("{answer}");
    Ok(())
}
