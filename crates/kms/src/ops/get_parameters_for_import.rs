//! Hands out a fresh wrapping key and a token for importing key material, both good for 24 hours.

use trent_kms_core::{WrappingAlgorithm, WrappingKeySpec};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::action::Action;
use crate::api::{GetParametersForImportRequest, GetParametersForImportResponse};
use crate::conditions::{Fact, key as condition};
use crate::{Kms, messages, names::same_name};

pub(crate) async fn get_parameters_for_import(
    kms: &Kms,
    cx: &Context,
    input: GetParametersForImportRequest,
) -> Result<GetParametersForImportResponse, ApiError> {
    let facts = [
        Fact::Text(condition::WRAPPING_ALGORITHM, input.wrapping_algorithm.as_str()),
        Fact::Text(condition::WRAPPING_KEY_SPEC, input.wrapping_key_spec.as_str()),
    ];
    let key = kms.key(cx, &input.key_id).saying(&facts).for_action(Action::GetParametersForImport).await?;
    let algorithm: WrappingAlgorithm = same_name(input.wrapping_algorithm.as_str())?;
    let wrapping: WrappingKeySpec = same_name(input.wrapping_key_spec.as_str())?;
    let spec = key.record().spec;
    if !algorithm.may_import(wrapping, spec) {
        return Err(messages::wrapping_unfit(algorithm, wrapping, spec));
    }
    let wrapping_key = kms.factory.make(wrapping.key_spec()).await?;
    let valid_to = kms.now().plus_days(1);
    let token = kms.keep_import_parameters(key.arn(), algorithm, wrapping, &wrapping_key, valid_to).await?;
    let public_key = wrapping_key.public_key().unwrap_or_default().to_vec();
    Ok(GetParametersForImportResponse {
        key_id: Some(key.arn_text()),
        import_token: Some(token),
        public_key: Some(SecretBytes::new(public_key)),
        parameters_valid_to: Some(valid_to.into()),
    })
}
