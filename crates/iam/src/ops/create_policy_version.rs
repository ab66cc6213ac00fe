//! Gives a managed policy another document, from now on or for later.

use trent_identity::PolicyVersion;
use trent_shared::{ApiError, Context};

use crate::api::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::managed_policy::listed_version;
use crate::messages::policies as messages;
use crate::{Iam, limits, policy_document};

pub(crate) async fn create_policy_version(
    iam: &Iam,
    cx: &Context,
    input: CreatePolicyVersionRequest,
) -> Result<CreatePolicyVersionResponse, ApiError> {
    for mut change in attempts(cx) {
        let before = iam.own_policy(cx, "iam:CreatePolicyVersion", &input.policy_arn, &Facts::none()).await?;
        let before = before.ok_or_else(|| messages::not_attachable(&input.policy_arn))?;
        policy_document::check_managed(&input.policy_document)?;
        if before.record.versions.len() >= limits::VERSIONS_OF_POLICY {
            return Err(messages::too_many_versions(limits::VERSIONS_OF_POLICY));
        }
        let mut after = before.record.clone();
        let (number, now) = (after.next_version, iam.directory().now());
        let version = PolicyVersion { document: input.policy_document.clone(), created: now };
        after.versions.insert(number, version.clone());
        after.next_version = number.saturating_add(1);
        after.updated = now;
        if input.set_as_default == Some(true) {
            after.default_version = number;
        }
        change.replace(&before, &after)?;
        if iam.directory().commit(change).await? {
            return Ok(CreatePolicyVersionResponse { policy_version: Some(listed_version(&after, number, &version)) });
        }
    }
    Err(too_many_conflicts())
}
