use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind};

static POLICIES: Table<PolicyRecord> = Table::new("iam.policy", 1);

/// A customer managed policy. What it is attached to is told by [`Relation`](crate::Relation), by its ARN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// `ANPA…`
    pub id: String,
    pub path: String,
    pub name: String,
    pub created: Timestamp,
    /// When a version was last made or set as the default.
    pub updated: Timestamp,
    pub description: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Its versions by number (`v3` is 3), five at most.
    pub versions: BTreeMap<u32, PolicyVersion>,
    pub default_version: u32,
    /// The number of the next version: those of deleted ones are not used again.
    pub next_version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub document: String,
    pub created: Timestamp,
}

impl PolicyRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "policy", &self.path, &self.name)
    }

    /// The version that counts. There always is one.
    pub fn default(&self) -> Option<&PolicyVersion> {
        self.versions.get(&self.default_version)
    }
}

impl Entity for PolicyRecord {
    const KIND: EntityKind = EntityKind::Policy;

    fn table() -> &'static Table<Self> {
        &POLICIES
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }
}
