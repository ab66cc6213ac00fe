//! Names the condition keys that given policies ask for.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse};
use crate::facts::Facts;
use crate::simulation::{context_keys, read_list};

pub(crate) async fn get_context_keys_for_custom_policy(
    iam: &Iam,
    cx: &Context,
    input: GetContextKeysForCustomPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, ApiError> {
    iam.authorize(cx, "iam:GetContextKeysForCustomPolicy", "*", &Facts::none()).await?;
    let policies = read_list(&input.policy_input_list)?;
    Ok(GetContextKeysForPolicyResponse { context_key_names: Some(context_keys(&policies)) })
}
