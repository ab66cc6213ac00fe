//! Tells all about a role.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::{GetRoleRequest, GetRoleResponse};
use crate::facts::Facts;
use crate::{Iam, role_answers};

pub(crate) async fn get_role(iam: &Iam, cx: &Context, input: GetRoleRequest) -> Result<GetRoleResponse, ApiError> {
    let role = iam.named::<RoleRecord>(cx, "iam:GetRole", &input.role_name, &Facts::none()).await?.record;
    let last_use = iam.directory().last_use(&role.id).await?;
    Ok(GetRoleResponse { role: role_answers::whole(cx, &role, last_use) })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use trent_identity::{Directory, RoleRecord};
    use trent_shared::{AccessKeyId, Caller, Partition};
    use trent_testkit::Cloud;

    use crate::role_testing::{ACCOUNT, role, role_is_missing};

    #[tokio::test]
    async fn a_role_is_found_whatever_the_case_of_its_name() {
        let cloud = Cloud::new();
        let made = role(&cloud, "Admin").await;
        let answer = cloud.iam("GetRole", &[("RoleName", "aDMIN")]).await;
        let read = answer.succeeds_in_xml();
        for member in ["Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"] {
            let member = format!("Role/{member}");
            assert_eq!(read.text(&member), made.text(&member));
        }
        assert_eq!(read.text("Role/MaxSessionDuration"), "3600");
        assert_eq!(read.find("Role/Description"), None);
        assert_eq!(read.find("Role/Tags"), None);
        // Never used.
        assert_eq!(read.find("Role/RoleLastUsed").map(str::trim), Some(""));
    }

    #[tokio::test]
    async fn the_last_use_is_told() {
        let cloud = Cloud::new();
        role(&cloud, "Admin").await;
        let account = ACCOUNT.parse().expect("valid");
        let directory: &Arc<Directory> = cloud.directory();
        let role = directory.find::<RoleRecord>(account, "Admin").await.expect("the engine works").expect("made");
        let caller = Caller {
            principal: role.record.session("s"),
            access_key: Some(AccessKeyId::new("ASIA")),
            ..Caller::root(Partition::Aws, account)
        };
        directory.note_use(&caller, "kms", &"eu-west-1".parse().expect("valid")).await.expect("the engine works");
        let read = cloud.iam("GetRole", &[("RoleName", "Admin")]).await.succeeds_in_xml();
        assert_eq!(read.text("Role/RoleLastUsed/LastUsedDate"), "2026-09-28T12:10:08Z");
        assert_eq!(read.text("Role/RoleLastUsed/Region"), "eu-west-1");
    }

    #[tokio::test]
    async fn what_is_not_there_is_said() {
        role_is_missing(&Cloud::new(), "GetRole", &[]).await;
    }
}
