//! Lists a user's MFA devices: none can be made here. Whoever deletes a user asks for them first.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListMFADevicesRequest, ListMFADevicesResponse};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_mfa_devices(
    iam: &Iam,
    cx: &Context,
    input: ListMFADevicesRequest,
) -> Result<ListMFADevicesResponse, ApiError> {
    PageRequest::new("ListMFADevices", input.marker.as_deref(), input.max_items)?;
    iam.user_or_caller(cx, "iam:ListMFADevices", input.user_name.as_deref(), &Facts::none()).await?;
    Ok(ListMFADevicesResponse { mfa_devices: Vec::new(), is_truncated: Some(false), marker: None })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    #[tokio::test]
    async fn a_user_has_none() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let listed = cloud.iam("ListMFADevices", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListMFADevices", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "ListMFADevices", &[("UserName", "alice")], "user alice").await;
    }
}
