//! Devices for multi-factor authentication. Nobody has one here, so that whoever names one is told what AWS tells of a device
//! that the caller does not have.

use trent_shared::ApiError;

use crate::messages;

pub(crate) fn require_no_device(serial_number: Option<&str>, token_code: Option<&str>) -> Result<(), ApiError> {
    if serial_number.is_some() || token_code.is_some() { Err(messages::unknown_mfa_device()) } else { Ok(()) }
}
