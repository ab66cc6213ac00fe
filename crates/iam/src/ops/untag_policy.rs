//! Takes tags off a managed policy.

use trent_shared::{ApiError, Context};

use crate::api::UntagPolicyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::messages::policies as messages;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn untag_policy(iam: &Iam, cx: &Context, input: UntagPolicyRequest) -> Result<(), ApiError> {
    let facts = Facts::removing(&input.tag_keys);
    for mut change in attempts(cx) {
        let before = iam.own_policy(cx, "iam:UntagPolicy", &input.policy_arn, &facts).await?;
        let before = before.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
        let mut after = before.record.clone();
        tags::remove(&mut after.tags, &input.tag_keys, KeyCase::Matters);
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}
