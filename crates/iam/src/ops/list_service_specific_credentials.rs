//! Lists the credentials that users have for single services: none can be made here. Whoever deletes a user asks for
//! them first.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListServiceSpecificCredentialsRequest, ListServiceSpecificCredentialsResponse};
use crate::facts::Facts;
use crate::page::PageRequest;

const ACTION: &str = "iam:ListServiceSpecificCredentials";

pub(crate) async fn list_service_specific_credentials(
    iam: &Iam,
    cx: &Context,
    input: ListServiceSpecificCredentialsRequest,
) -> Result<ListServiceSpecificCredentialsResponse, ApiError> {
    PageRequest::new("ListServiceSpecificCredentials", input.marker.as_deref(), input.max_items)?;
    if input.all_users == Some(true) {
        iam.authorize(cx, ACTION, "*", &Facts::none()).await?;
    } else {
        iam.user_or_caller(cx, ACTION, input.user_name.as_deref(), &Facts::none()).await?;
    }
    Ok(ListServiceSpecificCredentialsResponse {
        service_specific_credentials: Some(Vec::new()),
        marker: None,
        is_truncated: Some(false),
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    #[tokio::test]
    async fn a_user_has_none() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let listed = cloud.iam("ListServiceSpecificCredentials", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListServiceSpecificCredentials", &[("UserName", "alice")]).await.is_refused(
            404,
            "NoSuchEntity",
            message,
        );
        denies(&cloud, "ListServiceSpecificCredentials", &[("UserName", "alice")], "user alice").await;
    }
}
