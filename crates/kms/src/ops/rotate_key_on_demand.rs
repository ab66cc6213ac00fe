//! Begins a rotation at once. It ends a little later, whatever becomes of the key meanwhile.

use trent_kms_core::KeySpec;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{RotateKeyOnDemandRequest, RotateKeyOnDemandResponse};
use crate::{Kms, messages};

/// Per key, for ever (cloudtrail-and-quotas.md B1).
const MOST_ROTATIONS: u32 = 25;

pub(crate) async fn rotate_key_on_demand(
    kms: &Kms,
    cx: &Context,
    input: RotateKeyOnDemandRequest,
) -> Result<RotateKeyOnDemandResponse, ApiError> {
    let duration = kms.options.transitions.on_demand_rotation;
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::RotateKeyOnDemand, |change| {
        if change.key.record.spec != KeySpec::SymmetricDefault {
            return Err(messages::type_unfit());
        }
        let (life, here) = (&mut change.key.record.lifecycle, &change.key.arn.region);
        let started = life.rotate_on_demand(here, change.now, duration, MOST_ROTATIONS);
        started.map_err(|error| messages::rotation(&change.key.arn, Action::RotateKeyOnDemand, error))
    });
    let (arn, ()) = changed.await?;
    Ok(RotateKeyOnDemandResponse { key_id: Some(arn.to_string()) })
}
