//! The endpoint's own paths, which no AWS service uses: everything under `/_trent/`, and `/_localstack/health`, since
//! compose files in the wild probe it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use trent_protocol::BoxFuture;
use trent_shared::{Clock, Timestamp};

use crate::Response;

/// What the program behind the gateway answers under `/_trent/`, beside health.
pub trait AdminEndpoint: Send + Sync + 'static {
    /// Answers a request, whose body is whole and as small as configured. `None` if nothing has this path.
    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'_, Option<Response>>;
}

/// A JSON answer.
pub fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    // Structures of text and numbers always serialize; should one ever not, the client sees an empty answer.
    response(status, "application/json", serde_json::to_vec(value).unwrap_or_default())
}

/// An answer of any other kind.
pub fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) struct Admin {
    /// Each service by its id, its state in the words that such probes look for: `running` or `disabled`.
    services: BTreeMap<&'static str, &'static str>,
    clock: Arc<dyn Clock>,
    started: Timestamp,
    endpoint: Arc<dyn AdminEndpoint>,
}

/// Answers nothing: for gateways that have health alone.
pub(crate) struct HealthAlone;

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

impl AdminEndpoint for HealthAlone {
    fn answer(&self, _: Request<Bytes>) -> BoxFuture<'_, Option<Response>> {
        Box::pin(async { None })
    }
}

impl Admin {
    /// Takes each service's id and whether it runs, what tells the uptime, and who answers beyond health.
    pub(crate) fn new(
        services: impl Iterator<Item = (&'static str, bool)>,
        clock: Arc<dyn Clock>,
        endpoint: Arc<dyn AdminEndpoint>,
    ) -> Self {
        let services = services.map(|(id, is_running)| (id, if is_running { "running" } else { "disabled" })).collect();
        Self { services, started: clock.now(), clock, endpoint }
    }

    /// Whether a path is the endpoint's own.
    pub(crate) fn owns(path: &str) -> bool {
        path.starts_with("/_trent/") || path == "/_localstack/health"
    }

    /// Answers a request for one of the endpoint's own paths.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Response {
        let is_health = matches!(request.uri().path(), "/_trent/health" | "/_localstack/health");
        if is_health && matches!(*request.method(), Method::GET | Method::HEAD) {
            return json_response(StatusCode::OK, &self.health());
        }
        self.endpoint.answer(request).await.unwrap_or_else(|| {
            let message = "Trent has nothing here. Try GET /_trent/health.";
            json_response(StatusCode::NOT_FOUND, &Complaint { message })
        })
    }

    fn health(&self) -> Health<'_> {
        let uptime_millis = self.clock.now().as_millis() - self.started.as_millis();
        Health { services: &self.services, version: env!("CARGO_PKG_VERSION"), uptime_seconds: uptime_millis / 1000 }
    }
}
