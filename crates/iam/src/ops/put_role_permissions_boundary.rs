//! Limits a role to what a managed policy allows.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::PutRolePermissionsBoundaryRequest;

pub(crate) async fn put_role_permissions_boundary(
    iam: &Iam,
    cx: &Context,
    input: PutRolePermissionsBoundaryRequest,
) -> Result<(), ApiError> {
    let PutRolePermissionsBoundaryRequest { role_name, permissions_boundary } = input;
    iam.put_boundary::<RoleRecord>(cx, "iam:PutRolePermissionsBoundary", &role_name, &permissions_boundary).await
}
