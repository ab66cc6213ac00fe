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

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, allowing, attach, cloud, encoded, long, make_policy, make_version};
    use crate::testing::caller;

    #[tokio::test]
    async fn a_new_default_version_counts_at_once() {
        let cloud = cloud().await;
        let alice = caller(&cloud, "alice").await;
        let arn = make_policy(&cloud, "p", &allowing("iam:ListGroups")).await;
        attach(&cloud, HOLDERS[0], &arn).await;
        assert_eq!(make_version(&cloud, &arn, &allowing("iam:ListUsers"), false).await, "v2");
        assert_eq!(cloud.iam_as(alice.clone(), "ListUsers", &[]).await.status, 403);
        assert_eq!(make_version(&cloud, &arn, &allowing("iam:ListUsers"), true).await, "v3");
        assert_eq!(cloud.iam_as(alice.clone(), "ListUsers", &[]).await.status, 200);
        assert_eq!(cloud.iam_as(alice.clone(), "ListGroups", &[]).await.status, 403);
        cloud.iam("SetDefaultPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await.succeeds_in_xml();
        assert_eq!(cloud.iam_as(alice, "ListGroups", &[]).await.status, 200);
    }

    /// Recorded.
    #[tokio::test]
    async fn five_versions_and_no_more_whose_ids_are_not_used_again() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        for number in 2..=5 {
            assert_eq!(make_version(&cloud, &arn, ALL, false).await, format!("v{number}"));
        }
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                       existing version.";
        let input = [("PolicyArn", &*arn), ("PolicyDocument", ALL)];
        cloud.iam("CreatePolicyVersion", &input).await.is_refused(409, "LimitExceeded", message);
        cloud.iam("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v5")]).await.succeeds_in_xml();
        assert_eq!(make_version(&cloud, &arn, ALL, false).await, "v6");
        let listed = cloud.iam("ListPolicyVersions", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Versions/member/VersionId"), ["v6", "v4", "v3", "v2", "v1"]);
        assert_eq!(listed.texts("Versions/member/IsDefaultVersion"), ["false", "false", "false", "false", "true"]);
        assert!(listed.texts("Versions/member/Document").is_empty());
        let page = cloud.iam("ListPolicyVersions", &[("PolicyArn", &arn), ("MaxItems", "2")]).await.succeeds_in_xml();
        let next = [("PolicyArn", &*arn), ("Marker", page.text("Marker"))];
        let next = cloud.iam("ListPolicyVersions", &next).await.succeeds_in_xml();
        assert_eq!(next.texts("Versions/member/VersionId"), ["v3", "v2", "v1"]);
    }

    #[tokio::test]
    async fn versions_are_shown_with_their_documents() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        make_version(&cloud, &arn, &allowing("s3:*"), false).await;
        for (id, document, is_default) in [("v1", ALL, "true"), ("v2", &*allowing("s3:*"), "false")] {
            let input = [("PolicyArn", &*arn), ("VersionId", id)];
            let shown = cloud.iam("GetPolicyVersion", &input).await.succeeds_in_xml();
            assert_eq!(shown.text("PolicyVersion/Document"), encoded(document));
            assert_eq!(shown.text("PolicyVersion/IsDefaultVersion"), is_default);
        }
        let of_aws = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
        let listed = cloud.iam("ListPolicyVersions", &[of_aws]).await.succeeds_in_xml();
        let input = [of_aws, ("VersionId", listed.text("Versions/member/VersionId"))];
        let shown = cloud.iam("GetPolicyVersion", &input).await.succeeds_in_xml();
        assert!(shown.text("PolicyVersion/Document").starts_with("%7B"));
    }

    #[tokio::test]
    async fn what_is_not_there_or_no_policy_is_refused() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        let absent = "arn:aws:iam::000000000000:policy/absent";
        let not_attachable = format!("Policy {absent} does not exist or is not attachable.");
        let input = [("PolicyArn", absent), ("PolicyDocument", ALL)];
        cloud.iam("CreatePolicyVersion", &input).await.is_refused(404, "NoSuchEntity", &not_attachable);
        let refused = cloud.iam("ListPolicyVersions", &input[..1]).await;
        refused.is_refused(404, "NoSuchEntity", &format!("Policy {absent} was not found."));
        for operation in ["GetPolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"] {
            for (arn, id) in [(absent, "v1"), (&*arn, "v9"), (&*arn, "v1.x"), (&*arn, "v99999999999")] {
                let refused = cloud.iam(operation, &[("PolicyArn", arn), ("VersionId", id)]).await;
                let message = format!("Policy {arn} version {id} does not exist or is not attachable.");
                refused.is_refused(404, "NoSuchEntity", &message);
            }
        }
        let refused = cloud.iam("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]).await;
        refused.is_refused(409, "DeleteConflict", "Cannot delete the default version of a policy.");
        let input = [("PolicyArn", &*arn), ("PolicyDocument", "{")];
        let message = "Syntax errors in policy.";
        cloud.iam("CreatePolicyVersion", &input).await.is_refused(400, "MalformedPolicyDocument", message);
        let input = [("PolicyArn", &*arn), ("PolicyDocument", &*long(6145))];
        let message = "Cannot exceed quota for PolicySize: 6144";
        cloud.iam("CreatePolicyVersion", &input).await.is_refused(409, "LimitExceeded", message);
    }
}
