//! AWS Security Token Service: who a caller is.

pub mod api;
mod ops;

use trent_protocol::{BoxFuture, Operation, Output, Service, ServiceModel, Value};
use trent_shared::{ApiError, Context};

/// The service. It keeps no state yet: every caller is its account's root.
#[derive(Debug, Default)]
pub struct Sts;

impl Sts {
    pub fn new() -> Self {
        Self
    }
}

impl Service for Sts {
    fn model(&self) -> &'static ServiceModel {
        &api::MODEL
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        input: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>> {
        Box::pin(api::operations::dispatch(self, cx, operation, input))
    }
}
