//! AWS Key Management Service: one file per operation under `ops/`, around a few things that all of them use.
//!
//! An operation names the key it wants and the action it wants it for ([`Kms::key`], [`access`]); what it gets has
//! been looked up, authorized and found in a state that allows the action. The mathematics is in `trent-kms-core`.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod access;
mod action;
mod alias;
pub mod api;
mod authorization;
mod cache;
mod change;
mod ciphertext;
mod conditions;
mod fixed_keys;
mod grants;
mod identifier;
mod import;
mod jobs;
mod key_factory;
mod managed_keys;
mod messages;
mod metadata;
mod names;
mod ops;
mod options;
mod page;
mod policy_document;
mod quotas;
mod recipient;
mod records;
mod request_rates;
pub mod seed;
mod signing;
mod tags;
#[cfg(test)]
mod testing;
mod throttling;
mod usage;

use std::future::ready;
use std::sync::Arc;

use trent_identity::Authorizer;
use trent_protocol::{BoxFuture, Operation, Output, Service, ServiceModel, Value};
use trent_shared::{ApiError, Clock, Context, Entropy};
use trent_store::Engine;

use crate::cache::KeyCache;
use crate::grants::TokenKey;
use crate::key_factory::KeyFactory;
pub use crate::key_factory::lower_priority;
pub use crate::options::{Options, Transitions};
use crate::quotas::KeyCounts;
pub use crate::quotas::Quotas;
pub use crate::request_rates::{Pool, Rate, RequestRates};
use crate::throttling::Throttle;
use crate::usage::LastUses;
/// What [`Options::attestation_roots`] is made of.
pub use trent_nitro::Roots;

/// The service. Any number of instances may live in one process; they share nothing but what they are given.
pub struct Kms {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    authorizer: Arc<Authorizer>,
    cache: Arc<KeyCache>,
    factory: KeyFactory,
    key_counts: KeyCounts,
    last_uses: LastUses,
    grant_token_key: TokenKey,
    throttle: Option<Throttle>,
    options: Options,
}

impl Kms {
    /// `authorizer` decides who may do what.
    pub fn new(
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        authorizer: Arc<Authorizer>,
        options: Options,
    ) -> Self {
        let factory = KeyFactory::new(Arc::clone(&entropy), options.rsa_key_stock);
        let throttle = options.request_rates.clone().map(Throttle::new);
        Self {
            engine,
            clock,
            entropy,
            authorizer,
            cache: Arc::new(KeyCache::new()),
            factory,
            key_counts: KeyCounts::default(),
            last_uses: LastUses::default(),
            grant_token_key: TokenKey::default(),
            throttle,
            options,
        }
    }
}

impl Service for Kms {
    fn model(&self) -> &'static ServiceModel {
        &api::MODEL
    }

    fn decode(&self, operation: &'static Operation, body: &[u8]) -> Result<Value, ApiError> {
        fixed_keys::decode(operation, body)
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'static Operation,
        input: Value,
    ) -> BoxFuture<'a, Result<Output, ApiError>> {
        if let Err(refusal) = self.admit_operation(cx, operation) {
            return Box::pin(ready(Err(refusal)));
        }
        api::operations::dispatch(self, cx, operation, input)
    }
}
