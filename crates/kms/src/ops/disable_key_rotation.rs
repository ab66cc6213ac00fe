//! Turns automatic rotation off; where it is off, or could never be on, nothing happens (recorded of HMAC keys).

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::DisableKeyRotationRequest;
use crate::{Kms, messages};

pub(crate) async fn disable_key_rotation(
    kms: &Kms,
    cx: &Context,
    input: DisableKeyRotationRequest,
) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DisableKeyRotation, |change| {
        let disabled = change.key.record.lifecycle.disable_rotation(&change.key.arn.region, change.now);
        disabled.map_err(|error| messages::rotation(&change.key.arn, Action::DisableKeyRotation, error))
    });
    changed.await.map(|_| ())
}
