//! Making sessions: temporary credentials, and what they stand for.

use aws_smithy_types::DateTime;
use trent_identity::{IdKind, SessionPrincipal, SessionRecord};
use trent_shared::{AccountId, ApiError, Caller, Principal, Timestamp};

use crate::Sts;
use crate::api::Credentials;
use crate::session_policies::SessionPolicies;
use crate::tags::SessionTags;

/// A session that is to be.
pub(crate) struct NewSession {
    pub(crate) account: AccountId,
    pub(crate) principal: SessionPrincipal,
    pub(crate) seconds: u32,
    pub(crate) policies: SessionPolicies,
    pub(crate) tags: SessionTags,
    pub(crate) source_identity: Option<String>,
    /// The ARN of the identity provider that vouches for whose session it is.
    pub(crate) federated_provider: Option<String>,
    /// Whether a session of a role asks for it.
    pub(crate) is_chained: bool,
}

impl NewSession {
    /// One without anything special.
    pub(crate) fn of(account: AccountId, principal: SessionPrincipal, seconds: u32) -> Self {
        Self {
            account,
            principal,
            seconds,
            policies: SessionPolicies::default(),
            tags: SessionTags::default(),
            source_identity: None,
            federated_provider: None,
            is_chained: false,
        }
    }
}

impl Sts {
    /// Begins a session. Its credentials are good from now on.
    pub(crate) async fn begin(&self, new: NewSession) -> Result<Credentials, ApiError> {
        let directory = self.directory();
        let issued = directory.now();
        // Whole seconds, as clients are told.
        let expires = issued.as_millis() / 1000 + i64::from(new.seconds);
        let mut session = SessionRecord {
            access_key_id: directory.new_id(IdKind::TemporaryAccessKey, new.account),
            secret: directory.new_secret(),
            token: directory.new_token(),
            account: new.account,
            principal: new.principal,
            policies: new.policies.documents,
            tags: new.tags.all(),
            transitive_tags: new.tags.transitive(),
            issued,
            expires: Timestamp::from_millis(expires * 1000),
            mfa: None,
            source_identity: new.source_identity,
            federated_provider: new.federated_provider,
            is_chained: new.is_chained,
        };
        while !directory.add_session(&session).await? {
            session.access_key_id = directory.new_id(IdKind::TemporaryAccessKey, new.account);
        }
        Ok(Credentials {
            access_key_id: session.access_key_id,
            secret_access_key: session.secret,
            session_token: session.token.expose().to_owned(),
            expiration: DateTime::from_secs(expires),
        })
    }
}

/// Whether a caller has temporary credentials.
pub(crate) fn is_session(caller: &Caller) -> bool {
    let is_temporary = |key: &trent_shared::AccessKeyId| key.as_str().starts_with(IdKind::TemporaryAccessKey.prefix());
    matches!(caller.principal, Principal::AssumedRole(_) | Principal::FederatedUser(_))
        || caller.access_key.as_ref().is_some_and(is_temporary)
}

/// How long a session shall be, of those that were checked against the model: never negative.
pub(crate) fn seconds(requested: Option<i32>, default: u32) -> u32 {
    requested.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(default)
}
