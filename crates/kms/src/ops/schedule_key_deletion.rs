//! Plans the deletion of a key in 7 to 30 days. Nothing is gone before; afterwards everything is.

use trent_kms_core::{DeletionWindow, KeyState};
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse};
use crate::messages;
use crate::names::same_name;
use crate::records::{DELETIONS, deletion_address};

pub(crate) async fn schedule_key_deletion(
    kms: &Kms,
    cx: &Context,
    input: ScheduleKeyDeletionRequest,
) -> Result<ScheduleKeyDeletionResponse, ApiError> {
    // The model lets 1 to 365 pass.
    let window = input.pending_window_in_days.map_or(Ok(DeletionWindow::default()), DeletionWindow::try_from);
    let window = window.map_err(|_| messages::deletion_window())?;
    let lookup = kms.key(cx, &input.key_id);
    let (arn, date) = lookup
        .change(Action::ScheduleKeyDeletion, |change| {
            let scheduled = change.record.lifecycle.schedule_deletion(change.now, window);
            let date = scheduled.map_err(|error| messages::state(change.arn, error))?;
            change.batch.put(&DELETIONS, deletion_address(date, change.arn), &()).map_err(messages::store)?;
            Ok(date)
        })
        .await?;
    Ok(ScheduleKeyDeletionResponse {
        key_id: Some(arn.to_string()),
        deletion_date: Some(date.into()),
        key_state: Some(same_name(KeyState::PendingDeletion.as_str())?),
        pending_window_in_days: i32::try_from(window.days()).ok(),
    })
}
