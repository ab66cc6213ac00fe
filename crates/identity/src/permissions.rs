use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trent_policy::{Layers, NamedPolicy, Policy, PolicyKind};
use trent_shared::{AccessKeyId, AccountId, Caller, Principal, Timestamp};

use crate::directory::{Directory, DirectoryError};
use crate::managed_policies::managed_policy;
use crate::records::{GroupRecord, RoleRecord, SessionPrincipal, SessionRecord, UserRecord};

/// What a caller may do by itself, and what policies can ask about it.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    /// What the organization leaves to the caller's account.
    pub guardrails: Vec<NamedPolicy>,
    pub boundary: Option<NamedPolicy>,
    /// What the session is limited to.
    pub session: Option<Vec<NamedPolicy>>,
    /// The user's own policies and its groups', or the role's.
    pub identity: Vec<NamedPolicy>,
    /// The tags of the user, or of the role and its session (`aws:PrincipalTag/…`): key in lower case → value.
    pub principal_tags: BTreeMap<String, String>,
    /// Of callers with temporary credentials.
    pub session_facts: Option<SessionFacts>,
}

/// What policies can ask about a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    pub issued: Timestamp,
    pub expires: Timestamp,
    /// When the caller proved to have an MFA device, if so.
    pub mfa: Option<Timestamp>,
    pub source_identity: Option<String>,
    pub federated_provider: Option<String>,
    /// The session tags, as they were spelt.
    pub tags: BTreeMap<String, String>,
    /// The keys of the tags that the next session gets too.
    pub transitive_tags: BTreeSet<String>,
    /// Whether another session's credentials made this one.
    pub is_chained: bool,
}

/// What stands in for the identity policies of those that IAM has none for: the root user who federates somebody, and
/// everybody where there is no IAM.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// What stands in for a permissions boundary that is no more: on AWS, too, it allows nothing. It denies no action either.
const NOTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":"*","Resource":"*"}]}"#;

/// What bounds those that IAM does not know any more, whoever may name them.
const FORBIDDEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

/// Temporary access keys say by their ids that they are.
const TEMPORARY: &str = "ASIA";

impl Permissions {
    /// The policies, as decisions take them.
    pub fn layers(&self) -> Layers<'_> {
        Layers {
            guardrails: &self.guardrails,
            boundary: self.boundary.as_ref(),
            session: self.session.as_deref(),
            identity: &self.identity,
        }
    }

    /// Adds tags, in the place of those of the same keys.
    fn add_tags(&mut self, tags: &BTreeMap<String, String>) {
        self.principal_tags.extend(tags.iter().map(|(key, value)| (key.to_lowercase(), value.clone())));
    }
}

impl Directory {
    /// What a caller may do by itself. Cached; a root user's, where no organization limits it, costs nothing at all.
    pub async fn permissions(&self, caller: &Caller) -> Result<Arc<Permissions>, DirectoryError> {
        let session = caller.access_key.as_ref().map(AccessKeyId::as_str).filter(|id| id.starts_with(TEMPORARY));
        if caller.is_root() && session.is_none() && self.options.organization.guardrails.is_empty() {
            return Ok(Arc::clone(&self.unlimited));
        }
        let name = match (session, &caller.principal) {
            (Some(id), _) => id,
            (None, Principal::Root) => caller.account.as_str(),
            (None, Principal::User(user)) => &user.id,
            (None, Principal::AssumedRole(session)) => &session.role_id,
            (None, Principal::FederatedUser(user)) => &format!("{}:{}", caller.account, user.name),
            // Who is not yet anybody in an account is not limited by its organization.
            (None, Principal::WebIdentity(_)) => return Ok(Arc::default()),
        };
        if let Some(cached) = self.caches.permissions.get(name) {
            return Ok(cached);
        }
        let generation = self.caches.generation();
        let session = match session {
            Some(id) => self.session(id).await?,
            None => None,
        };
        let found = Arc::new(self.find_permissions(caller, session.as_ref()).await?);
        self.caches.keep(&self.caches.permissions, name, &found, generation);
        Ok(found)
    }

    /// An identity policy as decisions take it, parsed once for all that have it.
    pub fn named_policy(&self, name: &str, document: &str) -> Result<NamedPolicy, DirectoryError> {
        let policy = self.caches.policy(document, |text| Policy::parse(text, PolicyKind::Identity));
        let policy = policy.map_err(|source| DirectoryError::UnreadablePolicy { name: name.to_owned(), source })?;
        Ok(NamedPolicy { name: name.to_owned(), policy })
    }

    /// The document of a managed policy, AWS's or a customer's: the version that counts.
    pub async fn managed_document(&self, arn: &str) -> Result<Option<String>, DirectoryError> {
        if let Some(policy) = managed_policy(arn) {
            return Ok(Some(policy.document.to_owned()));
        }
        let policy = self.policy(arn).await?;
        Ok(policy.and_then(|(_, policy)| Some(policy.record.default()?.document.clone())))
    }

    async fn find_permissions(
        &self,
        caller: &Caller,
        session: Option<&SessionRecord>,
    ) -> Result<Permissions, DirectoryError> {
        let mut found = self.within_account(caller.account);
        match &caller.principal {
            Principal::User(user) => self.add_user(&mut found, caller, &user.id).await?,
            Principal::AssumedRole(assumed) => self.add_role(&mut found, caller, &assumed.role_id).await?,
            Principal::FederatedUser(_) => match session.map(|session| &session.principal) {
                Some(SessionPrincipal::Federated { by: Some(user), .. }) => {
                    self.add_user(&mut found, caller, user).await?;
                    // The user's tags are not the federated user's.
                    found.principal_tags.clear();
                }
                Some(_) => found.identity.push(self.named_policy("the root user's permissions", EVERYTHING)?),
                None => self.add_unknown(&mut found, caller)?,
            },
            Principal::Root | Principal::WebIdentity(_) => {}
        }
        if let Some(session) = session {
            self.add_session_limits(&mut found, session).await?;
        }
        Ok(found)
    }

    /// What the organization leaves to an account.
    fn within_account(&self, account: AccountId) -> Permissions {
        let guardrails = self.options.organization.guardrails(account);
        let named = |name: &str, policy| NamedPolicy { name: name.to_owned(), policy };
        Permissions {
            guardrails: guardrails.map(|one| named(&one.name, Arc::clone(&one.policy))).collect(),
            ..Permissions::default()
        }
    }

    async fn add_user(&self, to: &mut Permissions, caller: &Caller, id: &str) -> Result<(), DirectoryError> {
        let Some((_, user)) = self.find_by_id::<UserRecord>(id).await? else { return self.add_unknown(to, caller) };
        let user = user.record;
        self.add_policies(to, &user.inline, &user.attached).await?;
        for group in &user.groups {
            if let Some((_, group)) = self.find_by_id::<GroupRecord>(group).await? {
                self.add_policies(to, &group.record.inline, &group.record.attached).await?;
            }
        }
        to.boundary = self.boundary(user.boundary.as_deref()).await?;
        to.add_tags(&user.tags);
        Ok(())
    }

    async fn add_role(&self, to: &mut Permissions, caller: &Caller, id: &str) -> Result<(), DirectoryError> {
        let Some((_, role)) = self.find_by_id::<RoleRecord>(id).await? else { return self.add_unknown(to, caller) };
        let role = role.record;
        self.add_policies(to, &role.inline, &role.attached).await?;
        to.boundary = self.boundary(role.boundary.as_deref()).await?;
        to.add_tags(&role.tags);
        if role.is_service_linked() {
            // What AWS's services do for themselves, organizations do not limit (documented).
            to.guardrails.clear();
        }
        Ok(())
    }

    /// Where there is no IAM, everybody may do everything. Else, whom the configuration names may do what resources allow it,
    /// and others, whom IAM has known, nothing at all: their boundary is gone with them.
    fn add_unknown(&self, to: &mut Permissions, caller: &Caller) -> Result<(), DirectoryError> {
        let id = caller.access_key.as_ref().map(AccessKeyId::as_str);
        if !self.options.is_iam_enabled {
            to.identity.push(self.named_policy("everything, since services.iam is off", EVERYTHING)?);
        } else if !self.options.credentials.iter().any(|configured| Some(&*configured.access_key_id) == id) {
            to.boundary = Some(self.named_policy("nothing, since IAM does not know the caller", FORBIDDEN)?);
        }
        Ok(())
    }

    async fn add_policies(
        &self,
        to: &mut Permissions,
        inline: &BTreeMap<String, String>,
        attached: &BTreeSet<String>,
    ) -> Result<(), DirectoryError> {
        for (name, document) in inline {
            to.identity.push(self.named_policy(name, document)?);
        }
        for arn in attached {
            if let Some(document) = self.managed_document(arn).await? {
                to.identity.push(self.named_policy(arn, &document)?);
            }
        }
        Ok(())
    }

    async fn boundary(&self, arn: Option<&str>) -> Result<Option<NamedPolicy>, DirectoryError> {
        let Some(arn) = arn else { return Ok(None) };
        let document = self.managed_document(arn).await?;
        self.named_policy(arn, document.as_deref().unwrap_or(NOTHING)).map(Some)
    }

    async fn add_session_limits(&self, to: &mut Permissions, session: &SessionRecord) -> Result<(), DirectoryError> {
        if let Some(policies) = &session.policies {
            let mut limits = Vec::new();
            for (name, document) in policies {
                if !document.is_empty() {
                    limits.push(self.named_policy(name, document)?);
                } else if let Some(document) = self.managed_document(name).await? {
                    limits.push(self.named_policy(name, &document)?);
                }
            }
            to.session = Some(limits);
        }
        if to.session.is_none() && matches!(session.principal, SessionPrincipal::Federated { .. }) {
            // Federated users may do what they were expressly given (documented).
            to.session = Some(Vec::new());
        }
        to.add_tags(&session.tags);
        to.session_facts = Some(SessionFacts {
            issued: session.issued,
            expires: session.expires,
            mfa: session.mfa,
            source_identity: session.source_identity.clone(),
            federated_provider: session.federated_provider.clone(),
            tags: session.tags.clone(),
            transitive_tags: session.transitive_tags.clone(),
            is_chained: session.is_chained,
        });
        Ok(())
    }
}
