//! Decrypts under one key and encrypts under another, without the plaintext leaving KMS. Source and destination ask for
//! permissions of their own, and have contexts of their own.

use trent_kms_core::CiphertextKind;
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{ReEncryptRequest, ReEncryptResponse};
use crate::ciphertext::{Sealed, encryption_algorithm, encryption_context, end_dry_run, ignores_ciphertext};
use crate::names::same_name;

pub(crate) async fn re_encrypt(
    kms: &Kms,
    cx: &Context,
    input: ReEncryptRequest,
) -> Result<ReEncryptResponse, ApiError> {
    let modifiers = input.dry_run_modifiers.as_deref();
    let is_ignored = ignores_ciphertext(modifiers, input.dry_run, input.source_key_id.as_deref())?;
    let source_algorithm = encryption_algorithm(input.source_encryption_algorithm)?;
    let algorithm = encryption_algorithm(input.destination_encryption_algorithm)?;
    let sealed = Sealed {
        blob: input.ciphertext_blob,
        key_id: input.source_key_id,
        algorithm: source_algorithm,
        context: encryption_context(input.source_encryption_context),
        is_ignored,
    };
    let destination = kms.key(cx, &input.destination_key_id).for_action(Action::ReEncryptTo).await?;
    destination.require(algorithm)?;
    let opened = kms.open(cx, Action::ReEncryptFrom, &sealed).await?;
    end_dry_run(input.dry_run)?;
    let context = encryption_context(input.destination_encryption_context);
    let (ciphertext, material_id) = kms.seal(&destination, CiphertextKind::Message, &opened.plaintext, &context)?;
    Ok(ReEncryptResponse {
        ciphertext_blob: Some(ciphertext),
        source_key_id: Some(opened.key.arn_text()),
        key_id: Some(destination.arn_text()),
        source_encryption_algorithm: Some(same_name(source_algorithm.as_str())?),
        destination_encryption_algorithm: Some(same_name(algorithm.as_str())?),
        source_key_material_id: Some(opened.material_id.to_string()),
        destination_key_material_id: Some(material_id.to_string()),
    })
}
