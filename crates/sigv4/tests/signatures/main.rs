//! Signatures that others made: AWS's test suite, and AWS's own signer over whatever requests there may be.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

mod gate;
mod properties;
mod refusals;
mod signer;
mod suite;
