//! What every part of Trent speaks of: accounts, Regions, ARNs, callers, the context of one request, AWS errors, and
//! the clock and entropy that come in from outside.
//!
//! This crate depends on no other crate of the workspace.

mod account;
mod arn;
mod caller;
mod clock;
mod context;
mod entropy;
mod error;
mod region;
mod secret;

pub use account::{AccountId, InvalidAccountId};
pub use arn::{Arn, InvalidArn};
pub use caller::{AccessKeyId, AssumedRole, Caller, FederatedUser, Principal, User, WebIdentity};
pub use clock::{Clock, Timestamp};
pub use context::{Connection, Context, RequestId, Via};
pub use entropy::{Entropy, random_uuid};
pub use error::{ApiError, Exception, MessageKey};
pub use region::{InvalidRegion, Partition, Region};
pub use secret::{SecretBytes, SecretString};
