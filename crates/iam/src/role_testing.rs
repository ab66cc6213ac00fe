//! What the tests of roles, instance profiles and providers share.

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
    let ask = async |arn: &str| {
        cloud.iam(action, &[&[("OpenIDConnectProviderArn", arn)], parameters].concat()).await
    };
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
