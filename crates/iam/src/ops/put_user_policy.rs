//! Gives a user an inline policy, in the place of one of that name.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::PutUserPolicyRequest;

pub(crate) async fn put_user_policy(iam: &Iam, cx: &Context, input: PutUserPolicyRequest) -> Result<(), ApiError> {
    let PutUserPolicyRequest { user_name, policy_name, policy_document } = input;
    iam.put_inline::<UserRecord>(cx, "iam:PutUserPolicy", &user_name, &policy_name, &policy_document).await
}
