//! Tells how the deletion of a service's role went. All that were taken on have succeeded.

use trent_shared::{ApiError, Context};

use crate::api::{
    DeletionTaskStatusType, GetServiceLinkedRoleDeletionStatusRequest, GetServiceLinkedRoleDeletionStatusResponse,
};
use crate::arns::arn;
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn get_service_linked_role_deletion_status(
    iam: &Iam,
    cx: &Context,
    input: GetServiceLinkedRoleDeletionStatusRequest,
) -> Result<GetServiceLinkedRoleDeletionStatusResponse, ApiError> {
    let task = &input.deletion_task_id;
    // `task/aws-service-role/<service>/<role>/<uuid>`: the role's path and name are in it.
    let role = task.strip_prefix("task").and_then(|rest| rest.rsplit_once('/')).map_or("/", |(role, _)| role);
    let arn = arn(cx, "role", role, "").to_string();
    iam.authorize(cx, "iam:GetServiceLinkedRoleDeletionStatus", &arn, &Facts::none()).await?;
    if !iam.directory().has_deletion_task(cx.account(), task).await? {
        return Err(messages::deletion_task_not_found(task));
    }
    Ok(GetServiceLinkedRoleDeletionStatusResponse { status: DeletionTaskStatusType::Succeeded, reason: None })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::service_linked_role;

    #[tokio::test]
    async fn a_deletion_has_succeeded_and_others_are_not_known() {
        let cloud = Cloud::new();
        let name = service_linked_role(&cloud, "lex.amazonaws.com").await;
        let deleted = cloud.iam("DeleteServiceLinkedRole", &[("RoleName", &*name)]).await.succeeds_in_xml();
        let task = deleted.text("DeletionTaskId");
        let status = cloud.iam("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", task)]).await;
        assert_eq!(status.succeeds_in_xml().text("Status"), "SUCCEEDED");
        let other =
            "task/aws-service-role/lex.amazonaws.com/AWSServiceRoleForLexBots/1a2b3c4d-1234-abcd-7890-abcdef123456";
        for unknown in [other, "x"] {
            let refused = cloud.iam("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", unknown)]).await;
            refused.is_refused(404, "NoSuchEntity", &format!("The deletion task {unknown} cannot be found."));
        }
        let foreign = cloud.client().in_account("111122223333");
        let refused = foreign.iam("GetServiceLinkedRoleDeletionStatus", &[("DeletionTaskId", task)]).await;
        refused.is_refused(404, "NoSuchEntity", &format!("The deletion task {task} cannot be found."));
    }
}
