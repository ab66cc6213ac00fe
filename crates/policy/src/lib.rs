//! The IAM policy language: [`Policy::parse`] reads a document strictly, [`Policy::evaluate`] asks it one question,
//! [`decide`] combines the answers of all policies that have a say as AWS combines them, and [`explain`] tells at length
//! why the answer is what it is.
//!
//! Everything here is a function of its arguments: what a request carries comes in as [`Facts`]. Documents and requests
//! are hostile input: nothing here recurses or allocates by what they claim, and no pattern takes longer to match than
//! its length times the text's.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod condition;
mod decide;
mod document;
mod error;
mod explain;
mod parse;
mod pattern;
mod policy;
mod principal;
mod question;
mod resource_format;
mod statement;

pub use decide::{By, Cited, Decision, Denial, GrantAllow, Layer, Layers, NamedPolicy, ResourceSide, Rule, decide};
pub use error::MalformedPolicy;
pub use explain::{
    ConsideredGrant, ExplainedCondition, ExplainedGrant, ExplainedPolicy, ExplainedStatement, Explanation, Mismatch,
    explain,
};
pub use policy::{Effect, Policy, PolicyKind, StatementRef, Verdict};
pub use principal::{NamedPrincipal, PrincipalKind, Reach};
pub use question::{Facts, Question, Values};
