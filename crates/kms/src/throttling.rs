//! Holds each account in each Region to the request rates. Off unless wanted: what slows a test suite down on AWS is rarely
//! wanted of an emulator.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use trent_kms_core::KeySpec;
use trent_protocol::Operation;
use trent_shared::{AccountId, ApiError, Context, Region, Timestamp};

use crate::action::Action;
use crate::request_rates::{Pool, Rate, RequestRates, SECOND};
use crate::{Kms, messages};

/// What everybody has left.
pub(crate) struct Throttle {
    rates: RequestRates,
    buckets: Mutex<HashMap<(AccountId, Region, Pool), Bucket>>,
}

/// A token bucket that holds one second's worth of requests, as the generic cell rate algorithm has it: the moment, in
/// nanoseconds since the Unix epoch, at which it will be full again.
#[derive(Default)]
struct Bucket {
    full_at: u64,
}

/// So many buckets are kept before those that are full, which are as good as none, are dropped.
const MANY_BUCKETS: usize = 10_000;

/// The actions whose pool is told by the kind of the key. A ReEncrypt is one request, of the key that it encrypts under.
const COUNTED_BY_KEY: [Action; 12] = [
    Action::Decapsulate,
    Action::Decrypt,
    Action::DeriveSharedSecret,
    Action::Encapsulate,
    Action::Encrypt,
    Action::GenerateDataKey,
    Action::GenerateDataKeyWithoutPlaintext,
    Action::GenerateMac,
    Action::ReEncryptTo,
    Action::Sign,
    Action::Verify,
    Action::VerifyMac,
];

impl Kms {
    /// Takes a request of an operation from what the account has left, unless its key decides which pool it is of.
    pub(crate) fn admit_operation(&self, cx: &Context, operation: &Operation) -> Result<(), ApiError> {
        self.admit_in(cx, &cx.region, operation.name, 1)
    }

    /// The same in another Region, where an operation counts as so many requests of another one.
    pub(crate) fn admit_in(
        &self,
        cx: &Context,
        region: &Region,
        operation: &'static str,
        requests: u32,
    ) -> Result<(), ApiError> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        let Some(pool) = Pool::of_operation(operation) else { return Ok(()) };
        throttle.admit(cx.account(), region, pool, self.now(), requests)
    }

    /// The same for a cryptographic operation, once its key is known.
    pub(crate) fn admit_cryptography(&self, cx: &Context, action: Action, spec: KeySpec) -> Result<(), ApiError> {
        match &self.throttle {
            Some(throttle) if COUNTED_BY_KEY.contains(&action) => {
                throttle.admit(cx.account(), &cx.region, Pool::of_cryptography(spec), self.now(), 1)
            }
            _ => Ok(()),
        }
    }

    /// The same for a data key pair, of whichever key.
    pub(crate) fn admit_data_key_pair(&self, cx: &Context, spec: KeySpec) -> Result<(), ApiError> {
        let Some(throttle) = &self.throttle else { return Ok(()) };
        throttle.admit(cx.account(), &cx.region, Pool::of_data_key_pair(spec), self.now(), 1)
    }
}

impl Throttle {
    pub(crate) fn new(rates: RequestRates) -> Self {
        Self { rates, buckets: Mutex::default() }
    }

    fn admit(
        &self,
        account: AccountId,
        region: &Region,
        pool: Pool,
        now: Timestamp,
        requests: u32,
    ) -> Result<(), ApiError> {
        let Some(rate) = self.rates.of(pool, region) else { return Ok(()) };
        let now = u64::try_from(now.as_millis()).unwrap_or_default().saturating_mul(1_000_000);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY_BUCKETS {
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let bucket = buckets.entry((account, region.clone(), pool)).or_default();
        if bucket.take(rate, now, requests) { Ok(()) } else { Err(messages::throttled()) }
    }
}

impl Bucket {
    /// Takes so many tokens out, if there is one: what is missing is made up for later, or what counts for more than the
    /// bucket holds would never be let through.
    fn take(&mut self, rate: Rate, now: u64, tokens: u32) -> bool {
        let full_at = self.full_at.max(now);
        let has_token = full_at.saturating_add(rate.interval) - now <= rate.interval.max(SECOND);
        if has_token {
            self.full_at = full_at.saturating_add(rate.interval.saturating_mul(tokens.into()));
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trent_testkit::{Client, Cloud, KmsOptions};

    use super::*;
    use crate::api::MODEL;
    use crate::request_rates::SYMMETRIC;
    use crate::testing::HELLO;

    const THROTTLED: &str = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";

    /// A cloud that holds requests to AWS's rates, or to these.
    fn strict_cloud(overrides: &[(&str, f64)]) -> Cloud {
        let mut options = KmsOptions::default();
        let rates = options.request_rates.get_or_insert_default();
        for (pool, rate) in overrides {
            let pool = (*pool).to_owned().try_into().expect("a pool");
            rates.overrides.insert(pool, (*rate).try_into().expect("a rate"));
        }
        Cloud::with_options(options)
    }

    /// How many calls in a row are let through.
    async fn admitted(client: &Client, operation: &str, input: &Value) -> usize {
        for number in 0..1000 {
            let answer = client.kms(operation, input.clone()).await;
            if answer.status != 200 && answer.fails().code == "ThrottlingException" {
                answer.fails_with("ThrottlingException", Some(THROTTLED));
                return number;
            }
        }
        panic!("{operation} is not held back");
    }

    #[tokio::test]
    async fn nobody_is_held_back_unless_that_is_wanted() {
        let cloud = Cloud::new();
        for _ in 0..30 {
            cloud.make_key().await;
        }
    }

    #[tokio::test]
    async fn an_account_has_a_seconds_worth_of_requests_in_each_region_and_gets_them_back_in_time() {
        let cloud = strict_cloud(&[]);
        let (create, none) = ("CreateKey", json!({}));
        for client in [cloud.client(), cloud.client().in_region("eu-west-1"), cloud.client().in_account("111122223333")]
        {
            assert_eq!(admitted(&client, create, &none).await, 5);
        }
        for (millis, again) in [(199, 0), (1, 1), (400, 2), (999, 4), (10_000, 5)] {
            cloud.clock().advance_millis(millis);
            assert_eq!(admitted(&cloud.client(), create, &none).await, again, "after {millis} ms more");
        }
    }

    #[tokio::test]
    async fn a_request_counts_whatever_becomes_of_it() {
        let cloud = strict_cloud(&[]);
        assert_eq!(admitted(&cloud.client(), "EnableKey", &json!({ "KeyId": "alias/absent" })).await, 5);
    }

    #[tokio::test]
    async fn operations_are_counted_apart() {
        let cloud = strict_cloud(&[]);
        let key = cloud.make_key().await;
        let input = json!({ "KeyId": key.id, "Tags": [], "TagKeys": ["a"], "Description": "" });
        for (operation, rate) in [("DisableKey", 5), ("EnableKey", 5), ("TagResource", 10), ("ListKeyPolicies", 100)] {
            assert_eq!(admitted(&cloud.client(), operation, &input).await, rate, "{operation}");
        }
    }

    #[tokio::test]
    async fn cryptography_is_counted_by_the_kind_of_the_key_and_by_the_destination_of_a_re_encryption() {
        let rates = [("cryptography_symmetric", 6.0), ("cryptography_rsa", 3.0), ("CryptographyECC", 2.0)];
        let cloud = strict_cloud(&[&rates[..], &[("create_key", 1000.0)]].concat());
        let client = cloud.client();
        let symmetric = cloud.make_key().await.id;
        let hmac = cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await.id;
        let curve = cloud.make_key_of("ECC_NIST_P256", "SIGN_VERIFY").await.id;
        let rsa = cloud.make_key_of("RSA_2048", "ENCRYPT_DECRYPT").await.id;

        let encrypt = json!({ "KeyId": symmetric, "Plaintext": HELLO });
        let blob = client.kms("Encrypt", encrypt.clone()).await.succeeds()["CiphertextBlob"].clone();
        client.kms("Decrypt", json!({ "CiphertextBlob": blob })).await.succeeds();
        client.kms("GenerateRandom", json!({ "NumberOfBytes": 1 })).await.succeeds();
        let mac = json!({ "KeyId": hmac, "Message": HELLO, "MacAlgorithm": "HMAC_SHA_256" });
        assert_eq!(admitted(&client, "GenerateMac", &mac).await, 3);
        for (operation, input) in [("Encrypt", &encrypt), ("GenerateRandom", &json!({ "NumberOfBytes": 1 }))] {
            assert_eq!(admitted(&client, operation, input).await, 0);
        }
        let sign = json!({ "KeyId": curve, "Message": HELLO, "SigningAlgorithm": "ECDSA_SHA_256" });
        assert_eq!(admitted(&client, "Sign", &sign).await, 2);
        // Two from the symmetric key to itself would be refused; these count for the RSA key only.
        let re_encrypt = json!({
            "CiphertextBlob": blob,
            "DestinationKeyId": rsa,
            "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
        });
        assert_eq!(admitted(&client, "ReEncrypt", &re_encrypt).await, 3);
        // To look at a key is no cryptography.
        client.kms("DescribeKey", json!({ "KeyId": symmetric })).await.succeeds();
    }

    #[tokio::test]
    async fn data_key_pairs_are_counted_by_their_spec() {
        let cloud = strict_cloud(&[("GenerateDataKeyPair_ECC_NIST_P256", 2.0)]);
        let key = cloud.make_key().await.id;
        let input = |spec: &str| json!({ "KeyId": key, "KeyPairSpec": spec });
        cloud.kms("GenerateDataKeyPairWithoutPlaintext", input("ECC_NIST_P256")).await.succeeds();
        assert_eq!(admitted(&cloud.client(), "GenerateDataKeyPair", &input("ECC_NIST_P256")).await, 1);
        assert_eq!(admitted(&cloud.client(), "GenerateDataKeyPair", &input("ECC_NIST_P384")).await, 100);
    }

    #[tokio::test]
    async fn a_replica_counts_as_two_new_keys_in_its_region_and_a_new_primary_in_both() {
        let cloud = strict_cloud(&[]);
        let there = cloud.client().in_region("eu-west-1");
        let key =
            cloud.kms("CreateKey", json!({ "MultiRegion": true })).await.succeeds()["KeyMetadata"]["KeyId"].clone();
        let input = json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" });
        cloud.kms("ReplicateKey", input).await.succeeds();
        assert_eq!(admitted(&there, "CreateKey", &json!({})).await, 3);
        cloud.clock().advance_days(1);
        let input = json!({ "KeyId": key, "PrimaryRegion": "eu-west-1" });
        cloud.kms("UpdatePrimaryRegion", input.clone()).await.succeeds();
        assert_eq!(admitted(&there, "UpdatePrimaryRegion", &input).await, 4);
    }

    #[test]
    fn every_operation_is_counted_once() {
        for operation in MODEL.operations {
            let by_pair = operation.name.starts_with("GenerateDataKeyPair");
            let action = if operation.name == "ReEncrypt" { "ReEncryptTo" } else { operation.name };
            let by_key = COUNTED_BY_KEY.iter().any(|counted| counted.name() == action);
            let by_itself = Pool::of_operation(operation.name).is_some();
            assert_eq!([by_pair, by_key, by_itself].iter().filter(|is| **is).count(), 1, "{}", operation.name);
        }
    }

    #[test]
    fn a_rate_below_one_lets_one_request_through_at_a_time() {
        let rate = Rate::try_from(0.1).expect("a rate");
        let mut bucket = Bucket::default();
        let taken: Vec<bool> = [5, 6, 14, 15, 16].map(|second| bucket.take(rate, second * SECOND, 1)).to_vec();
        assert_eq!(taken, [true, false, false, true, false]);
    }

    #[test]
    fn buckets_outlive_the_end_of_the_clock() {
        let mut bucket = Bucket::default();
        // What counts for more than the bucket holds is let through, and paid for later.
        let mut small = Bucket::default();
        let taken = [1, 2, 3].map(|second| small.take(Rate::per_second(1), second * SECOND, 2));
        assert_eq!(taken, [true, false, true]);
        assert!(bucket.take(Rate::per_second(1), u64::MAX, 1) && bucket.take(Rate::per_second(1), u64::MAX, 1));
    }

    #[test]
    fn full_buckets_are_not_kept_for_ever() {
        let throttle = Throttle::new(RequestRates::default());
        let region = Region::default();
        for number in 0..i64::try_from(MANY_BUCKETS).expect("few") + 10 {
            let account = format!("{number:012}").parse().expect("an account");
            throttle.admit(account, &region, SYMMETRIC, Timestamp::from_millis(number * 1000), 1).expect("first");
        }
        assert!(throttle.buckets.lock().expect("no panic").len() < 20);
    }
}
