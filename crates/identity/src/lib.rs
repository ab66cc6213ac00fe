//! Who there is, and what they may do: [`Directory`] keeps users, groups, roles, policies, credentials and sessions, and
//! knows the permissions of each caller; [`Authorizer`] decides on requests and remembers why.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod authorizer;
mod cache;
mod change;
mod credentials;
mod decisions;
mod directory;
mod entity;
mod global_facts;
mod ids;
mod last_use;
mod managed_policies;
mod options;
mod permissions;
mod principal;
mod records;
mod service_linked;

pub use authorizer::{Asked, Authorizer, Considered, Mode, Refused};
pub use change::Change;
pub use credentials::Credentials;
pub use decisions::{DecisionLog, DecisionRecord, RecordedAllow, RecordedOutcome, RecordedStatement};
pub use directory::{Directory, DirectoryError, Related};
pub use entity::{Entity, EntityKind, Relation};
pub use ids::{IdKind, account_of_access_key};
pub use last_use::LastUse;
pub use managed_policies::{ManagedPolicy, managed_policies, managed_policy};
pub use options::{DirectoryOptions, Guardrail, InvalidPrincipal, Organization, StaticCredentials};
pub use permissions::{Permissions, SessionFacts};
pub use principal::Known;
pub use records::{
    AccessKeyRecord, GroupRecord, InstanceProfileRecord, OidcProviderRecord, PolicyRecord, PolicyVersion, RoleRecord,
    SessionPrincipal, SessionRecord, UserRecord,
};
pub use service_linked::ServiceLinkedRole;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
