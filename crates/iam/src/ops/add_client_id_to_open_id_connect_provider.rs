//! Lets an OpenID Connect provider issue tokens for one more audience. One that it has already is no error.

use trent_shared::{ApiError, Context};

use crate::api::AddClientIDToOpenIDConnectProviderRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, messages, oidc};

pub(crate) async fn add_client_id_to_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: AddClientIDToOpenIDConnectProviderRequest,
) -> Result<(), ApiError> {
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:AddClientIDToOpenIDConnectProvider", &input.open_id_connect_provider_arn);
        let provider = iam.oidc_provider(cx, action, arn, &Facts::none()).await?;
        let mut widened = provider.record.clone();
        widened.client_ids.insert(input.client_id.clone());
        if widened.client_ids.len() > oidc::MOST_CLIENT_IDS {
            return Err(messages::quota(oidc::CLIENT_IDS_QUOTA, oidc::MOST_CLIENT_IDS));
        }
        change.replace(&provider, &widened)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{provider, provider_is_missing};

    #[tokio::test]
    async fn there_is_room_for_a_hundred() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let add = async |client_id: &str| {
            let parameters = [("OpenIDConnectProviderArn", &*arn), ("ClientID", client_id)];
            cloud.iam("AddClientIDToOpenIDConnectProvider", &parameters).await
        };
        for number in 0..100 {
            add(&format!("client {number}")).await.succeeds_in_xml();
        }
        add("client 7").await.succeeds_in_xml();
        let message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100";
        add("one more").await.is_refused(409, "LimitExceeded", message);
        let read =
            cloud.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &*arn)]).await.succeeds_in_xml();
        assert_eq!(read.texts("ClientIDList/member").len(), 100);
        provider_is_missing(&cloud, "AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]).await;
    }
}
