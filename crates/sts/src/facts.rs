//! The condition keys of STS: what a trust policy can ask about a request for a session.

use std::borrow::Cow;
use std::collections::BTreeMap;

use trent_policy::Values;

use crate::tags::SessionTags;

/// The names of keys, in lower case, as policies are asked for them.
pub(crate) mod key {
    pub(crate) const EXTERNAL_ID: &str = "sts:externalid";
    pub(crate) const ROLE_SESSION_NAME: &str = "sts:rolesessionname";
    pub(crate) const SOURCE_IDENTITY: &str = "sts:sourceidentity";
    pub(crate) const FEDERATED_PROVIDER: &str = "aws:federatedprovider";
}

/// What is known of one request. Nothing unless said.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts(BTreeMap<String, Fact>);

#[derive(Debug, Clone)]
enum Fact {
    One(String),
    Many(Vec<String>),
}

impl Facts {
    /// The tags of the role that the request is for.
    pub(crate) fn about(tags: &BTreeMap<String, String>) -> Self {
        let keys = tags.iter().flat_map(|(key, value)| {
            ["aws:resourcetag", "iam:resourcetag"].map(|family| (format!("{family}/{key}"), value))
        });
        keys.fold(Self::default(), |facts, (key, value)| facts.and(&key, Some(value)))
    }

    /// One more key, if it has a value.
    #[must_use]
    pub(crate) fn and(mut self, key: &str, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| (key.to_lowercase(), Fact::One(value.to_owned()))));
        self
    }

    /// One more key, which may have several values.
    #[must_use]
    pub(crate) fn and_many(mut self, key: &str, values: Vec<String>) -> Self {
        self.0.insert(key.to_lowercase(), Fact::Many(values));
        self
    }

    /// The tags that the request brings.
    #[must_use]
    pub(crate) fn tagging(self, tags: &SessionTags) -> Self {
        let each =
            |facts: Self, (key, value): (&String, &String)| facts.and(&format!("aws:requesttag/{key}"), Some(value));
        tags.requested()
            .iter()
            .fold(self, each)
            .and_many("aws:tagkeys", tags.requested().keys().cloned().collect())
            .and_many("sts:transitivetagkeys", tags.requested_transitive().iter().cloned().collect())
    }
}

impl trent_policy::Facts for Facts {
    fn values(&self, key: &str) -> Values<'_> {
        match self.0.get(key) {
            None => Values::Absent,
            Some(Fact::One(value)) => Values::One(Cow::Borrowed(value)),
            Some(Fact::Many(values)) => Values::Many(values.iter().map(|value| Cow::Borrowed(&**value)).collect()),
        }
    }
}
