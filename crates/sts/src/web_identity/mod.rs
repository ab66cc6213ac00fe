//! Identities that others vouch for: OpenID Connect tokens, verified with keys from the configuration.

mod keys;
#[cfg(test)]
pub(crate) mod testing;
mod token;

pub use keys::{InvalidKeys, OidcProvider};
pub(crate) use token::{Claims, Token};
