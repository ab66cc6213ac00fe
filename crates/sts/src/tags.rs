//! Session tags: those that a request brings, and those that the calling session passes on.

use std::collections::{BTreeMap, BTreeSet};

use trent_identity::SessionFacts;
use trent_shared::ApiError;

use crate::api::Tag;
use crate::messages;

/// The tags of a new session. Keys differ in more than the case of their letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SessionTags {
    requested: BTreeMap<String, String>,
    /// The keys of those that the next session gets too, as they are spelt in `requested`.
    requested_transitive: BTreeSet<String>,
    /// From the calling session; transitive again.
    inherited: BTreeMap<String, String>,
}

impl SessionTags {
    /// How many tags there may be, with the model's own limits, is checked before.
    pub(crate) fn of(tags: Option<Vec<Tag>>, transitive_keys: Option<Vec<String>>) -> Result<Self, ApiError> {
        let mut new = Self::default();
        for Tag { key, value } in tags.unwrap_or_default() {
            if find(&new.requested, &key).is_some() {
                return Err(messages::duplicate_tags());
            }
            if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
                return Err(messages::reserved_tag());
            }
            new.requested.insert(key, value);
        }
        for key in transitive_keys.unwrap_or_default() {
            let tag = find(&new.requested, &key).ok_or_else(messages::transitive_tag_is_no_tag)?;
            new.requested_transitive.insert(tag.clone());
        }
        Ok(new)
    }

    /// With what the calling session passes on, which cannot be set anew.
    pub(crate) fn inheriting(mut self, session: Option<&SessionFacts>) -> Result<Self, ApiError> {
        let Some(session) = session else { return Ok(self) };
        for key in &session.transitive_tags {
            if find(&self.requested, key).is_some() {
                return Err(messages::tag_is_inherited());
            }
            self.inherited.extend(session.tags.get_key_value(key).map(|(key, value)| (key.clone(), value.clone())));
        }
        Ok(self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requested.is_empty() && self.inherited.is_empty()
    }

    pub(crate) fn requested(&self) -> &BTreeMap<String, String> {
        &self.requested
    }

    pub(crate) fn requested_transitive(&self) -> &BTreeSet<String> {
        &self.requested_transitive
    }

    /// All that the session has.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.inherited.clone().into_iter().chain(self.requested.clone()).collect()
    }

    /// The keys of those that the next session gets too.
    pub(crate) fn transitive(&self) -> BTreeSet<String> {
        self.inherited.keys().chain(&self.requested_transitive).cloned().collect()
    }
}

/// The key as it is spelt there.
fn find<'t>(tags: &'t BTreeMap<String, String>, key: &str) -> Option<&'t String> {
    tags.keys().find(|known| known.to_lowercase() == key.to_lowercase())
}
