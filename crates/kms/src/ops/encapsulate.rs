//! Makes a fresh shared secret, and its ciphertext for whoever may decapsulate.

use aws_smithy_types::Blob;
use trent_kms_core::EncapsulationError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{EncapsulateRequest, EncapsulateResponse};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn encapsulate(
    kms: &Kms,
    cx: &Context,
    input: EncapsulateRequest,
) -> Result<EncapsulateResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Encapsulate).await?;
    let algorithm = same_name(input.encapsulation_algorithm.as_str())?;
    key.require(algorithm)?;
    let made = key.current_material()?.key.encapsulate(algorithm).map_err(|error| match error {
        EncapsulationError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        EncapsulationError::Failed(error) => messages::crypto(&error),
    })?;
    end_dry_run(input.dry_run)?;
    Ok(EncapsulateResponse {
        key_id: Some(key.arn_text()),
        shared_secret: Some(made.shared_secret),
        shared_secret_ciphertext_blob: Some(Blob::new(made.ciphertext)),
        encapsulation_algorithm: Some(input.encapsulation_algorithm),
    })
}
