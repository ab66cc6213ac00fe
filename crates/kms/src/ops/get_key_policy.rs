//! Gives a key policy back, in AWS's own formatting. A key has one policy, named `default`.

use trent_shared::{ApiError, Context};

use crate::Kms;
use crate::action::Action;
use crate::api::{GetKeyPolicyRequest, GetKeyPolicyResponse};
use crate::messages;
use crate::policy_document::POLICY_NAME;

pub(crate) async fn get_key_policy(
    kms: &Kms,
    cx: &Context,
    input: GetKeyPolicyRequest,
) -> Result<GetKeyPolicyResponse, ApiError> {
    let key = kms.key(cx, &input.key_id).for_action(Action::GetKeyPolicy).await?;
    if input.policy_name.is_some_and(|name| name != POLICY_NAME) {
        return Err(messages::no_such_policy());
    }
    Ok(GetKeyPolicyResponse { policy: Some(key.record().policy.clone()), policy_name: Some(POLICY_NAME.to_owned()) })
}
