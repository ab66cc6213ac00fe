//! How much an account may have (cloudtrail-and-quotas.md B1), and the count of its keys.
//!
//! The count must not cost a scan for each new key, and must never let more keys come into being than the quota allows,
//! however many are made at once. So it is kept in memory, found by one scan when it is first needed, and moved by every
//! creation and deletion from then on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use tokio::sync::{OnceCell, OwnedRwLockReadGuard, RwLock};
use trent_shared::{AccountId, ApiError, Region};
use trent_store::{CommitError, Engine, StoreError};

use crate::Kms;
use crate::identifier::KeyArn;
use crate::messages;
use crate::records::{KEY_IDS, account_address, key_address};

/// The quotas of an account in a Region that can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub struct Quotas {
    /// Customer managed keys, in whichever state.
    pub keys: usize,
    pub aliases_per_key: usize,
    pub grants_per_key: usize,
    pub on_demand_rotations_per_key: u32,
    /// The largest key policy, in bytes.
    pub key_policy_bytes: usize,
}

/// How many customer managed keys there are, by Region and account.
#[derive(Default)]
pub(crate) struct KeyCounts(Mutex<HashMap<(Region, AccountId), Arc<KeyCount>>>);

#[derive(Default)]
struct KeyCount {
    /// Found by one scan. From then on it also counts the keys that are about to be made.
    keys: OnceCell<AtomicUsize>,
    /// Held for writing by the scan, and for reading by whoever makes or deletes a key, from before the commit until that
    /// is counted. So the scan sees nothing that is counted once more afterwards.
    scan: Arc<RwLock<()>>,
}

/// The making or the deletion of a key, which is counted once it is known to have happened.
#[must_use = "what is dropped before its commit counts as not having happened"]
pub(crate) struct CountedChange {
    arn: KeyArn,
    kind: Kind,
    has_happened: bool,
    count: Arc<KeyCount>,
    /// `None` once the scan is done: there is but one.
    _no_scan: Option<OwnedRwLockReadGuard<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its place was taken beforehand, and is given back if it does not happen.
    Creation,
    /// Of an AWS managed key, which takes no place.
    CreationByAws,
    Deletion,
}

/// How many keys the scan reads at a time.
const PAGE: usize = 1000;

impl Default for Quotas {
    /// AWS's.
    fn default() -> Self {
        Self {
            keys: 100_000,
            aliases_per_key: 50,
            grants_per_key: 50_000,
            on_demand_rotations_per_key: 25,
            key_policy_bytes: 32_768,
        }
    }
}

impl Kms {
    /// Takes a place under the quota for a customer managed key that is about to be made.
    pub(crate) async fn place_for_key(&self, arn: &KeyArn) -> Result<CountedChange, ApiError> {
        let count = self.key_counts.of(arn);
        let keys = count.keys.get_or_try_init(|| self.count_keys(arn, &count.scan)).await.map_err(messages::store)?;
        let quota = self.options.quotas.keys;
        let taken = keys.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |keys| (keys < quota).then_some(keys + 1));
        taken.map_err(|keys| messages::too_many_keys(quota, keys))?;
        Ok(CountedChange::new(arn, Kind::Creation, Arc::clone(&count), None))
    }

    /// To be held while an AWS managed key is made, for which there is always a place.
    pub(crate) async fn place_for_managed_key(&self, arn: &KeyArn) -> CountedChange {
        self.begin_change_of_count(arn, Kind::CreationByAws).await
    }

    /// To be held while a customer managed key is deleted, whose place it gives back.
    pub(crate) async fn leave_of_key(&self, arn: &KeyArn) -> CountedChange {
        self.begin_change_of_count(arn, Kind::Deletion).await
    }

    async fn begin_change_of_count(&self, arn: &KeyArn, kind: Kind) -> CountedChange {
        let count = self.key_counts.of(arn);
        let no_scan = Arc::clone(&count.scan).read_owned().await;
        CountedChange::new(arn, kind, count, Some(no_scan))
    }

    async fn count_keys(&self, arn: &KeyArn, scan: &RwLock<()>) -> Result<AtomicUsize, StoreError> {
        let _nothing_changes = scan.write().await;
        let account = account_address(&arn.region, arn.account);
        let (mut keys, mut last) = (0, None);
        loop {
            let page = KEY_IDS.scan(&*self.engine, account.clone(), last.as_ref(), PAGE).await?;
            keys += page.len();
            match page.into_iter().next_back() {
                Some(entry) => last = Some(entry.key),
                None => break,
            }
        }
        let managed = self.managed_aliases(&arn.region, arn.account).await?;
        Ok(AtomicUsize::new(keys.saturating_sub(managed.len())))
    }
}

impl KeyCounts {
    fn of(&self, arn: &KeyArn) -> Arc<KeyCount> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(counts.entry((arn.region.clone(), arn.account)).or_default())
    }
}

impl CountedChange {
    fn new(arn: &KeyArn, kind: Kind, count: Arc<KeyCount>, no_scan: Option<OwnedRwLockReadGuard<()>>) -> Self {
        Self { arn: arn.clone(), kind, has_happened: false, count, _no_scan: no_scan }
    }

    /// Counts the change as its commit turned out.
    pub(crate) async fn end(mut self, commit: &Result<(), CommitError>, engine: &dyn Engine) {
        self.has_happened = match commit {
            Ok(()) => true,
            Err(CommitError::Conflict) => false,
            // Whether it was written is not known. Should a look not tell, the key counts: the quota is never exceeded.
            Err(CommitError::Store(_)) => {
                let is_gone = matches!(KEY_IDS.get(engine, key_address(&self.arn)).await, Ok(None));
                is_gone == (self.kind == Kind::Deletion)
            }
        };
    }
}

impl Drop for CountedChange {
    fn drop(&mut self) {
        let is_one_less = match self.kind {
            Kind::Creation => !self.has_happened,
            Kind::CreationByAws => false,
            Kind::Deletion => self.has_happened,
        };
        if let (true, Some(keys)) = (is_one_less, self.count.keys.get()) {
            keys.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::task::JoinSet;
    use trent_testkit::{Client, Cloud, KmsOptions};

    use crate::testing::schedule;

    fn cloud_with_quota(keys: usize) -> Cloud {
        let mut options = KmsOptions::default();
        options.quotas.keys = keys;
        Cloud::with_options(options)
    }

    /// Checks that no further key can be made.
    async fn assert_full(client: &Client, quota: usize) {
        let message = format!("Key quota for this account in this region is {quota} but the current usage is {quota}.");
        client.kms("CreateKey", json!({})).await.fails_with("LimitExceededException", Some(&message));
    }

    #[tokio::test]
    async fn keys_in_every_state_count_until_they_are_gone() {
        let cloud = cloud_with_quota(2);
        let (gone, _left) = (cloud.make_key().await, cloud.make_key().await);
        assert_full(&cloud.client(), 2).await;
        schedule(&cloud, &gone, 7).await;
        assert_full(&cloud.client(), 2).await;
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        cloud.kms("CreateKey", json!({ "Origin": "EXTERNAL" })).await.succeeds();
        assert_full(&cloud.client(), 2).await;
    }

    #[tokio::test]
    async fn each_account_has_a_quota_in_each_region() {
        let cloud = cloud_with_quota(1);
        for client in [cloud.client(), cloud.client().in_region("eu-west-1"), cloud.client().in_account("111122223333")]
        {
            client.make_key().await;
            assert_full(&client, 1).await;
        }
    }

    #[tokio::test]
    async fn a_replica_takes_a_place_in_its_own_region() {
        let cloud = cloud_with_quota(1);
        let there = cloud.client().in_region("eu-west-1");
        let primary = cloud.kms("CreateKey", json!({ "MultiRegion": true })).await.succeeds();
        let input = json!({ "KeyId": primary["KeyMetadata"]["KeyId"], "ReplicaRegion": "eu-west-1" });
        let other = there.make_key().await;
        let message = "Key quota for this account in this region is 1 but the current usage is 1.";
        cloud.refuses("ReplicateKey", input.clone(), "LimitExceededException", Some(message)).await;
        let schedule = json!({ "KeyId": other.id, "PendingWindowInDays": 7 });
        there.kms("ScheduleKeyDeletion", schedule).await.succeeds();
        cloud.clock().advance_days(7);
        cloud.sweep().await;
        cloud.kms("ReplicateKey", input).await.succeeds();
        assert_full(&there, 1).await;
    }

    #[tokio::test]
    async fn keys_of_aws_take_no_place_whether_they_came_before_the_count_or_after() {
        let cloud = cloud_with_quota(1);
        for service in ["sqs", "s3"] {
            let input = json!({ "KeyId": format!("alias/aws/{service}") });
            cloud.kms("DescribeKey", input).await.succeeds();
        }
        cloud.make_key().await;
        cloud.kms("DescribeKey", json!({ "KeyId": "alias/aws/ebs" })).await.succeeds();
        assert_full(&cloud.client(), 1).await;
    }

    #[tokio::test]
    async fn what_is_refused_for_another_reason_takes_no_place() {
        let cloud = cloud_with_quota(1);
        for input in [json!({ "Policy": "{}" }), json!({ "KeySpec": "RSA_2048" })] {
            cloud.kms("CreateKey", input).await.fails();
        }
        cloud.make_key().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn keys_made_at_once_never_exceed_the_quota() {
        let cloud = cloud_with_quota(10);
        for round in 0..3 {
            let clients = (0..40).map(|_| {
                let client = cloud.client();
                async move { client.kms("CreateKey", json!({})).await }
            });
            let answers = clients.collect::<JoinSet<_>>().join_all().await;
            let made: Vec<Value> =
                answers.iter().filter(|answer| answer.status == 200).map(|answer| answer.succeeds()).collect();
            assert_eq!(made.len(), 10, "round {round}");
            assert_full(&cloud.client(), 10).await;
            for key in made {
                let input = json!({ "KeyId": key["KeyMetadata"]["KeyId"], "PendingWindowInDays": 7 });
                cloud.kms("ScheduleKeyDeletion", input).await.succeeds();
            }
            cloud.clock().advance_days(7);
            cloud.sweep().await;
        }
    }

    #[tokio::test]
    async fn the_other_quotas_can_be_changed_as_well() {
        let mut options = KmsOptions::default();
        options.quotas.aliases_per_key = 1;
        options.quotas.key_policy_bytes = 150;
        options.quotas.on_demand_rotations_per_key = 1;
        let cloud = Cloud::with_options(options);
        let key = cloud.make_key().await;
        let alias = |name: &str| json!({ "AliasName": name, "TargetKeyId": key.id });
        cloud.kms("CreateAlias", alias("alias/a")).await.succeeds();
        let message = "Aliases per key quota for this account in this region is 1, current usage is 1.";
        cloud.refuses("CreateAlias", alias("alias/b"), "LimitExceededException", Some(message)).await;

        let policy = |bytes: usize| {
            let statement = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
            format!(r#"{{"Statement":{statement},"Id":"{}"}}"#, "i".repeat(bytes - 22 - statement.len()))
        };
        let put = |policy: String| json!({ "KeyId": key.id, "Policy": policy });
        assert_eq!(policy(150).len(), 150);
        cloud.kms("PutKeyPolicy", put(policy(150))).await.succeeds();
        let message = Some("The key policy document must not exceed 150 bytes.");
        cloud.refuses("PutKeyPolicy", put(policy(151)), "LimitExceededException", message).await;
        cloud.refuses("CreateKey", json!({ "Policy": policy(151) }), "LimitExceededException", message).await;

        cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.succeeds();
        cloud.clock().advance_days(1);
        let refused = cloud.kms("RotateKeyOnDemand", json!({ "KeyId": key.id })).await.fails();
        assert_eq!(refused.code, "LimitExceededException");
    }
}
