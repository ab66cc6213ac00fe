//! What Sign and Verify share.

use trent_shared::ApiError;

use crate::api;
use crate::names::same_name;

/// What a message is; the message itself unless told.
pub(crate) fn message_type(asked: Option<api::MessageType>) -> Result<trent_kms_core::MessageType, ApiError> {
    same_name(asked.unwrap_or(api::MessageType::Raw).as_str())
}
