//! Attaches a managed policy to a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::AttachUserPolicyRequest;

pub(crate) async fn attach_user_policy(
    iam: &Iam,
    cx: &Context,
    input: AttachUserPolicyRequest,
) -> Result<(), ApiError> {
    iam.attach::<UserRecord>(cx, "iam:AttachUserPolicy", &input.user_name, &input.policy_arn).await
}
