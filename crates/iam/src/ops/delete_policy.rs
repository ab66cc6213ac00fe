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

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, attach, bound, cloud, make_policy, make_version};
    use crate::testing::denies;

    #[tokio::test]
    async fn a_policy_that_nothing_uses_is_gone_and_its_name_is_free() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        cloud.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        let again = cloud.iam("DeletePolicy", &[("PolicyArn", &arn)]).await;
        again.is_refused(404, "NoSuchEntity", &format!("Policy {arn} was not found."));
        make_policy(&cloud, "p", ALL).await;
    }

    #[tokio::test]
    async fn a_policy_in_use_stays() {
        let cloud = cloud().await;
        let (attached, bounding) = (make_policy(&cloud, "a", ALL).await, make_policy(&cloud, "b", ALL).await);
        attach(&cloud, HOLDERS[1], &attached).await;
        bound(&cloud, HOLDERS[2], &bounding).await;
        for arn in [attached, bounding] {
            let refused = cloud.iam("DeletePolicy", &[("PolicyArn", &arn)]).await;
            refused.is_refused(409, "DeleteConflict", "Cannot delete a policy attached to entities.");
        }
    }

    #[tokio::test]
    async fn other_versions_are_to_be_deleted_first() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        make_version(&cloud, &arn, ALL, true).await;
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                       versions. The default version is deleted with the policy.";
        cloud.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.is_refused(409, "DeleteConflict", message);
        cloud.iam("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await.succeeds_in_xml();
        cloud.iam("DeletePolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
    }

    /// What changes a policy is refused for those of AWS and of other accounts.
    #[tokio::test]
    async fn only_ones_own_policies_can_be_changed() {
        let cloud = cloud().await;
        for arn in ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::999999999999:policy/p"] {
            let arn = ("PolicyArn", arn);
            for (operation, input) in [
                ("DeletePolicy", vec![arn]),
                ("CreatePolicyVersion", vec![arn, ("PolicyDocument", ALL)]),
                ("DeletePolicyVersion", vec![arn, ("VersionId", "v1")]),
                ("SetDefaultPolicyVersion", vec![arn, ("VersionId", "v1")]),
                ("TagPolicy", vec![arn, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
                ("UntagPolicy", vec![arn, ("TagKeys.member.1", "a")]),
            ] {
                let refused = cloud.iam(operation, &input).await;
                refused.is_refused(403, "AccessDenied", "Policy is outside your own account.");
            }
        }
    }

    #[tokio::test]
    async fn permission_is_asked_before_it_is_said_what_there_is() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        for arn in [&*arn, "arn:aws:iam::000000000000:policy/absent"] {
            let resource = format!("policy {arn}");
            let arn = ("PolicyArn", arn);
            for (action, input) in [
                ("DeletePolicy", vec![arn]),
                ("CreatePolicyVersion", vec![arn, ("PolicyDocument", ALL)]),
                ("GetPolicyVersion", vec![arn, ("VersionId", "v1")]),
                ("ListPolicyVersions", vec![arn]),
                ("DeletePolicyVersion", vec![arn, ("VersionId", "v1")]),
                ("SetDefaultPolicyVersion", vec![arn, ("VersionId", "v1")]),
                ("ListEntitiesForPolicy", vec![arn]),
                ("TagPolicy", vec![arn, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
                ("UntagPolicy", vec![arn, ("TagKeys.member.1", "a")]),
                ("ListPolicyTags", vec![arn]),
            ] {
                denies(&cloud, action, &input, &resource).await;
            }
        }
    }
}
