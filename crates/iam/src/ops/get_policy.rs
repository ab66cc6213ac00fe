//! Shows a managed policy, but for its document.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetPolicyRequest, GetPolicyResponse};
use crate::messages::policies as messages;

pub(crate) async fn get_policy(iam: &Iam, cx: &Context, input: GetPolicyRequest) -> Result<GetPolicyResponse, ApiError> {
    let policy = iam.managed(cx, "iam:GetPolicy", &input.policy_arn).await?;
    let policy = policy.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
    Ok(GetPolicyResponse { policy: Some(iam.shown_policy(cx, &policy).await?) })
}
