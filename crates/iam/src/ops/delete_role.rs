//! Deletes a role that nothing hangs on: no instance profile holds it, and it has no policies.

use trent_identity::{Relation, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::api::DeleteRoleRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_role(iam: &Iam, cx: &Context, input: DeleteRoleRequest) -> Result<(), ApiError> {
    let directory = iam.directory();
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:DeleteRole", &input.role_name, &Facts::none()).await?;
        if role.record.is_service_linked() {
            return Err(messages::protected_role(&role.record.name));
        }
        if directory.count_related(cx.account(), Relation::Holds, &role.record.id).await? > 0 {
            return Err(messages::must_first("remove roles from instance profile"));
        }
        if !role.record.attached.is_empty() {
            return Err(messages::must_first("detach all policies"));
        }
        if !role.record.inline.is_empty() {
            return Err(messages::must_first("delete policies"));
        }
        change.remove(&role)?;
        if directory.commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use trent_identity::{Change, RoleRecord};
    use trent_testkit::Cloud;

    use crate::role_testing::{ACCOUNT, instance_profile, put_into, role, role_is_missing, service_linked_role};

    /// Gives the role `r` policies, in the place of those that it has.
    async fn set_policies(cloud: &Cloud, inline: &[(&str, &str)], attached: &[&str]) {
        let account = ACCOUNT.parse().expect("valid");
        let role = cloud.directory().find::<RoleRecord>(account, "r").await.expect("the engine works").expect("made");
        let owned = |(name, document): &(&str, &str)| ((*name).to_owned(), (*document).to_owned());
        let updated = RoleRecord {
            inline: inline.iter().map(owned).collect::<BTreeMap<_, _>>(),
            attached: attached.iter().map(|&arn| arn.to_owned()).collect::<BTreeSet<_>>(),
            ..role.record.clone()
        };
        let mut change = Change::of(account);
        change.replace(&role, &updated).expect("it serializes");
        assert!(cloud.directory().commit(change).await.expect("the engine works"));
    }

    #[tokio::test]
    async fn what_hangs_on_a_role_keeps_it_in_awss_order() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        instance_profile(&cloud, "p").await;
        put_into(&cloud, "p", "r").await;
        let (inline, attached) = ([("i", "{}")], ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
        set_policies(&cloud, &inline, &attached).await;
        let refused = async |message: &str| {
            cloud.iam("DeleteRole", &[("RoleName", "r")]).await.is_refused(409, "DeleteConflict", message);
        };
        refused("Cannot delete entity, must remove roles from instance profile first.").await;
        let parameters = [("InstanceProfileName", "p"), ("RoleName", "r")];
        cloud.iam("RemoveRoleFromInstanceProfile", &parameters).await.succeeds_in_xml();
        refused("Cannot delete entity, must detach all policies first.").await;
        set_policies(&cloud, &inline, &[]).await;
        refused("Cannot delete entity, must delete policies first.").await;
        set_policies(&cloud, &[], &[]).await;
        cloud.iam("DeleteRole", &[("RoleName", "R")]).await.succeeds_in_xml();
        let gone = cloud.iam("GetRole", &[("RoleName", "r")]).await;
        gone.is_refused(404, "NoSuchEntity", "The role with name r cannot be found.");
        role_is_missing(&cloud, "DeleteRole", &[]).await;
    }

    #[tokio::test]
    async fn a_role_made_anew_is_another_one() {
        let cloud = Cloud::new();
        let first = role(&cloud, "r").await;
        cloud.iam("DeleteRole", &[("RoleName", "r")]).await.succeeds_in_xml();
        let second = role(&cloud, "r").await;
        assert_eq!(first.text("Role/Arn"), second.text("Role/Arn"));
        assert_ne!(first.text("Role/RoleId"), second.text("Role/RoleId"));
    }

    #[tokio::test]
    async fn a_services_role_is_not_deleted_like_others() {
        let cloud = Cloud::new();
        let name = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        let message = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only \
                       modifiable by AWS";
        cloud.iam("DeleteRole", &[("RoleName", &*name)]).await.is_refused(400, "UnmodifiableEntity", message);
    }
}
