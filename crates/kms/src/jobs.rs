//! Sweeps driven by the clock. Whatever has a date is already computed from the clock on read; a sweep only makes it
//! permanent and frees the space.

use trent_shared::{AccountId, Region, Timestamp};
use trent_store::{Batch, CommitError, Expect, InvalidKey, Key, StoreError};

use crate::Kms;
use crate::identifier::{AliasArn, KeyArn, KeyId};
use crate::import::IMPORT_PARAMETERS;
use crate::records::{
    ALIASES, ALIASES_OF_KEY, DELETIONS, KEY_IDS, KEYS, MATERIAL_OWNERS, alias_address, alias_of_key_address,
    key_address, material_address,
};

/// How many keys one sweep deletes at most, so that it never holds other work up for long.
const MOST_PER_SWEEP: usize = 1000;

impl Kms {
    /// Deletes for good the keys whose deletion date has passed, with their aliases. Returns how many it looked at;
    /// as long as that is not 0 there may be more.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now = self.now();
        let due = DELETIONS.scan(&*self.engine, (), None, MOST_PER_SWEEP).await?;
        let mut swept = 0;
        for entry in due {
            let (date, arn) = read_deletion(&entry.key)?;
            if date > now {
                break;
            }
            swept += 1;
            match self.delete_for_good(&entry.key, &arn, now).await {
                // Somebody is changing the key right now; the next sweep looks again.
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
        }
        Ok(swept)
    }

    async fn delete_for_good(&self, deletion: &Key, arn: &KeyArn, now: Timestamp) -> Result<(), CommitError> {
        let mut batch = Batch::new();
        batch.delete(&DELETIONS, deletion.clone());
        let address = key_address(arn);
        let key = KEYS.get(&*self.engine, address.clone()).await?;
        // A deletion that was cancelled, or put off, leaves nothing but its entry.
        if let Some(key) = key.filter(|key| key.record.lifecycle.is_deleted(now)) {
            batch.expect(&KEYS, address.clone(), Expect::Version(key.version));
            batch.delete(&KEYS, address.clone());
            batch.delete(&KEY_IDS, address.clone());
            for material in &key.record.materials {
                batch.delete(&MATERIAL_OWNERS, material_address(&arn.region, material.id));
            }
            for parameters in IMPORT_PARAMETERS.scan(&*self.engine, address.clone(), None, MOST_PER_SWEEP).await? {
                batch.delete(&IMPORT_PARAMETERS, parameters.key);
            }
            for alias in ALIASES_OF_KEY.scan(&*self.engine, address, None, MOST_PER_SWEEP).await? {
                let name = alias.key.text(3).map_err(StoreError::from)?.into_owned();
                batch.delete(&ALIASES_OF_KEY, alias_of_key_address(arn, &name));
                let alias = alias_address(&AliasArn { region: arn.region.clone(), account: arn.account, name });
                // An alias that was pointed elsewhere just before the date is another key's now.
                let Some(stored) = ALIASES.get(&*self.engine, alias.clone()).await? else { continue };
                if stored.record.target == arn.id {
                    batch.expect(&ALIASES, alias.clone(), Expect::Version(stored.version));
                    batch.delete(&ALIASES, alias);
                }
            }
        }
        self.commit(batch, Some(arn.clone())).await
    }
}

fn read_deletion(key: &Key) -> Result<(Timestamp, KeyArn), InvalidKey> {
    let date = i64::try_from(key.number(0)?).map_err(|_| InvalidKey)?;
    let region: Region = key.text(1)?.parse().map_err(|_| InvalidKey)?;
    let account: AccountId = key.text(2)?.parse().map_err(|_| InvalidKey)?;
    let id: KeyId = key.text(3)?.parse().map_err(|_| InvalidKey)?;
    Ok((Timestamp::from_millis(date), KeyArn { region, account, id }))
}
