//! Opens a ciphertext. The key is found by the ciphertext itself; one that is named must be that key.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{DecryptRequest, DecryptResponse, EncryptionAlgorithmSpec};
use crate::ciphertext::{Sealed, encryption_algorithm, encryption_context, end_dry_run, ignores_ciphertext};
use crate::messages::refuse_recipient;

pub(crate) async fn decrypt(kms: &Kms, cx: &Context, input: DecryptRequest) -> Result<DecryptResponse, ApiError> {
    let modifiers = input.dry_run_modifiers.as_deref();
    let is_ignored = ignores_ciphertext(modifiers, input.dry_run, input.key_id.as_deref())?;
    refuse_recipient("Decrypt", input.recipient.as_ref())?;
    let sealed = Sealed {
        blob: input.ciphertext_blob,
        key_id: input.key_id,
        algorithm: encryption_algorithm(input.encryption_algorithm)?,
        context: encryption_context(input.encryption_context),
        is_ignored,
    };
    let opened = kms.open(cx, Action::Decrypt, &sealed).await?;
    end_dry_run(input.dry_run)?;
    Ok(DecryptResponse {
        key_id: Some(opened.key.arn_text()),
        plaintext: Some(opened.plaintext),
        encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
        key_material_id: Some(opened.material_id.to_string()),
        ciphertext_for_recipient: None,
    })
}
