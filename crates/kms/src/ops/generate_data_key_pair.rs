//! Makes a key pair for use outside KMS: the public key, and the private key both in plaintext and encrypted under a
//! symmetric encryption key.

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextKind, DataKeyPairSpec, KeyMaterial, MaterialId};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{GenerateDataKeyPairRequest, GenerateDataKeyPairResponse};
use crate::ciphertext::{encryption_context, end_dry_run};
use crate::{Kms, messages, names::same_name};

/// A fresh key pair, and what its private key was encrypted with.
pub(crate) struct Pair {
    pub(crate) key: AuthorizedKey,
    pub(crate) public_key: Blob,
    pub(crate) private_key: SecretBytes,
    pub(crate) ciphertext: Blob,
    pub(crate) material_id: MaterialId,
}

pub(crate) async fn generate_data_key_pair(
    kms: &Kms,
    cx: &Context,
    input: GenerateDataKeyPairRequest,
) -> Result<GenerateDataKeyPairResponse, ApiError> {
    messages::refuse_recipient("GenerateDataKeyPair", input.recipient.as_ref())?;
    let spec = input.key_pair_spec;
    let pair = make(kms, cx, Action::GenerateDataKeyPair, input).await?;
    Ok(GenerateDataKeyPairResponse {
        private_key_ciphertext_blob: Some(pair.ciphertext),
        private_key_plaintext: Some(pair.private_key),
        public_key: Some(pair.public_key),
        key_id: Some(pair.key.arn_text()),
        key_pair_spec: Some(spec),
        ciphertext_for_recipient: None,
        key_material_id: Some(pair.material_id.to_string()),
    })
}

/// What GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext have in common.
pub(crate) async fn make(
    kms: &Kms,
    cx: &Context,
    action: Action,
    input: GenerateDataKeyPairRequest,
) -> Result<Pair, ApiError> {
    let spec = same_name::<DataKeyPairSpec>(input.key_pair_spec.as_str())?.key_spec();
    let key = kms.key(cx, &input.key_id).for_action(action).await?;
    key.require_symmetric("data key pair")?;
    kms.options.refuse_foreign_spec(spec, &cx.region)?;
    end_dry_run(input.dry_run)?;
    let pair: KeyMaterial = kms.factory.make(spec).await?;
    let (public_key, private_key) = (Blob::new(pair.public_key().unwrap_or_default()), pair.to_bytes());
    let context = encryption_context(input.encryption_context);
    let (ciphertext, material_id) = kms.seal(&key, CiphertextKind::DataKey, &private_key, &context)?;
    Ok(Pair { key, public_key, private_key, ciphertext, material_id })
}
