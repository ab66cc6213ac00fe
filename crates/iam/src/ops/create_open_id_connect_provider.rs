//! Makes an OpenID Connect provider: whose web identities the account trusts.
//!
//! AWS fetches the issuer's certificate where no thumbprint is given. Trent asks nobody, and keeps an empty list.

use std::collections::BTreeSet;

use trent_identity::OidcProviderRecord;
use trent_shared::{ApiError, Context};

use crate::api::{CreateOpenIDConnectProviderRequest, CreateOpenIDConnectProviderResponse};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, limits, messages, oidc, tags};

pub(crate) async fn create_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: CreateOpenIDConnectProviderRequest,
) -> Result<CreateOpenIDConnectProviderResponse, ApiError> {
    let issuer = oidc::issuer(&input.url)?;
    let arn = oidc::arn(cx, issuer).to_string();
    iam.authorize(cx, "iam:CreateOpenIDConnectProvider", &arn, &Facts::adding(input.tags.as_deref())).await?;
    let directory = iam.directory();
    let provider = OidcProviderRecord {
        url: issuer.to_owned(),
        thumbprints: oidc::thumbprints(input.thumbprint_list.as_deref().unwrap_or_default())?,
        client_ids: input.client_id_list.unwrap_or_default().into_iter().collect::<BTreeSet<_>>(),
        created: directory.now(),
        tags: tags::of_new(input.tags.as_deref(), KeyCase::Matters)?,
    };
    if provider.client_ids.len() > oidc::MOST_CLIENT_IDS {
        return Err(messages::quota(oidc::CLIENT_IDS_QUOTA, oidc::MOST_CLIENT_IDS));
    }
    for mut change in attempts(cx) {
        if directory.find::<OidcProviderRecord>(cx.account(), issuer).await?.is_some() {
            return Err(messages::provider_exists(&input.url));
        }
        let quota = "OpenIdConnectProvidersPerAccount";
        iam.require_room::<OidcProviderRecord>(cx, quota, limits::OIDC_PROVIDERS).await?;
        change.add(&provider)?;
        if directory.commit(change).await? {
            return Ok(CreateOpenIDConnectProviderResponse {
                open_id_connect_provider_arn: Some(arn),
                tags: tags::shown(&provider.tags),
            });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{THUMBPRINT, provider};

    #[tokio::test]
    async fn a_provider_is_named_by_its_url() {
        let cloud = Cloud::new();
        for (url, arn) in [
            ("https://example.com", "arn:aws:iam::000000000000:oidc-provider/example.com"),
            ("https://example.com/", "arn:aws:iam::000000000000:oidc-provider/example.com/"),
            ("https://oidc.example.com/id/A1", "arn:aws:iam::000000000000:oidc-provider/oidc.example.com/id/A1"),
        ] {
            assert_eq!(provider(&cloud, url).await, arn);
        }
        let again = cloud.iam("CreateOpenIDConnectProvider", &[("Url", "https://Example.com")]).await;
        let message = "Provider with url https://Example.com already exists.";
        again.is_refused(409, "EntityAlreadyExists", message);
        cloud
            .client()
            .in_account("111122223333")
            .iam("CreateOpenIDConnectProvider", &[("Url", "https://example.com")])
            .await
            .succeeds_in_xml();
    }

    #[tokio::test]
    async fn its_tags_are_told() {
        let cloud = Cloud::new();
        let parameters = [("Url", "https://example.com"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        let made = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.succeeds_in_xml();
        assert_eq!((made.text("Tags/member/Key"), made.text("Tags/member/Value")), ("k", "v"));
    }

    #[tokio::test]
    async fn what_is_no_issuer_is_refused() {
        let cloud = Cloud::new();
        for (url, code, message) in [
            ("example.org", "ValidationError", "Invalid Open ID Connect Provider URL"),
            (
                "http://example.org",
                "InvalidInput",
                "Invalid Open ID Connect Provider URL. The URL must begin with https://.",
            ),
            ("https://example.org:8443", "InvalidInput", "Invalid Open ID Connect Provider URL."),
        ] {
            cloud.iam("CreateOpenIDConnectProvider", &[("Url", url)]).await.is_refused(400, code, message);
        }
    }

    #[tokio::test]
    async fn there_is_room_for_five_thumbprints_and_100_client_ids() {
        let cloud = Cloud::new();
        let create = async |thumbprints: usize, client_ids: usize| {
            let numbered = |list: &str, count: usize, value: &dyn Fn(usize) -> String| -> Vec<(String, String)> {
                (1..=count).map(|place| (format!("{list}.member.{place}"), value(place))).collect()
            };
            let mut parameters = numbered("ThumbprintList", thumbprints, &|place| place.to_string().repeat(40));
            parameters.extend(numbered("ClientIDList", client_ids, &|place| place.to_string()));
            parameters.push(("Url".to_owned(), "https://example.com".to_owned()));
            let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
            cloud.iam("CreateOpenIDConnectProvider", &parameters).await
        };
        let message = "Thumbprint list must contain fewer than 5 entries.";
        create(6, 0).await.is_refused(400, "InvalidInput", message);
        let message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
        create(5, 101).await.is_refused(409, "LimitExceeded", message);
        create(5, 100).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn a_thumbprint_has_forty_characters() {
        let cloud = Cloud::new();
        let parameters = [("Url", "https://example.com"), ("ThumbprintList.member.1", &THUMBPRINT[1..])];
        let refusal = cloud.iam("CreateOpenIDConnectProvider", &parameters).await.fails();
        assert_eq!((refusal.status, &*refusal.code), (400, "ValidationError"));
    }
}
