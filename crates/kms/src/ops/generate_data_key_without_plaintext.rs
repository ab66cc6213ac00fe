//! Makes a symmetric data key and gives it encrypted only, for whoever shall decrypt it later.

use trent_shared::{ApiError, Context};

use super::generate_data_key::make;
use crate::Kms;
use crate::action::Action;
use crate::api::{
    GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest, GenerateDataKeyWithoutPlaintextResponse,
};

pub(crate) async fn generate_data_key_without_plaintext(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyWithoutPlaintextRequest,
) -> Result<GenerateDataKeyWithoutPlaintextResponse, ApiError> {
    let input = GenerateDataKeyRequest {
        key_id: input.key_id,
        encryption_context: input.encryption_context,
        number_of_bytes: input.number_of_bytes,
        key_spec: input.key_spec,
        grant_tokens: input.grant_tokens,
        recipient: None,
        dry_run: input.dry_run,
    };
    let data_key = make(kms, cx, Action::GenerateDataKeyWithoutPlaintext, input).await?;
    Ok(GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: Some(data_key.ciphertext),
        key_id: Some(data_key.key.arn_text()),
        key_material_id: Some(data_key.material_id.to_string()),
    })
}
