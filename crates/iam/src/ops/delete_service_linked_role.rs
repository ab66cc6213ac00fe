//! Deletes the role of an AWS service. On AWS a task does it when the service lets it go; here it is gone at once.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::access::Named;
use crate::api::{DeleteServiceLinkedRoleRequest, DeleteServiceLinkedRoleResponse};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;

pub(crate) async fn delete_service_linked_role(
    iam: &Iam,
    cx: &Context,
    input: DeleteServiceLinkedRoleRequest,
) -> Result<DeleteServiceLinkedRoleResponse, ApiError> {
    for mut change in attempts(cx) {
        let name = &input.role_name;
        let role = iam.named::<RoleRecord>(cx, "iam:DeleteServiceLinkedRole", name, &Facts::none()).await?;
        // Inferred: other roles are not there for it.
        if !role.record.is_service_linked() {
            return Err(RoleRecord::not_found(name));
        }
        let deletion_task_id = iam.directory().delete_service_linked_role(&mut change, &role)?;
        if iam.directory().commit(change).await? {
            return Ok(DeleteServiceLinkedRoleResponse { deletion_task_id });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing, service_linked_role};

    #[tokio::test]
    async fn the_role_goes_with_its_policies() {
        let cloud = Cloud::new();
        let name = service_linked_role(&cloud, "lex.amazonaws.com").await;
        let task = cloud.iam("DeleteServiceLinkedRole", &[("RoleName", &*name)]).await.succeeds_in_xml();
        let id = task.text("DeletionTaskId");
        let uuid = id.strip_prefix("task/aws-service-role/lex.amazonaws.com/AWSServiceRoleForLexBots/");
        assert_eq!(uuid.map(str::len), Some(36), "{id}");
        let gone = cloud.iam("GetRole", &[("RoleName", &*name)]).await;
        gone.is_refused(404, "NoSuchEntity", "The role with name AWSServiceRoleForLexBots cannot be found.");
        service_linked_role(&cloud, "lex.amazonaws.com").await;
    }

    #[tokio::test]
    async fn other_roles_are_not_deleted_this_way() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let refused = cloud.iam("DeleteServiceLinkedRole", &[("RoleName", "r")]).await;
        refused.is_refused(404, "NoSuchEntity", "The role with name r cannot be found.");
        cloud.iam("GetRole", &[("RoleName", "r")]).await.succeeds_in_xml();
        role_is_missing(&cloud, "DeleteServiceLinkedRole", &[]).await;
    }
}
