use bytes::Bytes;
use http::Request;
use trent_protocol::{BoxFuture, Operation, ServiceModel};
use trent_shared::{ApiError, Caller, Connection, Region};

/// Tells who sends a request.
pub trait Authenticator: Send + Sync + 'static {
    /// Errors are the service's own, in the words of its protocol.
    fn authenticate<'r>(&'r self, arrival: Arrival<'r>) -> Authentication<'r>;
}

/// A request whose operation is known, and whose sender is not.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'r> {
    /// As it came, its body whole.
    pub request: &'r Request<Bytes>,
    pub model: &'static ServiceModel,
    pub operation: &'static Operation,
    pub connection: Connection,
}

/// Who sends a request, and the Region that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub caller: Caller,
    pub region: Region,
}

/// Most requests are decided on at once; only those that need a look at what is stored pay for a future.
pub enum Authentication<'r> {
    Decided(Result<Sender, ApiError>),
    Pending(BoxFuture<'r, Result<Sender, ApiError>>),
}
