//! Entities are found, listed, renamed and forgotten with all that hangs on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trent_shared::{AccountId, Entropy as _, SecretString, Timestamp};
use trent_store::{BoxFuture, MemoryEngine};
use trent_testkit::{ManualClock, SeededEntropy};

use super::*;

pub(crate) fn account() -> AccountId {
    "111122223333".parse().expect("valid")
}

pub(crate) fn directory() -> Directory {
    with_options(DirectoryOptions::default())
}

pub(crate) fn with_options(options: DirectoryOptions) -> Directory {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_790_597_408_399)));
    Directory::new(Arc::new(MemoryEngine::new()), clock, Arc::new(SeededEntropy::new(5)), options)
}

pub(crate) fn user(directory: &Directory, name: &str) -> UserRecord {
    UserRecord {
        id: directory.new_id(IdKind::User, account()),
        path: "/".to_owned(),
        name: name.to_owned(),
        created: directory.now(),
        boundary: None,
        tags: BTreeMap::new(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
        groups: BTreeSet::new(),
    }
}

/// As an operation does it, behind a boxed future that must be `Send`.
fn rename<'a>(directory: &'a Directory, name: &'a str, new: &'a str) -> BoxFuture<'a, Result<(), DirectoryError>> {
    Box::pin(directory.change(account(), async |change| {
        let found = directory.find::<UserRecord>(account(), name).await?.expect("there");
        let after = UserRecord { name: new.to_owned(), ..found.record.clone() };
        change.replace(&found, &after)
    }))
}

#[tokio::test]
async fn x() {
    let d = directory();
    rename(&d, "a", "b").await.expect("works");
}
