//! A directory over an engine in memory, a clock that tests turn, and entropy that repeats itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use trent_shared::{
    AccessKeyId, AccountId, Caller, Clock, Context, Entropy, Partition, Principal, Region, RequestId, SecretString,
    Timestamp, random_uuid,
};
use trent_store::MemoryEngine;

use crate::{
    AccessKeyRecord, Directory, DirectoryOptions, Entity, GroupRecord, IdKind, PolicyRecord, PolicyVersion, RoleRecord,
    SessionPrincipal, SessionRecord, UserRecord,
};

/// A document that allows one action on everything.
pub(crate) fn allowing(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

pub(crate) fn account() -> AccountId {
    "111122223333".parse().expect("valid")
}

pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// A linear congruential generator: all that tests need of chance is that it differs.
pub(crate) struct TestEntropy(AtomicU64);

impl TestEntropy {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let next =
                |state: u64| state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let state = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |state| Some(next(state)));
            *byte = state.expect("always some").to_be_bytes()[0];
        }
    }
}

/// A directory, and the clock that it is told by.
pub(crate) struct Lab {
    pub(crate) directory: Arc<Directory>,
    pub(crate) clock: Arc<TestClock>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(DirectoryOptions::default())
    }

    pub(crate) fn with(options: DirectoryOptions) -> Self {
        let clock = Arc::new(TestClock(AtomicI64::new(1_790_597_408_399)));
        let entropy = Arc::new(TestEntropy::new());
        let directory = Directory::new(Arc::new(MemoryEngine::new()), clock.clone(), entropy, options);
        Self { directory: Arc::new(directory), clock }
    }

    pub(crate) fn user(&self, name: &str) -> UserRecord {
        UserRecord {
            id: self.directory.new_id(IdKind::User, account()),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: self.directory.now(),
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            groups: BTreeSet::new(),
        }
    }

    pub(crate) fn group(&self, name: &str) -> GroupRecord {
        GroupRecord {
            id: self.directory.new_id(IdKind::Group, account()),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: self.directory.now(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
        }
    }

    pub(crate) fn role(&self, name: &str) -> RoleRecord {
        RoleRecord {
            id: self.directory.new_id(IdKind::Role, account()),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: self.directory.now(),
            description: None,
            trust_policy: String::new(),
            trusted_ids: BTreeMap::new(),
            max_session_seconds: 3600,
            boundary: None,
            tags: BTreeMap::new(),
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
        }
    }

    pub(crate) fn policy(&self, name: &str, document: String) -> PolicyRecord {
        let now = self.directory.now();
        PolicyRecord {
            id: self.directory.new_id(IdKind::Policy, account()),
            path: "/".to_owned(),
            name: name.to_owned(),
            created: now,
            updated: now,
            description: None,
            tags: BTreeMap::new(),
            versions: BTreeMap::from([(1, PolicyVersion { document, created: now })]),
            default_version: 1,
            next_version: 2,
        }
    }

    pub(crate) fn key_of(&self, user: &UserRecord) -> AccessKeyRecord {
        AccessKeyRecord {
            id: self.directory.new_id(IdKind::AccessKey, account()),
            secret: self.directory.new_secret(),
            user: user.id.clone(),
            is_active: true,
            created: self.directory.now(),
        }
    }

    pub(crate) fn session(&self, principal: SessionPrincipal) -> SessionRecord {
        let issued = self.directory.now();
        SessionRecord {
            access_key_id: self.directory.new_id(IdKind::TemporaryAccessKey, account()),
            secret: self.directory.new_secret(),
            token: SecretString::new("token".to_owned()),
            account: account(),
            principal,
            policies: None,
            tags: BTreeMap::new(),
            transitive_tags: BTreeSet::new(),
            issued,
            expires: Timestamp::from_millis(issued.as_millis() + 3_600_000),
            mfa: None,
            source_identity: None,
            federated_provider: None,
            is_chained: false,
        }
    }

    pub(crate) async fn add<E: Entity>(&self, new: &E) {
        let added = self.directory.change(account(), async |change| change.add(new)).await;
        added.expect("the name is free");
    }

    pub(crate) async fn edit<E: Entity>(&self, name: &str, edit: impl Fn(&mut E)) {
        let edited = self.directory.change(account(), async |change| {
            let before = self.directory.find::<E>(account(), name).await?.expect("there");
            let mut after = before.record.clone();
            edit(&mut after);
            change.replace(&before, &after)
        });
        edited.await.expect("works");
    }

    pub(crate) fn caller(principal: Principal) -> Caller {
        Caller { partition: Partition::Aws, account: account(), principal, access_key: None }
    }

    /// The caller of a session that has been added.
    pub(crate) async fn session_caller(&self, session: &SessionRecord) -> Caller {
        assert!(self.directory.add_session(session).await.expect("works"));
        let caller = session.caller(Partition::Aws);
        assert_eq!(caller.access_key, Some(AccessKeyId::new(&session.access_key_id)));
        caller
    }
}

/// A request of a caller.
pub(crate) fn request(caller: Caller) -> Context {
    Context::new(RequestId::new(random_uuid(&TestEntropy::new())), Region::default(), caller)
}
