//! Which operation a request asks for, answered from an index that is generated from the models.
//!
//! Indicators go before guesses: the reserved paths, then `X-Amz-Target`, then the form's `Action` and `Version`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request};
use trent_protocol::{Operation, Protocol, Service, ServiceModel};
use trent_shared::ApiError;

use crate::answer::X_AMZ_TARGET;
use crate::{Dialect, Failure};

/// The routing index.
pub struct Router {
    /// awsJson: `<target prefix>.<operation>`.
    by_target: HashMap<String, Route>,
    /// awsQuery: API version, then action.
    by_action: HashMap<&'static str, HashMap<&'static str, Route>>,
}

/// An operation, and the service that answers it.
pub struct Route {
    pub model: &'static ServiceModel,
    pub operation: &'static Operation,
    service: Option<Arc<dyn Service>>,
}

/// What a request asks for: the operation, and the bytes that hold its input in the service's protocol.
pub struct Detected<'r> {
    pub route: &'r Route,
    pub input: Bytes,
}

/// Two services claim the same request. Their models tell them apart no further, so the router cannot either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{first} and {second} both answer {operation}, and nothing in a request tells them apart")]
pub struct AmbiguousRoute {
    pub operation: &'static str,
    pub first: &'static str,
    pub second: &'static str,
}

impl Router {
    /// Indexes every operation of every model; `None` stands for a service that is known but turned off.
    pub fn new(
        services: impl IntoIterator<Item = (&'static ServiceModel, Option<Arc<dyn Service>>)>,
    ) -> Result<Self, AmbiguousRoute> {
        let mut router = Self { by_target: HashMap::new(), by_action: HashMap::new() };
        for (model, service) in services {
            for operation in model.operations {
                router.insert(Route { model, operation, service: service.clone() })?;
            }
        }
        Ok(router)
    }

    /// Finds what a request asks for.
    pub fn detect(&self, request: &Request<Bytes>) -> Result<Detected<'_>, Failure> {
        if let Some(target) = request.headers().get(X_AMZ_TARGET) {
            // awsJson knows no method but POST, and no body but JSON (wire.md §2).
            let is_json_post = request.method() == Method::POST && may_hold_json(request);
            let known = target.to_str().ok().filter(|_| is_json_post);
            let route = known.and_then(|target| self.by_target.get(target));
            let route = route.ok_or_else(|| json_failure(ApiError::bare("UnknownOperationException")))?;
            return Ok(Detected { route, input: request.body().clone() });
        }
        match form(request) {
            Some(form) => self.detect_action(request, &form),
            None => Err(nothing_recognised()),
        }
    }

    fn insert(&mut self, route: Route) -> Result<(), AmbiguousRoute> {
        let Route { model, operation, .. } = route;
        match model.protocol {
            Protocol::AwsJson11 => {
                let target = format!("{}.{}", model.target_prefix.unwrap_or_default(), operation.name);
                insert_once(self.by_target.entry(target), route)
            }
            Protocol::AwsQuery => {
                let actions = self.by_action.entry(model.api_version).or_default();
                insert_once(actions.entry(operation.name), route)
            }
        }
    }

    fn detect_action(&self, request: &Request<Bytes>, form: &Bytes) -> Result<Detected<'_>, Failure> {
        let (action, version) = action_and_version(form);
        let Some(action) = action else {
            return Err(match Dialect::guess(request) {
                Dialect::QUERY => {
                    query_failure("MissingAction", "The request must contain the parameter Action.".to_owned())
                }
                _ => nothing_recognised(),
            });
        };
        let version = version.unwrap_or(Cow::Borrowed("NO_VERSION_SPECIFIED"));
        let actions = self.by_action.get(&*version);
        if let Some(route) = actions.and_then(|actions| actions.get(&*action)) {
            return Ok(Detected { route, input: form.clone() });
        }
        // The version still tells which service was meant, and so the namespace of its errors.
        let dialect = actions.and_then(|actions| actions.values().next()).map_or(Dialect::QUERY, Route::dialect);
        let message = format!("Could not find operation {action} for version {version}");
        Err(Failure { error: ApiError::new("InvalidAction", message), dialect })
    }
}

impl Route {
    pub fn dialect(&self) -> Dialect {
        Dialect::of(self.model)
    }

    /// The service, if it is turned on and has the operation.
    pub fn service(&self) -> Result<&Arc<dyn Service>, ApiError> {
        let service = self.service.as_ref().ok_or_else(|| not_enabled(self.model))?;
        if self.operation.is_implemented {
            Ok(service)
        } else {
            Err(ApiError::not_implemented(self.model.full_name, self.operation.name))
        }
    }
}

/// Whether the content type names JSON in one of the spellings that clients use, or is left out.
fn may_hold_json(request: &Request<Bytes>) -> bool {
    const SPELLINGS: [&str; 4] =
        ["application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json", "text/json"];
    let Some(content_type) = request.headers().get(CONTENT_TYPE) else { return true };
    let media_type = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    SPELLINGS.iter().any(|spelling| media_type.eq_ignore_ascii_case(spelling))
}

/// What may hold an awsQuery form: the body, or the query string of a request without one.
fn form(request: &Request<Bytes>) -> Option<Bytes> {
    match *request.method() {
        Method::POST if !request.body().is_empty() => Some(request.body().clone()),
        Method::GET | Method::POST => request.uri().query().map(|query| Bytes::copy_from_slice(query.as_bytes())),
        _ => None,
    }
}

fn action_and_version(form: &[u8]) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    let (mut action, mut version) = (None, None);
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            "Action" => action = Some(value),
            "Version" => version = Some(value),
            _ => {}
        }
    }
    (action, version)
}

fn insert_once<K>(entry: Entry<'_, K, Route>, route: Route) -> Result<(), AmbiguousRoute> {
    match entry {
        Entry::Vacant(place) => {
            place.insert(route);
            Ok(())
        }
        Entry::Occupied(taken) => {
            Err(AmbiguousRoute { operation: route.operation.name, first: taken.get().model.id, second: route.model.id })
        }
    }
}

fn json_failure(error: ApiError) -> Failure {
    Failure { error, dialect: Dialect::JSON }
}

fn query_failure(code: &'static str, message: String) -> Failure {
    Failure { error: ApiError::new(code, message), dialect: Dialect::QUERY }
}

/// Neither a target nor an action: a browser, a probe or an S3 client. 404 says that nothing is here, in JSON because
/// it is the easiest to read for whoever looks.
fn nothing_recognised() -> Failure {
    json_failure(ApiError::bare("UnknownOperationException").with_status(404))
}

/// AWS has no such answer; like `NotImplemented`, HTTP 501 says it honestly and no SDK retries it.
fn not_enabled(model: &ServiceModel) -> ApiError {
    let ServiceModel { full_name, id, .. } = model;
    let message = format!(
        "{full_name} ({id}) is turned off. Turn it on with services.{id}.enabled: true in the configuration, or by naming \
         it in the environment variable SERVICES."
    );
    ApiError::new("ServiceNotEnabled", message).with_status(501)
}
