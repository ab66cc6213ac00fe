//! Attaches a managed policy to a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::AttachRolePolicyRequest;

pub(crate) async fn attach_role_policy(
    iam: &Iam,
    cx: &Context,
    input: AttachRolePolicyRequest,
) -> Result<(), ApiError> {
    iam.attach::<RoleRecord>(cx, "iam:AttachRolePolicy", &input.role_name, &input.policy_arn).await
}
