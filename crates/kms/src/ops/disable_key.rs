//! Makes a key unusable until it is enabled again; a disabled key stays so.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::DisableKeyRequest;
use crate::messages;

pub(crate) async fn disable_key(kms: &Kms, cx: &Context, input: DisableKeyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::DisableKey, |change| {
        change.record.lifecycle.disable(change.now).map_err(|error| messages::state(change.arn, error))
    });
    changed.await.map(|_| ())
}
