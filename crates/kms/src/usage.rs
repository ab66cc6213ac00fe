//! When a key was last used for cryptography, and by which request: what GetKeyLastUsage tells.
//!
//! Every use is noted, so noting must cost next to nothing: it is done in memory, in a place that each decoded key keeps at
//! hand, and written down now and again. A crash loses what was noted since; AWS itself lags by up to an hour.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use trent_shared::{ApiError, Context, RequestId, Timestamp};
use trent_store::{Batch, CommitError, StoreError, Table};
use uuid::{Builder, Uuid};

use crate::Kms;
use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::KeyLastUsageData;
use crate::identifier::KeyArn;
use crate::messages;
use crate::names::same_name;
use crate::records::key_address;

/// (Region, account, key id) → the last use of the key that was written down.
static LAST_USES: Table<KeyUse> = Table::new("kms.last-use", 1);

/// How long uses are kept in memory only, by the clock.
const PAUSE_MILLIS: i64 = 60_000;

/// How many uses are written together: while they are, others wait.
const USES_PER_COMMIT: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyUse {
    operation: Cow<'static, str>,
    at: Timestamp,
    request: RequestId,
}

/// The last uses of keys that are in use.
#[derive(Default)]
pub(crate) struct LastUses {
    places: Mutex<HashMap<KeyArn, Arc<LastUse>>>,
    written_at: Mutex<Option<Timestamp>>,
}

/// Where the uses of one key are noted.
#[derive(Default)]
pub(crate) struct LastUse(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    last: Option<KeyUse>,
    is_written: bool,
}

impl Kms {
    /// Notes that a key has just been used for the action that it was looked up for.
    pub(crate) fn note_use(&self, cx: &Context, key: &AuthorizedKey) {
        let place = key.stored().last_use.get_or_init(|| self.last_uses.of(key.arn()));
        let operation = Cow::Borrowed(tracked_operation(key.action()));
        let last = KeyUse { operation, at: key.now(), request: cx.request_id };
        *place.lock() = Noted { last: Some(last), is_written: false };
    }

    /// The last use of a key, as the API tells it; empty if there was none.
    pub(crate) async fn last_use(&self, key: &AuthorizedKey) -> Result<KeyLastUsageData, ApiError> {
        let last = if let Some(noted) = self.last_uses.noted(key.arn()) {
            Some(noted)
        } else {
            let written = LAST_USES.get(&*self.engine, key_address(key.arn())).await.map_err(messages::store)?;
            written.map(|written| written.record)
        };
        // One from before its creation would be that of another key, which had the same id once.
        let Some(last) = last.filter(|last| last.at >= key.record().created) else {
            return Ok(KeyLastUsageData::default());
        };
        Ok(KeyLastUsageData {
            operation: Some(same_name(&last.operation)?),
            timestamp: Some(last.at.into()),
            cloud_trail_event_id: Some(event_id(last.request).to_string()),
            kms_request_id: Some(last.request.to_string()),
        })
    }

    /// When a key was last used; `None` if it never was.
    pub(crate) async fn last_used_at(&self, arn: &KeyArn) -> Result<Option<Timestamp>, ApiError> {
        if let Some(noted) = self.last_uses.noted(arn) {
            return Ok(Some(noted.at));
        }
        let written = LAST_USES.get(&*self.engine, key_address(arn)).await.map_err(messages::store)?;
        Ok(written.map(|written| written.record.at))
    }

    /// Writes down the uses that were noted since the last time. To be called before the end.
    pub async fn flush_usage(&self) -> Result<(), StoreError> {
        for uses in self.last_uses.unwritten().chunks(USES_PER_COMMIT) {
            let mut batch = Batch::new();
            for (arn, _, last) in uses {
                batch.put(&LAST_USES, key_address(arn), last)?;
            }
            match self.commit(batch, Vec::new()).await {
                // Nothing is expected, so nothing can conflict.
                Ok(()) | Err(CommitError::Conflict) => {}
                Err(CommitError::Store(error)) => return Err(error),
            }
            for (_, place, last) in uses {
                place.has_been_written(last);
            }
        }
        Ok(())
    }

    /// [`Kms::flush_usage`], unless that was done within the last minute.
    pub(crate) async fn flush_usage_when_due(&self) -> Result<(), StoreError> {
        if self.last_uses.is_due(self.now()) { self.flush_usage().await } else { Ok(()) }
    }

    /// Adds to a batch that a key which is deleted leaves no use behind.
    pub(crate) fn forget_use(&self, batch: &mut Batch, arn: &KeyArn) {
        lock(&self.last_uses.places).remove(arn);
        batch.delete(&LAST_USES, key_address(arn));
    }
}

/// As GetKeyLastUsage names it: both sides of a ReEncrypt are one.
fn tracked_operation(action: Action) -> &'static str {
    match action {
        Action::ReEncryptFrom | Action::ReEncryptTo => "ReEncrypt",
        _ => action.name(),
    }
}

/// The id of a request's CloudTrail event. It is made from the request's own, one to one, so that neither needs to be
/// kept beside the other.
fn event_id(request: RequestId) -> Uuid {
    /// Any number will do that makes the two look unlike.
    const MASK: u128 = 0x5bd1_e995_9d2c_5680_efc6_0000_27d4_eb2f;
    Builder::from_random_bytes((request.as_uuid().as_u128() ^ MASK).to_be_bytes()).into_uuid()
}

impl LastUses {
    fn of(&self, arn: &KeyArn) -> Arc<LastUse> {
        Arc::clone(lock(&self.places).entry(arn.clone()).or_default())
    }

    fn noted(&self, arn: &KeyArn) -> Option<KeyUse> {
        lock(&self.places).get(arn)?.lock().last.clone()
    }

    /// What is to be written. Drops the places in which nothing is to be written and which no decoded key has at hand.
    fn unwritten(&self) -> Vec<(KeyArn, Arc<LastUse>, KeyUse)> {
        let mut unwritten = Vec::new();
        lock(&self.places).retain(|arn, place| {
            let noted = place.lock();
            if let (Some(last), false) = (&noted.last, noted.is_written) {
                unwritten.push((arn.clone(), Arc::clone(place), last.clone()));
                return true;
            }
            Arc::strong_count(place) > 1
        });
        unwritten
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let mut written_at = lock(&self.written_at);
        let is_due = written_at.is_none_or(|at| now.as_millis() - at.as_millis() >= PAUSE_MILLIS);
        if is_due {
            *written_at = Some(now);
        }
        is_due
    }
}

impl LastUse {
    fn lock(&self) -> MutexGuard<'_, Noted> {
        lock(&self.0)
    }

    fn has_been_written(&self, last: &KeyUse) {
        let mut noted = self.lock();
        // Unless there was another use meanwhile.
        noted.is_written = noted.last.as_ref() == Some(last);
    }
}

/// Nothing that is locked here is ever half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
