//! Computes the HMAC of a message.

use aws_smithy_types::Blob;
use trent_shared::{ApiError, Context};

use crate::action::Action;
use crate::api::{GenerateMacRequest, GenerateMacResponse};
use crate::ciphertext::end_dry_run;
use crate::{Kms, messages, names::same_name};

pub(crate) async fn generate_mac(
    kms: &Kms,
    cx: &Context,
    input: GenerateMacRequest,
) -> Result<GenerateMacResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GenerateMac).await?;
    let algorithm = same_name(input.mac_algorithm.as_str())?;
    key.require(algorithm)?;
    let mac = key.current_material()?.key.mac(algorithm, input.message.expose()).map_err(messages::incompatible)?;
    end_dry_run(input.dry_run)?;
    Ok(GenerateMacResponse {
        mac: Some(Blob::new(mac)),
        mac_algorithm: Some(input.mac_algorithm),
        key_id: Some(key.arn_text()),
    })
}
