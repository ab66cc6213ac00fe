//! Everything protocol-shaped, once for all services.
//!
//! A request goes wire → [`Value`] (typed by the operation's [`Structure`]) → constraint validation, which collects
//! *all* violations in AWS's wording → the service's own generated type. An answer goes from the service's type through
//! [`Encode`] straight onto the wire. No HTTP type is known here, and nothing here can panic on what a client sends.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod codec;
mod decode;
mod encode;
mod enumeration;
mod schema;
mod service;
mod validate;
mod value;

pub use futures_core::future::BoxFuture;

pub use codec::{Payload, Protocol};
pub use decode::{Decode, Members, Mismatch};
pub use encode::{Encode, EncodeMember, Encoder, StructureEncoder};
pub use schema::{Bounds, Member, Operation, Pattern, ServiceModel, Shape, Structure};
pub use service::{Output, Service};
pub use validate::validate;
pub use value::Value;
