//! Takes the role out of an instance profile.

use trent_identity::{InstanceProfileRecord, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::access::Named;
use crate::api::RemoveRoleFromInstanceProfileRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::messages;

pub(crate) async fn remove_role_from_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: RemoveRoleFromInstanceProfileRequest,
) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let (action, name) = ("iam:RemoveRoleFromInstanceProfile", &input.instance_profile_name);
        let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &Facts::none()).await?;
        let role = directory.find::<RoleRecord>(cx.account(), &input.role_name).await?;
        let role = role.ok_or_else(|| RoleRecord::not_found(&input.role_name))?.record;
        if profile.record.role.as_ref() != Some(&role.id) {
            return Err(messages::role_not_in_profile(&role.name, &profile.record.name));
        }
        change.replace(&profile, &InstanceProfileRecord { role: None, ..profile.record.clone() })?;
        if directory.commit(change).await? {
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
    async fn a_profile_is_free_for_another_role() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        for name in ["one", "two"] {
            role(&cloud, name).await;
        }
        let remove = async |name: &str| {
            let parameters = [("InstanceProfileName", "p"), ("RoleName", name)];
            cloud.iam("RemoveRoleFromInstanceProfile", &parameters).await
        };
        put_into(&cloud, "p", "one").await;
        let message = "Role two in Instance Profile p cannot be found.";
        remove("two").await.is_refused(404, "NoSuchEntity", message);
        remove("one").await.succeeds_in_xml();
        remove("one").await.is_refused(404, "NoSuchEntity", "Role one in Instance Profile p cannot be found.");
        remove("nobody").await.is_refused(404, "NoSuchEntity", "The role with name nobody cannot be found.");
        put_into(&cloud, "p", "two").await;
        profile_is_missing(&cloud, "RemoveRoleFromInstanceProfile", &[("RoleName", "one")]).await;
    }
}
