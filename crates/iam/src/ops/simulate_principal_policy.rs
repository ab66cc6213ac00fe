//! Says what the policies of a user, group or role would decide, together with given ones.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{PolicyIdentifierPolicyType, SimulatePolicyResponse, SimulatePrincipalPolicyRequest};
use crate::simulation::{Common, Exclusions, read_list};

pub(crate) async fn simulate_principal_policy(
    iam: &Iam,
    cx: &Context,
    input: SimulatePrincipalPolicyRequest,
) -> Result<SimulatePolicyResponse, ApiError> {
    let exclusions = Exclusions::new(input.policy_exclusion_list);
    let source = &input.policy_source_arn;
    let mut policies = iam.policies_of(cx, "iam:SimulatePrincipalPolicy", source, &exclusions).await?;
    policies.identity.extend(read_list(input.policy_input_list.as_deref().unwrap_or_default())?);
    let is_limited = !exclusions.have(PolicyIdentifierPolicyType::Scp);
    let guardrails = if is_limited { iam.guardrails(cx).await? } else { None };
    let common = Common {
        action_names: input.action_names,
        resource_arns: input.resource_arns,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        // A user is supposed to call for itself (documented).
        caller_arn: input.caller_arn.or_else(|| policies.is_user.then(|| source.clone())),
        permissions_boundaries: input.permissions_boundary_policy_input_list,
        context_entries: input.context_entries,
        resource_handling_option: input.resource_handling_option,
        max_items: input.max_items,
        marker: input.marker,
    };
    common.simulate(cx, policies.identity, policies.boundary, guardrails)
}
