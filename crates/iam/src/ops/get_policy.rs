//! Shows a managed policy, but for its document.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{GetPolicyRequest, GetPolicyResponse};
use crate::messages::policies as messages;

pub(crate) async fn get_policy(
    iam: &Iam,
    cx: &Context,
    input: GetPolicyRequest,
) -> Result<GetPolicyResponse, ApiError> {
    let policy = iam.managed(cx, "iam:GetPolicy", &input.policy_arn).await?;
    let policy = policy.ok_or_else(|| messages::not_found_by_arn(&input.policy_arn))?;
    Ok(GetPolicyResponse { policy: Some(iam.shown_policy(cx, &policy).await?) })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::policy_testing::{ALL, make_policy};
    use crate::testing::{allow, denies, make_user};

    const OF_AWS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

    #[tokio::test]
    async fn all_but_the_document_is_shown() {
        let cloud = Cloud::new();
        let input = [("PolicyName", "p"), ("PolicyDocument", ALL), ("Description", "everything")];
        let arn = cloud.iam("CreatePolicy", &input).await.succeeds_in_xml().text("Policy/Arn").to_owned();
        let shown = cloud.iam("GetPolicy", &[("PolicyArn", &arn)]).await;
        assert!(shown.text().contains("<Tags"), "Tags are there even if there are none (recorded)");
        let shown = shown.succeeds_in_xml();
        assert_eq!((shown.text("Policy/PolicyName"), shown.text("Policy/Description")), ("p", "everything"));
    }

    #[tokio::test]
    async fn policies_of_aws_can_be_seen() {
        let cloud = Cloud::new();
        let shown = cloud.iam("GetPolicy", &[("PolicyArn", OF_AWS)]).await.succeeds_in_xml();
        assert_eq!(shown.text("Policy/PolicyName"), "AdministratorAccess");
        assert_eq!(shown.text("Policy/Description"), "Provides full access to AWS services and resources.");
        assert_eq!(shown.text("Policy/CreateDate"), "2015-02-06T18:39:46Z");
    }

    #[tokio::test]
    async fn what_does_not_exist_or_is_not_ones_own_is_refused() {
        let cloud = Cloud::new();
        make_policy(&cloud, "p", ALL).await;
        for arn in [
            "arn:aws:iam::000000000000:policy/q",
            "arn:aws:iam::000000000000:policy/x/p",
            "arn:aws:iam::aws:policy/None",
        ] {
            let refused = cloud.iam("GetPolicy", &[("PolicyArn", arn)]).await;
            refused.is_refused(404, "NoSuchEntity", &format!("Policy {arn} was not found."));
        }
        let foreign = cloud.iam("GetPolicy", &[("PolicyArn", "arn:aws:iam::999999999999:policy/p")]).await;
        foreign.is_refused(403, "AccessDenied", "Policy is outside your own account.");
        let arn = "arn:aws:iam::000000000000:role/p";
        let refused = cloud.iam("GetPolicy", &[("PolicyArn", arn)]).await;
        refused.is_refused(400, "InvalidInput", &format!("ARN {arn} is not valid."));
    }

    #[tokio::test]
    async fn a_policy_can_ask_for_the_tags_of_the_policy() {
        let cloud = Cloud::new();
        let arn = make_policy(&cloud, "p", ALL).await;
        denies(&cloud, "GetPolicy", &[("PolicyArn", &arn)], &format!("policy {arn}")).await;
        let alice = make_user(&cloud, "alice").await;
        let condition = r#""StringEquals": {"aws:ResourceTag/Team": "Red"}"#;
        let statement = format!(r#""Action": "iam:GetPolicy", "Resource": "*", "Condition": {{{condition}}}"#);
        allow(&cloud, "alice", &statement).await;
        assert_eq!(cloud.iam_as(alice.clone(), "GetPolicy", &[("PolicyArn", &arn)]).await.status, 403);
        let tagged = [("PolicyArn", &*arn), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "Red")];
        cloud.iam("TagPolicy", &tagged).await.succeeds_in_xml();
        cloud.iam_as(alice, "GetPolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
    }
}
