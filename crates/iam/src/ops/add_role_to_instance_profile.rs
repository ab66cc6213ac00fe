//! Puts a role into an instance profile, which has room for one. The caller passes the role on, and needs the permission
//! for that too (documented).

use trent_identity::{InstanceProfileRecord, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::access::Named;
use crate::api::AddRoleToInstanceProfileRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::{Facts, key};
use crate::{Iam, messages};

pub(crate) async fn add_role_to_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: AddRoleToInstanceProfileRequest,
) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let (action, name) = ("iam:AddRoleToInstanceProfile", &input.instance_profile_name);
        let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &Facts::none()).await?;
        let role = directory.find::<RoleRecord>(cx.account(), &input.role_name).await?;
        let role = role.ok_or_else(|| RoleRecord::not_found(&input.role_name))?;
        let facts = Facts::none().and(key::PASSED_TO_SERVICE, Some("ec2.amazonaws.com"));
        let arn = Named::arn(&role.record, cx).to_string();
        iam.authorize(cx, "iam:PassRole", &arn, &facts.about(Some(&role.record.tags))).await?;
        if role.record.is_service_linked() {
            return Err(messages::protected_role(&role.record.name));
        }
        if profile.record.role.is_some() {
            return Err(messages::quota("InstanceSessionsPerInstanceProfile", 1));
        }
        // The role must still be there when it is in the profile.
        change.hold(&role)?;
        let filled = InstanceProfileRecord { role: Some(role.record.id.clone()), ..profile.record.clone() };
        change.replace(&profile, &filled)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, profile_is_missing, put_into, role, service_linked_role};

    #[tokio::test]
    async fn there_is_room_for_one_role() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        for name in ["one", "two"] {
            role(&cloud, name).await;
        }
        put_into(&cloud, "P", "ONE").await;
        for name in ["one", "two"] {
            let refused =
                cloud.iam("AddRoleToInstanceProfile", &[("InstanceProfileName", "p"), ("RoleName", name)]).await;
            refused.is_refused(409, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
        }
        let read = cloud.iam("GetInstanceProfile", &[("InstanceProfileName", "p")]).await.succeeds_in_xml();
        assert_eq!(read.texts("InstanceProfile/Roles/member/RoleName"), ["one"]);
    }

    #[tokio::test]
    async fn both_must_be_there_and_services_roles_are_theirs() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        role(&cloud, "r").await;
        profile_is_missing(&cloud, "AddRoleToInstanceProfile", &[("RoleName", "r")]).await;
        let refused = async |name: &str, status: u16, code: &str, message: &str| {
            let parameters = [("InstanceProfileName", "p"), ("RoleName", name)];
            cloud.iam("AddRoleToInstanceProfile", &parameters).await.is_refused(status, code, message);
        };
        refused("nobody", 404, "NoSuchEntity", "The role with name nobody cannot be found.").await;
        let ours = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        let message = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only \
                       modifiable by AWS";
        refused(&ours, 400, "UnmodifiableEntity", message).await;
    }
}
