use trent_shared::AccountId;
use trent_store::{Batch, CommitError, Expect, Key, Version, Versioned};

use crate::directory::{Directory, DirectoryError};
use crate::entity::{Entity, EntityKind, Relation, address};
use crate::last_use::LAST_USES;
use crate::records::{
    ACCOUNT_ALIASES, ACCOUNTS_OF_ALIASES, EXPIRIES, IDS, RELATIONS, SESSIONS, SessionRecord, Whereabouts,
    expiry_address, session_address,
};

/// How often a change is tried when others change the same entities at the same time. Each conflict means that another change
/// succeeded, so this many in a row are a stampede.
const MOST_ATTEMPTS: usize = 64;

/// Changes of one account's entities that take place together or not at all, and only if nobody changed them since they
/// were read. What hangs on an entity (its id, its relations) is found by comparing it with what it was: no operation has
/// to think of it.
#[must_use = "a change does nothing until it is committed"]
pub struct Change {
    pub(crate) account: AccountId,
    pub(crate) batch: Batch,
    /// Who may be somebody else, or allowed something else, once it is made.
    pub(crate) concerned: Concerned,
    /// The ids of entities that are no more once it is made.
    removed: Vec<String>,
}

/// Of whom a change makes untrue what was found before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Concerned {
    Nobody,
    /// A session that was not there, by its access key id.
    NewSession(String),
    Everybody,
}

impl Directory {
    /// Makes a change as `edit` decides, which is asked again where somebody else was first. For seeds and tests: nobody can
    /// promise that the future can be sent to another thread, as that of an operation must be; see [`Change::attempts`].
    pub async fn change<T>(
        &self,
        account: AccountId,
        edit: impl AsyncFn(&mut Change) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        for mut change in Change::attempts(account) {
            let made = edit(&mut change).await?;
            if self.commit(change).await? {
                return Ok(made);
            }
        }
        Err(DirectoryError::TooManyConflicts)
    }

    /// Commits a change; `false` tells that somebody else was first, so that the caller must read and decide again.
    pub async fn commit(&self, change: Change) -> Result<bool, DirectoryError> {
        if change.batch.is_read_only() {
            return Ok(true);
        }
        match self.commit_batch(change.batch, change.concerned).await {
            Ok(()) => {
                self.last_uses.forget(&change.removed);
                Ok(true)
            }
            Err(CommitError::Conflict) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}

impl Change {
    /// As many changes as may be tried in a row, each after another one was first. Whoever changes something reads it,
    /// fills the change and commits it, until that succeeds; when all have failed, that is
    /// [`DirectoryError::TooManyConflicts`].
    pub fn attempts(account: AccountId) -> impl Iterator<Item = Self> {
        (0..MOST_ATTEMPTS).map(move |_| Self::of(account))
    }

    /// A change of an account's entities.
    pub fn of(account: AccountId) -> Self {
        Self { account, batch: Batch::new(), concerned: Concerned::Nobody, removed: Vec::new() }
    }

    /// Adds a new entity, whose name is free.
    pub fn add<E: Entity>(&mut self, new: &E) -> Result<(), DirectoryError> {
        self.batch.expect(E::table(), address(self.account, new.name()), Expect::Absent);
        self.write(None, Some(new))
    }

    /// Puts an entity in the place of what it was, also under another name, which must be free.
    pub fn replace<E: Entity>(&mut self, before: &Versioned<E>, after: &E) -> Result<(), DirectoryError> {
        self.expect(before);
        let (old, new) = (address(self.account, before.record.name()), address(self.account, after.name()));
        if old != new {
            self.batch.expect(E::table(), new, Expect::Absent);
            self.batch.delete(E::table(), old);
        }
        self.write(Some(&before.record), Some(after))
    }

    /// Removes an entity.
    pub fn remove<E: Entity>(&mut self, before: &Versioned<E>) -> Result<(), DirectoryError> {
        self.expect(before);
        self.batch.delete(E::table(), address(self.account, before.record.name()));
        let id = before.record.id();
        if matches!(E::KIND, EntityKind::AccessKey | EntityKind::Role) {
            self.batch.delete(&LAST_USES, (id,));
            self.removed.push(id.to_owned());
        }
        self.write(Some(&before.record), None)
    }

    /// Writes an entity again as it is. So two changes that both depend on something about it, like whether a policy is
    /// attached anywhere, cannot both be made.
    pub fn hold<E: Entity>(&mut self, read: &Versioned<E>) -> Result<(), DirectoryError> {
        self.expect(read);
        Ok(self.batch.put(E::table(), address(self.account, read.record.name()), &read.record)?)
    }

    /// Gives the account another alias, or none, in place of what was read; the new one is free.
    pub fn set_alias(&mut self, before: Option<&Versioned<String>>, after: Option<&str>) -> Result<(), DirectoryError> {
        let address = Key::from((self.account.as_str(),));
        self.batch.expect(&ACCOUNT_ALIASES, address.clone(), expected(before.map(|before| before.version)));
        if let Some(before) = before {
            self.batch.delete(&ACCOUNTS_OF_ALIASES, (&*before.record,));
            self.batch.delete(&ACCOUNT_ALIASES, address.clone());
        }
        if let Some(after) = after {
            self.batch.expect(&ACCOUNTS_OF_ALIASES, (after,), Expect::Absent);
            self.batch.put(&ACCOUNTS_OF_ALIASES, (after,), &self.account)?;
            self.batch.put(&ACCOUNT_ALIASES, address, &after.to_owned())?;
        }
        Ok(())
    }

    /// Adds a session.
    pub(crate) fn add_session(&mut self, session: &SessionRecord) -> Result<(), DirectoryError> {
        let id = &*session.access_key_id;
        self.concerned = Concerned::NewSession(id.to_owned());
        self.batch.expect(&SESSIONS, session_address(id), Expect::Absent);
        self.batch.put(&SESSIONS, session_address(id), session)?;
        Ok(self.batch.put(&EXPIRIES, expiry_address(session.expires, id), &())?)
    }

    /// Removes a session that is over.
    pub(crate) fn remove_session(&mut self, expiry: Key, access_key_id: &str) {
        self.batch.delete(&SESSIONS, session_address(access_key_id));
        self.batch.delete(&EXPIRIES, expiry);
    }

    fn expect<E: Entity>(&mut self, read: &Versioned<E>) {
        self.batch.expect(E::table(), address(self.account, read.record.name()), Expect::Version(read.version));
    }

    fn write<E: Entity>(&mut self, before: Option<&E>, after: Option<&E>) -> Result<(), DirectoryError> {
        self.concerned = Concerned::Everybody;
        for (relation, to, id) in before.into_iter().flat_map(relations) {
            self.batch.delete(&RELATIONS, relation_address::<E>(self.account, relation, to, id));
        }
        for (relation, to, id) in after.into_iter().flat_map(relations) {
            self.batch.put(&RELATIONS, relation_address::<E>(self.account, relation, to, id), &())?;
        }
        if let Some(before) = before.filter(|_| E::KIND.has_unique_ids()) {
            self.batch.delete(&IDS, (before.id(),));
        }
        let Some(after) = after else { return Ok(()) };
        if E::KIND.has_unique_ids() {
            let whereabouts = Whereabouts { account: self.account, kind: E::KIND, name: after.name().to_lowercase() };
            self.batch.put(&IDS, (after.id(),), &whereabouts)?;
        }
        Ok(self.batch.put(E::table(), address(self.account, after.name()), after)?)
    }
}

fn relations<E: Entity>(entity: &E) -> impl Iterator<Item = (Relation, &str, &str)> {
    entity.relations().into_iter().map(|(relation, to)| (relation, to, entity.id()))
}

fn relation_address<E: Entity>(account: AccountId, relation: Relation, to: &str, id: &str) -> Key {
    Key::from((account.as_str(), relation.as_str(), to, E::KIND.as_str(), id))
}

fn expected(version: Option<Version>) -> Expect {
    version.map_or(Expect::Absent, Expect::Version)
}
