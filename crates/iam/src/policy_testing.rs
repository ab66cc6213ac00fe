//! What the tests of policies share.

use trent_testkit::Cloud;

use crate::testing::{make_group, make_user};
use crate::{documents, role_testing};

/// Allows to do anything.
pub(crate) const ALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// Somebody who can have policies: how operations call it, the member of its name, and its name in tests.
pub(crate) const HOLDERS: [(&str, &str, &str); 3] =
    [("User", "UserName", "alice"), ("Group", "GroupName", "team"), ("Role", "RoleName", "app")];

/// A document that allows this action on everything.
pub(crate) fn allowing(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
}

/// A document of this many characters, white space not counted.
pub(crate) fn long(size: usize) -> String {
    let empty = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:","Resource":"*"}}"#;
    let document = empty.replace("s3:", &format!("s3:{}", "x".repeat(size - empty.len())));
    document.replace(',', " ,\n\t")
}

/// A cloud with [`HOLDERS`].
pub(crate) async fn cloud() -> Cloud {
    let cloud = Cloud::new();
    make_user(&cloud, "alice").await;
    make_group(&cloud, "team").await;
    role_testing::role(&cloud, "app").await;
    cloud
}

/// Makes a managed policy and tells its ARN.
pub(crate) async fn make_policy(cloud: &Cloud, name: &str, document: &str) -> String {
    let made = cloud.iam("CreatePolicy", &[("PolicyName", name), ("PolicyDocument", document)]).await;
    made.succeeds_in_xml().text("Policy/Arn").to_owned()
}

/// Makes another version of a managed policy and tells its id.
pub(crate) async fn make_version(cloud: &Cloud, arn: &str, document: &str, is_default: bool) -> String {
    let is_default = is_default.to_string();
    let input = [("PolicyArn", arn), ("PolicyDocument", document), ("SetAsDefault", &*is_default)];
    let made = cloud.iam("CreatePolicyVersion", &input).await.succeeds_in_xml();
    made.text("PolicyVersion/VersionId").to_owned()
}

pub(crate) async fn attach(cloud: &Cloud, holder: (&str, &str, &str), arn: &str) {
    let (noun, member, name) = holder;
    let attached = cloud.iam(&format!("Attach{noun}Policy"), &[(member, name), ("PolicyArn", arn)]).await;
    attached.succeeds_in_xml();
}

pub(crate) async fn bound(cloud: &Cloud, holder: (&str, &str, &str), arn: &str) {
    let (noun, member, name) = holder;
    let input = [(member, name), ("PermissionsBoundary", arn)];
    cloud.iam(&format!("Put{noun}PermissionsBoundary"), &input).await.succeeds_in_xml();
}

pub(crate) fn encoded(document: &str) -> String {
    documents::encoded(document)
}
