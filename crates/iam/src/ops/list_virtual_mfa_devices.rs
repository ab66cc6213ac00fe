//! Lists the account's virtual MFA devices: none can be made here. Whoever deletes a user asks for them first.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListVirtualMFADevicesRequest, ListVirtualMFADevicesResponse};
use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_virtual_mfa_devices(
    iam: &Iam,
    cx: &Context,
    input: ListVirtualMFADevicesRequest,
) -> Result<ListVirtualMFADevicesResponse, ApiError> {
    PageRequest::new("ListVirtualMFADevices", input.marker.as_deref(), input.max_items)?;
    iam.authorize(cx, "iam:ListVirtualMFADevices", &arn(cx, "mfa", NO_PATH, "").to_string(), &Facts::none()).await?;
    Ok(ListVirtualMFADevicesResponse { virtual_mfa_devices: Vec::new(), is_truncated: Some(false), marker: None })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::denies;

    #[tokio::test]
    async fn there_are_none() {
        let listed =
            Cloud::new().iam("ListVirtualMFADevices", &[("AssignmentStatus", "Assigned")]).await.succeeds_in_xml();
        assert_eq!(listed.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn permission_is_asked_and_markers_are_read() {
        let cloud = Cloud::new();
        denies(&cloud, "ListVirtualMFADevices", &[], "arn:aws:iam::000000000000:mfa/").await;
        let marked = cloud.iam("ListVirtualMFADevices", &[("Marker", "nonsense")]).await;
        marked.is_refused(400, "ValidationError", "Invalid Marker.");
    }
}
