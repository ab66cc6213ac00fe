//! Gives a role an inline policy, in the place of one of that name.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::PutRolePolicyRequest;

pub(crate) async fn put_role_policy(iam: &Iam, cx: &Context, input: PutRolePolicyRequest) -> Result<(), ApiError> {
    let PutRolePolicyRequest { role_name, policy_name, policy_document } = input;
    iam.put_inline::<RoleRecord>(cx, "iam:PutRolePolicy", &role_name, &policy_name, &policy_document).await
}
