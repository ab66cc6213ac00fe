//! Attaches a managed policy to a group.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::AttachGroupPolicyRequest;

pub(crate) async fn attach_group_policy(
    iam: &Iam,
    cx: &Context,
    input: AttachGroupPolicyRequest,
) -> Result<(), ApiError> {
    iam.attach::<GroupRecord>(cx, "iam:AttachGroupPolicy", &input.group_name, &input.policy_arn).await
}
