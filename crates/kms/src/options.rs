use std::time::Duration;

use trent_kms_core::KeySpec;
use trent_nitro::Roots;
use trent_shared::{ApiError, Partition, Region};

use crate::api::errors;
use crate::quotas::Quotas;
use crate::request_rates::RequestRates;

/// What can be set about KMS.
#[derive(Debug, Clone)]
pub struct Options {
    /// Offer SM2 in China Regions only, and ML-KEM everywhere else only, as AWS does.
    pub strict_regions: bool,
    /// How many keys of each RSA spec to keep ready; they are made while nobody waits for one.
    pub rsa_key_stock: usize,
    /// The roots that attestation documents of a Recipient may lead to.
    pub attestation_roots: Roots,
    pub quotas: Quotas,
    /// The rates that requests are held to; `None` holds them to none.
    pub request_rates: Option<RequestRates>,
    pub transitions: Transitions,
    /// How long, by the clock, a new grant counts only for who presents its token. On AWS it is usually seconds.
    pub grant_propagation: Duration,
}

/// How long, by the clock, takes here what takes AWS a while.
#[derive(Debug, Clone, Copy)]
pub struct Transitions {
    /// A replica's creation.
    pub replica_creation: Duration,
    /// The change of the primary Region.
    pub primary_update: Duration,
    /// A rotation on demand.
    pub on_demand_rotation: Duration,
}

impl Default for Transitions {
    /// Long enough to be seen, short enough to be waited for. AWS takes up to eight minutes for some (recorded).
    fn default() -> Self {
        let moment = Duration::from_secs(2);
        Self { replica_creation: moment, primary_update: moment, on_demand_rotation: moment }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strict_regions: false,
            rsa_key_stock: 0,
            attestation_roots: Roots::aws(),
            quotas: Quotas::default(),
            request_rates: None,
            transitions: Transitions::default(),
            grant_propagation: Duration::ZERO,
        }
    }
}

impl Options {
    /// Refuses a spec that AWS does not offer in a Region, if that is wanted (operations.md §1.8). The words are ours.
    pub(crate) fn refuse_foreign_spec(&self, spec: KeySpec, region: &Region) -> Result<(), ApiError> {
        let is_china = region.partition() == Partition::AwsCn;
        let is_offered = match spec {
            KeySpec::Sm2 => is_china,
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => !is_china,
            _ => true,
        };
        if is_offered || !self.strict_regions {
            return Ok(());
        }
        Err(errors::UNSUPPORTED_OPERATION.says(format!("KeySpec {spec} is not supported in Region {region}.")))
    }
}
