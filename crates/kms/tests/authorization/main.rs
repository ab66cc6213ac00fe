//! Who may do what: each operation asks for exactly its action, and each rule of authz.md decides as it says, in AWS's
//! words.

mod conditions;
mod coverage;
mod decisions;
mod foreign;
mod grants;
mod support;
