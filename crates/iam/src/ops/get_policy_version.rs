//! Shows a version of a managed policy with its document.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetPolicyVersionRequest, GetPolicyVersionResponse};
use crate::messages::policies as messages;

pub(crate) async fn get_policy_version(
    iam: &Iam,
    cx: &Context,
    input: GetPolicyVersionRequest,
) -> Result<GetPolicyVersionResponse, ApiError> {
    let GetPolicyVersionRequest { policy_arn, version_id } = input;
    let policy = iam.managed(cx, "iam:GetPolicyVersion", &policy_arn).await?;
    let version = policy.and_then(|policy| policy.version(&version_id));
    let version = version.ok_or_else(|| messages::version_not_found(&policy_arn, &version_id))?;
    Ok(GetPolicyVersionResponse { policy_version: Some(version) })
}
