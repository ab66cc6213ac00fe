//! Makes a disabled key usable again; an enabled key stays so.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::EnableKeyRequest;
use crate::messages;

pub(crate) async fn enable_key(kms: &Kms, cx: &Context, input: EnableKeyRequest) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::EnableKey, |change| {
        change.record.lifecycle.enable(change.now).map_err(|error| messages::state(change.arn, error))
    });
    changed.await.map(|_| ())
}
