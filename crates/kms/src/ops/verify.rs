//! Verifies a signature. One that is wrong is an error, never an answer that says so (recorded); also in a dry run.

use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{VerifyRequest, VerifyResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::signing::message_type;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn verify(kms: &Kms, cx: &Context, input: VerifyRequest) -> Result<VerifyResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Verify).await?;
    let algorithm = same_name(input.signing_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let message = material.signing_input(algorithm, message_type(input.message_type)?, input.message.expose());
    let verified = message.map_err(messages::message)?.verify(input.signature.as_ref());
    verified.map_err(|_| errors::KMS_INVALID_SIGNATURE.bare())?;
    end_dry_run(input.dry_run)?;
    Ok(VerifyResponse {
        key_id: Some(key.arn_text()),
        signature_valid: Some(true),
        signing_algorithm: Some(input.signing_algorithm),
    })
}
