//! Shows an inline policy of a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetRolePolicyRequest, GetRolePolicyResponse};

pub(crate) async fn get_role_policy(
    iam: &Iam,
    cx: &Context,
    input: GetRolePolicyRequest,
) -> Result<GetRolePolicyResponse, ApiError> {
    let GetRolePolicyRequest { role_name, policy_name } = input;
    let policy_document = iam.inline::<RoleRecord>(cx, "iam:GetRolePolicy", &role_name, &policy_name).await?;
    Ok(GetRolePolicyResponse { role_name, policy_name, policy_document })
}
