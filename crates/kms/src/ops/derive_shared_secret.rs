//! Agrees on a secret with the holder of another key on the same curve: the raw x-coordinate, without a key derivation
//! function.

use trent_kms_core::AgreementError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DeriveSharedSecretRequest, DeriveSharedSecretResponse};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn derive_shared_secret(
    kms: &Kms,
    cx: &Context,
    input: DeriveSharedSecretRequest,
) -> Result<DeriveSharedSecretResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::DeriveSharedSecret).await?;
    let algorithm = same_name(input.key_agreement_algorithm.as_str())?;
    key.require(algorithm)?;
    messages::refuse_recipient("DeriveSharedSecret", input.recipient.as_ref())?;
    let material = &key.current_material()?.key;
    let agreed = material.derive_shared_secret(algorithm, input.public_key.as_ref());
    let secret = agreed.map_err(|error| match error {
        // Recorded without a message, for a key on another curve as for garbage.
        AgreementError::InvalidPublicKey => ApiError::bare("ValidationException"),
        AgreementError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        AgreementError::Failed(error) => messages::crypto(&error),
    })?;
    end_dry_run(input.dry_run)?;
    Ok(DeriveSharedSecretResponse {
        key_id: Some(key.arn_text()),
        shared_secret: Some(secret),
        ciphertext_for_recipient: None,
        key_agreement_algorithm: Some(input.key_agreement_algorithm),
        key_origin: Some(same_name(key.record().lifecycle.origin().as_str())?),
    })
}
