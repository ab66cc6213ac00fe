//! What IAM and STS store, and under which keys.

mod access_key;
mod account;
mod exposed;
mod group;
mod instance_profile;
mod oidc_provider;
mod policy;
mod role;
mod session;
mod user;

pub use access_key::AccessKeyRecord;
pub(crate) use account::{ACCOUNT_ALIASES, ACCOUNTS_OF_ALIASES};
pub use group::GroupRecord;
pub use instance_profile::InstanceProfileRecord;
pub use oidc_provider::OidcProviderRecord;
pub use policy::{PolicyRecord, PolicyVersion};
pub use role::RoleRecord;
use serde::{Deserialize, Serialize};
pub(crate) use session::{EXPIRIES, SESSIONS, expiry_address, session_address};
pub use session::{SessionPrincipal, SessionRecord};
use trent_shared::{AccountId, Arn, Partition};
use trent_store::Table;
pub use user::UserRecord;

use crate::entity::EntityKind;

/// (unique id) → where what it identifies is now.
pub(crate) static IDS: Table<Whereabouts> = Table::new("iam.id", 1);

/// (account, relation, id or ARN of the one, kind of the other, id of the other).
pub(crate) static RELATIONS: Table<()> = Table::new("iam.relation", 1);

/// Where to find the entity that has a certain id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Whereabouts {
    pub(crate) account: AccountId,
    pub(crate) kind: EntityKind,
    pub(crate) name: String,
}

/// `arn:aws:iam::111122223333:user/path/name`
fn arn(partition: Partition, account: AccountId, kind: &str, path: &str, name: &str) -> Arn {
    Arn {
        partition: partition.to_string(),
        service: "iam".to_owned(),
        region: String::new(),
        account: account.to_string(),
        resource: format!("{kind}{path}{name}"),
    }
}
