//! What goes back to the client. All errors of all services and of the gateway itself are written here.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue, PRAGMA};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use trent_protocol::{Payload, Protocol, ServiceModel};
use trent_shared::{ApiError, RequestId};

use crate::admin::Admin;

pub type Response = http::Response<Full<Bytes>>;

pub(crate) const X_AMZ_TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const X_AMZN_REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-cache, no-store, must-revalidate, private");
const EXPIRED: HeaderValue = HeaderValue::from_static("0");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// How the client of a request expects errors to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub protocol: Protocol,
    pub xml_namespace: Option<&'static str>,
}

/// An error, and the dialect of whoever will read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub error: ApiError,
    pub dialect: Dialect,
}

impl Dialect {
    pub const JSON: Self = Self { protocol: Protocol::AwsJson11, xml_namespace: None };
    pub const QUERY: Self = Self { protocol: Protocol::AwsQuery, xml_namespace: None };

    pub fn of(model: &'static ServiceModel) -> Self {
        Self { protocol: model.protocol, xml_namespace: model.xml_namespace }
    }

    /// The likely dialect of a request whose operation is not known, told by its head alone. JSON where nothing speaks
    /// for query: most services speak it.
    pub fn guess<B>(request: &Request<B>) -> Self {
        const FORM: &[u8] = b"application/x-www-form-urlencoded";
        let has_form = || {
            let content_type = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
            content_type.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM))
        };
        let has_action =
            || request.method() == Method::GET && request.uri().query().is_some_and(|query| query.contains("Action="));
        let speaks_json = || request.headers().contains_key(X_AMZ_TARGET) || Admin::owns(request.uri().path());
        if !speaks_json() && (has_form() || has_action()) { Self::QUERY } else { Self::JSON }
    }
}

/// The answer to an operation that succeeded (wire.md §3). Only JSON services were seen to forbid caching.
pub(crate) fn success(protocol: Protocol, payload: Payload) -> Response {
    let mut response = from_payload(StatusCode::OK, payload);
    if protocol == Protocol::AwsJson11 {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, NO_STORE);
        headers.insert(EXPIRES, EXPIRED);
        headers.insert(PRAGMA, NO_CACHE);
    }
    response
}

/// The one place that writes errors, and the one that names the request in its answer.
pub(crate) fn render(answer: Result<Response, Failure>, id: RequestId) -> Response {
    let mut response = answer.unwrap_or_else(|Failure { error, dialect }| {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        from_payload(status, dialect.protocol.encode_error(&error, dialect.xml_namespace, id))
    });
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(X_AMZN_REQUEST_ID, id);
    }
    response
}

/// hyper adds content-length and date.
fn from_payload(status: StatusCode, payload: Payload) -> Response {
    let mut response = Response::new(Full::from(payload.body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(payload.content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(request: http::request::Builder) -> Protocol {
        Dialect::guess(&request.body(()).expect("valid")).protocol
    }

    #[test]
    fn the_target_decides_before_the_content_type() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(guess(Request::post("/").header("content-type", form)), Protocol::AwsQuery);
        assert_eq!(
            guess(Request::post("/").header("content-type", form).header("x-amz-target", "A.B")),
            Protocol::AwsJson11
        );
        assert_eq!(guess(Request::get("/?Action=A&Version=1")), Protocol::AwsQuery);
        assert_eq!(guess(Request::get("/")), Protocol::AwsJson11);
        // curl calls whatever it posts a form.
        assert_eq!(guess(Request::post("/_trent/x").header("content-type", form)), Protocol::AwsJson11);
        assert_eq!(guess(Request::post("/").header("content-type", "application")), Protocol::AwsJson11);
    }
}
