use futures_core::future::BoxFuture;
use trent_shared::{ApiError, Context};

use crate::{Encode, Operation, ServiceModel, Value};

/// What an operation answers, ready to be written in whichever protocol it was asked in.
pub type Output = Box<dyn Encode + Send>;

/// A service, as the gateway sees it. Inside, everything is static: the generated dispatch decodes the input into the
/// operation's own type and calls its function.
pub trait Service: Send + Sync + 'static {
    fn model(&self) -> &'static ServiceModel;

    /// Decodes an input and checks it with [`crate::validate`], save for what the service takes beyond AWS's constraints.
    fn decode(&self, operation: &'static Operation, body: &[u8]) -> Result<Value, ApiError> {
        self.model().protocol.decode(operation, body)
    }

    /// Runs one operation on an input from [`decode`](Self::decode).
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        input: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>>;
}
