//! Says what given policies would decide.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{SimulateCustomPolicyRequest, SimulatePolicyResponse};
use crate::facts::Facts;
use crate::simulation::{Common, read_levels, read_list};

pub(crate) async fn simulate_custom_policy(
    iam: &Iam,
    cx: &Context,
    input: SimulateCustomPolicyRequest,
) -> Result<SimulatePolicyResponse, ApiError> {
    iam.authorize(cx, "iam:SimulateCustomPolicy", "*", &Facts::none()).await?;
    let identity = read_list(&input.policy_input_list)?;
    let guardrails = input.ordered_organization_policy_input_list.as_deref().map(read_levels).transpose()?;
    let common = Common {
        action_names: input.action_names,
        resource_arns: input.resource_arns,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller_arn: input.caller_arn,
        permissions_boundaries: input.permissions_boundary_policy_input_list,
        context_entries: input.context_entries,
        resource_handling_option: input.resource_handling_option,
        max_items: input.max_items,
        marker: input.marker,
    };
    common.simulate(cx, identity, None, guardrails)
}
