//! Deletes an instance profile that holds no role.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::api::DeleteInstanceProfileRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: DeleteInstanceProfileRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let (action, name) = ("iam:DeleteInstanceProfile", &input.instance_profile_name);
        let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &Facts::none()).await?;
        if profile.record.role.is_some() {
            return Err(messages::must_first("remove roles from instance profile"));
        }
        change.remove(&profile)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, profile_is_missing, put_into, role};

    #[tokio::test]
    async fn a_role_keeps_its_profile() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        role(&cloud, "r").await;
        put_into(&cloud, "p", "r").await;
        let refused = cloud.iam("DeleteInstanceProfile", &[("InstanceProfileName", "p")]).await;
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        refused.is_refused(409, "DeleteConflict", message);
        let parameters = [("InstanceProfileName", "p"), ("RoleName", "r")];
        cloud.iam("RemoveRoleFromInstanceProfile", &parameters).await.succeeds_in_xml();
        cloud.iam("DeleteInstanceProfile", &[("InstanceProfileName", "P")]).await.succeeds_in_xml();
        let gone = cloud.iam("GetInstanceProfile", &[("InstanceProfileName", "p")]).await;
        gone.is_refused(404, "NoSuchEntity", "Instance Profile p cannot be found.");
        profile_is_missing(&cloud, "DeleteInstanceProfile", &[]).await;
        cloud.iam("DeleteRole", &[("RoleName", "r")]).await.succeeds_in_xml();
    }
}
