//! AWS's quotas of requests per second (cloudtrail-and-quotas.md B2): which requests share one, and how many it allows.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use trent_kms_core::KeySpec;
use trent_shared::{Partition, Region};

/// The rates that requests are held to: AWS's, but for these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequestRates {
    pub overrides: BTreeMap<Pool, Rate>,
}

/// Requests that share one rate: those of an operation, the cryptography of one kind of key, or the data key pairs of one
/// spec. Settings may write `create_key` for `CreateKey`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pool(&'static str);

/// So many requests per second, which may be less than one; kept as the nanoseconds from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Rate {
    pub(crate) interval: u64,
}

pub(crate) const SECOND: u64 = 1_000_000_000;

pub(crate) const SYMMETRIC: Pool = Pool("CryptographySymmetric");
const RSA: Pool = Pool("CryptographyRSA");
const ELLIPTIC_CURVES: Pool = Pool("CryptographyECC");
const ML_DSA: Pool = Pool("CryptographyMLDSA");
/// In no list of AWS's yet; its rates are inferred from those of other asymmetric keys.
const ML_KEM: Pool = Pool("CryptographyMLKEM");

/// AWS's rates, and which pools have them.
static RATES: [(u32, &[Pool]); 14] = [
    (10_000, &[SYMMETRIC]),
    (2_000, &[Pool("DescribeKey"), Pool("GetPublicKey"), Pool("ListResourceTags")]),
    (1_000, &[RSA, ELLIPTIC_CURVES, ML_DSA, ML_KEM, Pool("GetKeyPolicy"), Pool("GetKeyRotationStatus")]),
    (500, &[Pool("ListAliases"), Pool("ListKeys")]),
    (
        100,
        &[
            Pool("GenerateDataKeyPair_ECC_NIST_EDWARDS25519"),
            Pool("GenerateDataKeyPair_ECC_NIST_P256"),
            Pool("GenerateDataKeyPair_ECC_NIST_P384"),
            Pool("GenerateDataKeyPair_ECC_NIST_P521"),
            Pool("GenerateDataKeyPair_ECC_SECG_P256K1"),
            Pool("GenerateDataKeyPair_ML_KEM"),
            Pool("ListGrants"),
            Pool("ListKeyPolicies"),
            Pool("ListKeyRotations"),
            Pool("ListRetirableGrants"),
        ],
    ),
    (50, &[Pool("CreateGrant"), Pool("RetireGrant"), Pool("RevokeGrant")]),
    (25, &[Pool("GenerateDataKeyPair_SM2")]),
    (20, &[Pool("GenerateDataKeyPair_RSA_2048")]),
    (
        15,
        &[
            Pool("DeleteAlias"),
            Pool("DeleteImportedKeyMaterial"),
            Pool("EnableKeyRotation"),
            Pool("ImportKeyMaterial"),
            Pool("PutKeyPolicy"),
            Pool("ScheduleKeyDeletion"),
        ],
    ),
    (10, &[Pool("TagResource")]),
    (
        5,
        &[
            Pool("CancelKeyDeletion"),
            Pool("ConnectCustomKeyStore"),
            Pool("CreateAlias"),
            Pool("CreateCustomKeyStore"),
            Pool("CreateKey"),
            Pool("DeleteCustomKeyStore"),
            Pool("DescribeCustomKeyStores"),
            Pool("DisableKey"),
            Pool("DisableKeyRotation"),
            Pool("DisconnectCustomKeyStore"),
            Pool("EnableKey"),
            Pool("GetKeyLastUsage"),
            Pool("ReplicateKey"),
            Pool("RotateKeyOnDemand"),
            Pool("UntagResource"),
            Pool("UpdateAlias"),
            Pool("UpdateCustomKeyStore"),
            Pool("UpdateKeyDescription"),
            Pool("UpdatePrimaryRegion"),
        ],
    ),
    (4, &[Pool("GenerateDataKeyPair_RSA_3072")]),
    (1, &[Pool("GenerateDataKeyPair_RSA_4096")]),
    (1, &[Pool("GetParametersForImport")]),
];

impl RequestRates {
    /// The rate of a pool in a Region.
    pub(crate) fn of(&self, pool: Pool, region: &Region) -> Option<Rate> {
        self.overrides.get(&pool).copied().or_else(|| aws_rate(pool, region))
    }
}

fn aws_rate(pool: Pool, region: &Region) -> Option<Rate> {
    let usual = RATES.iter().find(|(_, pools)| pools.contains(&pool)).map(|(rate, _)| Rate::per_second(*rate));
    match (pool, region.as_str()) {
        (SYMMETRIC, "us-east-1" | "us-west-2" | "eu-west-1") => Some(Rate::per_second(100_000)),
        (
            SYMMETRIC,
            "us-east-2" | "ap-southeast-1" | "ap-southeast-2" | "ap-northeast-1" | "eu-central-1" | "eu-west-2",
        ) => Some(Rate::per_second(20_000)),
        _ if region.partition() == Partition::AwsCn => match pool {
            Pool("GenerateDataKeyPair_RSA_2048") => Some(Rate::per_second(1)),
            Pool("GenerateDataKeyPair_RSA_3072") => Some(Rate { interval: 2 * SECOND }),
            Pool("GenerateDataKeyPair_RSA_4096") => Some(Rate { interval: 10 * SECOND }),
            _ => usual,
        },
        _ => usual,
    }
}

impl Pool {
    pub(crate) fn of_operation(operation: &'static str) -> Option<Self> {
        if operation == "GenerateRandom" {
            return Some(SYMMETRIC);
        }
        RATES.iter().flat_map(|(_, pools)| *pools).find(|pool| pool.0 == operation).copied()
    }

    pub(crate) fn of_cryptography(spec: KeySpec) -> Self {
        match spec {
            KeySpec::SymmetricDefault | KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => {
                SYMMETRIC
            }
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => RSA,
            KeySpec::EccNistP256
            | KeySpec::EccNistP384
            | KeySpec::EccNistP521
            | KeySpec::EccSecgP256k1
            | KeySpec::EccNistEdwards25519
            | KeySpec::Sm2 => ELLIPTIC_CURVES,
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => ML_DSA,
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => ML_KEM,
        }
    }

    pub(crate) fn of_data_key_pair(spec: KeySpec) -> Self {
        match spec {
            KeySpec::Rsa2048 => Self("GenerateDataKeyPair_RSA_2048"),
            KeySpec::Rsa3072 => Self("GenerateDataKeyPair_RSA_3072"),
            KeySpec::Rsa4096 => Self("GenerateDataKeyPair_RSA_4096"),
            KeySpec::EccNistP256 => Self("GenerateDataKeyPair_ECC_NIST_P256"),
            KeySpec::EccNistP384 => Self("GenerateDataKeyPair_ECC_NIST_P384"),
            KeySpec::EccNistP521 => Self("GenerateDataKeyPair_ECC_NIST_P521"),
            KeySpec::EccSecgP256k1 => Self("GenerateDataKeyPair_ECC_SECG_P256K1"),
            KeySpec::EccNistEdwards25519 => Self("GenerateDataKeyPair_ECC_NIST_EDWARDS25519"),
            KeySpec::Sm2 => Self("GenerateDataKeyPair_SM2"),
            _ => Self("GenerateDataKeyPair_ML_KEM"),
        }
    }
}

impl<'de> Deserialize<'de> for Pool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl TryFrom<String> for Pool {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let letters = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let pools = || RATES.iter().flat_map(|(_, pools)| *pools);
        let found = pools().find(|pool| letters(pool.0) == letters(&name)).copied();
        found.ok_or_else(|| format!("{name:?} is neither an operation with a rate of its own nor a group of them"))
    }
}

impl Rate {
    /// # Panics
    /// If `requests` is 0; in a constant that is an error of the build.
    pub(crate) const fn per_second(requests: u32) -> Self {
        Self { interval: SECOND / requests as u64 }
    }
}

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(requests: f64) -> Result<Self, String> {
        /// A request in a day is as slow as anybody needs it.
        const LEAST: f64 = 1.0 / 86_400.0;
        if (LEAST..=1e9).contains(&requests) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at least 1 and at most a day")]
            let interval = (1e9 / requests) as u64;
            Ok(Self { interval })
        } else {
            Err(format!("{requests} is no number of requests per second"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::every_key;

    #[tokio::test]
    async fn every_pool_has_a_rate() {
        let rates = RequestRates::default();
        for region in ["us-east-1", "eu-north-1", "cn-north-1"] {
            let region = region.parse().expect("a Region");
            for key in every_key().await.iter() {
                assert!(rates.of(Pool::of_cryptography(key.spec), &region).is_some(), "{}", key.spec);
            }
            for spec in trent_kms_core::DataKeyPairSpec::ALL {
                assert!(rates.of(Pool::of_data_key_pair(spec.key_spec()), &region).is_some(), "{spec}");
            }
        }
    }

    #[test]
    fn some_regions_have_other_rates() {
        let rates = RequestRates::default();
        let of = |pool: Pool, region: &str| rates.of(pool, &region.parse().expect("a Region")).expect("a rate");
        for (region, rate) in [("us-west-2", 100_000), ("eu-central-1", 20_000), ("eu-north-1", 10_000)] {
            assert_eq!(of(SYMMETRIC, region), Rate::per_second(rate));
            assert_eq!(of(RSA, region), Rate::per_second(1_000));
        }
        let pair = Pool::of_data_key_pair(KeySpec::Rsa4096);
        assert_eq!((of(pair, "us-east-1").interval, of(pair, "cn-north-1").interval), (SECOND, 10 * SECOND));
    }

    #[test]
    fn settings_name_pools_and_rates() {
        for (name, pool) in [
            ("create_key", Pool("CreateKey")),
            ("CreateKey", Pool("CreateKey")),
            ("cryptography_ml_dsa", ML_DSA),
            ("generate_data_key_pair_rsa_2048", Pool("GenerateDataKeyPair_RSA_2048")),
        ] {
            assert_eq!(Pool::try_from(name.to_owned()), Ok(pool));
        }
        // What is counted by the kind of the key has no rate of its own.
        for name in ["", "encrypt", "generate_random", "everything"] {
            assert!(Pool::try_from(name.to_owned()).is_err(), "{name}");
        }
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9, 2e9] {
            assert!(Rate::try_from(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Rate::try_from(20.0), Ok(Rate::per_second(20)));
    }
}
