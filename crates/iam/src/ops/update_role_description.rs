//! Gives a role another description; UpdateRole can do more.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::{Role, UpdateRoleDescriptionRequest, UpdateRoleDescriptionResponse};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, role_answers};

pub(crate) async fn update_role_description(
    iam: &Iam,
    cx: &Context,
    input: UpdateRoleDescriptionRequest,
) -> Result<UpdateRoleDescriptionResponse, ApiError> {
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:UpdateRoleDescription", &input.role_name, &Facts::none()).await?;
        let updated = RoleRecord { description: Some(input.description.clone()), ..role.record.clone() };
        change.replace(&role, &updated)?;
        if iam.directory().commit(change).await? {
            let role = Role { description: updated.description.clone(), ..role_answers::brief(cx, &updated) };
            return Ok(UpdateRoleDescriptionResponse { role: Some(role) });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing, service_linked_role};

    #[tokio::test]
    async fn the_role_is_told_without_its_longest_session() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let ours = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        for name in ["r", &ours] {
            let parameters = [("RoleName", name), ("Description", "new")];
            let told = cloud.iam("UpdateRoleDescription", &parameters).await.succeeds_in_xml();
            assert_eq!((told.text("Role/RoleName"), told.text("Role/Description")), (name, "new"));
            assert_eq!((told.find("Role/MaxSessionDuration"), told.find("Role/RoleLastUsed")), (None, None));
            let read = cloud.iam("GetRole", &[("RoleName", name)]).await.succeeds_in_xml();
            assert_eq!(read.text("Role/Description"), "new");
        }
        role_is_missing(&cloud, "UpdateRoleDescription", &[("Description", "d")]).await;
    }
}
