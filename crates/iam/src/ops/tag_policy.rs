//! Puts tags onto a managed policy.

use trent_shared::{ApiError, Context};

use crate::api::TagPolicyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::messages::policies as messages;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_policy(iam: &Iam, cx: &Context, input: TagPolicyRequest) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let before = iam.own_policy(cx, "iam:TagPolicy", &input.policy_arn, &facts).await?;
        let before = before.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
        let mut after = before.record.clone();
        tags::add(&mut after.tags, &input.tags, KeyCase::Matters)?;
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}
