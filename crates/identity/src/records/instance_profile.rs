use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind, Relation};

static INSTANCE_PROFILES: Table<InstanceProfileRecord> = Table::new("iam.instance-profile", 1);

/// What hands a role to EC2 instances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceProfileRecord {
    /// `AIPA…`
    pub id: String,
    pub path: String,
    pub name: String,
    pub created: Timestamp,
    /// The id (`AROA…`) of the role that it holds.
    pub role: Option<String>,
    pub tags: BTreeMap<String, String>,
}

impl InstanceProfileRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "instance-profile", &self.path, &self.name)
    }
}

impl Entity for InstanceProfileRecord {
    const KIND: EntityKind = EntityKind::InstanceProfile;

    fn table() -> &'static Table<Self> {
        &INSTANCE_PROFILES
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn relations(&self) -> Vec<(Relation, &str)> {
        self.role.iter().map(|role| (Relation::Holds, role.as_str())).collect()
    }
}
