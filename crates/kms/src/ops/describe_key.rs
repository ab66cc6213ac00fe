//! Shows a key's metadata, in whichever state it is.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{DescribeKeyRequest, DescribeKeyResponse};
use crate::metadata::key_metadata;

pub(crate) async fn describe_key(
    kms: &Kms,
    cx: &Context,
    input: DescribeKeyRequest,
) -> Result<DescribeKeyResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::DescribeKey).await?;
    let metadata = key_metadata(key.arn(), key.record(), key.state()?)?;
    Ok(DescribeKeyResponse { key_metadata: Some(metadata) })
}
