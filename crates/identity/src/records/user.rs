use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind, Relation};

static USERS: Table<UserRecord> = Table::new("iam.user", 1);

/// An IAM user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// `AIDA…`
    pub id: String,
    /// `/`, or `/division/team/`.
    pub path: String,
    pub name: String,
    pub created: Timestamp,
    /// The ARN of the policy that is its permissions boundary.
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Its inline policies: name → document.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies attached to it.
    pub attached: BTreeSet<String>,
    /// The ids (`AGPA…`) of the groups that it belongs to.
    pub groups: BTreeSet<String>,
}

impl UserRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "user", &self.path, &self.name)
    }
}

impl Entity for UserRecord {
    const KIND: EntityKind = EntityKind::User;

    fn table() -> &'static Table<Self> {
        &USERS
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn relations(&self) -> Vec<(Relation, &str)> {
        let attached = self.attached.iter().map(|arn| (Relation::Attached, arn.as_str()));
        let groups = self.groups.iter().map(|group| (Relation::Member, group.as_str()));
        let boundary = self.boundary.iter().map(|arn| (Relation::Bounded, arn.as_str()));
        attached.chain(groups).chain(boundary).collect()
    }
}
