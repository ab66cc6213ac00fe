//! KMS's `Recipient`: attestation documents of AWS Nitro Enclaves and NitroTPM, and the envelopes that answer them.
//!
//! [`Attestation::verify`] accepts a document or tells why not, [`envelope`] encrypts an answer to the key that the
//! document attests, and [`LocalRoot`] makes documents for tests, under a root that only those trust who say so.
//!
//! Everything here is a function of its arguments: time and randomness come in, and there is no HTTP, no async and no
//! store. Documents are hostile input: nothing here allocates or recurses by what they claim to hold.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod attestation;
mod cose;
mod envelope;
mod local_root;
mod payload;
mod recipient;
mod roots;

pub use attestation::{Attestation, AttestationError, MAX_DOCUMENT_LEN, Pcr, Platform};
pub use envelope::envelope;
pub use local_root::{DocumentFields, InvalidLocalRoot, LocalRoot};
pub use payload::Field;
pub use recipient::{InvalidRecipientKey, RecipientKey};
pub use roots::{InvalidRoot, Roots};

/// OpenSSL could not do its work, for want of memory for example. Nothing that a caller sends leads here.
#[derive(Debug, thiserror::Error)]
#[error("OpenSSL failed")]
pub struct OpenSslFailure(#[from] openssl::error::ErrorStack);
