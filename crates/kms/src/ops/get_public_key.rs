//! Gives the public key of an asymmetric key, as DER SubjectPublicKeyInfo. A disabled key gives it too (recorded, against
//! the developer guide).

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetPublicKeyRequest, GetPublicKeyResponse, errors};

pub(crate) async fn get_public_key(
    kms: &Kms,
    cx: &Context,
    input: GetPublicKeyRequest,
) -> Result<GetPublicKeyResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GetPublicKey).await?;
    let public_key = key.current_material()?.key.public_key().ok_or_else(|| errors::UNSUPPORTED_OPERATION.bare())?;
    let metadata = key.metadata()?;
    Ok(GetPublicKeyResponse {
        key_id: Some(key.arn_text()),
        public_key: Some(Blob::new(public_key)),
        customer_master_key_spec: metadata.customer_master_key_spec,
        key_spec: metadata.key_spec,
        key_usage: metadata.key_usage,
        encryption_algorithms: metadata.encryption_algorithms,
        signing_algorithms: metadata.signing_algorithms,
        key_agreement_algorithms: metadata.key_agreement_algorithms,
        encapsulation_algorithms: metadata.encapsulation_algorithms,
    })
}
