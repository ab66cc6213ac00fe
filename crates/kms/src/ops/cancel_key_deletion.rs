//! Takes back a scheduled deletion. The key comes back disabled (or pending import, where material is missing); its
//! entry among the pending deletions goes with it.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{CancelKeyDeletionRequest, CancelKeyDeletionResponse};
use crate::messages;
use crate::records::{DELETIONS, deletion_address};

pub(crate) async fn cancel_key_deletion(
    kms: &Kms,
    cx: &Context,
    input: CancelKeyDeletionRequest,
) -> Result<CancelKeyDeletionResponse, ApiError> {
    let lookup = kms.key(cx, &input.key_id);
    let (arn, ()) = lookup
        .change(Action::CancelKeyDeletion, |change| {
            let date = change.record.lifecycle.deletion_date();
            change.record.lifecycle.cancel_deletion(change.now).map_err(|error| messages::state(change.arn, error))?;
            if let Some(date) = date {
                change.batch.delete(&DELETIONS, deletion_address(date, change.arn));
            }
            Ok(())
        })
        .await?;
    Ok(CancelKeyDeletionResponse { key_id: Some(arn.to_string()) })
}
