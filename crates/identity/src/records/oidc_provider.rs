use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trent_shared::{AccountId, Arn, Partition, Timestamp};
use trent_store::Table;

use crate::entity::{Entity, EntityKind};

static OIDC_PROVIDERS: Table<OidcProviderRecord> = Table::new("iam.oidc-provider", 1);

/// An OpenID Connect identity provider that the account trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProviderRecord {
    /// Its issuer without `https://`: a host, and a path if there is one.
    pub url: String,
    /// The audiences that it may issue tokens for.
    pub client_ids: BTreeSet<String>,
    /// SHA-1 fingerprints of certificates, in hexadecimal, in the order in which they were given.
    pub thumbprints: Vec<String>,
    pub created: Timestamp,
    pub tags: BTreeMap<String, String>,
}

impl OidcProviderRecord {
    pub fn arn(&self, partition: Partition, account: AccountId) -> Arn {
        super::arn(partition, account, "oidc-provider", "/", &self.url)
    }
}

impl Entity for OidcProviderRecord {
    const KIND: EntityKind = EntityKind::OidcProvider;

    fn table() -> &'static Table<Self> {
        &OIDC_PROVIDERS
    }

    fn name(&self) -> &str {
        &self.url
    }

    fn id(&self) -> &str {
        &self.url
    }
}
