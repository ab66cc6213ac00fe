//! Grants (authz.md §5): where they are kept, how one is found for a caller, and what of them counts. What a grant means
//! is in `trent-kms-core`.

mod entry;
mod grant_id;
mod principals;
mod retirement;
mod token;
mod wanted;

use std::sync::Arc;

use trent_kms_core::{Backing, Grant, GrantedRequest, names_of};
use trent_shared::{ApiError, Caller, Timestamp};
use trent_store::{Batch, CommitError, Expect, InvalidKey, Key, StoreError, Table, Versioned};

pub(crate) use self::entry::entries;
pub(crate) use self::grant_id::GrantId;
pub(crate) use self::principals::PrincipalMember;
pub(crate) use self::retirement::Retirable;
pub(crate) use self::token::{GrantTokens, TokenKey};
pub(crate) use self::wanted::{WantedGrant, constrained_context};
use crate::Kms;
use crate::cache::StoredKey;
use crate::change::MOST_ATTEMPTS;
use crate::identifier::KeyArn;
use crate::messages;
use crate::records::{
    GRANT_COUNTS, GRANTS, GRANTS_BY_GRANTEE, GRANTS_BY_NAME, GrantRecord, KEYS, RETIRABLE_GRANTS, grant_address,
    key_address, named_grant_address, retirable_grant_address,
};

/// How many grants are deleted together: each commit has its price, and while one is written others wait.
const GRANTS_PER_COMMIT: usize = 256;

/// A grant of which a caller is, or comes under, the grantee.
#[derive(Debug)]
pub(crate) struct HeldGrant {
    pub(crate) id: GrantId,
    pub(crate) record: GrantRecord,
    /// What else must allow what this grant allows to the caller.
    pub(crate) backing: Backing,
}

/// A grant, and which one of which key it is.
#[derive(Debug)]
pub(crate) struct StoredGrant {
    pub(crate) key: KeyArn,
    pub(crate) id: GrantId,
    pub(crate) record: GrantRecord,
}

/// The grants that a caller holds on a key, at one moment.
pub(crate) struct HeldGrants<'a> {
    grants: Arc<[HeldGrant]>,
    key: &'a KeyArn,
    tokens: &'a GrantTokens,
    /// Grants made until then count without their token.
    known_since: Timestamp,
}

impl Kms {
    /// The grants that the caller holds on a key. `tokens` are those of the request.
    ///
    /// Costs one look into the cache, however many grants the key has, unless they changed or the caller is new.
    pub(crate) async fn grants_for<'a>(
        &self,
        caller: &Caller,
        key: &'a Arc<StoredKey>,
        tokens: &'a GrantTokens,
    ) -> Result<HeldGrants<'a>, ApiError> {
        // Who has the same ARN again after having been deleted is somebody else.
        let who = format!("{}\n{}", caller.arn(), caller.user_id());
        let grants = if let Some(grants) = self.cache.grants(key, &who) {
            grants
        } else {
            let grants: Arc<[HeldGrant]> = self.read_grants(caller, &key.arn).await.map_err(messages::store)?.into();
            self.cache.keep_grants(key, who, &grants);
            grants
        };
        Ok(HeldGrants { grants, key: &key.arn, tokens, known_since: self.grants_known_since() })
    }

    async fn read_grants(&self, caller: &Caller, key: &KeyArn) -> Result<Vec<HeldGrant>, StoreError> {
        let mut held = Vec::new();
        for (name, standing) in names_of(caller) {
            let is_for = |grant: &GrantRecord| grant.grantee.name() == name;
            let grants = self.named_grants(&GRANTS_BY_GRANTEE, key, &name, None, usize::MAX, is_for).await?;
            held.extend(grants.into_iter().map(|StoredGrant { id, record, .. }| {
                let backing = Backing::of(standing, caller, record.issuer, key.account);
                HeldGrant { id, record, backing }
            }));
        }
        Ok(held)
    }

    /// Whether a grant counts without its token, which it does once it is known everywhere.
    pub(crate) fn is_known(&self, grant: &GrantRecord) -> bool {
        grant.created <= self.grants_known_since()
    }

    fn grants_known_since(&self) -> Timestamp {
        let delay = i64::try_from(self.options.grant_propagation.as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.now().as_millis().saturating_sub(delay))
    }

    /// A grant, if the key has it.
    pub(crate) async fn stored_grant(&self, key: &KeyArn, id: GrantId) -> Result<Option<GrantRecord>, ApiError> {
        let found = GRANTS.get(&*self.engine, grant_address(key, id)).await.map_err(messages::store)?;
        Ok(found.map(|found| found.record))
    }

    /// Grants of a key that an index has under a name, by id: those after one, and at least as many as `most` if there are.
    pub(crate) async fn named_grants(
        &self,
        index: &'static Table<()>,
        key: &KeyArn,
        name: &str,
        after: Option<GrantId>,
        most: usize,
        is_wanted: impl Fn(&GrantRecord) -> bool,
    ) -> Result<Vec<StoredGrant>, StoreError> {
        let after = after.map(|after| named_grant_address(key, name, after));
        let read = |entry: &Key| Ok((key.clone(), GrantId::in_key(entry, 4)?));
        self.indexed_grants(index, key_address(key).with(name), after, most, read, is_wanted).await
    }

    /// Grants of any index, of whose keys `read` tells the grant.
    pub(crate) async fn indexed_grants(
        &self,
        index: &'static Table<()>,
        prefix: Key,
        mut after: Option<Key>,
        most: usize,
        read: impl Fn(&Key) -> Result<(KeyArn, GrantId), InvalidKey>,
        is_wanted: impl Fn(&GrantRecord) -> bool,
    ) -> Result<Vec<StoredGrant>, StoreError> {
        let mut grants = Vec::new();
        loop {
            let entries = index.scan(&*self.engine, prefix.clone(), after.as_ref(), most).await?;
            for entry in &entries {
                let (key, id) = read(&entry.key)?;
                // One that is gone since the scan is simply not among them.
                let found = GRANTS.get(&*self.engine, grant_address(&key, id)).await?;
                let wanted = found.filter(|found| is_wanted(&found.record));
                grants.extend(wanted.map(|Versioned { record, .. }| StoredGrant { key, id, record }));
            }
            let (are_all, last) = (entries.len() < most, entries.into_iter().next_back());
            match last {
                Some(last) if !are_all && grants.len() < most => after = Some(last.key),
                _ => return Ok(grants),
            }
        }
    }

    /// A grant that was asked for in the same words, which only one with a name can be found to have been.
    pub(crate) async fn same_grant(&self, key: &KeyArn, wanted: &GrantRecord) -> Result<Option<GrantId>, ApiError> {
        let Some(name) = &wanted.name else { return Ok(None) };
        let is_like = |grant: &GrantRecord| grant.is_like(wanted);
        let same = self.named_grants(&GRANTS_BY_NAME, key, name, None, usize::MAX, is_like).await;
        Ok(same.map_err(messages::store)?.first().map(|same| same.id))
    }

    /// Whether there is a grant like this one, be it with a name or without.
    pub(crate) async fn has_grant_like(&self, key: &KeyArn, wanted: &GrantRecord) -> Result<bool, ApiError> {
        let (grantee, is_like) = (wanted.grantee.name(), |grant: &GrantRecord| grant.is_like(wanted));
        let like = self.named_grants(&GRANTS_BY_GRANTEE, key, &grantee, None, usize::MAX, is_like).await;
        Ok(!like.map_err(messages::store)?.is_empty())
    }

    /// How many grants a key has, where it has any.
    pub(crate) async fn grant_count(&self, key: &KeyArn) -> Result<Option<Versioned<usize>>, ApiError> {
        GRANT_COUNTS.get(&*self.engine, key_address(key)).await.map_err(messages::store)
    }

    /// Refuses a key that has as many grants as it may have.
    pub(crate) fn check_grant_quota(&self, count: Option<&Versioned<usize>>) -> Result<(), ApiError> {
        let (quota, grants) = (self.options.quotas.grants_per_key, count.map_or(0, |count| count.record));
        if grants >= quota { Err(messages::too_many_grants(quota, grants)) } else { Ok(()) }
    }

    /// [`Kms::add_grant_since`] now.
    pub(crate) async fn add_grant(&self, key: &StoredKey, grant: &GrantRecord) -> Result<Option<GrantId>, ApiError> {
        let count = self.grant_count(&key.arn).await?;
        self.add_grant_since(count.as_ref(), key, grant).await
    }

    /// Gives a key a grant, on the condition that neither the key nor, since `count` was read, its grants have changed;
    /// `None` tells that they have, so that the caller must look and decide again.
    pub(crate) async fn add_grant_since(
        &self,
        count: Option<&Versioned<usize>>,
        key: &StoredKey,
        grant: &GrantRecord,
    ) -> Result<Option<GrantId>, ApiError> {
        self.check_grant_quota(count)?;
        let id = GrantId::random(&*self.entropy);
        let mut batch = Batch::new();
        // A key that is deleted in between must not leave a grant behind.
        batch.expect(&KEYS, key_address(&key.arn), Expect::Version(key.version));
        let grants = count.map_or(0, |count| count.record).saturating_add(1);
        put_count(&mut batch, &key.arn, count, grants).map_err(messages::store)?;
        put_grant(&mut batch, &key.arn, id, grant).map_err(messages::store)?;
        let is_added = self.try_commit(batch, vec![key.arn.clone()]).await?;
        Ok(is_added.then_some(id))
    }

    /// Takes a grant from a key; `false` tells that the key does not have it any more.
    pub(crate) async fn remove_grant(&self, key: &KeyArn, id: GrantId) -> Result<bool, ApiError> {
        for _ in 0..MOST_ATTEMPTS {
            let found = GRANTS.get(&*self.engine, grant_address(key, id)).await.map_err(messages::store)?;
            let Some(grant) = found else { return Ok(false) };
            let count = GRANT_COUNTS.get(&*self.engine, key_address(key)).await.map_err(messages::store)?;
            let grants = count.as_ref().map_or(0, |count| count.record).saturating_sub(1);
            let mut batch = Batch::new();
            batch.expect(&GRANTS, grant_address(key, id), Expect::Version(grant.version));
            put_count(&mut batch, key, count.as_ref(), grants).map_err(messages::store)?;
            delete_grant(&mut batch, key, id, &grant.record);
            if self.try_commit(batch, vec![key.clone()]).await? {
                return Ok(true);
            }
        }
        Err(messages::too_many_conflicts())
    }

    /// Deletes the grants of a key whose deletion date has passed, and adds to the batch that deletes the key itself what
    /// is left of them: whatever happens in between, no grant outlives its key.
    pub(crate) async fn delete_grants(&self, batch: &mut Batch, key: &KeyArn) -> Result<(), CommitError> {
        let Some(count) = GRANT_COUNTS.get(&*self.engine, key_address(key)).await? else {
            batch.expect(&GRANT_COUNTS, key_address(key), Expect::Absent);
            return Ok(());
        };
        batch.expect(&GRANT_COUNTS, key_address(key), Expect::Version(count.version));
        batch.delete(&GRANT_COUNTS, key_address(key));
        loop {
            let grants = GRANTS.scan(&*self.engine, key_address(key), None, GRANTS_PER_COMMIT).await?;
            let are_last = grants.len() < GRANTS_PER_COMMIT;
            let mut some = Batch::new();
            let into = if are_last { &mut *batch } else { &mut some };
            for entry in grants {
                let id = GrantId::in_key(&entry.key, 3).map_err(StoreError::from)?;
                delete_grant(into, key, id, &entry.record);
            }
            if are_last {
                return Ok(());
            }
            self.commit(some, Vec::new()).await?;
        }
    }
}

impl HeldGrants<'_> {
    /// Each grant, and whether it counts for this request.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&HeldGrant, bool)> {
        self.grants.iter().map(|held| (held, self.counts(held)))
    }

    /// The grant that allows the request, if one does: the one that needs the least besides.
    pub(crate) fn allowing(&self, request: &GrantedRequest<'_>) -> Option<&HeldGrant> {
        self.least_backed(|grant| grant.allows(request))
    }

    /// The same for CreateGrant: the grant that allows to make the grant `child`.
    pub(crate) fn issuing(&self, request: &GrantedRequest<'_>, child: &Grant) -> Option<&HeldGrant> {
        self.least_backed(|grant| grant.allows(request) && grant.may_issue(child))
    }

    fn least_backed(&self, allows: impl Fn(&Grant) -> bool) -> Option<&HeldGrant> {
        let counting = self.grants.iter().filter(|held| allows(&held.record.grant) && self.counts(held));
        counting.min_by_key(|held| held.backing)
    }

    fn counts(&self, held: &HeldGrant) -> bool {
        held.record.created <= self.known_since || self.tokens.include(self.key, held.id)
    }
}

impl GrantRecord {
    /// Whether both say the same; when they were made does not matter.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let Self { created: _, grantee, retiring, issuer, name, grant } = self;
        (grantee, retiring, issuer, name, grant)
            == (&other.grantee, &other.retiring, &other.issuer, &other.name, &other.grant)
    }

    /// The account that made it, as lists name it.
    pub(crate) fn issuing_account(&self, key: &KeyArn) -> String {
        Caller::root(key.region.partition(), self.issuer).arn().to_string()
    }
}

fn put_count(
    batch: &mut Batch,
    key: &KeyArn,
    before: Option<&Versioned<usize>>,
    grants: usize,
) -> Result<(), StoreError> {
    let expect = before.map_or(Expect::Absent, |before| Expect::Version(before.version));
    batch.expect(&GRANT_COUNTS, key_address(key), expect);
    batch.put(&GRANT_COUNTS, key_address(key), &grants)
}

fn put_grant(batch: &mut Batch, key: &KeyArn, id: GrantId, grant: &GrantRecord) -> Result<(), StoreError> {
    batch.expect(&GRANTS, grant_address(key, id), Expect::Absent);
    batch.put(&GRANTS, grant_address(key, id), grant)?;
    batch.put(&GRANTS_BY_GRANTEE, named_grant_address(key, &grant.grantee.name(), id), &())?;
    if let Some(name) = &grant.name {
        batch.put(&GRANTS_BY_NAME, named_grant_address(key, name, id), &())?;
    }
    if let Some(retiring) = &grant.retiring {
        batch.put(&RETIRABLE_GRANTS, retirable_grant_address(&retiring.name(), key, id), &())?;
    }
    Ok(())
}

fn delete_grant(batch: &mut Batch, key: &KeyArn, id: GrantId, grant: &GrantRecord) {
    batch.delete(&GRANTS, grant_address(key, id));
    batch.delete(&GRANTS_BY_GRANTEE, named_grant_address(key, &grant.grantee.name(), id));
    if let Some(name) = &grant.name {
        batch.delete(&GRANTS_BY_NAME, named_grant_address(key, name, id));
    }
    if let Some(retiring) = &grant.retiring {
        batch.delete(&RETIRABLE_GRANTS, retirable_grant_address(&retiring.name(), key, id));
    }
}

#[cfg(test)]
pub(crate) mod tests;
