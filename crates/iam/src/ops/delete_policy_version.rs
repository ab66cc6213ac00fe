//! Deletes a version of a managed policy that is not the default one.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeletePolicyVersionRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::managed_policy::version_number;
use crate::messages::policies as messages;

pub(crate) async fn delete_policy_version(
    iam: &Iam,
    cx: &Context,
    input: DeletePolicyVersionRequest,
) -> Result<(), ApiError> {
    let DeletePolicyVersionRequest { policy_arn, version_id } = &input;
    for mut change in attempts(cx) {
        let not_found = || messages::version_not_found(policy_arn, version_id);
        let before = iam.own_policy(cx, "iam:DeletePolicyVersion", policy_arn, &Facts::none()).await?;
        let before = before.ok_or_else(not_found)?;
        let number = version_number(version_id).ok_or_else(not_found)?;
        if number == before.record.default_version {
            return Err(messages::is_default_version());
        }
        let mut after = before.record.clone();
        after.versions.remove(&number).ok_or_else(not_found)?;
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}
