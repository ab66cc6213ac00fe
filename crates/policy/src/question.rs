use std::borrow::Cow;
use std::collections::BTreeMap;

use trent_shared::Caller;

/// What a policy is asked: may this caller do this to that, on a request that carries these condition keys?
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub caller: &'a Caller,
    /// `kms:Encrypt`. The case of its letters does not matter.
    pub action: &'a str,
    /// The ARN, or `*` for actions that have no resource.
    pub resource: &'a str,
    pub facts: &'a dyn Facts,
}

/// The condition keys of a request.
pub trait Facts: Sync {
    /// What the request carries under a key. Keys are case-insensitive; `key` is in lower case
    /// (`kms:encryptioncontext:department`).
    fn values(&self, key: &str) -> Values<'_>;
}

/// The value of a condition key in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values<'a> {
    Absent,
    One(Cow<'a, str>),
    /// The key is multi-valued. An empty list is the same as [`Absent`](Self::Absent).
    Many(Vec<Cow<'a, str>>),
}

/// A request without any condition keys.
impl Facts for () {
    fn values(&self, _key: &str) -> Values<'_> {
        Values::Absent
    }
}

/// Single-valued keys from a map; its keys are in lower case.
impl Facts for BTreeMap<String, String> {
    fn values(&self, key: &str) -> Values<'_> {
        self.get(key).map_or(Values::Absent, |value| Values::One(Cow::Borrowed(value)))
    }
}
