//! Names the condition keys that the policies of a user, group or role ask for, and given ones.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetContextKeysForPolicyResponse, GetContextKeysForPrincipalPolicyRequest};
use crate::simulation::{Exclusions, context_keys, read_list};

pub(crate) async fn get_context_keys_for_principal_policy(
    iam: &Iam,
    cx: &Context,
    input: GetContextKeysForPrincipalPolicyRequest,
) -> Result<GetContextKeysForPolicyResponse, ApiError> {
    let action = "iam:GetContextKeysForPrincipalPolicy";
    let mut policies = iam.policies_of(cx, action, &input.policy_source_arn, &Exclusions::new(None)).await?.identity;
    policies.extend(read_list(input.policy_input_list.as_deref().unwrap_or_default())?);
    Ok(GetContextKeysForPolicyResponse { context_key_names: Some(context_keys(&policies)) })
}
