//! OpenID Connect providers: their issuers' URLs, by which they are named, and their ARNs, by which they are found.

use std::net::IpAddr;

use trent_identity::OidcProviderRecord;
use trent_shared::{ApiError, Arn, Context};
use trent_store::Versioned;

use crate::facts::Facts;
use crate::{Iam, arns, messages};

/// What stands in an ARN before the issuer.
const RESOURCE: &str = "oidc-provider/";
const SCHEME: &str = "https://";

const MOST_THUMBPRINTS: usize = 5;
pub(crate) const MOST_CLIENT_IDS: usize = 100;
/// What AWS calls that limit.
pub(crate) const CLIENT_IDS_QUOTA: &str = "ClientIdsPerOpenIdConnectProvider";

/// The issuer of a provider without its scheme: `example.com/path`.
///
/// Nothing else is taken off: `https://example.com/` is another provider than `https://example.com`.
pub(crate) fn issuer(url: &str) -> Result<&str, ApiError> {
    if !url.contains("://") {
        return Err(messages::provider_url_unreadable());
    }
    let issuer = url.strip_prefix(SCHEME).ok_or_else(messages::provider_url_scheme)?;
    let host = issuer.split_once('/').map_or(issuer, |(host, _)| host);
    if host.is_empty() {
        return Err(messages::provider_url_unreadable());
    }
    let has_more = issuer.contains(['?', '#']) || issuer.chars().any(|character| !character.is_ascii_graphic());
    if has_more || !is_host(host) {
        return Err(messages::provider_url_unfit());
    }
    Ok(issuer)
}

/// Thumbprints as they are kept. IAM does not ask whether they are hexadecimal.
pub(crate) fn thumbprints(given: &[String]) -> Result<Vec<String>, ApiError> {
    if given.len() > MOST_THUMBPRINTS {
        return Err(messages::too_many_thumbprints());
    }
    Ok(given.iter().map(|thumbprint| thumbprint.to_ascii_lowercase()).collect())
}

/// The ARN of an issuer's provider in the caller's account.
pub(crate) fn arn(cx: &Context, issuer: &str) -> Arn {
    arns::arn(cx, RESOURCE, "", issuer)
}

impl Iam {
    /// The provider of this ARN, for an action on it.
    pub(crate) async fn oidc_provider(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
        facts: &Facts<'_>,
    ) -> Result<Versioned<OidcProviderRecord>, ApiError> {
        let found = self.permitted_oidc_provider(cx, action, arn, facts).await?;
        found.ok_or_else(|| messages::provider_not_found(arn))
    }

    /// The same, for who says in other words that there is none.
    pub(crate) async fn permitted_oidc_provider(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
        facts: &Facts<'_>,
    ) -> Result<Option<Versioned<OidcProviderRecord>>, ApiError> {
        let parsed = parse(arn)?;
        if parsed.account != cx.account().as_str() {
            return Err(messages::foreign_provider(cx, action, &parsed));
        }
        let issuer = parsed.resource.strip_prefix(RESOURCE).ok_or_else(messages::wrong_resource_type)?;
        let found = self.directory().find::<OidcProviderRecord>(cx.account(), issuer).await?;
        let facts = facts.about(found.as_ref().map(|found| &found.record.tags));
        self.authorize(cx, action, arn, &facts).await?;
        Ok(found)
    }
}

fn parse(arn: &str) -> Result<Arn, ApiError> {
    let parsed: Option<Arn> = arn.parse().ok();
    let ours = parsed.filter(|arn| arn.service == "iam" && arn.region.is_empty() && !arn.account.is_empty());
    ours.ok_or_else(|| messages::invalid_arn(arn))
}

/// A name or an address, and no port (recorded by other implementations: ports are refused).
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    host.parse::<IpAddr>().is_ok() || host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_its_url_without_the_scheme() {
        for url in [
            "https://example.com",
            "https://example.com/",
            "https://Example.com/a/B",
            "https://198.51.100.7",
            "https://localhost",
        ] {
            assert_eq!(issuer(url).ok(), url.strip_prefix("https://"), "{url}");
        }
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        for (url, refusal) in [
            ("example.com", messages::provider_url_unreadable()),
            ("https://", messages::provider_url_unreadable()),
            ("https:///a", messages::provider_url_unreadable()),
            ("http://example.com", messages::provider_url_scheme()),
            ("HTTPS://example.com", messages::provider_url_scheme()),
            ("https://example.com:8443", messages::provider_url_unfit()),
            ("https://user@example.com", messages::provider_url_unfit()),
            ("https://example.com/?a=1", messages::provider_url_unfit()),
            ("https://example.com?a=1", messages::provider_url_unfit()),
            ("https://example.com#a", messages::provider_url_unfit()),
            ("https://exa_mple.com", messages::provider_url_unfit()),
            ("https://example.com/a b", messages::provider_url_unfit()),
            ("https://-a.com", messages::provider_url_unfit()),
            ("https://a..com", messages::provider_url_unfit()),
        ] {
            assert_eq!(issuer(url), Err(refusal), "{url}");
        }
    }
}
