//! AWS Security Token Service: who a caller is, and temporary credentials with which it is somebody else for a while.
//!
//! Sessions are kept by the [`Directory`], which tells callers by them; what is here decides who gets one. A role lets itself
//! be assumed through its trust policy ([`access`]).
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod access;
pub mod api;
mod authorization_message;
mod facts;
mod messages;
mod mfa;
mod ops;
mod session;
mod session_policies;
mod tags;
#[cfg(test)]
mod testing;
mod web_identity;

use std::sync::Arc;

use trent_identity::{Authorizer, Directory};
use trent_protocol::{BoxFuture, Operation, Output, Service, ServiceModel, Value};
use trent_shared::{ApiError, Context};

pub use authorization_message::encoded_message;
pub use web_identity::{InvalidKeys, OidcProvider};

/// The service.
pub struct Sts {
    authorizer: Arc<Authorizer>,
    options: Options,
}

/// What can be set.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whose identity tokens can be verified. AWS asks the issuers for their keys; Trent, which calls nobody, is given them.
    pub oidc_providers: Vec<OidcProvider>,
}

impl Sts {
    /// `authorizer` decides who may do what; its directory keeps the sessions.
    pub fn new(authorizer: Arc<Authorizer>, options: Options) -> Self {
        Self { authorizer, options }
    }

    pub(crate) fn directory(&self) -> &Directory {
        self.authorizer.directory()
    }
}

impl Service for Sts {
    fn model(&self) -> &'static ServiceModel {
        &api::MODEL
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        input: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>> {
        api::operations::dispatch(self, cx, operation, input)
    }
}
