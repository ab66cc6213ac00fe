//! Takes an inline policy away from a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteRolePolicyRequest;

pub(crate) async fn delete_role_policy(
    iam: &Iam,
    cx: &Context,
    input: DeleteRolePolicyRequest,
) -> Result<(), ApiError> {
    iam.delete_inline::<RoleRecord>(cx, "iam:DeleteRolePolicy", &input.role_name, &input.policy_name).await
}
