//! Tells whether and when a key rotates by itself, and whether a rotation on demand is under way.

use trent_kms_core::KeyState;
use trent_shared::{ApiError, Context, Timestamp};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetKeyRotationStatusRequest, GetKeyRotationStatusResponse};

pub(crate) async fn get_key_rotation_status(
    kms: &Kms,
    cx: &Context,
    input: GetKeyRotationStatusRequest,
) -> Result<GetKeyRotationStatusResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GetKeyRotationStatus).await?;
    let life = &key.record().lifecycle;
    // While a key is pending deletion its rotation is told to be off, though it comes back with the key (recorded).
    let is_pending_deletion = life.state(key.now()) == Some(KeyState::PendingDeletion);
    let rotation = life.automatic_rotation().filter(|_| !is_pending_deletion);
    Ok(GetKeyRotationStatusResponse {
        key_rotation_enabled: Some(rotation.is_some()),
        key_id: Some(key.arn_text()),
        rotation_period_in_days: rotation.and_then(|rotation| rotation.period.days().try_into().ok()),
        next_rotation_date: rotation.map(|rotation| rotation.next.into()),
        on_demand_rotation_start_date: life.on_demand_rotation().map(|rotation| Timestamp::into(rotation.started)),
    })
}
