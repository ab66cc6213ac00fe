//! Gives a group an inline policy, in the place of one of that name.

use trent_identity::GroupRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::PutGroupPolicyRequest;

pub(crate) async fn put_group_policy(iam: &Iam, cx: &Context, input: PutGroupPolicyRequest) -> Result<(), ApiError> {
    let PutGroupPolicyRequest { group_name, policy_name, policy_document } = input;
    iam.put_inline::<GroupRecord>(cx, "iam:PutGroupPolicy", &group_name, &policy_name, &policy_document).await
}
