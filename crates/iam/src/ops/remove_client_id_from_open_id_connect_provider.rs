//! Takes an audience from an OpenID Connect provider. One that it does not have is no error (documented).

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::RemoveClientIDFromOpenIDConnectProviderRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;

pub(crate) async fn remove_client_id_from_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: RemoveClientIDFromOpenIDConnectProviderRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:RemoveClientIDFromOpenIDConnectProvider", &input.open_id_connect_provider_arn);
        let provider = iam.oidc_provider(cx, action, arn, &Facts::none()).await?;
        let mut narrowed = provider.record.clone();
        narrowed.client_ids.remove(&input.client_id);
        change.replace(&provider, &narrowed)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::provider_is_missing;

    #[tokio::test]
    async fn the_others_stay() {
        let cloud = Cloud::new();
        let parameters =
            [("Url", "https://example.com"), ("ClientIDList.member.1", "a"), ("ClientIDList.member.2", "b")];
        let made = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        let provider = ("OpenIDConnectProviderArn", made.text("OpenIDConnectProviderArn"));
        for client_id in ["a", "a", "none"] {
            let parameters = [provider, ("ClientID", client_id)];
            cloud.iam("RemoveClientIDFromOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        }
        let read = cloud.iam("GetOpenIDConnectProvider", &[provider]).await.succeeds_in_xml();
        assert_eq!(read.texts("ClientIDList/member"), ["b"]);
        provider_is_missing(&cloud, "RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", "a")]).await;
    }
}
