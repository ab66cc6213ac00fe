//! Gives an OpenID Connect provider other thumbprints, in the place of all that it had.

use trent_identity::OidcProviderRecord;
use trent_shared::{ApiError, Context};

use crate::api::UpdateOpenIDConnectProviderThumbprintRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages, oidc};

pub(crate) async fn update_open_id_connect_provider_thumbprint(
    iam: &Iam,
    cx: &Context,
    input: UpdateOpenIDConnectProviderThumbprintRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:UpdateOpenIDConnectProviderThumbprint", &input.open_id_connect_provider_arn);
        let provider = iam.oidc_provider(cx, action, arn, &Facts::none()).await?;
        let thumbprints = oidc::thumbprints(&input.thumbprint_list)?;
        if thumbprints.is_empty() {
            return Err(messages::no_thumbprints());
        }
        change.replace(&provider, &OidcProviderRecord { thumbprints, ..provider.record.clone() })?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{THUMBPRINT, provider, provider_is_missing};

    #[tokio::test]
    async fn the_whole_list_is_replaced() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let (one, two) = ("B".repeat(40), "a".repeat(40));
        let provider = ("OpenIDConnectProviderArn", arn.as_str());
        let parameters = [provider, ("ThumbprintList.member.1", &*one), ("ThumbprintList.member.2", &*two)];
        cloud.iam("UpdateOpenIDConnectProviderThumbprint", &parameters).await.succeeds_in_xml();
        let read = cloud.iam("GetOpenIDConnectProvider", &[provider]).await.succeeds_in_xml();
        assert_eq!(read.texts("ThumbprintList/member"), [one.to_lowercase(), two]);
        let six: Vec<String> = (1..=6).map(|place| format!("ThumbprintList.member.{place}")).collect();
        let mut parameters = vec![provider];
        parameters.extend(six.iter().map(|name| (name.as_str(), THUMBPRINT)));
        let refused = cloud.iam("UpdateOpenIDConnectProviderThumbprint", &parameters).await;
        refused.is_refused(400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.");
        let parameters = [provider, ("ThumbprintList", "")];
        let refused = cloud.iam("UpdateOpenIDConnectProviderThumbprint", &parameters).await;
        refused.is_refused(400, "InvalidInput", "Thumbprint list must contain at least one entry.");
        let thumbprint = [("ThumbprintList.member.1", THUMBPRINT)];
        provider_is_missing(&cloud, "UpdateOpenIDConnectProviderThumbprint", &thumbprint).await;
    }
}
