//! Gives random bytes. The model calls their number optional; the service does not (recorded).

use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::action::Action;
use crate::api::{GenerateRandomRequest, GenerateRandomResponse};
use crate::messages;

#[expect(clippy::unused_async, reason = "the generated dispatch awaits every operation alike")]
pub(crate) async fn generate_random(
    kms: &Kms,
    cx: &Context,
    input: GenerateRandomRequest,
) -> Result<GenerateRandomResponse, ApiError> {
    let number = input.number_of_bytes.ok_or_else(messages::number_of_bytes_required)?;
    kms.authorize_account(cx, Action::GenerateRandom)?;
    if input.custom_key_store_id.is_some() {
        return Err(messages::custom_key_store_not_found());
    }
    messages::refuse_recipient("GenerateRandom", input.recipient.as_ref())?;
    let mut bytes = vec![0; usize::try_from(number).map_err(|_| ApiError::internal_failure())?];
    kms.entropy.fill(&mut bytes);
    Ok(GenerateRandomResponse { plaintext: Some(SecretBytes::new(bytes)), ciphertext_for_recipient: None })
}
