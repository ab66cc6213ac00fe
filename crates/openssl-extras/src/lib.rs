//! What the `openssl` crate lacks of OpenSSL's EVP interface: the encapsulation and decapsulation of KEMs, and three
//! parameters of signature algorithms. To be emptied as the `openssl` crate learns these.
//!
//! This is the only crate of the workspace with unsafe code. Its rules: every pointer comes from a live reference and
//! outlives only the call that it is passed to; every object is owned by a type of the `openssl` crate that frees it;
//! every refusal is OpenSSL's own [`ErrorStack`](openssl::error::ErrorStack), taken off the thread's queue.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod kem;
mod signature;

pub use kem::{Encapsulation, decapsulate, encapsulate};
pub use signature::{set_distinguishing_id, use_ed25519ph, use_external_mu};

use std::ffi::c_int;

use openssl::error::ErrorStack;

/// OpenSSL's convention: 1 or more is success, anything else a failure whose reasons are on the queue.
fn succeeded(code: c_int) -> Result<(), ErrorStack> {
    if code > 0 { Ok(()) } else { Err(ErrorStack::get()) }
}
