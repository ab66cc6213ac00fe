//! Deletes a managed policy that nothing uses and that has only its default version left.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::DeletePolicyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::messages::policies as messages;

pub(crate) async fn delete_policy(iam: &Iam, cx: &Context, input: DeletePolicyRequest) -> Result<(), ApiError> {
    let arn = &input.policy_arn;
    for mut change in attempts(cx) {
        let policy = iam.own_policy(cx, "iam:DeletePolicy", arn, &Facts::none()).await?;
        let policy = policy.ok_or_else(|| messages::not_found_by_arn(arn))?;
        let usage = iam.usage(cx, &policy.record.arn(cx.partition(), cx.account()).to_string()).await?;
        if usage.attached + usage.bounding > 0 {
            return Err(messages::is_attached());
        }
        if policy.record.versions.len() > 1 {
            return Err(messages::has_versions());
        }
        change.remove(&policy)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}
