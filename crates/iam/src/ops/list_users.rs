//! Lists users by name, those under a path if one is given.

use trent_identity::UserRecord;
use trent_shared::{ApiError, Context};

use crate::api::{ListUsersRequest, ListUsersResponse};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, answers};

pub(crate) async fn list_users(
    iam: &Iam,
    cx: &Context,
    input: ListUsersRequest,
) -> Result<ListUsersResponse, ApiError> {
    let prefix = input.path_prefix.as_deref();
    let users = arn(cx, "user", prefix.unwrap_or(NO_PATH), "").to_string();
    iam.authorize(cx, "iam:ListUsers", &users, &Facts::none()).await?;
    let request = PageRequest::new("ListUsers", input.marker.as_deref(), input.max_items)?;
    let page = iam.page_of::<UserRecord>(cx, &request, prefix).await?;
    let page = page.map(|user| answers::listed_user(cx, &user));
    Ok(ListUsersResponse { is_truncated: Some(page.is_truncated()), users: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    #[tokio::test]
    async fn users_are_listed_by_name_page_by_page() {
        let cloud = Cloud::new();
        for name in ["carol", "Bob", "alice"] {
            make_user(&cloud, name).await;
        }
        let first = cloud.iam("ListUsers", &[("MaxItems", "2")]).await.succeeds_in_xml();
        assert_eq!(first.texts("Users/member/UserName"), ["alice", "Bob"]);
        assert_eq!(first.text("IsTruncated"), "true");
        let next = cloud.iam("ListUsers", &[("Marker", first.text("Marker"))]).await.succeeds_in_xml();
        assert_eq!(next.texts("Users/member/UserName"), ["carol"]);
        assert_eq!((next.text("IsTruncated"), next.find("Marker")), ("false", None));
    }

    #[tokio::test]
    async fn a_path_prefix_need_not_end_where_a_path_does() {
        let cloud = Cloud::new();
        for (name, path) in [("alice", "/team/red/"), ("bob", "/team/"), ("carol", "/")] {
            cloud.iam("CreateUser", &[("UserName", name), ("Path", path)]).await.succeeds_in_xml();
        }
        for (prefix, names) in
            [("/", vec!["alice", "bob", "carol"]), ("/te", vec!["alice", "bob"]), ("/team/red", vec!["alice"])]
        {
            let listed = cloud.iam("ListUsers", &[("PathPrefix", prefix)]).await.succeeds_in_xml();
            assert_eq!(listed.texts("Users/member/UserName"), names);
        }
        let page = cloud.iam("ListUsers", &[("PathPrefix", "/team/"), ("MaxItems", "1")]).await.succeeds_in_xml();
        assert_eq!((page.texts("Users/member/UserName"), page.text("IsTruncated")), (vec!["alice"], "true"));
    }

    #[tokio::test]
    async fn more_users_than_are_read_at_a_time_are_all_listed() {
        let cloud = Cloud::new();
        for n in 0..300 {
            make_user(&cloud, &format!("user-{n:03}")).await;
        }
        let listed = cloud.iam("ListUsers", &[("MaxItems", "1000")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Users/member/UserName").len(), 300);
        let page = cloud.iam("ListUsers", &[]).await.succeeds_in_xml();
        assert_eq!(page.texts("Users/member/UserName").len(), 100);
    }

    #[tokio::test]
    async fn tags_are_not_among_what_is_listed() {
        let cloud = Cloud::new();
        let tagged = [("UserName", "alice"), ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
        cloud.iam("CreateUser", &tagged).await.succeeds_in_xml();
        let listed = cloud.iam("ListUsers", &[]).await.succeeds_in_xml();
        assert!(listed.texts("Users/member/Tags/member/Key").is_empty());
    }

    #[tokio::test]
    async fn a_marker_that_no_list_gave_is_refused() {
        let refused = Cloud::new().iam("ListUsers", &[("Marker", "nonsense")]).await;
        refused.is_refused(400, "ValidationError", "Invalid Marker.");
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_path() {
        let cloud = Cloud::new();
        denies(&cloud, "ListUsers", &[], "arn:aws:iam::000000000000:user/").await;
        denies(&cloud, "ListUsers", &[("PathPrefix", "/a/")], "arn:aws:iam::000000000000:user/a/").await;
    }
}
