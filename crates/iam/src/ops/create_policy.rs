//! Makes a managed policy, with its first version.

use std::collections::BTreeMap;

use trent_identity::{IdKind, PolicyRecord, PolicyVersion};
use trent_shared::{ApiError, Context};

use crate::api::{CreatePolicyRequest, CreatePolicyResponse, Policy};
use crate::arns::{NO_PATH, arn};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::managed_policy::Managed;
use crate::messages::policies as messages;
use crate::tags::KeyCase;
use crate::{Iam, limits, policy_document, tags};

pub(crate) async fn create_policy(
    iam: &Iam,
    cx: &Context,
    input: CreatePolicyRequest,
) -> Result<CreatePolicyResponse, ApiError> {
    let path = input.path.as_deref().unwrap_or(NO_PATH);
    let arn = arn(cx, "policy", path, &input.policy_name).to_string();
    let facts = Facts::adding(input.tags.as_deref());
    iam.authorize_as(cx, "iam:CreatePolicy", &arn, &format!("policy {}", input.policy_name), &facts).await?;
    policy_document::check_managed(&input.policy_document)?;
    let (directory, now) = (iam.directory(), iam.directory().now());
    let policy = PolicyRecord {
        id: directory.new_id(IdKind::Policy, cx.account()),
        path: path.to_owned(),
        name: input.policy_name,
        created: now,
        updated: now,
        description: input.description,
        tags: tags::of_new(input.tags.as_deref(), KeyCase::Matters)?,
        versions: BTreeMap::from([(1, PolicyVersion { document: input.policy_document, created: now })]),
        default_version: 1,
        next_version: 2,
    };
    for mut change in attempts(cx) {
        if directory.find::<PolicyRecord>(cx.account(), &policy.name).await?.is_some() {
            return Err(messages::already_exists(&policy.name));
        }
        iam.require_room::<PolicyRecord>(cx, "PoliciesPerAccount", limits::POLICIES).await?;
        change.add(&policy)?;
        if directory.commit(change).await? {
            let tags = tags::shown(&policy.tags);
            // Without its description (recorded).
            let policy = Policy { tags, ..iam.listed_policy(cx, &Managed::Own(policy)).await? };
            return Ok(CreatePolicyResponse { policy: Some(policy) });
        }
    }
    Err(too_many_conflicts())
}
