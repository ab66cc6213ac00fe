//! Many clients at once over one engine: what was acknowledged holds, and keys, aliases and their indexes agree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use trent_store::{Batch, BoxFuture, CommitError, Engine, KeyRange, MemoryEngine, Row, Rows, StoreError, Table};
use trent_testkit::{Answer, Client, Cloud, MadeKey};

const CLIENTS: usize = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_aliases_and_indexes_agree_after_everybody_did_everything_at_once() {
    let engine = Arc::new(Interrupted::default());
    let cloud = Cloud::over(engine.clone());
    let mut shared = Vec::new();
    for _ in 0..4 {
        shared.push(cloud.make_key().await);
    }
    let shared = Arc::new(shared);
    let clients = (0..CLIENTS).map(|number| {
        let (client, shared) = (cloud.client(), shared.clone());
        async move { work(&client, number, &shared).await }
    });
    let tagged = clients.collect::<JoinSet<_>>().join_all().await.concat();
    assert!(tagged.len() >= CLIENTS, "hardly any tag was acknowledged: {}", tagged.len());
    assert_tags(&cloud, &tagged).await;
    assert_consistent(&*engine).await;

    cloud.clock().advance_days(30);
    cloud.sweep().await;
    assert_tags(&cloud, &tagged).await;
    let (keys, aliases) = assert_consistent(&*engine).await;
    // Each client left one of its two keys, with its alias, behind.
    assert_eq!(keys, shared.len() + CLIENTS);
    assert!(aliases >= CLIENTS, "{aliases}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_fifty_of_many_aliases_made_at_once_find_a_place() {
    let engine = Arc::new(Interrupted::default());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key().await;
    let made = (0..CLIENTS * 3).map(|number| {
        let (client, id) = (cloud.client(), key.id.clone());
        async move {
            let input = json!({ "AliasName": format!("alias/{number}"), "TargetKeyId": id });
            client.kms("CreateAlias", input).await
        }
    });
    let answers = made.collect::<JoinSet<_>>().join_all().await;
    let acknowledged = answers.iter().filter(|answer| answer.status == 200).count();
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.fails().code, "LimitExceededException");
    }
    let listed = cloud.kms("ListAliases", json!({ "KeyId": key.id, "Limit": 100 })).await.succeeds();
    assert_eq!(listed["Aliases"].as_array().map(Vec::len), Some(acknowledged));
    assert_eq!(acknowledged, 50);
    assert_consistent(&*engine).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_alias_name_is_given_once() {
    let cloud = Cloud::new();
    let clients = (0..CLIENTS).map(|_| {
        let client = cloud.client();
        async move {
            let key = client.make_key().await;
            client.kms("CreateAlias", json!({ "AliasName": "alias/one", "TargetKeyId": key.id })).await
        }
    });
    let answers = clients.collect::<JoinSet<_>>().join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refused.fails().code, "AlreadyExistsException");
    }
}

#[tokio::test]
async fn an_alias_that_leaves_a_key_while_it_is_swept_away_stays() {
    let engine = Arc::new(Interrupted::default());
    let cloud = Arc::new(Cloud::over(engine.clone()));
    let (old, new) = (cloud.make_key().await, cloud.make_key().await);
    cloud.kms("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": old.id })).await.succeeds();
    cloud.kms("ScheduleKeyDeletion", json!({ "KeyId": old.id, "PendingWindowInDays": 7 })).await.succeeds();
    cloud.clock().advance_days(7);

    // In the middle of the sweep, an UpdateAlias that began before the deletion date is done.
    let (interrupting, id) = (cloud.clone(), new.id.clone());
    engine.before_next_commit(async move {
        interrupting.clock().advance_millis(-1);
        let input = json!({ "AliasName": "alias/a", "TargetKeyId": id });
        interrupting.kms("UpdateAlias", input).await.succeeds();
        interrupting.clock().advance_millis(1);
    });
    cloud.sweep().await;
    assert_eq!(assert_consistent(&*engine).await, (1, 1));
    let described = cloud.kms("DescribeKey", json!({ "KeyId": "alias/a" })).await.succeeds();
    assert_eq!(described["KeyMetadata"]["KeyId"], json!(new.id));
}

#[tokio::test]
async fn a_page_of_a_keys_aliases_loses_nothing_when_one_goes_meanwhile() {
    let engine = Arc::new(Interrupted::default());
    let cloud = Arc::new(Cloud::over(engine.clone()));
    let key = cloud.make_key().await;
    for name in ["alias/a", "alias/b", "alias/c"] {
        cloud.kms("CreateAlias", json!({ "AliasName": name, "TargetKeyId": key.id })).await.succeeds();
    }
    // So that the key itself is not read again.
    cloud.kms("DescribeKey", json!({ "KeyId": key.id })).await.succeeds();

    let interrupting = cloud.clone();
    engine.after_next_get(async move {
        interrupting.kms("DeleteAlias", json!({ "AliasName": "alias/b" })).await.succeeds();
    });
    let mut input = json!({ "KeyId": key.id, "Limit": 1 });
    let first = cloud.kms("ListAliases", input.clone()).await.succeeds();
    input["Marker"] = first["NextMarker"].clone();
    let second = cloud.kms("ListAliases", input).await.succeeds();
    let names = [&first, &second].map(|page| page["Aliases"][0]["AliasName"].clone());
    assert_eq!(names, ["alias/a", "alias/c"]);
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let engine = Arc::new(Interrupted::default());
    let cloud = Arc::new(Cloud::over(engine.clone()));
    let key = cloud.make_key().await;
    let encrypt = json!({ "KeyId": key.id, "Plaintext": "AA==" });

    // The key is read for an encryption, and disabled before that is done.
    let (interrupting, id) = (cloud.clone(), key.id.clone());
    engine.after_next_get(async move {
        interrupting.kms("DisableKey", json!({ "KeyId": id })).await.succeeds();
    });
    cloud.kms("Encrypt", encrypt.clone()).await.succeeds();
    assert_eq!(cloud.kms("Encrypt", encrypt).await.fails().code, "DisabledException");
}

/// What the readers of a key know about its state, modulo 4: these two are acknowledged, the odd numbers between them mean
/// that a change is under way. It counts on, so that no two moments look alike.
const ENABLED: usize = 0;
const DISABLED: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_encryption_that_starts_after_an_acknowledged_change_sees_the_state_before_it() {
    let cloud = Cloud::over(Arc::new(Interrupted::default()));
    let key = cloud.make_key().await;
    let [phase, seen, end] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
    let readers = (0..16).map(|_| {
        let (client, id) = (cloud.client(), key.id.clone());
        let (phase, seen, end) = (phase.clone(), seen.clone(), end.clone());
        async move {
            while end.load(SeqCst) == 0 {
                let before = phase.load(SeqCst);
                let answer = client.kms("Encrypt", json!({ "KeyId": id, "Plaintext": "AA==" })).await;
                if phase.load(SeqCst) == before && before % 4 == ENABLED {
                    answer.succeeds();
                    seen.fetch_add(1, SeqCst);
                } else if phase.load(SeqCst) == before && before % 4 == DISABLED {
                    assert_eq!(answer.fails().code, "DisabledException");
                    seen.fetch_add(1, SeqCst);
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let mut readers = readers.collect::<JoinSet<_>>();
    for _ in 0..40 {
        for operation in ["DisableKey", "EnableKey"] {
            phase.fetch_add(1, SeqCst);
            cloud.kms(operation, json!({ "KeyId": key.id })).await.succeeds();
            let enough = seen.load(SeqCst) + 16;
            phase.fetch_add(1, SeqCst);
            while seen.load(SeqCst) < enough {
                assert!(readers.try_join_next().is_none(), "a reader saw a state from before an acknowledged change");
                tokio::task::yield_now().await;
            }
        }
    }
    end.store(1, SeqCst);
    readers.join_all().await;
}

/// What one of the clients does: keys of its own, one of which it deletes, and all that can be done to the shared ones.
/// Returns the keys and tags whose tagging was acknowledged.
async fn work(client: &Client, number: usize, shared: &[MadeKey]) -> Vec<(String, String)> {
    let mut tagged = Vec::new();
    let [kept, deleted] = [client.make_key().await, client.make_key().await];
    for (name, own) in [("kept", &kept), ("deleted", &deleted)] {
        let input = json!({ "AliasName": format!("alias/{name}/{number}"), "TargetKeyId": own.id });
        client.kms("CreateAlias", input).await.succeeds();
    }
    for round in 0..8 {
        let key = &shared[(number + round) % shared.len()];
        let tag = format!("{number}");
        let tags = json!([{ "TagKey": tag, "TagValue": "v" }]);
        if went_well(&client.kms("TagResource", json!({ "KeyId": key.id, "Tags": tags })).await) {
            tagged.push((key.id.clone(), tag));
        }
        let absent = json!(["absent"]);
        went_well(&client.kms("UntagResource", json!({ "KeyId": key.id, "TagKeys": absent })).await);
        // Sixteen names, each fought over by all.
        let alias = format!("alias/shared/{}", (number * 7 + round) % 16);
        went_well(&client.kms("CreateAlias", json!({ "AliasName": alias, "TargetKeyId": key.id })).await);
        let other = &shared[(number + round + 1) % shared.len()];
        went_well(&client.kms("UpdateAlias", json!({ "AliasName": alias, "TargetKeyId": other.id })).await);
        if round % 2 == 0 {
            went_well(&client.kms("UpdateAlias", json!({ "AliasName": alias, "TargetKeyId": deleted.id })).await);
        } else {
            went_well(&client.kms("DeleteAlias", json!({ "AliasName": alias })).await);
        }
        let operation = ["DisableKey", "EnableKey"][(number + round) % 2];
        went_well(&client.kms(operation, json!({ "KeyId": key.id })).await);
    }
    let input = json!({ "KeyId": deleted.id, "PendingWindowInDays": 7 + number % 24 });
    client.kms("ScheduleKeyDeletion", input).await.succeeds();
    tagged
}

/// Whether a call that others may have got in the way of was acknowledged; nothing else may have gone wrong with it.
fn went_well(answer: &Answer) -> bool {
    const OTHERS_WERE_FASTER: [&str; 5] = [
        "AlreadyExistsException",
        "NotFoundException",
        "LimitExceededException",
        "KMSInvalidStateException",
        "KMSInternalException",
    ];
    let went_well = answer.status == 200;
    assert!(went_well || OTHERS_WERE_FASTER.contains(&&*answer.fails().code), "{}", answer.text());
    went_well
}

async fn assert_tags(cloud: &Cloud, tagged: &[(String, String)]) {
    for (key, tag) in tagged {
        let listed = cloud.kms("ListResourceTags", json!({ "KeyId": key })).await.succeeds();
        let tags = listed["Tags"].as_array().expect("a list");
        assert!(tags.iter().any(|found| found["TagKey"] == json!(tag)), "{key} has lost the tag {tag}");
    }
}

/// Checks what is stored: each alias is in the index of the key that it points at and the index holds nothing else, no
/// key has more than fifty, and every key is listed. Returns the numbers of keys and aliases.
async fn assert_consistent(engine: &dyn Engine) -> (usize, usize) {
    static KEYS: Table<Value> = Table::new("kms.key", 1);
    static KEY_IDS: Table<()> = Table::new("kms.key-id", 1);
    static ALIASES: Table<Value> = Table::new("kms.alias", 1);
    static ALIASES_OF_KEY: Table<()> = Table::new("kms.alias-of-key", 1);

    let keys = KEYS.scan(engine, (), None, usize::MAX).await.expect("readable");
    let keys: BTreeSet<String> = keys.iter().map(|entry| text(&entry.key, 2)).collect();
    let ids = KEY_IDS.scan(engine, (), None, usize::MAX).await.expect("readable");
    assert_eq!(ids.iter().map(|entry| text(&entry.key, 2)).collect::<BTreeSet<_>>(), keys);

    let aliases = ALIASES.scan(engine, (), None, usize::MAX).await.expect("readable");
    let aliases = aliases.iter().map(|entry| {
        let target = entry.record["target"].as_str().expect("an id").to_owned();
        assert!(keys.contains(&target), "{} points at nothing", text(&entry.key, 2));
        (target, text(&entry.key, 2))
    });
    let aliases: BTreeSet<(String, String)> = aliases.collect();
    let index = ALIASES_OF_KEY.scan(engine, (), None, usize::MAX).await.expect("readable");
    assert_eq!(index.iter().map(|entry| (text(&entry.key, 2), text(&entry.key, 3))).collect::<BTreeSet<_>>(), aliases);

    let mut of_each = BTreeMap::<&str, usize>::new();
    for (key, _) in &aliases {
        *of_each.entry(key).or_default() += 1;
    }
    assert!(of_each.values().all(|number| *number <= 50), "{of_each:?}");
    (keys.len(), aliases.len())
}

fn text(key: &trent_store::Key, part: usize) -> String {
    key.text(part).expect("text").into_owned()
}

/// An engine in memory that takes its time, and lets something else happen at a given moment.
#[derive(Default)]
struct Interrupted {
    engine: MemoryEngine,
    after_get: Mutex<Option<BoxFuture<'static, ()>>>,
    before_commit: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl Interrupted {
    fn after_next_get(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.after_get.lock().expect("no panic") = Some(Box::pin(interruption));
    }

    fn before_next_commit(&self, interruption: impl Future<Output = ()> + Send + 'static) {
        *self.before_commit.lock().expect("no panic") = Some(Box::pin(interruption));
    }
}

impl Engine for Interrupted {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        let interruption = self.after_get.lock().expect("no panic").take();
        Box::pin(async move {
            let found = self.engine.get(key).await;
            pause(interruption).await;
            found
        })
    }

    fn scan(&self, range: KeyRange, limit: usize) -> BoxFuture<'_, Result<Rows, StoreError>> {
        Box::pin(async move {
            let found = self.engine.scan(range, limit).await;
            pause(None).await;
            found
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        let interruption = self.before_commit.lock().expect("no panic").take();
        Box::pin(async move {
            pause(interruption).await;
            let committed = self.engine.commit(batch).await;
            pause(None).await;
            committed
        })
    }
}

async fn pause(interruption: Option<BoxFuture<'static, ()>>) {
    match interruption {
        Some(interruption) => interruption.await,
        None => tokio::task::yield_now().await,
    }
}
