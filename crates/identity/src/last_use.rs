//! When access keys and roles were last used. Noted in memory and written down now and again; a crash loses what was noted
//! since, and AWS itself lags by hours.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use trent_shared::{Principal, Region, Timestamp};
use trent_store::{Batch, CommitError, Table};

use crate::directory::{Directory, DirectoryError};

/// (id of an access key or role) → its last use that was written down.
static LAST_USES: Table<LastUse> = Table::new("iam.last-use", 1);

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
pub(crate) struct LastUses(Mutex<HashMap<String, LastUse>>);

impl Directory {
    /// Notes that a caller has just used its access key, and its role if it has one.
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
        if is_full { self.flush_last_uses().await } else { Ok(()) }
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
        let noted = self.last_uses.lock().clone();
        if noted.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for (id, last) in &noted {
            batch.put(&LAST_USES, (id.as_str(),), last)?;
        }
        match self.commit_batch(batch, false).await {
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
    /// Nothing that is locked here is ever half done.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, LastUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
