//! Changing keys. A key is read, an edit decides, and what became of it is committed on the condition that nobody changed it
//! meanwhile; where somebody did, all over again. Everything that must be written along with a key's record is found
//! here, by comparing it with what it was: no operation has to think of it.

use trent_kms_core::{KeyOrigin, KeySpec, KeyTag, Lifecycle, SymmetricMaterial};
use trent_shared::{ApiError, Entropy, SecretBytes, Timestamp};
use trent_store::{Batch, CommitError, Expect, StoreError, Version};

use crate::access::{KeyLookup, was_first};
use crate::action::Action;
use crate::cache::StoredKey;
use crate::identifier::KeyArn;
use crate::records::{DUE, KEY_IDS, KEYS, KeyRecord, TAGGED_KEYS, due_address, key_address, tag_address};
use crate::{Kms, messages};

/// How often a change is tried again when others change the same key at the same time. Each conflict means that
/// another change succeeded, so this many conflicts in a row are a stampede.
pub(crate) const MOST_ATTEMPTS: usize = 64;

/// A key's record while it is being changed, and those of its related multi-Region keys.
pub(crate) struct Change {
    pub(crate) now: Timestamp,
    pub(crate) key: Edited,
    pub(crate) related: Vec<Edited>,
}

/// One key of a change.
pub(crate) struct Edited {
    pub(crate) arn: KeyArn,
    /// `None` of a new key.
    before: Option<(Version, KeyRecord)>,
    pub(crate) record: KeyRecord,
}

impl KeyLookup<'_> {
    /// Changes the key as `edit` decides. Returns the ARN and what `edit` made.
    pub(crate) async fn change<T>(
        self,
        action: Action,
        edit: impl Fn(&mut Change) -> Result<T, ApiError>,
    ) -> Result<(KeyArn, T), ApiError> {
        let kms = self.kms();
        for _ in 0..MOST_ATTEMPTS {
            let key = self.for_action(action).await?;
            let mut change = kms.begin_change(key.stored(), key.now()).await.map_err(messages::store)?;
            let made = edit(&mut change)?;
            change.settle(&*kms.entropy);
            if kms.commit_change(change).await? {
                return Ok((key.arn().clone(), made));
            }
        }
        Err(messages::too_many_conflicts())
    }
}

impl Kms {
    /// Makes happen what was to happen to the key, or to a related one, by itself until now, unless somebody else is first;
    /// of several keys, to the one whose turn it is.
    pub(crate) async fn settle(&self, key: &StoredKey, now: Timestamp) -> Result<(), ApiError> {
        let Change { key, mut related, .. } = self.begin_change(key, now).await.map_err(messages::store)?;
        related.push(key);
        let due = related.iter().enumerate().filter_map(|(index, edited)| Some((edited.due()?, index)));
        let Some((_, index)) = due.min() else { return Ok(()) };
        let key = related.swap_remove(index);
        if key.record.lifecycle.is_deleted(now) {
            return match self.delete_for_good(&key.arn, now).await {
                Ok(_) | Err(CommitError::Conflict) => Ok(()),
                Err(CommitError::Store(error)) => Err(messages::store(error)),
            };
        }
        let mut change = Change { now, key, related };
        change.settle(&*self.entropy);
        self.commit_change(change).await.map(drop)
    }

    /// A change of the key and its related keys.
    async fn begin_change(&self, key: &StoredKey, now: Timestamp) -> Result<Change, StoreError> {
        let related = self.related(&key.arn, &key.record).await?;
        Ok(Change { now, key: Edited::of(key.arn.clone(), key.version, key.record.clone()), related })
    }

    /// The related keys of a multi-Region key.
    pub(crate) async fn related(&self, arn: &KeyArn, record: &KeyRecord) -> Result<Vec<Edited>, StoreError> {
        let mut related = Vec::new();
        for region in record.lifecycle.other_regions(&arn.region) {
            let arn = KeyArn { region: region.clone(), ..arn.clone() };
            if let Some(found) = KEYS.get(&*self.engine, key_address(&arn)).await? {
                related.push(Edited::of(arn, found.version, found.record));
            }
        }
        Ok(related)
    }

    /// Commits a change; `false` tells that somebody else was first.
    pub(crate) async fn commit_change(&self, change: Change) -> Result<bool, ApiError> {
        let mut batch = Batch::new();
        let mut places = Vec::new();
        for new in change.related.iter().filter(|related| related.before.is_none()) {
            places.push(self.place_for_key(&new.arn).await?);
        }
        let changed = change.write(&mut batch).map_err(messages::store)?;
        if changed.is_empty() {
            return Ok(true);
        }
        was_first(self.commit_counted(batch, changed, places).await)
    }

    /// Adds a new key. A conflict means that there is a key of that id.
    pub(crate) async fn add_key(&self, arn: &KeyArn, record: KeyRecord) -> Result<bool, ApiError> {
        let mut batch = Batch::new();
        let place = self.place_for_key(arn).await?;
        Edited::new(arn.clone(), record).write(&mut batch).map_err(messages::store)?;
        was_first(self.commit_counted(batch, Vec::new(), vec![place]).await)
    }
}

impl Change {
    /// The life of the key that is changed.
    pub(crate) fn life(&mut self) -> &mut Lifecycle {
        &mut self.key.record.lifecycle
    }

    /// Makes happen what is due, and tells the related keys what they share.
    pub(crate) fn settle(&mut self, entropy: &dyn Entropy) {
        let Edited { arn, record: KeyRecord { lifecycle, secrets, spec, .. }, .. } = &mut self.key;
        lifecycle.advance(&arn.region, self.now, || {
            // Only symmetric encryption keys rotate.
            debug_assert_eq!(*spec, KeySpec::SymmetricDefault);
            let material = SymmetricMaterial::generate(entropy);
            let id = material.id(&arn.id.to_string());
            secrets.insert(id, SecretBytes::new(material.expose().to_vec()));
            id
        });
        let before = self.key.before.as_ref().map(|(_, before)| before.lifecycle.shared());
        if before == Some(self.key.record.lifecycle.shared()) {
            return;
        }
        for related in &mut self.related {
            related.take_over(&self.key.record, self.now);
        }
    }

    /// Adds everything to a batch. Returns the keys that it concerns, if it changes any: a related key has to be read again
    /// even where its record stays as it is.
    pub(crate) fn write(self, batch: &mut Batch) -> Result<Vec<KeyArn>, StoreError> {
        let (mut concerned, mut is_changed) = (Vec::new(), false);
        for edited in [self.key].into_iter().chain(self.related) {
            concerned.push(edited.arn.clone());
            is_changed |= edited.write(batch)?;
        }
        Ok(if is_changed { concerned } else { Vec::new() })
    }
}

impl Edited {
    pub(crate) fn of(arn: KeyArn, version: Version, record: KeyRecord) -> Self {
        Self { arn, before: Some((version, record.clone())), record }
    }

    pub(crate) fn new(arn: KeyArn, record: KeyRecord) -> Self {
        Self { arn, before: None, record }
    }

    /// When something will happen to the key by itself.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.record.lifecycle.next_event(&self.arn.region)
    }

    /// Takes over what the related key `changed` shares, its material included where KMS made it.
    pub(crate) fn take_over(&mut self, changed: &KeyRecord, at: Timestamp) {
        self.record.lifecycle.synchronise(&self.arn.region, changed.lifecycle.shared(), at);
        if self.record.lifecycle.origin() != KeyOrigin::External {
            self.record.secrets.clone_from(&changed.secrets);
        }
    }

    /// Adds the key to a batch, if it changed.
    pub(crate) fn write(mut self, batch: &mut Batch) -> Result<bool, StoreError> {
        let lifecycle = &self.record.lifecycle;
        self.record.secrets.retain(|id, _| lifecycle.holds(*id));
        if self.before.as_ref().is_some_and(|(_, before)| *before == self.record) {
            return Ok(false);
        }
        let Self { arn, before, record } = self;
        let address = key_address(&arn);
        let (expect, before) = match before {
            Some((version, before)) => (Expect::Version(version), Some(before)),
            None => (Expect::Absent, None),
        };
        if before.is_none() {
            batch.put(&KEY_IDS, address.clone(), &())?;
            if record.spec == KeySpec::SymmetricDefault {
                let tag = KeyTag::of(&arn.id.to_string());
                batch.put(&TAGGED_KEYS, tag_address(&arn.region, tag, arn.account), &arn.id)?;
            }
        }
        write_due(batch, &arn, before.as_ref(), &record)?;
        batch.expect(&KEYS, address.clone(), expect);
        batch.put(&KEYS, address, &record)?;
        Ok(true)
    }
}

fn write_due(
    batch: &mut Batch,
    arn: &KeyArn,
    before: Option<&KeyRecord>,
    record: &KeyRecord,
) -> Result<(), StoreError> {
    let was_due = before.and_then(|before| before.lifecycle.next_event(&arn.region));
    let due = record.lifecycle.next_event(&arn.region);
    if let Some(was_due) = was_due.filter(|was_due| Some(*was_due) != due) {
        batch.delete(&DUE, due_address(was_due, arn));
    }
    match due {
        Some(due) if was_due != Some(due) => batch.put(&DUE, due_address(due, arn), &()),
        _ => Ok(()),
    }
}
