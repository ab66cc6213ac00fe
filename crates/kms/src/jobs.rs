//! Sweeps driven by the clock. Whatever has a date is already computed from the clock on read; a sweep only makes it
//! permanent and frees the space.

use trent_kms_core::KeyTag;
use trent_shared::{AccountId, Region, Timestamp};
use trent_store::{Batch, CommitError, Expect, InvalidKey, Key, StoreError};

use crate::Kms;
use crate::change::{Change, Edited};
use crate::identifier::{AliasArn, KeyArn, KeyId};
use crate::import::IMPORT_PARAMETERS;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, DUE, KEY_IDS, KEYS, KeyRecord, TAGGED_KEYS, alias_address, alias_of_key_address,
    due_address, key_address, tag_address,
};

/// How many keys one sweep looks at.
const MOST_PER_SWEEP: usize = 1000;

/// How many keys are written together: each commit has its price, and while one is written others wait.
const KEYS_PER_COMMIT: usize = 32;

impl Kms {
    /// Makes permanent what fell due: rotations, expiries, and the deletion of keys with everything that is theirs.
    /// Returns how many keys it looked at; as long as that is not 0 there may be more.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        self.flush_usage_when_due().await?;
        let now = self.now();
        let mut due = Vec::new();
        for entry in DUE.scan(&*self.engine, (), None, MOST_PER_SWEEP).await? {
            let (date, arn) = read_due(&entry.key)?;
            if date > now {
                break;
            }
            due.push((entry.key, arn));
        }
        for keys in due.chunks(KEYS_PER_COMMIT) {
            self.sweep_together(keys, now).await?;
        }
        Ok(due.len())
    }

    /// Commits what became of several keys at once, as far as they have nothing to do with each other; the others one by one.
    async fn sweep_together(&self, due: &[(Key, KeyArn)], now: Timestamp) -> Result<(), StoreError> {
        let mut batch = Batch::new();
        let (mut together, mut alone) = (Vec::new(), Vec::new());
        for (entry, arn) in due {
            let key = KEYS.get(&*self.engine, key_address(arn)).await?;
            match key {
                Some(key) if !key.record.lifecycle.is_deleted(now) && key.record.lifecycle.regions().is_none() => {
                    let key = Edited::of(arn.clone(), key.version, key.record);
                    let mut change = Change { now, key, related: Vec::new() };
                    change.settle(&*self.entropy);
                    // Nothing changes where the entry is one that nobody needs.
                    if change.write(&mut batch)?.is_empty() {
                        batch.delete(&DUE, entry.clone());
                    }
                    together.push((entry, arn));
                }
                _ => alone.push((entry, arn)),
            }
        }
        let arns = together.iter().map(|(_, arn)| (*arn).clone()).collect();
        match self.commit(batch, arns).await {
            Ok(()) => {}
            Err(CommitError::Conflict) => alone.extend(together),
            Err(CommitError::Store(error)) => return Err(error),
        }
        for (entry, arn) in alone {
            match self.sweep_one(entry, arn, now).await {
                // Somebody is changing the key right now; the next sweep looks again.
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    async fn sweep_one(&self, entry: &Key, arn: &KeyArn, now: Timestamp) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        let Some(key) = KEYS.get(&*self.engine, key_address(arn)).await? else {
            batch.delete(&DUE, entry.clone());
            return self.commit(batch, Vec::new()).await;
        };
        if key.record.lifecycle.is_deleted(now) {
            return self.delete_for_good(arn, now).await.map(drop);
        }
        let related = self.related(arn, &key.record).await?;
        let mut change = Change { now, key: Edited::of(arn.clone(), key.version, key.record), related };
        change.settle(&*self.entropy);
        let changed = change.write(&mut batch)?;
        if changed.is_empty() {
            batch.delete(&DUE, entry.clone());
        }
        self.commit(batch, changed).await
    }

    /// Deletes a key, if its deletion date has passed, and everything that is its own. Tells whether it did.
    pub(crate) async fn delete_for_good(&self, arn: &KeyArn, now: Timestamp) -> Result<bool, CommitError> {
        let address = key_address(arn);
        let key = KEYS.get(&*self.engine, address.clone()).await?;
        let Some(key) = key.filter(|key| key.record.lifecycle.is_deleted(now)) else { return Ok(false) };
        let mut batch = Batch::new();
        batch.expect(&KEYS, address.clone(), Expect::Version(key.version));
        batch.delete(&KEYS, address.clone());
        batch.delete(&KEY_IDS, address.clone());
        batch.delete(&TAGGED_KEYS, tag_address(&arn.region, KeyTag::of(&arn.id.to_string()), arn.account));
        if let Some(due) = key.record.lifecycle.next_event(&arn.region) {
            batch.delete(&DUE, due_address(due, arn));
        }
        for parameters in IMPORT_PARAMETERS.scan(&*self.engine, address, None, usize::MAX).await? {
            batch.delete(&IMPORT_PARAMETERS, parameters.key);
        }
        self.delete_aliases(&mut batch, arn).await?;
        self.delete_grants(&mut batch, arn).await?;
        let mut changed = self.tell_related(&mut batch, arn, &key.record).await?;
        changed.push(arn.clone());
        self.forget_use(&mut batch, arn);
        let leave = self.leave_of_key(arn).await;
        self.commit_counted(batch, changed, vec![leave]).await?;
        Ok(true)
    }

    async fn delete_aliases(&self, batch: &mut Batch, arn: &KeyArn) -> Result<(), StoreError> {
        for alias in ALIASES_OF_KEY.scan(&*self.engine, key_address(arn), None, usize::MAX).await? {
            let name = alias.key.text(3)?.into_owned();
            batch.delete(&ALIASES_OF_KEY, alias_of_key_address(arn, &name));
            let alias = alias_address(&AliasArn { region: arn.region.clone(), account: arn.account, name });
            // An alias that was pointed elsewhere just before the date is another key's now.
            let Some(stored) = ALIASES.get(&*self.engine, alias.clone()).await? else { continue };
            if stored.record.target == arn.id {
                batch.expect(&ALIASES, alias.clone(), Expect::Version(stored.version));
                batch.delete(&ALIASES, alias);
            }
        }
        Ok(())
    }

    /// Lets the related keys of a multi-Region key forget it. Its primary may have waited for that.
    async fn tell_related(
        &self,
        batch: &mut Batch,
        arn: &KeyArn,
        deleted: &KeyRecord,
    ) -> Result<Vec<KeyArn>, StoreError> {
        let mut told = Vec::new();
        let Some(at) = deleted.lifecycle.deletion_date() else { return Ok(told) };
        let mut without = deleted.clone();
        without.lifecycle.forget_replica(&arn.region);
        for mut related in self.related(arn, deleted).await? {
            related.take_over(&without, at);
            told.push(related.arn.clone());
            related.write(batch)?;
        }
        Ok(told)
    }
}

fn read_due(key: &Key) -> Result<(Timestamp, KeyArn), InvalidKey> {
    let date = i64::try_from(key.number(0)?).map_err(|_| InvalidKey)?;
    let region: Region = key.text(1)?.parse().map_err(|_| InvalidKey)?;
    let account: AccountId = key.text(2)?.parse().map_err(|_| InvalidKey)?;
    let id: KeyId = key.text(3)?.parse().map_err(|_| InvalidKey)?;
    Ok((Timestamp::from_millis(date), KeyArn { region, account, id }))
}
