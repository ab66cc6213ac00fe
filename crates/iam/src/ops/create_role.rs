//! Makes a role. Its trust policy says who may assume it; what it may do then, its policies say.

use std::collections::{BTreeMap, BTreeSet};

use trent_identity::{IdKind, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::api::{CreateRoleRequest, CreateRoleResponse};
use crate::arns::{NO_PATH, arn};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::{Facts, key};
use crate::tags::KeyCase;
use crate::{Iam, limits, messages, role_answers, tags};

/// In seconds, where nothing else is said.
const DEFAULT_MAX_SESSION: u32 = 3600;

pub(crate) async fn create_role(
    iam: &Iam,
    cx: &Context,
    input: CreateRoleRequest,
) -> Result<CreateRoleResponse, ApiError> {
    let path = input.path.as_deref().unwrap_or(NO_PATH);
    let arn = arn(cx, "role", path, &input.role_name).to_string();
    let facts = Facts::adding(input.tags.as_deref());
    let facts = facts.and(key::PERMISSIONS_BOUNDARY, input.permissions_boundary.as_deref());
    iam.authorize(cx, "iam:CreateRole", &arn, &facts).await?;
    let directory = iam.directory();
    let trust = iam.trust_policy(input.assume_role_policy_document).await?;
    let role = RoleRecord {
        id: directory.new_id(IdKind::Role, cx.account()),
        path: path.to_owned(),
        name: input.role_name,
        created: directory.now(),
        description: input.description,
        trust_policy: trust.document,
        trusted_ids: trust.ids,
        max_session_seconds: input
            .max_session_duration
            .and_then(|max| max.try_into().ok())
            .unwrap_or(DEFAULT_MAX_SESSION),
        boundary: input.permissions_boundary,
        tags: tags::of_new(input.tags.as_deref(), KeyCase::Ignored)?,
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    if role.is_service_linked() {
        return Err(messages::reserved_path());
    }
    for mut change in attempts(cx) {
        if directory.find::<RoleRecord>(cx.account(), &role.name).await?.is_some() {
            return Err(messages::already_exists("Role", &role.name));
        }
        if let Some(boundary) = &role.boundary {
            iam.hold_boundary(cx, &mut change, boundary).await?;
        }
        iam.require_room::<RoleRecord>(cx, "RolesPerAccount", limits::ROLES).await?;
        change.add(&role)?;
        if directory.commit(change).await? {
            return Ok(CreateRoleResponse { role: role_answers::created(cx, &role) });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_identity::RoleRecord;
    use trent_testkit::Cloud;

    use crate::documents;
    use crate::role_testing::{TRUST, fill, role, trusting};

    async fn refuses_trust(cloud: &Cloud, document: &str, message: &str) {
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", document)];
        cloud.iam("CreateRole", &parameters).await.is_refused(400, "MalformedPolicyDocument", message);
        let missing = cloud.iam("GetRole", &[("RoleName", "r")]).await;
        missing.is_refused(404, "NoSuchEntity", "The role with name r cannot be found.");
    }

    #[tokio::test]
    async fn a_new_role_tells_what_aws_tells() {
        let cloud = Cloud::new();
        let parameters = [
            ("RoleName", "Admin"),
            ("Path", "/team/a/"),
            ("AssumeRolePolicyDocument", TRUST),
            ("Description", "not told"),
            ("MaxSessionDuration", "43200"),
            ("Tags.member.1.Key", "Stage"),
            ("Tags.member.1.Value", ""),
        ];
        let made = cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
        assert_eq!(made.text("Role/Path"), "/team/a/");
        assert_eq!(made.text("Role/RoleName"), "Admin");
        assert_eq!(made.text("Role/Arn"), "arn:aws:iam::000000000000:role/team/a/Admin");
        assert_eq!((&made.text("Role/RoleId")[..4], made.text("Role/RoleId").len()), ("AROA", 21));
        assert_eq!(made.text("Role/CreateDate"), "2026-09-28T12:10:08Z");
        assert_eq!(made.text("Role/AssumeRolePolicyDocument"), documents::encoded(TRUST));
        assert_eq!(made.texts("Role/Tags/member/Key"), ["Stage"]);
        assert_eq!(made.texts("Role/Tags/member/Value"), [""]);
        for left_out in ["Role/Description", "Role/MaxSessionDuration", "Role/RoleLastUsed", "Role/PermissionsBoundary"]
        {
            assert_eq!(made.find(left_out), None, "{left_out}");
        }
        let read = cloud.iam("GetRole", &[("RoleName", "Admin")]).await.succeeds_in_xml();
        assert_eq!((read.text("Role/Description"), read.text("Role/MaxSessionDuration")), ("not told", "43200"));
    }

    #[tokio::test]
    async fn a_name_is_taken_whatever_the_case_of_its_letters() {
        let cloud = Cloud::new();
        role(&cloud, "Admin").await;
        let again = [("RoleName", "aDMIN"), ("AssumeRolePolicyDocument", TRUST)];
        let refused = cloud.iam("CreateRole", &again).await;
        refused.is_refused(409, "EntityAlreadyExists", "Role with name aDMIN already exists.");
        let other = cloud.client().in_account("111122223333");
        other.iam("CreateRole", &again).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn the_longest_session_is_an_hour_to_twelve() {
        let cloud = Cloud::new();
        for (seconds, wrong) in [
            ("3599", "greater than or equal to 3600"),
            ("43201", "less than or equal to 43200"),
            ("-1", "greater than or equal to 3600"),
        ] {
            let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST), ("MaxSessionDuration", seconds)];
            let refusal = cloud.iam("CreateRole", &parameters).await.fails();
            assert_eq!((refusal.status, &*refusal.code), (400, "ValidationError"));
            assert!(refusal.message.expect("told").ends_with(&format!("Member must have value {wrong}")));
        }
    }

    #[tokio::test]
    async fn whom_a_trust_policy_names_must_exist() {
        let cloud = Cloud::new();
        cloud.iam("CreateUser", &[("UserName", "alice"), ("Path", "/a/")]).await.succeeds_in_xml();
        role(&cloud, "Other").await;
        for (place, known) in [
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::000000000000:user/a/alice",
            "arn:aws:iam::000000000000:role/Other",
            "arn:aws:sts::000000000000:assumed-role/Other/session",
        ]
        .into_iter()
        .enumerate()
        {
            let (name, document) = (format!("r{place}"), trusting(known));
            let parameters = [("RoleName", name.as_str()), ("AssumeRolePolicyDocument", &document)];
            cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
        }
        for unknown in [
            "arn:aws:iam::000000000000:user/alice",
            "arn:aws:iam::000000000000:role/other",
            "arn:aws:iam::111122223333:user/bob",
            "arn:aws:iam::000000000000:group/admins",
            "arn:aws:iam::000000000000:user/*",
            "AIDAAAAAAAAAAAAAAAAAA",
            "11112222333",
            "alice",
        ] {
            let message = format!("Invalid principal in policy: \"AWS\":\"{unknown}\"");
            refuses_trust(&cloud, &trusting(unknown), &message).await;
        }
    }

    #[tokio::test]
    async fn services_and_providers_have_their_own_forms() {
        let cloud = Cloud::new();
        let document = |principal: &str, action: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{{principal}}},"Action":"{action}"}}]}}"#
            )
        };
        let nope = document(r#""Service":"nope""#, "sts:AssumeRole");
        refuses_trust(&cloud, &nope, r#"Invalid principal in policy: "SERVICE":"nope""#).await;
        let provider = document(r#""Federated":"arn:aws:iam::000000000000:user/x""#, "sts:AssumeRoleWithWebIdentity");
        let message = "Federated principals must be valid domain names or SAML metadata ARNs";
        refuses_trust(&cloud, &provider, message).await;
        let provider =
            document(r#""Federated":"arn:aws:iam::000000000000:oidc-provider/a.com""#, "sts:AssumeRoleWithWebIdentity");
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", provider.as_str())];
        cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn what_is_no_trust_policy_is_refused() {
        let cloud = Cloud::new();
        refuses_trust(&cloud, "not valid json", "This policy contains invalid Json").await;
        refuses_trust(&cloud, "{}", "Syntax errors in policy.").await;
        let other_action = TRUST.replace("sts:AssumeRole", "sts:InvalidAction");
        refuses_trust(&cloud, &other_action, "AssumeRole policy may only specify STS AssumeRole actions.").await;
        let resource = TRUST.replace("\"Action\"", "\"Resource\":\"*\",\"Action\"");
        refuses_trust(&cloud, &resource, "Has prohibited field Resource").await;
    }

    #[tokio::test]
    async fn a_trust_policy_has_2048_characters_without_its_white_space() {
        let cloud = Cloud::new();
        let of_length = |length: usize| {
            let sid = "a".repeat(length - TRUST.len() - r#""Sid":"","#.len());
            TRUST.replace("\"Effect\"", &format!("\"Sid\":\"{sid}\",\"Effect\"")).replace(',', ", \n")
        };
        let too_long = of_length(2049);
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", too_long.as_str())];
        let refused = cloud.iam("CreateRole", &parameters).await;
        refused.is_refused(409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048");
        let fits = of_length(2048);
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", fits.as_str())];
        cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn a_boundary_must_be_a_policy_that_exists() {
        let cloud = Cloud::new();
        let with = async |boundary: &str| {
            let parameters =
                [("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", boundary)];
            cloud.iam("CreateRole", &parameters).await
        };
        let missing = "arn:aws:iam::000000000000:policy/none";
        let message = format!("Scope ARN: {missing} does not exist or is not attachable.");
        with(missing).await.is_refused(404, "NoSuchEntity", &message);
        let known = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        let made = with(known).await.succeeds_in_xml();
        assert_eq!(made.text("Role/PermissionsBoundary/PermissionsBoundaryArn"), known);
    }

    #[tokio::test]
    async fn tags_differ_by_more_than_case_and_the_path_of_services_roles_is_theirs() {
        let cloud = Cloud::new();
        let role = [("RoleName", "r"), ("AssumeRolePolicyDocument", TRUST)];
        let tags = [
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "1"),
            ("Tags.member.2.Key", "A"),
            ("Tags.member.2.Value", "2"),
        ];
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        cloud.iam("CreateRole", &[&role[..], &tags].concat()).await.is_refused(400, "InvalidInput", message);
        let path = [("Path", "/aws-service-role/ecs.amazonaws.com/")];
        let message = "The path /aws-service-role/ is reserved for service-linked roles.";
        cloud.iam("CreateRole", &[&role[..], &path].concat()).await.is_refused(400, "InvalidInput", message);
    }

    #[tokio::test]
    async fn an_account_has_a_thousand_roles() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let numbered =
            |one: &RoleRecord, n| RoleRecord { name: format!("r{n}"), id: format!("{}{n}", one.id), ..one.clone() };
        fill(&cloud, "r", 999, numbered).await;
        let message = "Cannot exceed quota for RolesPerAccount: 1000";
        let role = [("RoleName", "new"), ("AssumeRolePolicyDocument", TRUST)];
        cloud.iam("CreateRole", &role).await.is_refused(409, "LimitExceeded", message);
        let service = [("AWSServiceName", "ecs.amazonaws.com")];
        cloud.iam("CreateServiceLinkedRole", &service).await.is_refused(409, "LimitExceeded", message);
    }
}
