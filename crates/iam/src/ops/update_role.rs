//! Gives a role another description or another longest session. What the request leaves out stays (recorded).

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::{UpdateRoleRequest, UpdateRoleResponse};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn update_role(
    iam: &Iam,
    cx: &Context,
    input: UpdateRoleRequest,
) -> Result<UpdateRoleResponse, ApiError> {
    let max_session = input.max_session_duration.and_then(|max| u32::try_from(max).ok());
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:UpdateRole", &input.role_name, &Facts::none()).await?;
        // The description is all that users may change of a service's role (documented).
        if role.record.is_service_linked() && max_session.is_some() {
            return Err(messages::protected_role(&role.record.name));
        }
        let updated = RoleRecord {
            description: input.description.clone().or_else(|| role.record.description.clone()),
            max_session_seconds: max_session.unwrap_or(role.record.max_session_seconds),
            ..role.record.clone()
        };
        change.replace(&role, &updated)?;
        if iam.directory().commit(change).await? {
            return Ok(UpdateRoleResponse {});
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing, service_linked_role};

    #[tokio::test]
    async fn what_is_left_out_stays() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        for (parameters, expected) in [
            (&[("RoleName", "r"), ("Description", "d")][..], (Some("d"), "3600")),
            (&[("RoleName", "r"), ("MaxSessionDuration", "7200")], (Some("d"), "7200")),
            (&[("RoleName", "r")], (Some("d"), "7200")),
            (&[("RoleName", "R"), ("Description", "")], (Some(""), "7200")),
        ] {
            cloud.iam("UpdateRole", parameters).await.succeeds_in_xml();
            let read = cloud.iam("GetRole", &[("RoleName", "r")]).await.succeeds_in_xml();
            assert_eq!((read.find("Role/Description"), read.text("Role/MaxSessionDuration")), expected);
        }
        role_is_missing(&cloud, "UpdateRole", &[]).await;
    }

    #[tokio::test]
    async fn only_the_description_of_a_services_role_changes() {
        let cloud = Cloud::new();
        let name = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        let refused = cloud.iam("UpdateRole", &[("RoleName", &*name), ("MaxSessionDuration", "7200")]).await;
        let message = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only \
                       modifiable by AWS";
        refused.is_refused(400, "UnmodifiableEntity", message);
        cloud.iam("UpdateRole", &[("RoleName", &*name), ("Description", "d")]).await.succeeds_in_xml();
        let read = cloud.iam("GetRole", &[("RoleName", &*name)]).await.succeeds_in_xml();
        assert_eq!((read.text("Role/Description"), read.text("Role/MaxSessionDuration")), ("d", "3600"));
    }
}
