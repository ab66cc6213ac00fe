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

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::policy_testing::{ALL, long, make_policy};
    use crate::testing::denies;

    /// Recorded: of its description, nothing is told.
    #[tokio::test]
    async fn a_policy_is_made_with_its_first_version() {
        let cloud = Cloud::new();
        let input = [
            ("PolicyName", "p"),
            ("Path", "/team/red/"),
            ("PolicyDocument", ALL),
            ("Description", "all"),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", ""),
        ];
        let made = cloud.iam("CreatePolicy", &input).await.succeeds_in_xml();
        let text = |name: &str| made.text(&format!("Policy/{name}"));
        assert_eq!(text("Arn"), "arn:aws:iam::000000000000:policy/team/red/p");
        assert!(text("PolicyId").starts_with("ANPA"));
        assert_eq!((text("PolicyName"), text("Path"), text("DefaultVersionId")), ("p", "/team/red/", "v1"));
        assert_eq!((text("AttachmentCount"), text("PermissionsBoundaryUsageCount")), ("0", "0"));
        assert_eq!((text("IsAttachable"), text("CreateDate")), ("true", text("UpdateDate")));
        assert_eq!((text("Tags/member/Key"), text("Tags/member/Value")), ("a", ""));
        assert_eq!(made.find("Policy/Description"), None);
    }

    #[tokio::test]
    async fn names_are_unique_whatever_their_case_and_path() {
        let cloud = Cloud::new();
        make_policy(&cloud, "p", ALL).await;
        let message = "A policy called P already exists. Duplicate names are not allowed.";
        let input = [("PolicyName", "P"), ("Path", "/x/"), ("PolicyDocument", ALL)];
        cloud.iam("CreatePolicy", &input).await.is_refused(409, "EntityAlreadyExists", message);
    }

    #[tokio::test]
    async fn malformed_and_too_large_documents_are_refused() {
        let cloud = Cloud::new();
        for (document, message) in [
            ("{}", "Syntax errors in policy."),
            (
                r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
                "Policy document must be version 2012-10-17 or greater.",
            ),
        ] {
            let input = [("PolicyName", "p"), ("PolicyDocument", document)];
            cloud.iam("CreatePolicy", &input).await.is_refused(400, "MalformedPolicyDocument", message);
        }
        let input = [("PolicyName", "p"), ("PolicyDocument", &*long(6145))];
        let message = "Cannot exceed quota for PolicySize: 6144";
        cloud.iam("CreatePolicy", &input).await.is_refused(409, "LimitExceeded", message);
        make_policy(&cloud, "p", &long(6144)).await;
    }

    #[tokio::test]
    async fn tags_are_told_apart_by_case_and_may_not_repeat() {
        let cloud = Cloud::new();
        let tags = |second| {
            [
                ("PolicyName", "p"),
                ("PolicyDocument", ALL),
                ("Tags.member.1.Key", "a"),
                ("Tags.member.1.Value", "1"),
                ("Tags.member.2.Key", second),
                ("Tags.member.2.Value", "2"),
            ]
        };
        let message = "Duplicate tag keys found.";
        cloud.iam("CreatePolicy", &tags("a")).await.is_refused(400, "InvalidInput", message);
        cloud.iam("CreatePolicy", &tags("A")).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&Cloud::new(), "CreatePolicy", &[("PolicyName", "p"), ("PolicyDocument", ALL)], "policy p").await;
    }
}
