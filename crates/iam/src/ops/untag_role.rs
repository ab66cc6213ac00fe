//! Takes tags off a role. One that it does not have is no error.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::UntagRoleRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn untag_role(iam: &Iam, cx: &Context, input: UntagRoleRequest) -> Result<(), ApiError> {
    let facts = Facts::removing(&input.tag_keys);
    for mut change in attempts(cx) {
        let role = iam.named::<RoleRecord>(cx, "iam:UntagRole", &input.role_name, &facts).await?;
        let mut untagged = role.record.clone();
        tags::remove(&mut untagged.tags, &input.tag_keys, KeyCase::Ignored);
        change.replace(&role, &untagged)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{role, role_is_missing};

    #[tokio::test]
    async fn tags_go_whatever_the_case_of_their_keys() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        let tags = [
            ("RoleName", "r"),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", "1"),
            ("Tags.member.2.Key", "b"),
            ("Tags.member.2.Value", "2"),
        ];
        cloud.iam("TagRole", &tags).await.succeeds_in_xml();
        let keys = [("RoleName", "r"), ("TagKeys.member.1", "A"), ("TagKeys.member.2", "none")];
        cloud.iam("UntagRole", &keys).await.succeeds_in_xml();
        let listed = cloud.iam("ListRoleTags", &[("RoleName", "r")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["b"]);
        role_is_missing(&cloud, "UntagRole", &[("TagKeys.member.1", "a")]).await;
    }
}
