//! `/_trent/clock`: read the clock, and turn it.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use trent_gateway::{Response, json_response};
use trent_shared::Timestamp;

use super::{AdminApi, Nothing, Outcome, Refusal, posted};
use crate::clock::{Reading, Turn, TurnError, TurnableClock, rfc3339};
use crate::sentence;
use crate::sweeper::Sweeper;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    by: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    to: String,
}

/// The answer of every path.
#[derive(Serialize)]
struct Told {
    now: String,
    #[serde(rename = "frozen")]
    is_frozen: bool,
    offset_seconds: i64,
}

impl AdminApi {
    /// Answers for a path that begins with `clock`.
    pub(super) async fn clock(&self, path: &str, request: &Request<Bytes>) -> Outcome {
        let turn = match path {
            "clock" if matches!(*request.method(), Method::GET | Method::HEAD) => {
                return Ok(told(self.clock.reading()));
            }
            "clock" => return Err(Refusal::Method("GET, HEAD")),
            "clock/advance" => Turn::Advance(length(&posted::<Advance>(request)?.by)?),
            "clock/set" => Turn::Set(instant(&posted::<Set>(request)?.to)?),
            "clock/freeze" => posted(request).map(|Nothing {}| Turn::Freeze)?,
            "clock/resume" => posted(request).map(|Nothing {}| Turn::Resume)?,
            _ => return Err(Refusal::Nowhere),
        };
        // In a task of its own, which a client that hangs up cannot end half-way.
        let turning = tokio::spawn(turn_and_sweep(self.clock.clone(), self.sweeper.clone(), turn));
        turning.await.map_err(|error| Refusal::Failed(sentence(&error)))?
    }
}

async fn turn_and_sweep(clock: Arc<TurnableClock>, sweeper: Arc<Sweeper>, turn: Turn) -> Outcome {
    clock.turn(turn).await.map_err(|error| match error {
        TurnError::Backwards { .. } | TurnError::TooFar => Refusal::request(&error),
        TurnError::Unstored(_) => Refusal::Failed(sentence(&error)),
    })?;
    let reading = clock.reading();
    tracing::info!(now = rfc3339(reading.now), is_frozen = reading.is_frozen, "the clock was turned");
    sweeper.sweep().await.map_err(|error| {
        Refusal::Failed(format!("the clock was turned, but the sweep of what fell due failed: {}", sentence(&error)))
    })?;
    Ok(told(clock.reading()))
}

fn told(Reading { now, is_frozen, offset_seconds }: Reading) -> Response {
    json_response(StatusCode::OK, &Told { now: rfc3339(now), is_frozen, offset_seconds })
}

/// A length of time in seconds, minutes, hours and days; what a month or a year is everybody sees differently.
fn length(text: &str) -> Result<Duration, Refusal> {
    if text.contains(|c: char| !matches!(c, '0'..='9' | 's' | 'm' | 'h' | 'd' | ' ')) || text.contains("ms") {
        let message =
            format!("{text:?} is not a length of time such as 31d, 12h or 1d 30m: the units are s, m, h and d");
        return Err(Refusal::Request(message));
    }
    humantime::parse_duration(text).map_err(|error| {
        Refusal::Request(format!("{text:?} is not a length of time such as 31d, 12h or 1d 30m: {error}"))
    })
}

/// RFC 3339, in any time zone.
fn instant(text: &str) -> Result<Timestamp, Refusal> {
    let instant = DateTime::from_str(text, Format::DateTimeWithOffset).ok().and_then(|at| at.to_millis().ok());
    instant
        .map(Timestamp::from_millis)
        .ok_or_else(|| Refusal::Request(format!("{text:?} is not a moment such as 2027-01-01T00:00:00Z")))
}
