//! AWS Identity and Access Management: one file per operation over the records of the [`Directory`].
//!
//! An operation asks for permission first ([`access`]), for a resource that may not exist; then it reads, and changes what
//! it read in one piece ([`change`]). IAM is global: the account is all that tells one name from another.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod access;
mod answers;
pub mod api;
mod arns;
mod attachments;
mod change;
mod documents;
mod facts;
mod inline_policies;
mod limits;
mod managed_policy;
mod messages;
mod oidc;
mod ops;
mod page;
mod policy_document;
mod policy_holder;
#[cfg(test)]
mod policy_testing;
mod role_answers;
#[cfg(test)]
mod role_testing;
mod simulation;
mod tags;
#[cfg(test)]
mod testing;
mod trust;
mod validation;

use std::sync::Arc;

use trent_identity::{Authorizer, Directory};
use trent_protocol::{BoxFuture, Operation, Output, Service, ServiceModel, Value};
use trent_shared::{ApiError, Context};

/// The service. What it keeps is in the directory, which others read too.
pub struct Iam {
    authorizer: Arc<Authorizer>,
}

impl Iam {
    /// `authorizer` decides who may do what; its directory is what IAM is about.
    pub fn new(authorizer: Arc<Authorizer>) -> Self {
        Self { authorizer }
    }

    pub(crate) fn directory(&self) -> &Directory {
        self.authorizer.directory()
    }
}

impl Service for Iam {
    fn model(&self) -> &'static ServiceModel {
        &api::MODEL
    }

    fn decode(&self, operation: &'static Operation, body: &[u8]) -> Result<Value, ApiError> {
        validation::decode(operation, body)
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
