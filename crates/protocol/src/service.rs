use futures_core::future::BoxFuture;
use trent_shared::{ApiError, Context};

use crate::{Encode, Operation, ServiceModel, Value};

/// What an operation answers, ready to be written in whichever protocol it was asked in.
pub type Output = Box<dyn Encode + Send>;

/// A service, as the gateway sees it. Inside, everything is static: the generated dispatch decodes the input into the
/// operation's own type and calls its function.
pub trait Service: Send + Sync + 'static {
    fn model(&self) -> &'static ServiceModel;

    /// Runs one operation on an input that has passed [`crate::validate`].
    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        input: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>>;
}
