//! Makes a symmetric data key and gives it both in plaintext and encrypted under a key.

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextKind, EncryptionAlgorithm, MaterialId, generate_data_key as random_key};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{DataKeySpec, GenerateDataKeyRequest, GenerateDataKeyResponse};
use crate::ciphertext::{encryption_context, end_dry_run};
use crate::messages;
use crate::names::same_name;

/// A fresh data key, and what it was encrypted with.
pub(crate) struct DataKey {
    pub(crate) key: AuthorizedKey,
    pub(crate) plaintext: SecretBytes,
    pub(crate) ciphertext: Blob,
    pub(crate) material_id: MaterialId,
}

pub(crate) async fn generate_data_key(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyRequest,
) -> Result<GenerateDataKeyResponse, ApiError> {
    messages::refuse_recipient("GenerateDataKey", input.recipient.as_ref())?;
    let data_key = make(kms, cx, Action::GenerateDataKey, input).await?;
    Ok(GenerateDataKeyResponse {
        ciphertext_blob: Some(data_key.ciphertext),
        plaintext: Some(data_key.plaintext),
        key_id: Some(data_key.key.arn_text()),
        ciphertext_for_recipient: None,
        key_material_id: Some(data_key.material_id.to_string()),
    })
}

/// What GenerateDataKey and GenerateDataKeyWithoutPlaintext have in common.
pub(crate) async fn make(
    kms: &Kms,
    cx: &Context,
    action: Action,
    input: GenerateDataKeyRequest,
) -> Result<DataKey, ApiError> {
    let length = length(input.key_spec, input.number_of_bytes)?;
    let key = kms.key(cx, &input.key_id).for_action(action).await?;
    key.require(EncryptionAlgorithm::SymmetricDefault)?;
    end_dry_run(input.dry_run)?;
    let plaintext = random_key(length, &*kms.entropy);
    let context = encryption_context(input.encryption_context);
    let (ciphertext, material_id) = kms.seal(&key, CiphertextKind::DataKey, &plaintext, &context)?;
    Ok(DataKey { key, plaintext, ciphertext, material_id })
}

/// Either a named size or a number of bytes, never both.
fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, ApiError> {
    match (spec, bytes) {
        (Some(spec), None) => Ok(same_name::<trent_kms_core::DataKeySpec>(spec.as_str())?.len_in_bytes()),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| ApiError::internal_failure()),
        _ => Err(messages::bytes_or_key_spec()),
    }
}
