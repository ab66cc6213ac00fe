//! Lists instance profiles by name, those under a path if one is given.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListInstanceProfilesRequest, ListInstanceProfilesResponse};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_instance_profiles(
    iam: &Iam,
    cx: &Context,
    input: ListInstanceProfilesRequest,
) -> Result<ListInstanceProfilesResponse, ApiError> {
    let prefix = input.path_prefix.as_deref();
    let profiles = arn(cx, "instance-profile", prefix.unwrap_or(NO_PATH), "").to_string();
    iam.authorize(cx, "iam:ListInstanceProfiles", &profiles, &Facts::none()).await?;
    let request = PageRequest::new("ListInstanceProfiles", input.marker.as_deref(), input.max_items)?;
    let page = iam.page_of::<InstanceProfileRecord>(cx, &request, prefix).await?;
    Ok(ListInstanceProfilesResponse {
        is_truncated: Some(page.is_truncated()),
        instance_profiles: iam.instance_profiles(cx, &page.items).await?,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{put_into, role};

    #[tokio::test]
    async fn profiles_come_by_name_with_their_roles_and_without_their_tags() {
        let cloud = Cloud::new();
        role(&cloud, "r").await;
        for (name, path) in [("b", "/x/"), ("A", "/x/y/"), ("c", "/z/")] {
            let parameters = [
                ("InstanceProfileName", name),
                ("Path", path),
                ("Tags.member.1.Key", "k"),
                ("Tags.member.1.Value", "v"),
            ];
            cloud.iam("CreateInstanceProfile", &parameters).await.succeeds_in_xml();
        }
        put_into(&cloud, "b", "r").await;
        let names = "InstanceProfiles/member/InstanceProfileName";
        let all = cloud.iam("ListInstanceProfiles", &[]).await.succeeds_in_xml();
        assert_eq!(all.texts(names), ["A", "b", "c"]);
        assert_eq!(all.texts("InstanceProfiles/member/Roles/member/RoleName"), ["r"]);
        assert_eq!(all.find("InstanceProfiles/member/Tags/member/Key"), None);
        assert_eq!(all.text("IsTruncated"), "false");
        let first = [("PathPrefix", "/x/"), ("MaxItems", "1")];
        let first = cloud.iam("ListInstanceProfiles", &first).await.succeeds_in_xml();
        assert_eq!((first.texts(names), first.text("IsTruncated")), (vec!["A"], "true"));
        let next = [("PathPrefix", "/x/"), ("Marker", first.text("Marker"))];
        let next = cloud.iam("ListInstanceProfiles", &next).await.succeeds_in_xml();
        assert_eq!((next.texts(names), next.text("IsTruncated")), (vec!["b"], "false"));
    }
}
