//! Lists roles by name, those under a path if one is given.

use trent_identity::RoleRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListRolesRequest, ListRolesResponse};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, role_answers};

pub(crate) async fn list_roles(
    iam: &Iam,
    cx: &Context,
    input: ListRolesRequest,
) -> Result<ListRolesResponse, ApiError> {
    let prefix = input.path_prefix.as_deref();
    let roles = arn(cx, "role", prefix.unwrap_or(NO_PATH), "").to_string();
    iam.authorize(cx, "iam:ListRoles", &roles, &Facts::none()).await?;
    let request = PageRequest::new("ListRoles", input.marker.as_deref(), input.max_items)?;
    let page = iam.page_of::<RoleRecord>(cx, &request, prefix).await?;
    let page = page.map(|role| role_answers::listed(cx, &role));
    Ok(ListRolesResponse { is_truncated: Some(page.is_truncated()), roles: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{TRUST, role};

    #[tokio::test]
    async fn roles_come_by_name_with_their_descriptions_and_without_their_tags() {
        let cloud = Cloud::new();
        role(&cloud, "b").await;
        let parameters = [
            ("RoleName", "A"),
            ("AssumeRolePolicyDocument", TRUST),
            ("Description", "first"),
            ("MaxSessionDuration", "7200"),
            ("PermissionsBoundary", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
        cloud.client().in_account("111122223333").iam("CreateRole", &parameters).await.succeeds_in_xml();
        let listed = cloud.iam("ListRoles", &[]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Roles/member/RoleName"), ["A", "b"]);
        assert_eq!(listed.texts("Roles/member/Description"), ["first"]);
        assert_eq!(listed.texts("Roles/member/MaxSessionDuration"), ["7200", "3600"]);
        assert_eq!(listed.text("IsTruncated"), "false");
        for left_out in ["Tags/member/Key", "PermissionsBoundary/PermissionsBoundaryArn", "RoleLastUsed"] {
            assert_eq!(listed.find(&format!("Roles/member/{left_out}")), None, "{left_out}");
        }
    }

    #[tokio::test]
    async fn pages_and_paths_narrow_the_list() {
        let cloud = Cloud::new();
        for (name, path) in [("a", "/x/"), ("b", "/y/"), ("c", "/x/z/"), ("d", "/x/")] {
            let parameters = [("RoleName", name), ("Path", path), ("AssumeRolePolicyDocument", TRUST)];
            cloud.iam("CreateRole", &parameters).await.succeeds_in_xml();
        }
        let first = cloud.iam("ListRoles", &[("PathPrefix", "/x/"), ("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!(first.texts("Roles/member/RoleName"), ["a", "c"]);
        assert_eq!(first.text("IsTruncated"), "true");
        let marker = first.text("Marker");
        let rest = cloud.iam("ListRoles", &[("PathPrefix", "/x/"), ("Marker", marker)]).await.succeeds_in_xml();
        assert_eq!((rest.texts("Roles/member/RoleName"), rest.find("Marker")), (vec!["d"], None));
        let none = cloud.iam("ListRoles", &[("PathPrefix", "/none/")]).await.succeeds_in_xml();
        assert_eq!(none.texts("Roles/member/RoleName"), [""; 0]);
        cloud.iam("ListRoles", &[("Marker", "x")]).await.is_refused(400, "ValidationError", "Invalid Marker.");
    }
}
