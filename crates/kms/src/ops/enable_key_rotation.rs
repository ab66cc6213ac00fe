//! Turns automatic rotation on, or changes its period.

use trent_kms_core::{KeySpec, RotationPeriod};
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::EnableKeyRotationRequest;
use crate::{Kms, messages};

pub(crate) async fn enable_key_rotation(
    kms: &Kms,
    cx: &Context,
    input: EnableKeyRotationRequest,
) -> Result<(), ApiError> {
    let period = input.rotation_period_in_days.map(RotationPeriod::try_from).transpose().map_err(|_| {
        // The model's bounds let nothing else pass.
        ApiError::internal_failure()
    })?;
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::EnableKeyRotation, |change| {
        if change.key.record.spec != KeySpec::SymmetricDefault {
            return Err(messages::type_unfit());
        }
        let enabled = change.key.record.lifecycle.enable_rotation(&change.key.arn.region, change.now, period);
        enabled.map_err(|error| messages::rotation(&change.key.arn, Action::EnableKeyRotation, error))
    });
    changed.await.map(|_| ())
}
