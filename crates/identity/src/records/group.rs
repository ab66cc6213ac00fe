use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind, Relation};

static GROUPS: Table<GroupRecord> = Table::new("iam.group", 1);

/// A group of users. Who belongs to it is told by [`Relation::Member`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRecord {
    /// `AGPA…`
    pub id: String,
    pub path: String,
    pub name: String,
    pub created: Timestamp,
    /// Its inline policies: name → document.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies attached to it.
    pub attached: BTreeSet<String>,
}

impl GroupRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "group", &self.path, &self.name)
    }
}

impl Entity for GroupRecord {
    const KIND: EntityKind = EntityKind::Group;

    fn table() -> &'static Table<Self> {
        &GROUPS
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn relations(&self) -> Vec<(Relation, &str)> {
        self.attached.iter().map(|arn| (Relation::Attached, arn.as_str())).collect()
    }
}
