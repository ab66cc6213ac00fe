//! Shows an inline policy of a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetUserPolicyRequest, GetUserPolicyResponse};

pub(crate) async fn get_user_policy(
    iam: &Iam,
    cx: &Context,
    input: GetUserPolicyRequest,
) -> Result<GetUserPolicyResponse, ApiError> {
    let GetUserPolicyRequest { user_name, policy_name } = input;
    let policy_document = iam.inline::<UserRecord>(cx, "iam:GetUserPolicy", &user_name, &policy_name).await?;
    Ok(GetUserPolicyResponse { user_name, policy_name, policy_document })
}
