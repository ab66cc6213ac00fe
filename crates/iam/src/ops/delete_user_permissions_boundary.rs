//! Takes the permissions boundary away from a user.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteUserPermissionsBoundaryRequest;

pub(crate) async fn delete_user_permissions_boundary(
    iam: &Iam,
    cx: &Context,
    input: DeleteUserPermissionsBoundaryRequest,
) -> Result<(), ApiError> {
    iam.delete_boundary::<UserRecord>(cx, "iam:DeleteUserPermissionsBoundary", &input.user_name).await
}
