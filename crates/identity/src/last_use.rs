//! When access keys and roles were last used. Noted in memory and written down now and again; a crash loses what was noted
//! since, and AWS itself lags by hours.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use trent_shared::{Principal, Region, Timestamp};
use trent_store::{Batch, CommitError, Table};

use crate::change::Concerned;
use crate::directory::{Directory, DirectoryError};
use crate::ids::IdKind;

/// (id of an access key or role) → its last use that was written down.
pub(crate) static LAST_USES: Table<LastUse> = Table::new("iam.last-use", 1);

/// How many uses are kept in memory at most before they are written down.
const MOST_NOTED: usize = 1024;

/// The last use of an access key or a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    pub at: Timestamp,
    /// `kms`
    pub service: String,
    pub region: Region,
}

/// The uses that are not written down.
#[derive(Default)]
pub(crate) struct LastUses {
    noted: Mutex<HashMap<String, LastUse>>,
    /// Held while they are written down, so that requests do not all do it at once.
    writing: tokio::sync::Mutex<()>,
}

impl Directory {
    /// Notes that a caller has just used its access key, or its role if it has one. IAM tells nothing of other temporary
    /// access keys.
    ///
    /// # Errors
    /// The use is noted, but those noted so far could not be written down, which is logged.
    pub async fn note_use(
        &self,
        caller: &trent_shared::Caller,
        service: &'static str,
        region: &Region,
    ) -> Result<(), DirectoryError> {
        let Some(access_key) = &caller.access_key else { return Ok(()) };
        let id = match &caller.principal {
            Principal::AssumedRole(session) => session.role_id.as_str(),
            _ => access_key.as_str(),
        };
        if id.starts_with(IdKind::TemporaryAccessKey.prefix()) {
            return Ok(());
        }
        let is_full = {
            let mut noted = self.last_uses.lock();
            let at = self.now();
            match noted.get_mut(id) {
                Some(last) if last.service == service && last.region == *region => last.at = at,
                _ => {
                    let last = LastUse { at, service: service.to_owned(), region: region.clone() };
                    noted.insert(id.to_owned(), last);
                }
            }
            noted.len() > MOST_NOTED
        };
        match self.last_uses.writing.try_lock() {
            Ok(_writing) if is_full => self.write_last_uses().await.inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::warn!(error, "the last uses of access keys and roles could not be written down");
            }),
            _ => Ok(()),
        }
    }

    /// The last use of the access key or role that has this id.
    pub async fn last_use(&self, id: &str) -> Result<Option<LastUse>, DirectoryError> {
        let noted = self.last_uses.lock().get(id).cloned();
        match noted {
            Some(noted) => Ok(Some(noted)),
            None => Ok(LAST_USES.get(&*self.engine, (id,)).await?.map(|written| written.record)),
        }
    }

    /// Writes down the uses that were noted since the last time. To be called before the end.
    pub async fn flush_last_uses(&self) -> Result<(), DirectoryError> {
        let _writing = self.last_uses.writing.lock().await;
        self.write_last_uses().await
    }

    async fn write_last_uses(&self) -> Result<(), DirectoryError> {
        let noted = self.last_uses.lock().clone();
        if noted.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for (id, last) in &noted {
            batch.put(&LAST_USES, (id.as_str(),), last)?;
        }
        match self.commit_batch(batch, Concerned::Nobody).await {
            // Nothing is expected, so nothing can conflict.
            Ok(()) | Err(CommitError::Conflict) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        // Unless there was another use meanwhile.
        self.last_uses.lock().retain(|id, last| noted.get(id) != Some(last));
        Ok(())
    }
}

impl LastUses {
    /// Forgets the uses of what is no more.
    pub(crate) fn forget(&self, ids: &[String]) {
        if !ids.is_empty() {
            self.lock().retain(|id, _| !ids.contains(id));
        }
    }

    /// Nothing that is locked here is ever half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, LastUse>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use trent_shared::{AccessKeyId, Caller};

    use super::*;
    use crate::testing::Lab;

    #[tokio::test]
    async fn no_request_waits_for_another_that_writes_uses_down() {
        let lab = Lab::new();
        let directory = &lab.directory;
        let note = async |number: usize| {
            let access_key = Some(AccessKeyId::new(&format!("AKIA{number}")));
            let caller = Caller { access_key, ..Lab::caller(Principal::Root) };
            directory.note_use(&caller, "kms", &Region::default()).await.expect("works");
        };
        let is_written = async || LAST_USES.get(&*directory.engine, ("AKIA0",)).await.expect("readable").is_some();
        let writing = directory.last_uses.writing.lock().await;
        for number in 0..=MOST_NOTED {
            note(number).await;
        }
        assert!(!is_written().await);
        drop(writing);
        note(0).await;
        assert!(is_written().await);
    }
}
