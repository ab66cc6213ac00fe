//! Replaces a key's description, which may be empty.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::UpdateKeyDescriptionRequest;

pub(crate) async fn update_key_description(
    kms: &Kms,
    cx: &Context,
    input: UpdateKeyDescriptionRequest,
) -> Result<(), ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let changed = lookup.change(Action::UpdateKeyDescription, |change| {
        change.record.description.clone_from(&input.description);
        Ok(())
    });
    changed.await.map(|_| ())
}
