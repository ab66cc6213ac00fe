//! Encrypts up to 4,096 bytes under a key. The encryption context is bound to the ciphertext as additional
//! authenticated data; the answer does not tell the key material's id, unlike that of Decrypt (recorded).

use trent_kms_core::CiphertextKind;
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{EncryptRequest, EncryptResponse};
use crate::ciphertext::{encryption_algorithm, encryption_context, end_dry_run};
use crate::names::same_name;

pub(crate) async fn encrypt(kms: &Kms, cx: &Context, input: EncryptRequest) -> Result<EncryptResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::Encrypt).await?;
    let algorithm = encryption_algorithm(input.encryption_algorithm)?;
    key.require(algorithm)?;
    end_dry_run(input.dry_run)?;
    let context = encryption_context(input.encryption_context);
    let (ciphertext, _) = kms.seal(&key, CiphertextKind::Message, &input.plaintext, &context)?;
    Ok(EncryptResponse {
        ciphertext_blob: Some(ciphertext),
        key_id: Some(key.arn_text()),
        encryption_algorithm: Some(same_name(algorithm.as_str())?),
    })
}
