//! Limits a user to what a managed policy allows.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::PutUserPermissionsBoundaryRequest;

pub(crate) async fn put_user_permissions_boundary(
    iam: &Iam,
    cx: &Context,
    input: PutUserPermissionsBoundaryRequest,
) -> Result<(), ApiError> {
    let PutUserPermissionsBoundaryRequest { user_name, permissions_boundary } = input;
    iam.put_boundary::<UserRecord>(cx, "iam:PutUserPermissionsBoundary", &user_name, &permissions_boundary).await
}
