//! What services keep in memory beside the store, the count of keys and their last uses, and the store itself: they agree
//! after restarts, failures of the store, and clients that hang up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use serde_json::{Value, json};
use trent_store::{Batch, BoxFuture, CommitError, Engine, KeyRange, MemoryEngine, Row, Rows, StoreError, Table};
use trent_testkit::{Cloud, KmsOptions, MadeKey};

fn cloud_with_quota(engine: &Arc<Faulty>, keys: usize) -> Cloud {
    let mut options = KmsOptions::default();
    options.quotas.keys = keys;
    Cloud::build(engine.clone(), options)
}

async fn assert_full(cloud: &Cloud) {
    assert_eq!(cloud.kms("CreateKey", json!({})).await.fails().code, "LimitExceededException");
}

#[tokio::test]
async fn keys_are_counted_after_a_restart() {
    let engine = Arc::new(Faulty::default());
    let before = Cloud::over(engine.clone());
    // More than are read at a time; and keys of AWS, which do not count.
    for _ in 0..1001 {
        before.make_key().await;
    }
    before.kms("DescribeKey", json!({ "KeyId": "alias/aws/sqs" })).await.succeeds();
    before.client().in_region("eu-west-1").make_key().await;
    let after = cloud_with_quota(&engine, 1002);
    skip_old_ids(&after).await;
    after.make_key().await;
    assert_full(&after).await;
}

#[tokio::test]
async fn keys_deleted_before_the_first_count_are_not_counted() {
    let engine = Arc::new(Faulty::default());
    let before = Cloud::over(engine.clone());
    let (gone, _left) = (before.make_key().await, before.make_key().await);
    before.kms("ScheduleKeyDeletion", json!({ "KeyId": gone.id, "PendingWindowInDays": 7 })).await.succeeds();
    let after = cloud_with_quota(&engine, 2);
    after.clock().advance_days(7);
    after.sweep().await;
    skip_old_ids(&after).await;
    after.make_key().await;
    assert_full(&after).await;
}

#[tokio::test]
async fn keys_deleted_while_they_are_counted_are_counted_out_once() {
    for head_start in 0..40 {
        let engine = Arc::new(Faulty::default());
        let before = Cloud::over(engine.clone());
        for _ in 0..3 {
            let key = before.make_key().await;
            before.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id, "PendingWindowInDays": 7 })).await.succeeds();
        }
        before.make_key().await;
        let after = cloud_with_quota(&engine, 5);
        skip_old_ids(&after).await;
        after.clock().advance_days(7);
        let sweep = after.sweep();
        let create = async {
            for _ in 0..head_start {
                tokio::task::yield_now().await;
            }
            after.make_key().await
        };
        tokio::join!(sweep, create);
        while keys(&after).await < 5 {
            after.make_key().await;
        }
        assert_full(&after).await;
    }
}

#[tokio::test]
async fn a_key_that_was_not_written_gives_its_place_back_and_one_that_was_keeps_it() {
    let engine = Arc::new(Faulty::default());
    let cloud = cloud_with_quota(&engine, 2);
    for _ in 0..3 {
        engine.at_next_commit(FAIL_BEFORE);
        assert_eq!(cloud.kms("CreateKey", json!({})).await.fails().code, "KMSInternalException");
    }
    engine.at_next_commit(FAIL_AFTER);
    assert_eq!(cloud.kms("CreateKey", json!({})).await.fails().code, "KMSInternalException");
    cloud.make_key().await;
    assert_full(&cloud).await;
    assert_eq!(keys(&cloud).await, 2);
}

#[tokio::test]
async fn a_deletion_that_fails_frees_no_place_and_one_that_only_seems_to_does() {
    let engine = Arc::new(Faulty::default());
    let cloud = cloud_with_quota(&engine, 1);
    for (fault, is_free) in [(FAIL_BEFORE, false), (FAIL_AFTER, true)] {
        let key = match cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"][0]["KeyId"].as_str() {
            Some(id) => id.to_owned(),
            None => cloud.make_key().await.id,
        };
        let input = json!({ "KeyId": key, "PendingWindowInDays": 7 });
        cloud.kms("ScheduleKeyDeletion", input).await;
        cloud.clock().advance_days(7);
        engine.at_next_commit(fault);
        cloud.try_sweep().await.expect_err("the engine fails");
        assert_eq!(cloud.kms("CreateKey", json!({})).await.status == 200, is_free);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_true_count() {
    let engine = Arc::new(Faulty::default());
    let cloud = cloud_with_quota(&engine, 3);
    for polls in 1..20 {
        let client = cloud.client();
        let mut call = Box::pin(async move { client.kms("CreateKey", json!({})).await });
        for _ in 0..polls {
            let waker = std::task::Waker::noop();
            if call.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
    }
    // Whatever is still under way comes to its end.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    while keys(&cloud).await < 3 {
        cloud.make_key().await;
    }
    assert_full(&cloud).await;
    assert_eq!(keys(&cloud).await, 3);
}

#[tokio::test]
async fn uses_outlive_the_process_if_it_ends_well() {
    let engine = Arc::new(Faulty::default());
    let before = Cloud::over(engine.clone());
    let (written, lost) = (before.make_key().await, before.make_key().await);
    encrypt(&before, &written).await;
    let noted = last_use(&before, &written).await;
    before.flush().await;
    encrypt(&before, &lost).await;
    assert_eq!(last_use(&before, &lost).await["Operation"], "Encrypt");

    let after = Cloud::over(engine.clone());
    assert_eq!(last_use(&after, &written).await, noted);
    assert_eq!(last_use(&after, &lost).await, json!({}));
}

#[tokio::test]
async fn sweeps_write_uses_down_once_a_minute() {
    let engine = Arc::new(Faulty::default());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key().await;
    let is_written = || async { last_use(&Cloud::over(engine.clone()), &key).await != json!({}) };
    cloud.sweep().await;
    encrypt(&cloud, &key).await;
    cloud.clock().advance_millis(59_999);
    cloud.sweep().await;
    assert!(!is_written().await);
    cloud.clock().advance_millis(1);
    cloud.sweep().await;
    assert!(is_written().await);
}

#[tokio::test]
async fn a_use_while_the_one_before_is_written_down_is_written_the_next_time() {
    let engine = Arc::new(Faulty::default());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key().await;
    encrypt(&cloud, &key).await;
    let first = last_use(&cloud, &key).await;
    tokio::join!(biased; cloud.flush(), encrypt(&cloud, &key));
    assert_eq!(last_use(&Cloud::over(engine.clone()), &key).await, first);
    let second = last_use(&cloud, &key).await;
    cloud.flush().await;
    assert_eq!(last_use(&Cloud::over(engine), &key).await, second);
    assert_ne!(first, second);
}

#[tokio::test]
async fn what_could_not_be_written_is_written_the_next_time() {
    let engine = Arc::new(Faulty::default());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key().await;
    encrypt(&cloud, &key).await;
    engine.at_next_commit(FAIL_BEFORE);
    cloud.try_sweep().await.expect_err("the engine fails");
    cloud.clock().advance_millis(60_000);
    cloud.sweep().await;
    assert_eq!(last_use(&Cloud::over(engine), &key).await["Operation"], "Encrypt");
}

#[tokio::test]
async fn nothing_is_left_of_the_uses_of_a_deleted_key() {
    static LAST_USES: Table<Value> = Table::new("kms.last-use", 1);
    let engine = Arc::new(Faulty::default());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key().await;
    encrypt(&cloud, &key).await;
    cloud.flush().await;
    let written = || async { LAST_USES.scan(&*engine, (), None, 9).await.expect("readable").len() };
    assert_eq!(written().await, 1);
    cloud.kms("ScheduleKeyDeletion", json!({ "KeyId": key.id, "PendingWindowInDays": 7 })).await.succeeds();
    cloud.clock().advance_days(7);
    cloud.sweep().await;
    cloud.flush().await;
    assert_eq!(written().await, 0);
}

/// How many keys there are.
async fn keys(cloud: &Cloud) -> usize {
    cloud.kms("ListKeys", json!({})).await.succeeds()["Keys"].as_array().map_or(0, Vec::len)
}

/// Lets a new cloud over an old engine make other ids than its predecessor did: both have the same entropy.
async fn skip_old_ids(cloud: &Cloud) {
    cloud.kms("GenerateRandom", json!({ "NumberOfBytes": 8 })).await.succeeds();
}

async fn encrypt(cloud: &Cloud, key: &MadeKey) {
    cloud.kms("Encrypt", json!({ "KeyId": key.id, "Plaintext": "AA==" })).await.succeeds();
}

async fn last_use(cloud: &Cloud, key: &MadeKey) -> Value {
    cloud.kms("GetKeyLastUsage", json!({ "KeyId": key.id })).await.succeeds()["KeyLastUsage"].clone()
}

const WORK: u8 = 0;
/// Fail without having written anything.
const FAIL_BEFORE: u8 = 1;
/// Write, and say that it failed.
const FAIL_AFTER: u8 = 2;

/// An engine in memory whose next commit can be made to fail.
#[derive(Default)]
struct Faulty {
    engine: MemoryEngine,
    next_commit: AtomicU8,
}

impl Faulty {
    /// What shall become of the next commit that writes anything.
    fn at_next_commit(&self, what: u8) {
        self.next_commit.store(what, SeqCst);
    }
}

impl Engine for Faulty {
    fn get<'a>(&'a self, key: &'a [u8]) -> BoxFuture<'a, Result<Option<Row>, StoreError>> {
        self.engine.get(key)
    }

    fn scan(&self, range: KeyRange, limit: usize) -> BoxFuture<'_, Result<Rows, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.engine.scan(range, limit).await
        })
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let fault = if batch.is_read_only() { WORK } else { self.next_commit.swap(WORK, SeqCst) };
            match fault {
                FAIL_BEFORE => Err(StoreError::Stopped.into()),
                FAIL_AFTER => self.engine.commit(batch).await.and(Err(StoreError::Stopped.into())),
                _ => self.engine.commit(batch).await,
            }
        })
    }
}
