use std::sync::Arc;

use trent_shared::{AccessKeyId, AssumedRole, Caller, Partition, Principal, SecretString, Timestamp, User};

use crate::directory::{Directory, DirectoryError};
use crate::options::StaticCredentials;
use crate::records::{AccessKeyRecord, RoleRecord, SessionPrincipal, SessionRecord, UserRecord};

/// What a request can be signed with, and who has then signed it.
#[derive(Debug)]
pub struct Credentials {
    pub secret: SecretString,
    /// Goes with temporary credentials, and with no others.
    pub token: Option<SecretString>,
    /// When they end, of temporary credentials.
    pub expires: Option<Timestamp>,
    /// Whether the user keeps the access key in use, or the role or user whose session it is still exists.
    pub is_active: bool,
    caller: Caller,
}

/// The longest access key id (documented), in bytes. Whoever sends longer ones fills no cache with them.
const LONGEST_ID: usize = 128;

impl Credentials {
    /// Who calls with them: in a partition, since accounts are told by requests only.
    pub fn caller(&self, partition: Partition) -> Caller {
        Caller { partition, ..self.caller.clone() }
    }

    pub fn are_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl Directory {
    /// The credentials that have this access key id: from the configuration, a user's, or a session's, also for a day after
    /// they expired.
    pub async fn credentials(&self, access_key_id: &str) -> Result<Option<Arc<Credentials>>, DirectoryError> {
        if access_key_id.len() > LONGEST_ID {
            return Ok(None);
        }
        if let Some(cached) = self.caches.credentials.get(access_key_id) {
            return Ok(cached);
        }
        let generation = self.caches.generation();
        let found = self.find_credentials(access_key_id).await?.map(Arc::new);
        self.caches.keep(&self.caches.credentials, access_key_id, &found, generation);
        Ok(found)
    }

    async fn find_credentials(&self, id: &str) -> Result<Option<Credentials>, DirectoryError> {
        if let Some(configured) = self.options.credentials.iter().find(|one| one.access_key_id == id) {
            return self.configured(configured).await.map(Some);
        }
        if let Some(session) = self.session(id).await? {
            let is_active = self.has_holder(&session.principal).await?;
            return Ok(Some(of_session(session, is_active)));
        }
        let Some((account, key)) = self.find_by_id::<AccessKeyRecord>(id).await? else { return Ok(None) };
        let Some((_, user)) = self.find_by_id::<UserRecord>(&key.record.user).await? else { return Ok(None) };
        let caller = Caller {
            partition: Partition::Aws,
            account,
            principal: user.record.principal(),
            access_key: Some(AccessKeyId::new(id)),
        };
        let AccessKeyRecord { secret, is_active, .. } = key.record;
        Ok(Some(Credentials { secret, token: None, expires: None, is_active, caller }))
    }

    /// Whether the role or user that a session is of, or is federated by, is still there: IAM's ids are never used again.
    async fn has_holder(&self, session: &SessionPrincipal) -> Result<bool, DirectoryError> {
        match session {
            _ if !self.options.is_iam_enabled => Ok(true),
            SessionPrincipal::Root | SessionPrincipal::Federated { by: None, .. } => Ok(true),
            SessionPrincipal::Role { id, .. } => Ok(self.find_by_id::<RoleRecord>(id).await?.is_some()),
            SessionPrincipal::User { id, .. } | SessionPrincipal::Federated { by: Some(id), .. } => {
                Ok(self.find_by_id::<UserRecord>(id).await?.is_some())
            }
        }
    }

    /// Configured credentials stand for the user or role of the name that they give, if there is one.
    async fn configured(&self, configured: &StaticCredentials) -> Result<Credentials, DirectoryError> {
        let StaticCredentials { access_key_id, secret, account, principal } = configured;
        let principal = match principal {
            Principal::User(user) => {
                let known = self.find::<UserRecord>(*account, &user.name).await?;
                known.map_or_else(|| principal.clone(), |known| known.record.principal())
            }
            Principal::AssumedRole(session) => {
                let known = self.find::<RoleRecord>(*account, &session.role_name).await?;
                let known = known.map(|known| known.record.session(&session.session_name));
                known.unwrap_or_else(|| principal.clone())
            }
            _ => principal.clone(),
        };
        let access_key = Some(AccessKeyId::new(access_key_id));
        let caller = Caller { partition: Partition::Aws, account: *account, principal, access_key };
        Ok(Credentials { secret: secret.clone(), token: None, expires: None, is_active: true, caller })
    }
}

fn of_session(session: SessionRecord, is_active: bool) -> Credentials {
    let caller = session.caller(Partition::Aws);
    let SessionRecord { secret, token, expires, .. } = session;
    Credentials { secret, token: Some(token), expires: Some(expires), is_active, caller }
}

impl UserRecord {
    /// The user as a caller's principal.
    pub fn principal(&self) -> Principal {
        let Self { id, path, name, .. } = self;
        Principal::User(Arc::new(User { id: id.clone(), path: path.clone(), name: name.clone() }))
    }
}

impl RoleRecord {
    /// A session of the role as a caller's principal.
    pub fn session(&self, session_name: &str) -> Principal {
        Principal::AssumedRole(Arc::new(AssumedRole {
            role_id: self.id.clone(),
            role_path: self.path.clone(),
            role_name: self.name.clone(),
            session_name: session_name.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests;
