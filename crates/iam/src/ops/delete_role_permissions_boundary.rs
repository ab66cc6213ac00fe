//! Takes the permissions boundary away from a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteRolePermissionsBoundaryRequest;

pub(crate) async fn delete_role_permissions_boundary(
    iam: &Iam,
    cx: &Context,
    input: DeleteRolePermissionsBoundaryRequest,
) -> Result<(), ApiError> {
    iam.delete_boundary::<RoleRecord>(cx, "iam:DeleteRolePermissionsBoundary", &input.role_name).await
}
