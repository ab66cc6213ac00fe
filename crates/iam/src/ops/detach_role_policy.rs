//! Detaches a managed policy from a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DetachRolePolicyRequest;

pub(crate) async fn detach_role_policy(
    iam: &Iam,
    cx: &Context,
    input: DetachRolePolicyRequest,
) -> Result<(), ApiError> {
    iam.detach::<RoleRecord>(cx, "iam:DetachRolePolicy", &input.role_name, &input.policy_arn).await
}
