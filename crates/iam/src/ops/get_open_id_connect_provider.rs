//! Tells all about an OpenID Connect provider.

use trent_shared::{ApiError, Context};

use crate::api::{GetOpenIDConnectProviderRequest, GetOpenIDConnectProviderResponse};
use crate::facts::Facts;
use crate::{Iam, answers, tags};

pub(crate) async fn get_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: GetOpenIDConnectProviderRequest,
) -> Result<GetOpenIDConnectProviderResponse, ApiError> {
    let (action, arn) = ("iam:GetOpenIDConnectProvider", &input.open_id_connect_provider_arn);
    let provider = iam.oidc_provider(cx, action, arn, &Facts::none()).await?.record;
    Ok(GetOpenIDConnectProviderResponse {
        tags: Some(tags::listed(&provider.tags)),
        url: Some(provider.url),
        client_id_list: Some(provider.client_ids.into_iter().collect()),
        thumbprint_list: Some(provider.thumbprints),
        create_date: Some(answers::date(provider.created)),
    })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{THUMBPRINT, provider, provider_is_missing};

    #[tokio::test]
    async fn a_provider_is_told_as_it_was_made() {
        let cloud = Cloud::new();
        let upper = THUMBPRINT.to_uppercase();
        let parameters = [
            ("Url", "https://example.com/a"),
            ("ThumbprintList.member.1", upper.as_str()),
            ("ClientIDList.member.1", "one"),
            ("ClientIDList.member.2", "one"),
            ("ClientIDList.member.3", "another"),
        ];
        let made = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        let arn = made.text("OpenIDConnectProviderArn");
        let read = [("OpenIDConnectProviderArn", arn)];
        let read = cloud.iam("GetOpenIDConnectProvider", &read).await.succeeds_in_xml();
        assert_eq!(read.text("Url"), "example.com/a");
        assert_eq!(read.texts("ClientIDList/member"), ["another", "one"]);
        assert_eq!(read.texts("ThumbprintList/member"), [THUMBPRINT]);
        assert_eq!(read.text("CreateDate"), "2026-09-28T12:10:08Z");
        assert_eq!(read.find("Tags"), Some(""));
        provider_is_missing(&cloud, "GetOpenIDConnectProvider", &[]).await;
    }

    #[tokio::test]
    async fn without_client_ids_the_list_is_empty() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let read =
            cloud.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &*arn)]).await.succeeds_in_xml();
        assert_eq!(read.find("ClientIDList"), Some(""));
    }
}
