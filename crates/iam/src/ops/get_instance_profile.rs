//! Tells all about an instance profile.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::api::{GetInstanceProfileRequest, GetInstanceProfileResponse, InstanceProfile};
use crate::facts::Facts;
use crate::{Iam, tags};

pub(crate) async fn get_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: GetInstanceProfileRequest,
) -> Result<GetInstanceProfileResponse, ApiError> {
    let (action, name) = ("iam:GetInstanceProfile", &input.instance_profile_name);
    let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &Facts::none()).await?.record;
    let found = iam.instance_profile(cx, &profile).await?;
    // Told also where there are none (recorded).
    let instance_profile = InstanceProfile { tags: Some(tags::listed(&profile.tags)), ..found };
    Ok(GetInstanceProfileResponse { instance_profile })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, profile_is_missing, put_into, role};

    #[tokio::test]
    async fn a_profile_holds_its_role_in_brief() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "Web").await;
        let made = role(&cloud, "r").await;
        put_into(&cloud, "Web", "r").await;
        let read = cloud.iam("GetInstanceProfile", &[("InstanceProfileName", "wEB")]).await.succeeds_in_xml();
        assert_eq!(read.text("InstanceProfile/InstanceProfileName"), "Web");
        assert_eq!(read.find("InstanceProfile/Tags"), Some(""));
        for member in ["Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"] {
            let held = read.text(&format!("InstanceProfile/Roles/member/{member}"));
            assert_eq!(held, made.text(&format!("Role/{member}")));
        }
        assert_eq!(read.find("InstanceProfile/Roles/member/MaxSessionDuration"), None);
        profile_is_missing(&cloud, "GetInstanceProfile", &[]).await;
    }
}
