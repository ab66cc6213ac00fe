//! Lists a user's SSH keys: none can be uploaded here. Whoever deletes a user asks for them first.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::{ListSSHPublicKeysRequest, ListSSHPublicKeysResponse};
use crate::facts::Facts;
use crate::page::PageRequest;

pub(crate) async fn list_ssh_public_keys(
    iam: &Iam,
    cx: &Context,
    input: ListSSHPublicKeysRequest,
) -> Result<ListSSHPublicKeysResponse, ApiError> {
    PageRequest::new("ListSSHPublicKeys", input.marker.as_deref(), input.max_items)?;
    iam.user_or_caller(cx, "iam:ListSSHPublicKeys", input.user_name.as_deref(), &Facts::none()).await?;
    Ok(ListSSHPublicKeysResponse { ssh_public_keys: Some(Vec::new()), is_truncated: Some(false), marker: None })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_user};

    #[tokio::test]
    async fn a_user_has_none() {
        let cloud = Cloud::new();
        make_user(&cloud, "alice").await;
        let listed = cloud.iam("ListSSHPublicKeys", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(listed.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn an_absent_user_is_refused_and_permission_is_asked() {
        let cloud = Cloud::new();
        let message = "The user with name alice cannot be found.";
        cloud.iam("ListSSHPublicKeys", &[("UserName", "alice")]).await.is_refused(404, "NoSuchEntity", message);
        denies(&cloud, "ListSSHPublicKeys", &[("UserName", "alice")], "user alice").await;
    }
}
