//! Detaches a managed policy from a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DetachUserPolicyRequest;

pub(crate) async fn detach_user_policy(
    iam: &Iam,
    cx: &Context,
    input: DetachUserPolicyRequest,
) -> Result<(), ApiError> {
    iam.detach::<UserRecord>(cx, "iam:DetachUserPolicy", &input.user_name, &input.policy_arn).await
}
