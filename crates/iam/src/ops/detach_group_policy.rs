//! Detaches a managed policy from a group.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DetachGroupPolicyRequest;

pub(crate) async fn detach_group_policy(
    iam: &Iam,
    cx: &Context,
    input: DetachGroupPolicyRequest,
) -> Result<(), ApiError> {
    iam.detach::<GroupRecord>(cx, "iam:DetachGroupPolicy", &input.group_name, &input.policy_arn).await
}
