//! What must hold for hostile bytes: one function per decoder, which takes any bytes and panics where a property does not
//! hold. A fuzzer looks for such bytes (`libfuzzer/`, outside the workspace); the tests replay what it has found so far
//! (`corpus/`, and `crashes/` for what once went wrong).
#![expect(clippy::missing_panics_doc, reason = "a panic is how a target says that a property does not hold")]

pub mod attestation;
mod ciphertext_blob;
pub mod fixtures;
pub mod import_unwrap;
mod key_material_der;
mod policy;
mod sigv4;
mod typed_input;
mod wire;

pub use attestation::attestation;
pub use ciphertext_blob::ciphertext_blob;
pub use import_unwrap::import_unwrap;
pub use key_material_der::key_material_der;
pub use policy::policy;
pub use sigv4::sigv4;
pub use wire::{json_decode, operations, query_decode};

/// A target, by the name that its corpus and its binary have too.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    Target { name: "attestation", run: attestation },
    Target { name: "ciphertext_blob", run: ciphertext_blob },
    Target { name: "import_unwrap", run: import_unwrap },
    Target { name: "json_decode", run: json_decode },
    Target { name: "key_material_der", run: key_material_der },
    Target { name: "policy", run: policy },
    Target { name: "query_decode", run: query_decode },
    Target { name: "sigv4", run: sigv4 },
];

/// A stale error on the thread's queue would be told as the cause of another request's failure.
fn assert_error_queue_is_empty() {
    let left = openssl::error::ErrorStack::get();
    assert!(left.errors().is_empty(), "left on OpenSSL's error queue: {left}");
}
