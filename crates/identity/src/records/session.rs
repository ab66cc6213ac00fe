use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trent_shared::{
    AccessKeyId, AccountId, AssumedRole, Caller, FederatedUser, Partition, Principal, SecretString, Timestamp, User,
};
use trent_store::{Key, Table};

use super::exposed;

/// (access key id) → the session.
pub(crate) static SESSIONS: Table<SessionRecord> = Table::new("sts.session", 1);

/// (expiry in ms, access key id): the sessions, those that expire first before the others.
pub(crate) static EXPIRIES: Table<()> = Table::new("sts.expiry", 1);

/// Temporary credentials, and what they stand for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// `ASIA…`
    pub access_key_id: String,
    #[serde(with = "exposed")]
    pub secret: SecretString,
    #[serde(with = "exposed")]
    pub token: SecretString,
    pub account: AccountId,
    pub principal: SessionPrincipal,
    /// What the session is limited to, each policy with what to call it; `None` is no limit. With GetFederationToken, no
    /// limit means no permissions of its own. A managed policy stands there by its ARN, without its text: what counts is its
    /// default version at the time of a request (recorded).
    pub policies: Option<BTreeMap<String, String>>,
    /// The session tags, also those that an earlier session passed on.
    pub tags: BTreeMap<String, String>,
    /// The keys of those that are passed on to the next session.
    pub transitive_tags: BTreeSet<String>,
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// When the caller proved to have an MFA device, if so.
    pub mfa: Option<Timestamp>,
    pub source_identity: Option<String>,
    /// The identity provider that vouched for the caller, if one did (`aws:FederatedProvider`).
    pub federated_provider: Option<String>,
    /// Whether another session's credentials made this one, so that its length is limited to an hour.
    pub is_chained: bool,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPrincipal {
    /// GetSessionToken of the root user.
    Root,
    /// GetSessionToken of a user.
    User { id: String, path: String, name: String },
    /// AssumeRole and its like.
    Role { id: String, path: String, name: String, session_name: String },
    /// GetFederationToken of a user (its id) or of the root user.
    Federated { name: String, by: Option<String> },
}

impl SessionRecord {
    /// Who calls with these credentials.
    pub fn caller(&self, partition: Partition) -> Caller {
        let principal = match &self.principal {
            SessionPrincipal::Root => Principal::Root,
            SessionPrincipal::User { id, path, name } => {
                Principal::User(Arc::new(User { id: id.clone(), path: path.clone(), name: name.clone() }))
            }
            SessionPrincipal::Role { id, path, name, session_name } => Principal::AssumedRole(Arc::new(AssumedRole {
                role_id: id.clone(),
                role_path: path.clone(),
                role_name: name.clone(),
                session_name: session_name.clone(),
            })),
            SessionPrincipal::Federated { name, .. } => {
                Principal::FederatedUser(Arc::new(FederatedUser { name: name.clone() }))
            }
        };
        let access_key = Some(AccessKeyId::new(&self.access_key_id));
        Caller { partition, account: self.account, principal, access_key }
    }
}

pub(crate) fn session_address(access_key_id: &str) -> Key {
    Key::from((access_key_id,))
}

pub(crate) fn expiry_address(expires: Timestamp, access_key_id: &str) -> Key {
    Key::from((u64::try_from(expires.as_millis()).unwrap_or_default(), access_key_id))
}
