//! The door to keys: nothing yields a key without naming the action that it is wanted for.
//!
//! AWS's order of checks (operations.md §1.2) is laid down here once: resolve the identifier, authorize, look at the
//! key's state. What comes after — usage, algorithm, lengths, mathematics — is the operation's own.

use std::sync::Arc;

use trent_kms_core::{
    Algorithm, CiphertextBlob, EncryptionAlgorithm, EncryptionContext, Grant, KeyTag, KeyType, MaterialId,
};
use trent_shared::{AccountId, ApiError, Context, Timestamp};
use trent_store::{Batch, CommitError, Expect, StoreError};

use crate::Kms;
use crate::action::{Action, Resource};
use crate::api::KeyMetadata;
use crate::cache::{Material, StoredKey};
use crate::change::{Edited, MOST_ATTEMPTS};
use crate::conditions::Fact;
use crate::grants::GrantTokens;
use crate::identifier::{AliasArn, KeyArn, KeyIdentifier, Unresolvable};
use crate::managed_keys;
use crate::messages;
use crate::metadata::{as_of, lasting_metadata};
use crate::quotas::CountedChange;
use crate::records::{ALIASES, KEYS, KeyRecord, TAGGED_KEYS, alias_address, key_address, tag_address, tag_prefix};

/// A key that has been named and not yet been looked at.
#[derive(Clone, Copy)]
pub(crate) struct KeyLookup<'a> {
    kms: &'a Kms,
    cx: &'a Context,
    named: Named<'a>,
    asked: Asked<'a>,
}

#[derive(Clone, Copy)]
enum Named<'a> {
    Identifier(&'a str),
    /// And the ciphertext that the key shall open: a bare key id may be that of another account's key then.
    IdentifierOf(&'a str, &'a CiphertextBlob<'a>),
    Ciphertext(&'a CiphertextBlob<'a>),
}

/// What a request says that policies and grants may ask about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) facts: &'a [Fact<'a>],
    pub(crate) grant_tokens: &'a [String],
    /// The grant that CreateGrant is to make.
    pub(crate) child: Option<&'a Grant>,
}

impl<'a> Asked<'a> {
    pub(crate) fn encryption_context(&self) -> Option<&'a EncryptionContext> {
        self.facts
            .iter()
            .find_map(|fact| if let Fact::EncryptionContext(context) = fact { Some(*context) } else { None })
    }
}

/// A key that exists, and the alias that led to it.
pub(crate) struct Found {
    pub(crate) key: Arc<StoredKey>,
    pub(crate) alias: Option<String>,
}

/// A key that its caller may use for one action, in a state that allows it.
pub(crate) struct AuthorizedKey {
    key: Arc<StoredKey>,
    action: Action,
    /// The moment at which all of that held.
    now: Timestamp,
}

impl Kms {
    /// The key that a `KeyId` member names.
    pub(crate) fn key<'a>(&'a self, cx: &'a Context, identifier: &'a str) -> KeyLookup<'a> {
        self.lookup(cx, Named::Identifier(identifier))
    }

    /// The key that a `KeyId` member names, to open a ciphertext with.
    pub(crate) fn key_to_open<'a>(
        &'a self,
        cx: &'a Context,
        identifier: &'a str,
        blob: &'a CiphertextBlob<'a>,
    ) -> KeyLookup<'a> {
        self.lookup(cx, Named::IdentifierOf(identifier, blob))
    }

    /// The key whose material made a ciphertext.
    pub(crate) fn key_of_ciphertext<'a>(&'a self, cx: &'a Context, blob: &'a CiphertextBlob<'a>) -> KeyLookup<'a> {
        self.lookup(cx, Named::Ciphertext(blob))
    }

    fn lookup<'a>(&'a self, cx: &'a Context, named: Named<'a>) -> KeyLookup<'a> {
        KeyLookup { kms: self, cx, named, asked: Asked::default() }
    }

    /// The present moment, by the clock that was passed in.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Commits a batch, and lets the cache forget the keys it changes.
    ///
    /// Runs as a task of its own: when a client hangs up its request's future is dropped, and a commit that is under way
    /// must still be followed by the forgetting.
    pub(crate) async fn commit(&self, batch: Batch, changed: Vec<KeyArn>) -> Result<(), CommitError> {
        self.commit_counted(batch, changed, Vec::new()).await
    }

    /// [`Kms::commit`] of a batch that makes or deletes keys, which are counted if it was committed.
    pub(crate) async fn commit_counted(
        &self,
        batch: Batch,
        changed: Vec<KeyArn>,
        counted: Vec<CountedChange>,
    ) -> Result<(), CommitError> {
        let (engine, cache) = (Arc::clone(&self.engine), Arc::clone(&self.cache));
        let committed = tokio::spawn(async move {
            let result = engine.commit(batch).await;
            // Also after a failure: whether it was written is not known then.
            if !changed.is_empty() {
                cache.drop_keys(&changed);
            }
            for counted in counted {
                counted.end(&result, &*engine).await;
            }
            result
        });
        committed.await.unwrap_or(Err(CommitError::Store(StoreError::Stopped)))
    }

    /// [`Kms::commit`]; `false` tells that somebody else was first, so that the caller must read and decide again.
    pub(crate) async fn try_commit(&self, batch: Batch, changed: Vec<KeyArn>) -> Result<bool, ApiError> {
        was_first(self.commit(batch, changed).await)
    }

    /// The key under an ARN, if it exists now, and as it is now.
    ///
    /// INVARIANT: nobody sees a key to which something was to happen before `now` that has not happened.
    pub(crate) async fn stored_key(&self, arn: &KeyArn, now: Timestamp) -> Result<Option<Arc<StoredKey>>, ApiError> {
        for _ in 0..MOST_ATTEMPTS {
            let found = match self.cache.key(arn) {
                Some(key) => Some(key),
                // What is rare is boxed here and elsewhere on the way, so that the future of what is not stays small.
                None => Box::pin(self.read_key(arn)).await?,
            };
            match found {
                Some(key) if key.due.is_some_and(|due| due <= now) => {
                    if key.record.lifecycle.is_deleted(now) {
                        return Ok(None);
                    }
                    Box::pin(self.settle(&key, now)).await?;
                    // Where somebody else was first, the cache may not know yet.
                    self.cache.drop_keys(std::slice::from_ref(arn));
                }
                found => return Ok(found),
            }
        }
        Err(messages::too_many_conflicts())
    }

    async fn read_key(&self, arn: &KeyArn) -> Result<Option<Arc<StoredKey>>, ApiError> {
        let generation = self.cache.generation();
        let Some(found) = KEYS.get(&*self.engine, key_address(arn)).await.map_err(messages::store)? else {
            return Ok(None);
        };
        let mut key = StoredKey::new(arn.clone(), found).map_err(messages::store)?;
        // What happens to a related key may change this one: a rotation does, and the end of the last replica.
        let related = self.related(arn, &key.record).await.map_err(messages::store)?;
        key.due = related.iter().filter_map(Edited::due).chain(key.due).min();
        let key = Arc::new(key);
        self.cache.keep(&key, generation);
        Ok(Some(key))
    }
}

impl<'a> KeyLookup<'a> {
    /// With what the request says.
    pub(crate) fn saying(mut self, facts: &'a [Fact<'a>]) -> Self {
        self.asked.facts = facts;
        self
    }

    /// With the grant tokens that the request presents.
    pub(crate) fn presenting(mut self, grant_tokens: Option<&'a Vec<String>>) -> Self {
        self.asked.grant_tokens = grant_tokens.map_or(&[], Vec::as_slice);
        self
    }

    /// With all of that.
    pub(crate) fn asking(self, asked: Asked<'a>) -> Self {
        Self { asked, ..self }
    }

    pub(crate) fn kms(&self) -> &'a Kms {
        self.kms
    }

    /// The key, for this action only.
    pub(crate) async fn for_action(self, action: Action) -> Result<AuthorizedKey, ApiError> {
        let found = self.for_action_in_any_state(action).await?;
        if let Some(operation) = action.lifecycle_operation() {
            let AuthorizedKey { key, now, .. } = &found;
            key.record.lifecycle.permits(operation, *now).map_err(|error| messages::state(&key.arn, error))?;
        }
        Ok(found)
    }

    /// The key, for this action only, even where its state forbids it: for the key that an alias is taken from.
    pub(crate) async fn for_action_in_any_state(self, action: Action) -> Result<AuthorizedKey, ApiError> {
        let now = self.kms.now();
        // What is wrong with them is told whether there is such a key or not.
        let tokens = match self.asked.grant_tokens {
            [] => GrantTokens::default(),
            presented => Box::pin(self.kms.grant_tokens(self.cx, presented)).await?,
        };
        let found = self.find(action, now).await?;
        self.kms.authorize_key(self.cx, action, &found, self.asked, &tokens).await.map_err(|error| {
            match self.named {
                Named::Ciphertext(_) if error.code == messages::ACCESS_DENIED => {
                    messages::ciphertext_key_inaccessible()
                }
                _ => error,
            }
        })?;
        managed_keys::guard(self.cx, action, &found.key)?;
        // After permission: how often others use their keys, and of which kind these are, is nobody's business.
        self.kms.admit_cryptography(self.cx, action, found.key.record.spec)?;
        Ok(AuthorizedKey { key: found.key, action, now })
    }

    /// Which key it is. Tells nothing else of it, and so asks no permission of its policy.
    pub(crate) async fn resolve(self, action: Action) -> Result<KeyArn, ApiError> {
        Ok(self.find(action, self.kms.now()).await?.key.arn.clone())
    }

    async fn find(&self, action: Action, now: Timestamp) -> Result<Found, ApiError> {
        match self.named {
            Named::Identifier(identifier) | Named::IdentifierOf(identifier, _) => {
                self.find_identified(identifier, action, now).await
            }
            Named::Ciphertext(blob) => {
                let key = self.find_by_ciphertext(blob, now).await?;
                // A key that does not exist and one that the caller may not use are told apart by nothing (errors.md §3).
                let key = key.ok_or_else(messages::ciphertext_key_inaccessible)?;
                Ok(Found { key, alias: None })
            }
        }
    }

    async fn find_identified(&self, identifier: &str, action: Action, now: Timestamp) -> Result<Found, ApiError> {
        let parsed = KeyIdentifier::parse(identifier, self.cx).map_err(|error| match error {
            // Another Region's key of a multi-Region key, which may well be what the ciphertext is of (recorded of Decrypt).
            Unresolvable::Elsewhere(_) if action == Action::Decrypt && identifier.contains(":key/mrk-") => {
                messages::incorrect_key()
            }
            error => unresolvable(identifier, error),
        });
        let (arn, alias) = match parsed? {
            KeyIdentifier::Key(arn) => (arn, None),
            KeyIdentifier::Alias(_) if action.resource() != Resource::KeyOrAlias => {
                return Err(messages::aliases_unsupported());
            }
            KeyIdentifier::Alias(alias) => {
                self.guard_account(alias.account, action, identifier)?;
                (Box::pin(self.resolve_alias(&alias, action)).await?, Some(alias.name))
            }
        };
        self.guard_account(arn.account, action, identifier)?;
        if let Some(key) = self.kms.stored_key(&arn, now).await? {
            return Ok(Found { key, alias });
        }
        if arn.account != self.cx.account() {
            return Err(self.kms.refuse_foreign(self.cx, action, identifier, "there is no such key"));
        }
        // A bare key id works across accounts where the ciphertext tells the key (operations.md, Decrypt).
        if let Named::IdentifierOf(_, blob) = self.named
            && !identifier.starts_with("arn:")
            && let Some(key) = Box::pin(self.find_by_ciphertext(blob, now)).await?
            && key.arn.id == arn.id
        {
            return Ok(Found { key, alias });
        }
        Err(messages::key_not_found(&arn))
    }

    async fn resolve_alias(&self, alias: &AliasArn, action: Action) -> Result<KeyArn, ApiError> {
        let found = ALIASES.get(&*self.kms.engine, alias_address(alias)).await.map_err(messages::store)?;
        let id = found.map(|found| found.record.target).ok_or_else(|| {
            if alias.account == self.cx.account() {
                return messages::alias_not_found(alias);
            }
            self.kms.refuse_foreign(self.cx, action, &alias.to_string(), "there is no such alias")
        })?;
        Ok(KeyArn { region: alias.region.clone(), account: alias.account, id })
    }

    async fn find_by_ciphertext(
        &self,
        blob: &CiphertextBlob<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<StoredKey>>, ApiError> {
        let id = blob.material_id();
        let is_of = |key: &Arc<StoredKey>| key.record.lifecycle.material_ids().any(|known| known == id);
        if let Some(arn) = self.tagged_key(id.key_tag()).await?
            && let Some(key) = self.kms.stored_key(&arn, now).await?.filter(is_of)
        {
            return Ok(Some(key));
        }
        for arn in Box::pin(self.tagged_keys_of_others(id.key_tag())).await? {
            if let Some(key) = self.kms.stored_key(&arn, now).await?.filter(is_of) {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    /// The caller's key in this Region of which ciphertexts carry the tag.
    async fn tagged_key(&self, tag: KeyTag) -> Result<Option<KeyArn>, ApiError> {
        let (region, account) = (&self.cx.region, self.cx.account());
        let arn = |id| KeyArn { region: region.clone(), account, id };
        if let Some(id) = self.kms.cache.tagged(region, tag, account) {
            return Ok(Some(arn(id)));
        }
        let address = tag_address(region, tag, account);
        let found = TAGGED_KEYS.get(&*self.kms.engine, address).await.map_err(messages::store)?;
        let Some(arn) = found.map(|found| arn(found.record)) else { return Ok(None) };
        self.kms.cache.keep_tagged(tag, &arn);
        Ok(Some(arn))
    }

    /// Such keys of other accounts: one, unless somebody chose the ids of keys.
    async fn tagged_keys_of_others(&self, tag: KeyTag) -> Result<Vec<KeyArn>, ApiError> {
        const MOST: usize = 16;
        let region = &self.cx.region;
        let found = TAGGED_KEYS.scan(&*self.kms.engine, tag_prefix(region, tag), None, MOST).await;
        let arns = found.map_err(messages::store)?.into_iter().filter_map(|entry| {
            let account = entry.key.text(2).ok()?.parse().ok()?;
            Some(KeyArn { region: region.clone(), account, id: entry.record })
        });
        Ok(arns.filter(|arn| arn.account != self.cx.account()).collect())
    }

    /// Most actions are for an account's own keys, whatever policies say (authz.md §1.4). AWS's denial does not tell whether
    /// the key exists, and so comes before it is looked for.
    fn guard_account(&self, account: AccountId, action: Action, identifier: &str) -> Result<(), ApiError> {
        if account == self.cx.account() || action.crosses_accounts() {
            return Ok(());
        }
        let why = "the action is for keys of the caller's own account, whatever policies say";
        Err(self.kms.refuse_foreign(self.cx, action, identifier, why))
    }
}

impl AuthorizedKey {
    /// Adds to a batch that the key is written again as it is. So two batches that both depend on something about the
    /// key, like the number of its aliases, cannot both be committed.
    pub(crate) fn hold(&self, batch: &mut Batch) -> Result<(), ApiError> {
        let address = key_address(&self.key.arn);
        batch.expect(&KEYS, address.clone(), Expect::Version(self.key.version));
        batch.put(&KEYS, address, &self.key.record).map_err(messages::store)
    }

    pub(crate) fn stored(&self) -> &StoredKey {
        &self.key
    }

    /// What the key was looked up for.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// The moment at which the key was looked up.
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn arn(&self) -> &KeyArn {
        &self.key.arn
    }

    /// The ARN as answers carry it in `KeyId`.
    pub(crate) fn arn_text(&self) -> String {
        self.key.arn_text.clone()
    }

    pub(crate) fn record(&self) -> &KeyRecord {
        &self.key.record
    }

    /// The material that works now.
    pub(crate) fn current_material(&self) -> Result<&Material, ApiError> {
        // The state was checked: a key whose material is missing is pending import.
        self.key.materials.last().ok_or_else(ApiError::internal_failure)
    }

    /// The material of this id, be it the current or an older one.
    pub(crate) fn material(&self, id: MaterialId) -> Option<&Material> {
        self.key.materials.iter().find(|material| material.id == id)
    }

    /// The key's metadata at the moment it was looked up.
    pub(crate) fn metadata(&self) -> Result<KeyMetadata, ApiError> {
        let lasting = if let Some(lasting) = self.key.metadata.get() {
            lasting
        } else {
            let made = lasting_metadata(self.arn(), self.record())?;
            self.key.metadata.get_or_init(|| made)
        };
        as_of(self.now, lasting.clone(), self.arn(), self.record())
    }

    /// Refuses a key that is not for symmetric encryption; `what` would have been encrypted under it.
    pub(crate) fn require_symmetric(&self, what: &str) -> Result<(), ApiError> {
        if self.record().spec.key_type() == KeyType::Asymmetric {
            return Err(messages::data_key_under_asymmetric(what));
        }
        self.require(EncryptionAlgorithm::SymmetricDefault)
    }

    /// Refuses an algorithm that the key's usage or spec does not have: usage first, as AWS does.
    pub(crate) fn require<A: Algorithm + std::fmt::Display>(&self, algorithm: A) -> Result<(), ApiError> {
        let record = self.record();
        if record.usage != A::USAGE {
            return Err(messages::usage_unfit(self.arn(), record.usage, self.action));
        }
        if !algorithm.fits(record.spec) {
            return Err(messages::algorithm_unfit(&algorithm, record.spec));
        }
        Ok(())
    }
}

/// What came of a commit; `false` tells that somebody else was first, so that the caller must read and decide again.
pub(crate) fn was_first(committed: Result<(), CommitError>) -> Result<bool, ApiError> {
    match committed {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict) => Ok(false),
        Err(CommitError::Store(error)) => Err(messages::store(error)),
    }
}

pub(crate) fn unresolvable(identifier: &str, error: Unresolvable) -> ApiError {
    match error {
        Unresolvable::Malformed => messages::invalid_key_id(identifier),
        Unresolvable::Elsewhere(part) => messages::arn_elsewhere(&part),
    }
}
