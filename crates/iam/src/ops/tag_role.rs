//! Puts tags onto a role, where they are also what `aws:PrincipalTag` tells of its sessions.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::TagRoleRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_role(iam: &Iam, cx: &Context, input: TagRoleRequest) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:TagRole", &input.role_name, &facts).await?;
        let mut tagged = role.record.clone();
        tags::add(&mut tagged.tags, &input.tags, KeyCase::Ignored)?;
        change.replace(&role, &tagged)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing, service_linked_role};

    const TAG: [(&str, &str); 2] = [("Tags.member.1.Key", "Key"), ("Tags.member.1.Value", "new")];

    #[tokio::test]
    async fn a_tag_that_is_there_gets_the_new_value_and_spelling() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let ours = service_linked_role(&cloud, "ecs.amazonaws.com").await;
        for name in ["r", &ours] {
            let old = [
                ("RoleName", name),
                ("Tags.member.1.Key", "KEY"),
                ("Tags.member.1.Value", "old"),
                ("Tags.member.2.Key", "other"),
                ("Tags.member.2.Value", ""),
            ];
            cloud.iam("TagRole", &old).await.succeeds_in_xml();
            cloud.iam("TagRole", &[&[("RoleName", name)][..], &TAG].concat()).await.succeeds_in_xml();
            let read = cloud.iam("GetRole", &[("RoleName", name)]).await.succeeds_in_xml();
            assert_eq!(read.texts("Role/Tags/member/Key"), ["Key", "other"]);
            assert_eq!(read.texts("Role/Tags/member/Value"), ["new", ""]);
        }
    }

    #[tokio::test]
    async fn what_cannot_be_done_is_refused() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        role_is_missing(&cloud, "TagRole", &TAG).await;
        let twice = [("Tags.member.2.Key", "kEY"), ("Tags.member.2.Value", "v")];
        let refused = cloud.iam("TagRole", &[&[("RoleName", "r")][..], &TAG, &twice].concat()).await;
        let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
        refused.is_refused(400, "InvalidInput", message);
    }
}
