//! Everything between a TCP connection and `Arc<dyn Service>`: the listener, protocol detection, the routing index and
//! the two tower stacks. No service is named here; the routes come from the models.
//!
//! ```text
//! listener → HTTP tier:      request id → catch panic → trace → limits → own paths → detect
//!          → operation tier: authenticate → decode and validate → dispatch → dyn Service
//! ```
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, expect(clippy::expect_used, reason = "tests may stop at the first surprise"))]

mod admin;
mod answer;
mod authentication;
mod gateway;
mod http_tier;
mod limits;
mod listener;
mod operation_tier;
mod request_ids;
mod router;
mod stage;
mod stream;
mod tls;
mod vigil;

pub use admin::{AdminEndpoint, json_response, response};
pub use answer::{Dialect, Failure, Response};
pub use authentication::{Arrival, Authentication, Authenticator, Sender};
pub use gateway::Gateway;
pub use limits::Limits;
pub use router::{AmbiguousRoute, Detected, Route, Router};
pub use tls::{ServerCertificate, Tls};
