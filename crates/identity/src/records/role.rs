use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind, Relation};

static ROLES: Table<RoleRecord> = Table::new("iam.role", 1);

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRecord {
    /// `AROA…`
    pub id: String,
    pub path: String,
    pub name: String,
    pub created: Timestamp,
    pub description: Option<String>,
    /// Who may assume it: the trust policy as it was given.
    pub trust_policy: String,
    /// The unique ids that the users and roles named in the trust policy had when it was written, by the names there.
    pub trusted_ids: BTreeMap<String, String>,
    /// The longest session, in seconds: 3600 to 43,200.
    pub max_session_seconds: u32,
    /// The ARN of the policy that is its permissions boundary.
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
    /// Its inline policies: name → document.
    pub inline: BTreeMap<String, String>,
    /// The ARNs of the managed policies attached to it.
    pub attached: BTreeSet<String>,
}

impl RoleRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "role", &self.path, &self.name)
    }

    /// Whether the role belongs to an AWS service, which alone may change it.
    pub fn is_service_linked(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

impl Entity for RoleRecord {
    const KIND: EntityKind = EntityKind::Role;

    fn table() -> &'static Table<Self> {
        &ROLES
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn relations(&self) -> Vec<(Relation, &str)> {
        let attached = self.attached.iter().map(|arn| (Relation::Attached, arn.as_str()));
        attached.chain(self.boundary.iter().map(|arn| (Relation::Bounded, arn.as_str()))).collect()
    }
}
