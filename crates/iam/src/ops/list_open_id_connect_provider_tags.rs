//! Lists the tags of an OpenID Connect provider by key.

use trent_shared::{ApiError, Context};

use crate::api::{ListOpenIDConnectProviderTagsRequest, ListOpenIDConnectProviderTagsResponse};
use crate::facts::Facts;
use crate::page::PageRequest;
use crate::{Iam, tags};

pub(crate) async fn list_open_id_connect_provider_tags(
    iam: &Iam,
    cx: &Context,
    input: ListOpenIDConnectProviderTagsRequest,
) -> Result<ListOpenIDConnectProviderTagsResponse, ApiError> {
    let (action, arn) = ("iam:ListOpenIDConnectProviderTags", &input.open_id_connect_provider_arn);
    let provider = iam.oidc_provider(cx, action, arn, &Facts::none()).await?;
    let request = PageRequest::new("ListOpenIDConnectProviderTags", input.marker.as_deref(), input.max_items)?;
    let page = request.page(tags::listed(&provider.record.tags), |tag| tag.key.clone());
    let is_truncated = Some(page.is_truncated());
    Ok(ListOpenIDConnectProviderTagsResponse { is_truncated, tags: page.items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::provider_is_missing;

    #[tokio::test]
    async fn tags_come_by_key_and_in_pages() {
        let cloud = Cloud::new();
        let parameters = [
            ("Url", "https://example.com"),
            ("Tags.member.1.Key", "b"),
            ("Tags.member.1.Value", "2"),
            ("Tags.member.2.Key", "a"),
            ("Tags.member.2.Value", "1"),
        ];
        let made = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        let provider = ("OpenIDConnectProviderArn", made.text("OpenIDConnectProviderArn"));
        let first = cloud.iam("ListOpenIDConnectProviderTags", &[provider, ("MaxItems", "1")]).await.succeeds_in_xml();
        assert_eq!((first.texts("Tags/member/Key"), first.text("IsTruncated")), (vec!["a"], "true"));
        let next = [provider, ("Marker", first.text("Marker"))];
        let next = cloud.iam("ListOpenIDConnectProviderTags", &next).await.succeeds_in_xml();
        assert_eq!((next.texts("Tags/member/Value"), next.text("IsTruncated")), (vec!["2"], "false"));
        provider_is_missing(&cloud, "ListOpenIDConnectProviderTags", &[]).await;
    }
}
