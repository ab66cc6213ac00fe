//! Lists the instance profiles that hold a role, by name.

use trent_identity::{InstanceProfileRecord, Relation, RoleRecord};
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_instance_profiles_for_role(
    iam: &Iam,
    cx: &Context,
    input: ListInstanceProfilesForRoleRequest,
) -> Result<ListInstanceProfilesForRoleResponse, ApiError> {
    let role =
        iam.named::<RoleRecord>(cx, "iam:ListInstanceProfilesForRole", &input.role_name, &Facts::none()).await?.record;
    let request = PageRequest::new("ListInstanceProfilesForRole", input.marker.as_deref(), input.max_items)?;
    let holding = iam.directory().all_related::<InstanceProfileRecord>(cx.account(), Relation::Holds, &role.id).await?;
    let page = request.page(holding.into_iter().map(|profile| profile.record), |profile| profile.name.clone());
    Ok(ListInstanceProfilesForRoleResponse {
        is_truncated: Some(page.is_truncated()),
        instance_profiles: iam.instance_profiles(cx, &page.items).await?,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, put_into, role, role_is_missing};

    #[tokio::test]
    async fn a_role_can_be_in_many_profiles() {
        let cloud = Cloud::new();
        for name in ["r", "other"] {
            role(&cloud, name).await;
        }
        for name in ["c", "B", "a", "none"] {
            instance_profile(&cloud, name).await;
        }
        for name in ["c", "B", "a"] {
            put_into(&cloud, name, "r").await;
        }
        let names = "InstanceProfiles/member/InstanceProfileName";
        let first = [("RoleName", "R"), ("MaxItems", "2")];
        let first = cloud.iam("ListInstanceProfilesForRole", &first).await.succeeds_in_xml();
        assert_eq!((first.texts(names), first.text("IsTruncated")), (vec!["a", "B"], "true"));
        assert_eq!(first.texts("InstanceProfiles/member/Roles/member/RoleName"), ["r", "r"]);
        let next = [("RoleName", "r"), ("Marker", first.text("Marker"))];
        let next = cloud.iam("ListInstanceProfilesForRole", &next).await.succeeds_in_xml();
        assert_eq!((next.texts(names), next.text("IsTruncated")), (vec!["c"], "false"));
        let none = cloud.iam("ListInstanceProfilesForRole", &[("RoleName", "other")]).await.succeeds_in_xml();
        assert_eq!(none.texts(names), [""; 0]);
        role_is_missing(&cloud, "ListInstanceProfilesForRole", &[]).await;
    }
}
