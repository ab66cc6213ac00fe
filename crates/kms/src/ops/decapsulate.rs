//! Takes the shared secret out of its ciphertext. Only the length of a ciphertext can be wrong: one that was made for
//! another key yields a secret that nobody shares (implicit rejection, FIPS 203).

use trent_kms_core::DecapsulationError;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{DecapsulateRequest, DecapsulateResponse, errors};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn decapsulate(
    kms: &Kms,
    cx: &Context,
    input: DecapsulateRequest,
) -> Result<DecapsulateResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Decapsulate).await?;
    let algorithm = same_name(input.encapsulation_algorithm.as_str())?;
    key.require(algorithm)?;
    let ciphertext = input.shared_secret_ciphertext_blob.as_ref();
    let secret = key.current_material()?.key.decapsulate(algorithm, ciphertext).map_err(|error| match error {
        DecapsulationError::IncompatibleAlgorithm(error) => messages::incompatible(error),
        DecapsulationError::InvalidCiphertext(_) => errors::INVALID_CIPHERTEXT.bare(),
    })?;
    end_dry_run(input.dry_run)?;
    Ok(DecapsulateResponse {
        key_id: Some(key.arn_text()),
        shared_secret: Some(secret),
        encapsulation_algorithm: Some(input.encapsulation_algorithm),
    })
}
