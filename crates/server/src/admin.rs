//! What Trent answers under `/_trent/` beside health. One file for each first part of a path.

mod ca;
mod clock;
mod decisions;

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ALLOW, HeaderValue};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use trent_gateway::{AdminEndpoint, Response, json_response};
use trent_identity::Authorizer;
use trent_protocol::BoxFuture;

use crate::clock::TurnableClock;
use crate::sentence;
use crate::sweeper::Sweeper;
use crate::tls::TlsMode;

pub(crate) struct AdminApi {
    clock: Arc<TurnableClock>,
    sweeper: Arc<Sweeper>,
    tls: TlsMode,
    authorizer: Arc<Authorizer>,
}

/// Why a request was not answered with HTTP 200.
enum Refusal {
    /// No such path.
    Nowhere,
    /// The path takes these methods only, written as in `Allow`.
    Method(&'static str),
    /// Nothing is here as Trent is configured, for this reason.
    Absent(String),
    /// What the client sent cannot be done, for this reason.
    Request(String),
    /// What the client sent can be done, but has failed, for this reason.
    Failed(String),
}

type Outcome = Result<Response, Refusal>;

impl AdminApi {
    pub(crate) fn new(
        clock: Arc<TurnableClock>,
        sweeper: Arc<Sweeper>,
        tls: TlsMode,
        authorizer: Arc<Authorizer>,
    ) -> Self {
        Self { clock, sweeper, tls, authorizer }
    }
}

impl AdminEndpoint for AdminApi {
    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'_, Option<Response>> {
        Box::pin(async move {
            let path = request.uri().path().strip_prefix("/_trent/")?;
            let outcome = match path.split('/').next() {
                Some("ca") => self.ca(path, &request).await,
                Some("clock") => self.clock(path, &request).await,
                Some("decisions") => self.decisions(path, &request),
                _ => Err(Refusal::Nowhere),
            };
            match outcome {
                Ok(answer) => Some(answer),
                Err(refusal) => refusal.response(),
            }
        })
    }
}

impl Refusal {
    /// The request, or what it asks for, is wrong.
    fn request(error: &dyn Error) -> Self {
        Self::Request(sentence(error))
    }

    /// `None` leaves it to the gateway to say that there is nothing.
    fn response(self) -> Option<Response> {
        let (status, message, allow) = match self {
            Self::Nowhere => return None,
            Self::Method(allow) => {
                (StatusCode::METHOD_NOT_ALLOWED, format!("only {allow} is allowed here"), Some(allow))
            }
            Self::Absent(message) => (StatusCode::NOT_FOUND, message, None),
            Self::Request(message) => (StatusCode::BAD_REQUEST, message, None),
            Self::Failed(message) => (StatusCode::INTERNAL_SERVER_ERROR, message, None),
        };
        let mut response = json_response(status, &json!({ "message": message }));
        if let Some(allow) = allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        Some(response)
    }
}

/// A request that takes no members; no body says that as well as `{}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// The JSON of a POST.
fn posted<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, Refusal> {
    if request.method() != http::Method::POST {
        return Err(Refusal::Method("POST"));
    }
    let body: &[u8] = if request.body().is_empty() { b"{}" } else { request.body() };
    // An object first: serde would take an array for a structure, too.
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|error| Refusal::request(&error))?;
    T::deserialize(Value::Object(members)).map_err(|error| Refusal::request(&error))
}

#[cfg(test)]
mod tests;
