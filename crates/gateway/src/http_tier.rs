//! The outer stack: from an HTTP request to an HTTP response, whatever the service.

use std::any::Any;
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderMap, Request};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{Instant, timeout};
use tower::{BoxError, ServiceBuilder, service_fn};
use tracing::{Instrument, Span, debug, debug_span, error, field};
use trent_protocol::Payload;
use trent_shared::{ApiError, Connection, RequestId};

use crate::admin::Admin;
use crate::answer::{render, success};
use crate::gateway::Shared;
use crate::operation_tier::Call;
use crate::stage::Stage;
use crate::{Detected, Dialect, Failure, Limits, Response};

/// A request that has a name, and what the layers below work with. They hold nothing themselves, so that cloning one
/// for a request costs nothing.
struct Tagged<B> {
    id: RequestId,
    connection: Connection,
    shared: Arc<Shared>,
    /// Each layer's future holds what it was given: in a box it takes one word of each instead of 264 bytes.
    request: Box<Request<B>>,
}

/// The stack for the requests of one connection.
pub(crate) fn http_tier<B, S>(
    shared: &Arc<Shared>,
    connection: Connection,
    operations: S,
) -> impl Stage<Request<B>, Response, Infallible> + use<B, S>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    S: Stage<Call, Payload, ApiError>,
{
    ServiceBuilder::new()
        // First, so that the log and every answer, even to a panic, name the request; on the way back it renders errors.
        .layer_fn(|inner| request_id(inner, connection, shared.clone()))
        // Around everything that works on the request, so that no bug takes the connection down.
        .layer_fn(catch_panic)
        // Around the limits, so that refused requests are in the log too.
        .layer_fn(trace)
        // Before anything holds the body: from here on it is whole, and as small as configured.
        .layer_fn(limits)
        // Before operations are looked for: no indicator may hide the endpoint's own paths.
        .layer_fn(own_paths)
        // Last, since a form names its operation in the body.
        .layer_fn(detect)
        .service(operations)
}

fn request_id<B, S>(
    inner: S,
    connection: Connection,
    shared: Arc<Shared>,
) -> impl Stage<Request<B>, Response, Infallible>
where
    B: Send + 'static,
    S: Stage<Tagged<B>, Response, Failure>,
{
    service_fn(move |request| {
        let (mut inner, shared) = (inner.clone(), shared.clone());
        async move {
            let id = shared.request_ids.next();
            Ok(render(inner.call(Tagged { id, connection, shared, request: Box::new(request) }).await, id))
        }
    })
}

fn catch_panic<B, S>(inner: S) -> impl Stage<Tagged<B>, Response, Failure>
where
    B: Send + 'static,
    S: Stage<Tagged<B>, Response, Failure>,
{
    service_fn(move |tagged: Tagged<B>| {
        let mut inner = inner.clone();
        async move {
            let id = tagged.id;
            let dialect = Dialect::guess(&tagged.request);
            let mut answering = pin!(async move { inner.call(tagged).await });
            // Unwind safety: what panicked is dropped unseen; services keep their state behind their engine's commits.
            let guarded = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))) {
                Ok(poll) => poll,
                Err(panic) => {
                    error!(%id, panic = panic_message(&*panic), "a request panicked");
                    Err(Failure { error: ApiError::internal_failure(), dialect }).into()
                }
            });
            guarded.await
        }
    })
}

/// Costs nothing unless debug output is on.
fn trace<B, S>(inner: S) -> impl Stage<Tagged<B>, Response, Failure>
where
    B: Send + 'static,
    S: Stage<Tagged<B>, Response, Failure>,
{
    service_fn(move |tagged: Tagged<B>| {
        let mut inner = inner.clone();
        let Tagged { id, request, .. } = &tagged;
        let (method, path) = (request.method(), request.uri().path());
        let span = debug_span!("request", %id, %method, path, operation = field::Empty);
        let started = (!span.is_disabled()).then(Instant::now);
        let traced = async move {
            let answer = inner.call(tagged).await;
            if let Some(started) = started {
                let micros = started.elapsed().as_micros();
                match &answer {
                    Ok(response) => debug!(status = response.status().as_u16(), micros, "answered"),
                    Err(Failure { error, .. }) => debug!(status = error.status, micros, %error, "refused"),
                }
            }
            answer
        };
        traced.instrument(span)
    })
}

fn limits<B, S>(inner: S) -> impl Stage<Tagged<B>, Response, Failure>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    S: Stage<Tagged<Bytes>, Response, Failure>,
{
    service_fn(move |Tagged { id, connection, shared, request }: Tagged<B>| {
        let mut inner = inner.clone();
        async move {
            let (head, body) = request.into_parts();
            let mut request = Box::new(Request::from_parts(head, Bytes::new()));
            match whole_body(request.headers(), body, &shared.limits).await {
                Ok(body) => {
                    *request.body_mut() = body;
                    inner.call(Tagged { id, connection, shared, request }).await
                }
                Err(error) => Err(Failure { error, dialect: Dialect::guess(&request) }),
            }
        }
    })
}

fn own_paths<S>(inner: S) -> impl Stage<Tagged<Bytes>, Response, Failure>
where
    S: Stage<Tagged<Bytes>, Response, Failure>,
{
    service_fn(move |tagged: Tagged<Bytes>| {
        let mut inner = inner.clone();
        async move {
            if Admin::owns(tagged.request.uri().path()) {
                return Ok(tagged.shared.admin.answer(*tagged.request).await);
            }
            inner.call(tagged).await
        }
    })
}

fn detect<S>(inner: S) -> impl Stage<Tagged<Bytes>, Response, Failure>
where
    S: Stage<Call, Payload, ApiError>,
{
    service_fn(move |Tagged { id, connection, shared, request }: Tagged<Bytes>| {
        let mut inner = inner.clone();
        async move {
            let Detected { route, input } = shared.router.detect(&request)?;
            Span::current().record("operation", route.operation.name);
            let dialect = route.dialect();
            let failure = |error| Failure { error, dialect };
            let service = route.service().map_err(failure)?.clone();
            let operation = route.operation;
            let call = Call { id, connection, shared, request, service, operation, input };
            let payload = inner.call(call).await.map_err(failure)?;
            Ok(success(dialect.protocol, payload))
        }
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("(no message)")
}

/// Reads a body to its end, unless it is longer or slower than allowed.
async fn whole_body<B>(headers: &HeaderMap, mut body: B, limits: &Limits) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin,
{
    let max = limits.max_body_bytes;
    let read = timeout(limits.body_timeout, async {
        if body.size_hint().lower() <= max as u64 {
            match Limited::new(&mut body, max).collect().await {
                Ok(collected) => return Ok(collected.to_bytes()),
                Err(error) if error.is::<LengthLimitError>() => {}
                Err(_) => return Err(ApiError::serialization("The request body could not be read to its end.")),
            }
        }
        // Who waits for "100 Continue" has sent nothing yet, and reading would ask for it.
        if !headers.contains_key(EXPECT) {
            discard(&mut body).await;
        }
        let message = format!("The request body is longer than the {max} bytes that are allowed.");
        Err(ApiError::new("RequestEntityTooLargeException", message).with_status(413))
    });
    read.await.unwrap_or_else(|_| {
        let message = "The request body did not arrive within the allowed time.";
        Err(ApiError::new("RequestTimeoutException", message).with_status(408))
    })
}

/// Drops what a client still sends, up to a bound: most clients read no answer before they have sent all.
async fn discard(body: &mut (impl Body<Data = Bytes> + Unpin)) {
    const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;
    let mut discarded = 0;
    while let Some(Ok(frame)) = body.frame().await {
        discarded += frame.data_ref().map_or(0, Bytes::len);
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tower::Service;
    use trent_shared::{Clock, Entropy, Timestamp};

    use super::*;
    use crate::{Arrival, Authentication, Authenticator, Gateway, Limits};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }
    }

    impl Entropy for Still {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    impl Authenticator for Still {
        fn authenticate<'r>(&'r self, _: Arrival<'r>) -> Authentication<'r> {
            Authentication::Decided(Err(ApiError::internal_failure()))
        }
    }

    /// A layer that keeps its inner future in a variable before it awaits it doubles the size of the whole; a few of
    /// those, and every request copies tens of kilobytes.
    #[test]
    fn the_future_of_a_request_stays_small() {
        let gateway =
            Gateway::new([], Arc::new(Still), Arc::new(Still), &Still, Limits::default()).expect("no ambiguity");
        let answering = gateway.stack().call(Request::new(Full::<Bytes>::default()));
        let size = size_of_val(&answering);
        assert!(size <= 2 * 1024, "{size} bytes");
    }
}
