//! Deletes an OpenID Connect provider. Roles that trust it stay, and nobody can assume them through it.

use trent_shared::{ApiError, Context};

use crate::api::DeleteOpenIDConnectProviderRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages};

pub(crate) async fn delete_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: DeleteOpenIDConnectProviderRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:DeleteOpenIDConnectProvider", &input.open_id_connect_provider_arn);
        let provider = iam.permitted_oidc_provider(cx, action, arn, &Facts::none()).await?;
        // A second deletion fails (recorded), though the guide says otherwise.
        let provider = provider.ok_or_else(|| messages::provider_to_delete_not_found(arn))?;
        change.remove(&provider)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::provider;

    #[tokio::test]
    async fn a_provider_is_deleted_once() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let parameters = [("OpenIDConnectProviderArn", &*arn)];
        cloud.iam("DeleteOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        let gone = format!("OpenIDConnect Provider not found for arn {arn}");
        cloud.iam("GetOpenIDConnectProvider", &parameters).await.is_refused(404, "NoSuchEntity", &gone);
        let gone = format!("OpenId connect Provider {arn} cannot be found.");
        cloud.iam("DeleteOpenIDConnectProvider", &parameters).await.is_refused(404, "NoSuchEntity", &gone);
        provider(&cloud, "https://example.com").await;
    }
}
