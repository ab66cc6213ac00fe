//! AWS Signature Version 4, from the side that verifies.
//!
//! [`Gate`] is what an endpoint asks who sends a request; it either decides at once or names the access key id whose
//! owner it needs. [`SignedRequest`] is the strict reading of a signature, [`Refusal`] what AWS answers if there is
//! something wrong, in AWS's order of checks and in AWS's words.
//!
//! Everything here is a function of its arguments: time and credentials come in, and there is no async and no store.
//! Requests are hostile input: work is bounded by their length, secrets are compared in constant time.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod canonical;
mod claim;
mod date;
mod gate;
mod refusal;
mod request;
mod rules;
mod signing_key;

pub use gate::{Gate, Known, Question, Sender, Signatures, Step};
pub use refusal::{Dialect, Refusal};
pub use request::SignedRequest;
pub use rules::{SigningRules, Style};
pub use signing_key::SigningKey;
