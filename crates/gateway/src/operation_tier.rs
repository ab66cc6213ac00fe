//! The inner stack: from a detected operation to its answer, in AWS terms. Errors are plain [`ApiError`]s here.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tower::{ServiceBuilder, service_fn};
use trent_protocol::{Operation, Payload, Protocol, Service, Value};
use trent_shared::{ApiError, Connection, Context, RequestId};

use crate::gateway::Shared;
use crate::stage::Stage;
use crate::{Arrival, Authentication, Sender};

/// A detected operation, its sender not known yet.
pub(crate) struct Call {
    pub(crate) id: RequestId,
    pub(crate) connection: Connection,
    pub(crate) shared: Arc<Shared>,
    pub(crate) request: Box<Request<Bytes>>,
    pub(crate) service: Arc<dyn Service>,
    pub(crate) operation: &'static Operation,
    pub(crate) input: Bytes,
}

struct Authenticated {
    cx: Context,
    service: Arc<dyn Service>,
    operation: &'static Operation,
    input: Bytes,
}

struct Decoded {
    cx: Context,
    service: Arc<dyn Service>,
    operation: &'static Operation,
    input: Value,
}

pub(crate) fn operation_tier() -> impl Stage<Call, Payload, ApiError> {
    ServiceBuilder::new()
        // First, as AWS checks the signature before it looks at the input (wire.md §4).
        .layer_fn(authenticate)
        // Before the service, which only ever sees input that its model allows.
        .layer_fn(decode_and_validate)
        // Inside, everything is the service's own.
        .service(service_fn(dispatch))
}

fn authenticate<S>(inner: S) -> impl Stage<Call, Payload, ApiError>
where
    S: Stage<Authenticated, Payload, ApiError>,
{
    service_fn(move |Call { id, connection, shared, request, service, operation, input }: Call| {
        let mut inner = inner.clone();
        async move {
            let arrival = Arrival { request: &request, model: service.model(), operation, connection };
            let Sender { caller, region } = match shared.authenticator.authenticate(arrival) {
                Authentication::Decided(outcome) => outcome?,
                Authentication::Pending(outcome) => outcome.await?,
            };
            let cx = Context { connection, ..Context::new(id, region, caller) };
            inner.call(Authenticated { cx, service, operation, input }).await
        }
    })
}

fn decode_and_validate<S>(inner: S) -> impl Stage<Authenticated, Payload, ApiError>
where
    S: Stage<Decoded, Payload, ApiError>,
{
    service_fn(move |Authenticated { cx, service, operation, input }: Authenticated| {
        let mut inner = inner.clone();
        async move {
            let input = service.decode(operation, &input)?;
            inner.call(Decoded { cx, service, operation, input }).await
        }
    })
}

async fn dispatch(Decoded { cx, service, operation, input }: Decoded) -> Result<Payload, ApiError> {
    let output = service.call(&cx, operation, input).await?;
    let model = service.model();
    let mut payload = model.protocol.encode(model, operation, &*output, cx.request_id);
    if model.protocol == Protocol::AwsJson11 && operation.output.is_none() {
        // awsJson writes `{}` for an output without members, and nothing at all for no output.
        payload.body.clear();
    }
    Ok(payload)
}
