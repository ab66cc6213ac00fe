//! Shows an inline policy of a group.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetGroupPolicyRequest, GetGroupPolicyResponse};

pub(crate) async fn get_group_policy(
    iam: &Iam,
    cx: &Context,
    input: GetGroupPolicyRequest,
) -> Result<GetGroupPolicyResponse, ApiError> {
    let GetGroupPolicyRequest { group_name, policy_name } = input;
    let policy_document = iam.inline::<GroupRecord>(cx, "iam:GetGroupPolicy", &group_name, &policy_name).await?;
    Ok(GetGroupPolicyResponse { group_name, policy_name, policy_document })
}
