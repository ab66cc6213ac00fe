//! What the tests of roles, instance profiles and providers share.

use trent_identity::{Change, Entity};
use trent_testkit::{Cloud, Xml};

pub(crate) const ACCOUNT: &str = "000000000000";

/// Trusts EC2.
pub(crate) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub(crate) const THUMBPRINT: &str = "6938fd4d98bab03faadb97b34396831e3780aea1";

/// A trust policy that names this principal under `AWS`.
pub(crate) fn trusting(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

pub(crate) async fn role(cloud: &Cloud, name: &str) -> Xml {
    let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", TRUST)];
    cloud.iam("CreateRole", &parameters).await.succeeds_in_xml()
}

pub(crate) async fn service_linked_role(cloud: &Cloud, service: &str) -> String {
    let made = cloud.iam("CreateServiceLinkedRole", &[("AWSServiceName", service)]).await.succeeds_in_xml();
    made.text("Role/RoleName").to_owned()
}

pub(crate) async fn instance_profile(cloud: &Cloud, name: &str) -> Xml {
    cloud.iam("CreateInstanceProfile", &[("InstanceProfileName", name)]).await.succeeds_in_xml()
}

pub(crate) async fn put_into(cloud: &Cloud, profile: &str, role: &str) {
    let parameters = [("InstanceProfileName", profile), ("RoleName", role)];
    cloud.iam("AddRoleToInstanceProfile", &parameters).await.succeeds_in_xml();
}

/// Adds as many of what an account has one of, straight to the directory: `numbered` makes one for a number.
pub(crate) async fn fill<E: Entity>(cloud: &Cloud, name: &str, count: usize, numbered: impl Fn(&E, usize) -> E) {
    let account = ACCOUNT.parse().expect("valid");
    let one = cloud.directory().find::<E>(account, name).await.expect("the engine works").expect("made").record;
    let mut change = Change::of(account);
    for number in 0..count {
        change.add(&numbered(&one, number)).expect("it serializes");
    }
    assert!(cloud.directory().commit(change).await.expect("the engine works"));
}

/// Makes a provider, and tells its ARN.
pub(crate) async fn provider(cloud: &Cloud, url: &str) -> String {
    let parameters = [("Url", url), ("ThumbprintList.member.1", THUMBPRINT)];
    let made = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
    made.text("OpenIDConnectProviderArn").to_owned()
}

/// Checks that an operation does not find a role.
pub(crate) async fn role_is_missing(cloud: &Cloud, action: &str, parameters: &[(&str, &str)]) {
    let answer = cloud.iam(action, &[&[("RoleName", "nobody")], parameters].concat()).await;
    answer.is_refused(404, "NoSuchEntity", "The role with name nobody cannot be found.");
}

/// Checks that an operation does not find an instance profile.
pub(crate) async fn profile_is_missing(cloud: &Cloud, action: &str, parameters: &[(&str, &str)]) {
    let answer = cloud.iam(action, &[&[("InstanceProfileName", "none")], parameters].concat()).await;
    answer.is_refused(404, "NoSuchEntity", "Instance Profile none cannot be found.");
}

/// Checks that an operation does not find a provider, and refuses what cannot be one.
pub(crate) async fn provider_is_missing(cloud: &Cloud, action: &str, parameters: &[(&str, &str)]) {
    let ask = async |arn: &str| cloud.iam(action, &[&[("OpenIDConnectProviderArn", arn)], parameters].concat()).await;
    let arn = "arn:aws:iam::000000000000:oidc-provider/none.example.com";
    let message = format!("OpenIDConnect Provider not found for arn {arn}");
    ask(arn).await.is_refused(404, "NoSuchEntity", &message);
    let role = "arn:aws:iam::000000000000:role/some";
    ask(role).await.is_refused(400, "ValidationError", "Invalid resource type in ARN");
    let other = "arn:aws:sts::000000000000:oidc-provider/x";
    ask(other).await.is_refused(400, "ValidationError", &format!("Invalid ARN: {other}"));
    let foreign = "arn:aws:iam::111122223333:oidc-provider/example.com";
    let message = format!(
        "User: arn:aws:iam::000000000000:root is not authorized to perform: iam:{action} on resource: {foreign} because no \
         resource-based policy allows the iam:{action} action"
    );
    ask(foreign).await.is_refused(403, "AccessDenied", &message);
}

mod tests {
    use super::*;
    use crate::testing::{allow, caller, denies, make_user};

    const ROLE: (&str, &str) = ("RoleName", "r");
    const PROFILE: (&str, &str) = ("InstanceProfileName", "p");
    const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    const TAG_KEY: (&str, &str) = ("TagKeys.member.1", "k");

    #[tokio::test]
    async fn every_operation_on_roles_needs_its_permission() {
        let cloud = Cloud::new();
        let trust = ("AssumeRolePolicyDocument", TRUST);
        role(&cloud, "r").await;
        denies(&cloud, "CreateRole", &[("RoleName", "new"), trust], "arn:aws:iam::000000000000:role/new").await;
        denies(&cloud, "ListRoles", &[("PathPrefix", "/a/")], "arn:aws:iam::000000000000:role/a/").await;
        for (action, more) in [
            ("GetRole", &[][..]),
            ("UpdateRole", &[]),
            ("UpdateRoleDescription", &[("Description", "d")]),
            ("UpdateAssumeRolePolicy", &[("PolicyDocument", TRUST)]),
            ("DeleteRole", &[]),
            ("TagRole", &TAG),
            ("UntagRole", &[TAG_KEY]),
            ("ListRoleTags", &[]),
            ("ListInstanceProfilesForRole", &[]),
            ("DeleteServiceLinkedRole", &[]),
        ] {
            denies(&cloud, action, &[&[ROLE], more].concat(), "role r").await;
            // Nobody learns of what they may not see.
            denies(&cloud, action, &[&[("RoleName", "none")], more].concat(), "role none").await;
        }
    }

    #[tokio::test]
    async fn every_operation_on_services_roles_needs_its_permission() {
        let cloud = Cloud::new();
        let arn = "arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        denies(&cloud, "CreateServiceLinkedRole", &[("AWSServiceName", "ecs.amazonaws.com")], arn).await;
        let task = "task/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS/1a2b3c4d-1234-abcd-7890-abcdef123456";
        denies(&cloud, "GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", task)], arn).await;
        let statement = r#""Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"iam:AWSServiceName":"batch.amazonaws.com"}}"#;
        make_user(&cloud, "alice").await;
        allow(&cloud, "alice", statement).await;
        for (service, status) in [("batch.amazonaws.com", 200), ("ecs.amazonaws.com", 403)] {
            let alice = caller(&cloud, "alice").await;
            let answer = cloud.iam_as(alice, "CreateServiceLinkedRole", &[("AWSServiceName", service)]).await;
            assert_eq!(answer.status, status, "{service}");
        }
    }

    #[tokio::test]
    async fn every_operation_on_instance_profiles_needs_its_permission() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        role(&cloud, "r").await;
        let new = "arn:aws:iam::000000000000:instance-profile/new";
        denies(&cloud, "CreateInstanceProfile", &[("InstanceProfileName", "new")], new).await;
        denies(&cloud, "ListInstanceProfiles", &[], "arn:aws:iam::000000000000:instance-profile/").await;
        for (action, more) in [
            ("GetInstanceProfile", &[][..]),
            ("DeleteInstanceProfile", &[]),
            ("AddRoleToInstanceProfile", &[ROLE]),
            ("RemoveRoleFromInstanceProfile", &[ROLE]),
            ("TagInstanceProfile", &TAG),
            ("UntagInstanceProfile", &[TAG_KEY]),
            ("ListInstanceProfileTags", &[]),
        ] {
            denies(&cloud, action, &[&[PROFILE], more].concat(), "instance profile p").await;
            let none = [&[("InstanceProfileName", "none")], more].concat();
            denies(&cloud, action, &none, "instance profile none").await;
        }
    }

    #[tokio::test]
    async fn who_fills_an_instance_profile_passes_the_role_on() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        role(&cloud, "r").await;
        make_user(&cloud, "alice").await;
        let add = async || {
            let alice = caller(&cloud, "alice").await;
            cloud.iam_as(alice, "AddRoleToInstanceProfile", &[PROFILE, ROLE]).await
        };
        allow(&cloud, "alice", r#""Action":"iam:AddRoleToInstanceProfile","Resource":"*""#).await;
        let message = "User: arn:aws:iam::000000000000:user/alice is not authorized to perform: iam:PassRole on resource: \
                       arn:aws:iam::000000000000:role/r because no identity-based policy allows the iam:PassRole action";
        add().await.is_refused(403, "AccessDenied", message);
        let statement = r#""Action":["iam:AddRoleToInstanceProfile","iam:PassRole"],"Resource":"*","Condition":{"StringEqualsIfExists":{"iam:PassedToService":"ec2.amazonaws.com"}}"#;
        allow(&cloud, "alice", statement).await;
        add().await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn every_operation_on_providers_needs_its_permission() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let new = "arn:aws:iam::000000000000:oidc-provider/new.example.com";
        denies(&cloud, "CreateOpenIDConnectProvider", &[("Url", "https://new.example.com")], new).await;
        denies(&cloud, "ListOpenIDConnectProviders", &[], "*").await;
        for (action, more) in [
            ("GetOpenIDConnectProvider", &[][..]),
            ("DeleteOpenIDConnectProvider", &[]),
            ("UpdateOpenIDConnectProviderThumbprint", &[("ThumbprintList.member.1", THUMBPRINT)]),
            ("AddClientIDToOpenIDConnectProvider", &[("ClientID", "c")]),
            ("RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", "c")]),
            ("TagOpenIDConnectProvider", &TAG),
            ("UntagOpenIDConnectProvider", &[TAG_KEY]),
            ("ListOpenIDConnectProviderTags", &[]),
        ] {
            for arn in [arn.as_str(), new] {
                denies(&cloud, action, &[&[("OpenIDConnectProviderArn", arn)], more].concat(), arn).await;
            }
        }
    }
}
