//! Takes an inline policy away from a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteUserPolicyRequest;

pub(crate) async fn delete_user_policy(
    iam: &Iam,
    cx: &Context,
    input: DeleteUserPolicyRequest,
) -> Result<(), ApiError> {
    iam.delete_inline::<UserRecord>(cx, "iam:DeleteUserPolicy", &input.user_name, &input.policy_name).await
}
