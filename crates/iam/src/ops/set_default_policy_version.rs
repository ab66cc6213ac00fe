//! Makes another version of a managed policy the one that counts.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::SetDefaultPolicyVersionRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::managed_policy::version_number;
use crate::messages::policies as messages;

pub(crate) async fn set_default_policy_version(
    iam: &Iam,
    cx: &Context,
    input: SetDefaultPolicyVersionRequest,
) -> Result<(), ApiError> {
    let SetDefaultPolicyVersionRequest { policy_arn, version_id } = &input;
    for mut change in attempts(cx) {
        let not_found = || messages::version_not_found(policy_arn, version_id);
        let before = iam.own_policy(cx, "iam:SetDefaultPolicyVersion", policy_arn, &Facts::none()).await?;
        let before = before.ok_or_else(not_found)?;
        let number = version_number(version_id).filter(|number| before.record.versions.contains_key(number));
        let mut after = before.record.clone();
        after.default_version = number.ok_or_else(not_found)?;
        after.updated = iam.directory().now();
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}
