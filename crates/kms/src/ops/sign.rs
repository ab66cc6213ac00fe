//! Signs a message, its digest, or for ML-DSA its µ, with an asymmetric key.

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{SignRequest, SignResponse};
use crate::ciphertext::end_dry_run;
use crate::signing::message_type;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn sign(kms: &Kms, cx: &Context, input: SignRequest) -> Result<SignResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Sign).await?;
    let algorithm = same_name(input.signing_algorithm.as_str())?;
    key.require(algorithm)?;
    let material = &key.current_material()?.key;
    let message = material.signing_input(algorithm, message_type(input.message_type)?, input.message.expose());
    let signature = message.map_err(messages::message)?.sign().map_err(|error| messages::crypto(&error))?;
    end_dry_run(input.dry_run)?;
    Ok(SignResponse {
        key_id: Some(key.arn_text()),
        signature: Some(Blob::new(signature)),
        signing_algorithm: Some(input.signing_algorithm),
    })
}
