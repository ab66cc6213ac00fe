//! The whole cloud in process, for tests: every service behind the real gateway, over an engine of the test's choice,
//! with a clock that the test turns and entropy that repeats itself from run to run.
//!
//! ```
//! # use serde_json::json;
//! # use trent_testkit::Cloud;
//! # async fn story() {
//! let cloud = Cloud::new();
//! let key = cloud.kms("CreateKey", json!({})).await.succeeds();
//! let id = &key["KeyMetadata"]["KeyId"];
//! cloud.kms("DisableKey", json!({ "KeyId": id })).await.succeeds();
//! let refusal = cloud.kms("Encrypt", json!({ "KeyId": id, "Plaintext": "AA==" })).await.fails();
//! assert_eq!(refusal.code, "DisabledException");
//! # }
//! ```

/// The program's own: being a binary, it lends code in no other way.
#[path = "../../server/src/authenticator.rs"]
mod authenticator;
mod client;
mod cloud;
mod enclave;
pub mod inputs;
mod somebody;
mod time_and_chance;
mod xml;

pub use client::{Answer, Client, MadeKey, Refusal};
pub use cloud::Cloud;
pub use enclave::Enclave;
pub use somebody::Somebody;
pub use time_and_chance::{ManualClock, SeededEntropy};
/// What [`Cloud::with_options`] takes.
pub use trent_kms::Options as KmsOptions;
/// What [`Cloud::plant`] takes.
pub use trent_kms::seed::{Planted, RefusedSeed, SeedGrant, SeedKey, SeedRotation};
pub use xml::Xml;
