//! Makes a key pair for use outside KMS and gives its private key encrypted only.

use trent_shared::{ApiError, Context};

use super::generate_data_key_pair::make;
use crate::Kms;
use crate::action::Action;
use crate::api::{
    GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse,
};

pub(crate) async fn generate_data_key_pair_without_plaintext(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyPairWithoutPlaintextRequest,
) -> Result<GenerateDataKeyPairWithoutPlaintextResponse, ApiError> {
    let spec = input.key_pair_spec;
    let input = GenerateDataKeyPairRequest {
        encryption_context: input.encryption_context,
        key_id: input.key_id,
        key_pair_spec: spec,
        grant_tokens: input.grant_tokens,
        recipient: None,
        dry_run: input.dry_run,
    };
    let pair = make(kms, cx, Action::GenerateDataKeyPairWithoutPlaintext, input).await?;
    Ok(GenerateDataKeyPairWithoutPlaintextResponse {
        private_key_ciphertext_blob: Some(pair.ciphertext),
        public_key: Some(pair.public_key),
        key_id: Some(pair.key.arn_text()),
        key_pair_spec: Some(spec),
        key_material_id: Some(pair.material_id.to_string()),
    })
}
