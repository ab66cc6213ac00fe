//! Verifies an HMAC. One that is wrong or cut short is an error, never an answer that says so (recorded); also in a dry
//! run.

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{VerifyMacRequest, VerifyMacResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn verify_mac(
    kms: &Kms,
    cx: &Context,
    input: VerifyMacRequest,
) -> Result<VerifyMacResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::VerifyMac).await?;
    let algorithm = same_name(input.mac_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let verified = material.verify_mac(algorithm, input.message.expose(), input.mac.as_ref());
    if !verified.map_err(messages::incompatible)? {
        return Err(errors::KMS_INVALID_MAC.bare());
    }
    end_dry_run(input.dry_run)?;
    Ok(VerifyMacResponse {
        key_id: Some(key.arn_text()),
        mac_valid: Some(true),
        mac_algorithm: Some(input.mac_algorithm),
    })
}
