//! The whole gateway over a real socket, in front of small services that are written by hand.
#![expect(clippy::expect_used, reason = "tests may stop at the first surprise")]

mod connections;
mod operations;
mod routing;
mod signatures;
mod support;
mod tls;
