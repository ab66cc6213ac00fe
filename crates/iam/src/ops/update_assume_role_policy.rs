//! Gives a role another trust policy. The users and roles that it names are bound to who they are now.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::UpdateAssumeRolePolicyRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn update_assume_role_policy(
    iam: &Iam,
    cx: &Context,
    input: UpdateAssumeRolePolicyRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:UpdateAssumeRolePolicy", &input.role_name, &Facts::none()).await?;
        if role.record.is_service_linked() {
            return Err(messages::protected_role(&role.record.name));
        }
        let trust = iam.trust_policy(input.policy_document.clone()).await?;
        let updated = RoleRecord { trust_policy: trust.document, trusted_ids: trust.ids, ..role.record.clone() };
        change.replace(&role, &updated)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_identity::RoleRecord;
    use trent_testkit::Cloud;

    use crate::documents;
    use crate::role_testing::{ACCOUNT, TRUST, role, role_is_missing, service_linked_role, trusting};

    #[tokio::test]
    async fn principals_are_bound_to_who_they_are_at_the_time() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let alice = cloud.iam("CreateUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        let (arn, id) = (alice.text("User/Arn"), alice.text("User/UserId"));
        let document = trusting(arn);
        let parameters = [("RoleName", "r"), ("PolicyDocument", document.as_str())];
        cloud.iam("UpdateAssumeRolePolicy", &parameters).await.succeeds_in_xml();
        let read = cloud.iam("GetRole", &[("RoleName", "r")]).await.succeeds_in_xml();
        assert_eq!(read.text("Role/AssumeRolePolicyDocument"), documents::encoded(&document));
        let account = ACCOUNT.parse().expect("valid");
        let bound = cloud.directory().find::<RoleRecord>(account, "r").await.expect("the engine works").expect("made");
        assert_eq!(bound.record.trusted_ids.get(arn).map(String::as_str), Some(id));
    }

    #[tokio::test]
    async fn what_is_no_trust_policy_changes_nothing() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        for (document, message) in [
            ("not valid json", "This policy contains invalid Json"),
            (
                &*TRUST.replace("sts:AssumeRole", "kms:Encrypt"),
                "AssumeRole policy may only specify STS AssumeRole actions.",
            ),
            (
                &*trusting("arn:aws:iam::000000000000:user/nobody"),
                "Invalid principal in policy: \"AWS\":\"arn:aws:iam::000000000000:user/nobody\"",
            ),
        ] {
            let parameters = [("RoleName", "r"), ("PolicyDocument", document)];
            cloud.iam("UpdateAssumeRolePolicy", &parameters).await.is_refused(400, "MalformedPolicyDocument", message);
        }
        let read = cloud.iam("GetRole", &[("RoleName", "r")]).await.succeeds_in_xml();
        assert_eq!(read.text("Role/AssumeRolePolicyDocument"), documents::encoded(TRUST));
        role_is_missing(&cloud, "UpdateAssumeRolePolicy", &[("PolicyDocument", TRUST)]).await;
    }

    #[tokio::test]
    async fn a_services_role_trusts_its_service() {
        let cloud = Cloud::new();
        let name = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        let parameters = [("RoleName", &*name), ("PolicyDocument", TRUST)];
        let message = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only \
                       modifiable by AWS";
        cloud.iam("UpdateAssumeRolePolicy", &parameters).await.is_refused(400, "UnmodifiableEntity", message);
    }
}
