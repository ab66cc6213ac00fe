//! Makes the role of an AWS service: what it is called, who assumes it and what it may do are AWS's.

use trent_identity::{RoleRecord, ServiceLinkedRole};
use trent_shared::{ApiError, Context};

use crate::api::{CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse};
use crate::arns::arn;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::{Facts, key};
use crate::{Iam, limits, messages, role_answers};

const LONGEST_NAME: usize = 64;

pub(crate) async fn create_service_linked_role(
    iam: &Iam,
    cx: &Context,
    input: CreateServiceLinkedRoleRequest,
) -> Result<CreateServiceLinkedRoleResponse, ApiError> {
    let (service, suffix) = (input.aws_service_name.as_str(), input.custom_suffix.as_deref());
    let known = ServiceLinkedRole::of(service).ok_or_else(|| messages::no_such_service(service))?;
    let name = known.name(suffix);
    let facts = Facts::none().and(key::AWS_SERVICE_NAME, Some(service));
    let arn = arn(cx, "role", &known.path(), &name).to_string();
    iam.authorize(cx, "iam:CreateServiceLinkedRole", &arn, &facts).await?;
    if suffix.is_some() && !known.takes_suffix() {
        return Err(messages::suffix_refused(service));
    }
    if name.len() > LONGEST_NAME {
        return Err(messages::service_role_name_too_long(&name));
    }
    let directory = iam.directory();
    let role = directory.new_service_linked_role(cx.partition(), cx.account(), &known, suffix, input.description);
    for mut change in attempts(cx) {
        if directory.find::<RoleRecord>(cx.account(), &name).await?.is_some() {
            return Err(messages::service_role_exists(&name));
        }
        iam.require_room::<RoleRecord>(cx, "RolesPerAccount", limits::ROLES).await?;
        change.add(&role)?;
        if directory.commit(change).await? {
            return Ok(CreateServiceLinkedRoleResponse { role: Some(role_answers::brief(cx, &role)) });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::documents;
    use crate::role_testing::service_linked_role;

    #[tokio::test]
    async fn the_role_is_what_its_service_says() {
        let cloud = Cloud::new();
        let parameters = [("AWSServiceName", "mrk.kms.amazonaws.com"), ("Description", "d")];
        let made = cloud.iam("CreateServiceLinkedRole", &parameters).await.succeeds_in_xml();
        let name = "AWSServiceRoleForKeyManagementServiceMultiRegionKeys";
        assert_eq!(made.text("Role/RoleName"), name);
        assert_eq!(made.text("Role/Path"), "/aws-service-role/mrk.kms.amazonaws.com/");
        let arn = format!("arn:aws:iam::000000000000:role/aws-service-role/mrk.kms.amazonaws.com/{name}");
        assert_eq!(made.text("Role/Arn"), arn);
        assert!(made.text("Role/RoleId").starts_with("AROA"));
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"mrk.kms.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        assert_eq!(made.text("Role/AssumeRolePolicyDocument"), documents::encoded(trust));
        let read = cloud.iam("GetRole", &[("RoleName", name)]).await.succeeds_in_xml();
        assert_eq!(read.text("Role/Description"), "d");
    }

    #[tokio::test]
    async fn there_is_one_in_an_account() {
        let cloud = Cloud::new();
        service_linked_role(&cloud, "batch.amazonaws.com").await;
        let again = cloud.iam("CreateServiceLinkedRole", &[("AWSServiceName", "batch.amazonaws.com")]).await;
        let message = "Service role name AWSServiceRoleForBatch has been taken in this account, please try a different \
                       suffix.";
        again.is_refused(400, "InvalidInput", message);
    }

    #[tokio::test]
    async fn some_take_a_suffix() {
        let cloud = Cloud::new();
        let with = async |service: &str, suffix: &str| {
            let parameters = [("AWSServiceName", service), ("CustomSuffix", suffix)];
            cloud.iam("CreateServiceLinkedRole", &parameters).await
        };
        service_linked_role(&cloud, "autoscaling.amazonaws.com").await;
        let made = with("autoscaling.amazonaws.com", "two").await.succeeds_in_xml();
        assert_eq!(made.text("Role/RoleName"), "AWSServiceRoleForAutoScaling_two");
        let refused = with("es.amazonaws.com", "two").await;
        refused.is_refused(400, "InvalidInput", "Custom suffix is not allowed for es.amazonaws.com");
        let suffix = "a".repeat(40);
        let message =
            format!("The role name AWSServiceRoleForAutoScaling_{suffix} must not be longer than 64 characters.");
        with("autoscaling.amazonaws.com", &suffix).await.is_refused(400, "InvalidInput", &message);
    }

    #[tokio::test]
    async fn what_is_no_service_has_no_role() {
        let refused = Cloud::new().iam("CreateServiceLinkedRole", &[("AWSServiceName", "example.com")]).await;
        refused.is_refused(400, "InvalidInput", "example.com is not a valid AWS service principal.");
    }
}
