//! Takes an inline policy away from a group.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeleteGroupPolicyRequest;

pub(crate) async fn delete_group_policy(
    iam: &Iam,
    cx: &Context,
    input: DeleteGroupPolicyRequest,
) -> Result<(), ApiError> {
    iam.delete_inline::<GroupRecord>(cx, "iam:DeleteGroupPolicy", &input.group_name, &input.policy_name).await
}
