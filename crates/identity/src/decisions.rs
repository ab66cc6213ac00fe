use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use trent_policy::{By, Cited, Explanation};
use trent_shared::{AccountId, Caller, Context, RequestId, Timestamp};
use uuid::Uuid;

/// Decisions remembered of each kind: those that allow come in masses, those that deny are what somebody asks about.
const MOST_ALLOWED: usize = 256;
const MOST_DENIED: usize = 256;

/// The latest decisions, so that one can be asked why.
///
/// Every request is noted on its way, so noting that it is allowed must cost next to nothing: the places of a ring are
/// used again with what they have allocated.
#[derive(Default)]
pub struct DecisionLog {
    allowed: Mutex<Ring>,
    denied: Mutex<VecDeque<DecisionRecord>>,
}

/// One decision, as it is read back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecisionRecord {
    pub request_id: RequestId,
    /// By the clock.
    #[serde(skip)]
    pub at: Timestamp,
    /// The account of the caller.
    #[serde(skip)]
    pub account: AccountId,
    pub principal: String,
    pub action: String,
    pub resource: String,
    #[serde(flatten)]
    pub outcome: RecordedOutcome,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum RecordedOutcome {
    Allowed(RecordedAllow),
    Denied {
        /// Random, so that who knows it was told it: request ids are no secrets.
        #[serde(skip)]
        id: Uuid,
        /// Whether the resource is of another account than the caller, whom its policy is not to be told.
        #[serde(skip)]
        is_foreign: bool,
        /// Whether the request went on all the same, since denials are only observed.
        only_observed: bool,
        /// What the client was told, or would have been.
        message: String,
        explanation: Box<Explanation>,
    },
}

/// What allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordedAllow {
    /// `the account's root user`, `key policy` and so on.
    pub by: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<RecordedStatement>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub grant_id: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordedStatement {
    pub policy: String,
    pub index: usize,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sid: String,
}

/// Places that are used one after the other and all over again, where they are: all of them fit into a core's cache.
#[derive(Default)]
struct Ring {
    places: Vec<Allowed>,
    next: usize,
}

struct Allowed {
    request_id: RequestId,
    at: Timestamp,
    caller: Caller,
    action: &'static str,
    resource: String,
    by: &'static str,
    grant_id: String,
    /// Places for the resource's statement and the identity policy's.
    statements: [(bool, RecordedStatement); 2],
}

impl DecisionLog {
    pub(crate) fn allowed(&self, cx: &Context, at: Timestamp, action: &'static str, resource: &str, by: &By<'_>) {
        let mut ring = lock(&self.allowed);
        let Ring { places, next } = &mut *ring;
        if places.len() == *next && *next < MOST_ALLOWED {
            places.push(Allowed::nothing(cx));
        }
        *next %= MOST_ALLOWED;
        let Some(place) = places.get_mut(*next) else { return };
        *next += 1;
        (place.request_id, place.at, place.action) = (cx.request_id, at, action);
        if place.caller != cx.caller {
            place.caller = cx.caller.clone();
        }
        rewrite(&mut place.resource, resource);
        place.note(by);
    }

    pub(crate) fn denied(&self, record: DecisionRecord) {
        let mut ring = lock(&self.denied);
        if ring.len() == MOST_DENIED {
            ring.pop_front();
        }
        ring.push_back(record);
    }

    /// All that was decided on a request, in its order; nothing where it is forgotten, or was never decided on.
    pub fn of(&self, request: RequestId) -> Vec<DecisionRecord> {
        let mut found: Vec<DecisionRecord> =
            lock(&self.allowed).iter().filter(|allowed| allowed.request_id == request).map(Allowed::record).collect();
        // A request goes no further than its first denial, unless denials are only observed.
        let denied = lock(&self.denied);
        found.extend(denied.iter().filter(|record| record.request_id == request).cloned());
        found
    }

    /// The denial that has this id.
    pub fn denial(&self, wanted: Uuid) -> Option<DecisionRecord> {
        let has_id =
            |record: &&DecisionRecord| matches!(record.outcome, RecordedOutcome::Denied { id, .. } if id == wanted);
        lock(&self.denied).iter().find(has_id).cloned()
    }

    /// The latest denials, the last one first.
    pub fn latest_denials(&self, most: usize) -> Vec<DecisionRecord> {
        lock(&self.denied).iter().rev().take(most).cloned().collect()
    }
}

impl Ring {
    /// The oldest first.
    fn iter(&self) -> impl Iterator<Item = &Allowed> {
        let (newer, older) = self.places.split_at(self.next.min(self.places.len()));
        older.iter().chain(newer)
    }
}

impl Allowed {
    /// A place to be written.
    fn nothing(cx: &Context) -> Self {
        Self {
            request_id: cx.request_id,
            at: Timestamp::from_millis(0),
            caller: cx.caller.clone(),
            action: "",
            resource: String::new(),
            by: "",
            grant_id: String::new(),
            statements: Default::default(),
        }
    }

    fn note(&mut self, by: &By<'_>) {
        let (by, resource, identity, grant_id) = match *by {
            By::Root { resource } => ("the account's root user", resource, None, ""),
            By::Resource { resource, .. } => ("the resource's policy", Some(resource), None, ""),
            By::Identity { identity } => ("an identity policy", None, Some(identity), ""),
            By::Both { resource, identity } => {
                ("an identity policy, which the resource's policy leaves it to", Some(resource), Some(identity), "")
            }
            By::Grant { grant_id, identity } => ("a grant", None, identity, grant_id),
        };
        self.by = by;
        rewrite(&mut self.grant_id, grant_id);
        for ((is_there, place), cited) in self.statements.iter_mut().zip([resource, identity]) {
            *is_there = cited.is_some();
            if let Some(Cited { policy, statement }) = cited {
                place.index = statement.index;
                rewrite(&mut place.policy, policy);
                rewrite(&mut place.sid, statement.sid.unwrap_or_default());
            }
        }
    }

    fn record(&self) -> DecisionRecord {
        let statements = self.statements.iter().filter(|(is_there, _)| *is_there);
        DecisionRecord {
            request_id: self.request_id,
            at: self.at,
            account: self.caller.account,
            principal: self.caller.arn().to_string(),
            action: self.action.to_owned(),
            resource: self.resource.clone(),
            outcome: RecordedOutcome::Allowed(RecordedAllow {
                by: self.by,
                statements: statements.map(|(_, statement)| statement.clone()).collect(),
                grant_id: self.grant_id.clone(),
            }),
        }
    }
}

/// Puts another text in a place without giving its memory back.
fn rewrite(place: &mut String, text: &str) {
    place.clear();
    place.push_str(text);
}

/// Nothing that is locked here is ever half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
