//! Lists all OpenID Connect providers of the account; there are few, and no pages.

use trent_identity::OidcProviderRecord;
use trent_shared::{ApiError, Context};

use crate::api::{
    ListOpenIDConnectProvidersRequest, ListOpenIDConnectProvidersResponse, OpenIDConnectProviderListEntry,
};
use crate::facts::Facts;
use crate::{Iam, limits, oidc};

pub(crate) async fn list_open_id_connect_providers(
    iam: &Iam,
    cx: &Context,
    _: ListOpenIDConnectProvidersRequest,
) -> Result<ListOpenIDConnectProvidersResponse, ApiError> {
    iam.authorize(cx, "iam:ListOpenIDConnectProviders", "*", &Facts::none()).await?;
    let providers = iam.directory().list::<OidcProviderRecord>(cx.account(), None, limits::OIDC_PROVIDERS).await?;
    let entries = providers
        .into_iter()
        .map(|provider| OpenIDConnectProviderListEntry { arn: Some(oidc::arn(cx, &provider.record.url).to_string()) });
    Ok(ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(entries.collect()) })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::provider;

    #[tokio::test]
    async fn those_of_the_account_are_listed() {
        let cloud = Cloud::new();
        let list = async || cloud.iam("ListOpenIDConnectProviders", &[]).await.succeeds_in_xml();
        let entries = "OpenIDConnectProviderList/member/Arn";
        assert_eq!(list().await.texts(entries), [""; 0]);
        let mut arns = Vec::new();
        for url in ["https://a.example.com", "https://b.example.com/x", "https://c.example.com"] {
            arns.push(provider(&cloud, url).await);
        }
        let other = cloud.client().in_account("111122223333");
        other.iam("CreateOpenIDConnectProvider", &[("Url", "https://d.example.com")]).await.succeeds_in_xml();
        assert_eq!(list().await.texts(entries), arns);
    }

    #[tokio::test]
    async fn an_account_has_a_hundred_of_them() {
        let cloud = Cloud::new();
        for number in 0..100 {
            provider(&cloud, &format!("https://{number}.example.com")).await;
        }
        let list = cloud.iam("ListOpenIDConnectProviders", &[]).await.succeeds_in_xml();
        assert_eq!(list.texts("OpenIDConnectProviderList/member/Arn").len(), 100);
        let refused = cloud.iam("CreateOpenIDConnectProvider", &[("Url", "https://example.com")]).await;
        refused.is_refused(409, "LimitExceeded", "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100");
    }
}
