//! The endpoint's own paths, which no AWS service uses: everything under `/_trent/`, and `/_localstack/health`, since
//! compose files in the wild probe it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use trent_shared::{Clock, Timestamp};

use crate::Response;

pub(crate) struct Admin {
    /// Each service by its id, its state in the words that such probes look for: `running` or `disabled`.
    services: BTreeMap<&'static str, &'static str>,
    clock: Arc<dyn Clock>,
    started: Timestamp,
}

#[derive(Serialize)]
struct Health<'a> {
    services: &'a BTreeMap<&'static str, &'static str>,
    version: &'static str,
    uptime_seconds: i64,
}

#[derive(Serialize)]
struct Complaint<'a> {
    message: &'a str,
}

impl Admin {
    /// Takes each service's id and whether it runs.
    pub(crate) fn new(services: impl Iterator<Item = (&'static str, bool)>, clock: Arc<dyn Clock>) -> Self {
        let services = services.map(|(id, is_running)| (id, if is_running { "running" } else { "disabled" })).collect();
        Self { services, started: clock.now(), clock }
    }

    /// Whether a path is the endpoint's own.
    pub(crate) fn owns(path: &str) -> bool {
        path.starts_with("/_trent/") || path == "/_localstack/health"
    }

    /// Answers a request for one of the endpoint's own paths.
    pub(crate) fn answer(&self, method: &Method, path: &str) -> Response {
        match path {
            "/_trent/health" | "/_localstack/health" if matches!(*method, Method::GET | Method::HEAD) => {
                json(StatusCode::OK, &self.health())
            }
            _ => json(StatusCode::NOT_FOUND, &Complaint { message: "Trent has nothing here. Try GET /_trent/health." }),
        }
    }

    fn health(&self) -> Health<'_> {
        let uptime_millis = self.clock.now().as_millis() - self.started.as_millis();
        Health { services: &self.services, version: env!("CARGO_PKG_VERSION"), uptime_seconds: uptime_millis / 1000 }
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Structures of text and numbers always serialize; should one ever not, the client sees an empty answer.
    let mut response = Response::new(Full::new(Bytes::from(serde_json::to_vec(value).unwrap_or_default())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
