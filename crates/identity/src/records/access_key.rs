use serde::{Deserialize, Serialize};
use trent_shared::{SecretString, Timestamp};
use trent_store::Table;

use super::exposed;
use crate::entity::{Entity, EntityKind, Relation};

static ACCESS_KEYS: Table<AccessKeyRecord> = Table::new("iam.access-key", 1);

/// A long-term access key of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyRecord {
    /// `AKIA…`
    pub id: String,
    #[serde(with = "exposed")]
    pub secret: SecretString,
    /// The user's id, `AIDA…`.
    pub user: String,
    /// `Active`, else `Inactive`: requests signed with it are refused.
    pub is_active: bool,
    pub created: Timestamp,
}

impl Entity for AccessKeyRecord {
    const KIND: EntityKind = EntityKind::AccessKey;

    fn table() -> &'static Table<Self> {
        &ACCESS_KEYS
    }

    fn name(&self) -> &str {
        &self.id
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn relations(&self) -> Vec<(Relation, &str)> {
        vec![(Relation::KeyOf, &self.user)]
    }
}
