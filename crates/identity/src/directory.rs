use std::borrow::Cow;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use trent_policy::MalformedPolicy;
use trent_shared::{AccountId, ApiError, Arn, Clock, Entropy, SecretString, Timestamp};
use trent_store::{Batch, CommitError, Engine, Entry, Key, StoreError, Versioned};
use zeroize::Zeroizing;

use crate::cache::Caches;
use crate::change::{Change, Concerned};
use crate::entity::{Entity, EntityKind, Relation, address};
use crate::ids::IdKind;
use crate::last_use::LastUses;
use crate::options::DirectoryOptions;
use crate::permissions::Permissions;
use crate::records::{
    ACCOUNT_ALIASES, ACCOUNTS_OF_ALIASES, EXPIRIES, IDS, PolicyRecord, RELATIONS, SESSIONS, SessionRecord,
    session_address,
};

/// Everybody who can call, and what they may do: the records of IAM and STS, and what follows from them.
///
/// Services read entities through [`find`](Self::find), [`list`](Self::list) and [`related`](Self::related), and change them
/// through [`commit`](Self::commit). The edge asks for [`credentials`](Self::credentials), authorization for
/// [`permissions`](Self::permissions); these are cached and always up to date. [`principal`](Self::principal), which is
/// asked only when a policy or grant is written, reads the store.
pub struct Directory {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) caches: Arc<Caches>,
    pub(crate) last_uses: LastUses,
    /// What the root users of all accounts may do where no organization limits them.
    pub(crate) unlimited: Arc<Permissions>,
    pub(crate) options: DirectoryOptions,
}

/// Why the directory cannot answer. As an [`ApiError`] it is AWS's internal failure, its cause in the log.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("gave up a change after too many conflicts")]
    TooManyConflicts,
    #[error("the stored policy {name} cannot be read")]
    UnreadablePolicy { name: String, source: MalformedPolicy },
}

/// One entity that stands in a [`Relation`] to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub kind: EntityKind,
    /// [`Entity::id`].
    pub id: String,
    /// Where a list goes on after this one.
    pub marker: Key,
}

/// For how long a session's credentials are still recognized as expired ones, in days.
const EXPIRED_SESSION_DAYS: u32 = 1;

/// How many forgotten sessions a new one clears away at most: more than are made, so that they never pile up.
const FORGOTTEN_WITH_EACH: usize = 4;

/// How many relations are read at a time when all are wanted.
const PAGE: usize = 256;

impl Directory {
    pub fn new(
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: DirectoryOptions,
    ) -> Self {
        Self {
            engine,
            clock,
            entropy,
            caches: Arc::new(Caches::new()),
            last_uses: LastUses::default(),
            unlimited: Arc::default(),
            options,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new unique id.
    pub fn new_id(&self, kind: IdKind, account: AccountId) -> String {
        kind.make(account, &*self.entropy)
    }

    /// A new secret access key: 40 characters of base64.
    pub fn new_secret(&self) -> SecretString {
        let mut random = Zeroizing::new([0; 30]);
        self.entropy.fill(&mut *random);
        SecretString::new(BASE64.encode_to_string(*random))
    }

    /// A new session token. What it says is in the session's record; it begins as AWS's do.
    pub fn new_token(&self) -> SecretString {
        let mut random = Zeroizing::new([0; 144]);
        self.entropy.fill(&mut *random);
        SecretString::new("IQoJb3JpZ2luX2Vj".to_owned() + &Zeroizing::new(BASE64.encode_to_string(*random)))
    }

    pub fn options(&self) -> &DirectoryOptions {
        &self.options
    }

    /// The entity of this name, whatever the case of its letters.
    pub async fn find<E: Entity>(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Option<Versioned<E>>, DirectoryError> {
        Ok(E::table().get(&*self.engine, address(account, name)).await?)
    }

    /// The entity that has a unique id, and its account.
    pub async fn find_by_id<E: Entity>(&self, id: &str) -> Result<Option<(AccountId, Versioned<E>)>, DirectoryError> {
        let Some(found) = IDS.get(&*self.engine, (id,)).await?.map(|found| found.record) else { return Ok(None) };
        if found.kind != E::KIND {
            return Ok(None);
        }
        // It may have been renamed or removed between the two reads.
        let entity = self.find::<E>(found.account, &found.name).await?;
        Ok(entity.filter(|entity| entity.record.id() == id).map(|entity| (found.account, entity)))
    }

    /// The customer managed policy of this ARN.
    pub async fn policy(&self, arn: &str) -> Result<Option<(AccountId, Versioned<PolicyRecord>)>, DirectoryError> {
        let Some((account, path, name)) = policy_of(arn) else { return Ok(None) };
        let policy = self.find::<PolicyRecord>(account, &name).await?;
        Ok(policy.filter(|policy| policy.record.path == path).map(|policy| (account, policy)))
    }

    /// At most `limit` entities of an account in the order of their names, from the first after `after` on.
    pub async fn list<E: Entity>(
        &self,
        account: AccountId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Versioned<E>>, DirectoryError> {
        let after = after.map(|name| address(account, name));
        let entries = E::table().scan(&*self.engine, (account.as_str(),), after.as_ref(), limit).await?;
        Ok(entries.into_iter().map(|Entry { record, version, .. }| Versioned { record, version }).collect())
    }

    /// At most `limit` of the entities that stand in a relation to what has this id or ARN, those of one kind if so wanted,
    /// from the first after a marker on.
    pub async fn related(
        &self,
        account: AccountId,
        relation: Relation,
        to: &str,
        kind: Option<EntityKind>,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Related>, DirectoryError> {
        let mut prefix = Key::from((account.as_str(), relation.as_str(), to));
        if let Some(kind) = kind {
            prefix.push(kind.as_str());
        }
        let entries = RELATIONS.scan(&*self.engine, prefix, after, limit).await?;
        let related = entries.into_iter().map(|entry| {
            let kind = entry.key.text(3).ok().and_then(|kind| EntityKind::parse(&kind));
            let id = entry.key.text(4).ok().map(Cow::into_owned);
            let damaged = || StoreError::DamagedRecord { table: RELATIONS.name(), reason: "its key".to_owned() };
            let (kind, id) = kind.zip(id).ok_or_else(damaged)?;
            Ok(Related { kind, id, marker: entry.key })
        });
        related.collect()
    }

    /// All entities of one type that stand in a relation to what has this id or ARN, in the order of their ids.
    pub async fn all_related<E: Entity>(
        &self,
        account: AccountId,
        relation: Relation,
        to: &str,
    ) -> Result<Vec<Versioned<E>>, DirectoryError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.related(account, relation, to, Some(E::KIND), after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for related in page {
                all.extend(self.find_by_id::<E>(&related.id).await?.map(|(_, entity)| entity));
                after = Some(related.marker);
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    /// How many entities stand in a relation to what has this id or ARN.
    pub async fn count_related(
        &self,
        account: AccountId,
        relation: Relation,
        to: &str,
    ) -> Result<usize, DirectoryError> {
        Ok(self.related(account, relation, to, None, None, usize::MAX).await?.len())
    }

    /// The account's alias.
    pub async fn alias(&self, account: AccountId) -> Result<Option<Versioned<String>>, DirectoryError> {
        Ok(ACCOUNT_ALIASES.get(&*self.engine, (account.as_str(),)).await?)
    }

    /// Whose alias it is.
    pub async fn account_of_alias(&self, alias: &str) -> Result<Option<AccountId>, DirectoryError> {
        Ok(ACCOUNTS_OF_ALIASES.get(&*self.engine, (alias,)).await?.map(|found| found.record))
    }

    /// The session that an access key id belongs to, also for a day after it expired.
    pub async fn session(&self, access_key_id: &str) -> Result<Option<SessionRecord>, DirectoryError> {
        Ok(SESSIONS.get(&*self.engine, session_address(access_key_id)).await?.map(|found| found.record))
    }

    /// Adds a session, and clears away some that nobody recognizes any more. `false` tells that there is one with this
    /// access key id.
    pub async fn add_session(&self, session: &SessionRecord) -> Result<bool, DirectoryError> {
        let mut change = Change::of(session.account);
        change.add_session(session)?;
        for expiry in EXPIRIES.scan(&*self.engine, (), None, FORGOTTEN_WITH_EACH).await? {
            let (Ok(expired), Ok(id)) = (expiry.key.number(0), expiry.key.text(1)) else { continue };
            let expired = Timestamp::from_millis(i64::try_from(expired).unwrap_or(i64::MAX));
            if expired.plus_days(EXPIRED_SESSION_DAYS) < self.now() {
                let id = id.into_owned();
                change.remove_session(expiry.key, &id);
            }
        }
        self.commit(change).await
    }

    /// Commits a batch, and lets the caches forget what was found before of those whom it concerns.
    ///
    /// Runs as a task of its own: when a client hangs up its request's future is dropped, and a commit that is under way
    /// must still be followed by the forgetting.
    pub(crate) async fn commit_batch(&self, batch: Batch, concerned: Concerned) -> Result<(), CommitError> {
        let (engine, caches) = (Arc::clone(&self.engine), Arc::clone(&self.caches));
        let committed = tokio::spawn(async move {
            let result = engine.commit(batch).await;
            // Also after a failure: whether it was written is not known then.
            match concerned {
                Concerned::Nobody => {}
                Concerned::NewSession(id) => caches.forget_absence(&id),
                Concerned::Everybody => caches.forget(),
            }
            result
        });
        committed.await.unwrap_or(Err(CommitError::Store(StoreError::Stopped)))
    }
}

/// The account, path and name in the ARN of a customer managed policy.
fn policy_of(arn: &str) -> Option<(AccountId, String, String)> {
    let arn: Arn = arn.parse().ok()?;
    let (path, name) = arn.resource.strip_prefix("policy")?.rsplit_once('/')?;
    if arn.service != "iam" || !arn.region.is_empty() {
        return None;
    }
    Some((arn.account.parse().ok()?, format!("{path}/"), name.to_owned()))
}

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the directory of principals failed");
        Self::internal_failure()
    }
}
