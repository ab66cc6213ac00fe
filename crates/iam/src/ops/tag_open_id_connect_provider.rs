//! Puts tags onto an OpenID Connect provider.

use trent_shared::{ApiError, Context};

use crate::api::TagOpenIDConnectProviderRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: TagOpenIDConnectProviderRequest,
) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:TagOpenIDConnectProvider", &input.open_id_connect_provider_arn);
        let provider = iam.oidc_provider(cx, action, arn, &facts).await?;
        let mut tagged = provider.record.clone();
        tags::add(&mut tagged.tags, &input.tags, KeyCase::Matters)?;
        change.replace(&provider, &tagged)?;
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
    async fn there_is_room_for_fifty() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let tag = async |key: &str, value: &str| {
            let parameters =
                [("OpenIDConnectProviderArn", &*arn), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
            cloud.iam("TagOpenIDConnectProvider", &parameters).await
        };
        for number in 0..50 {
            tag(&format!("k{number:02}"), "old").await.succeeds_in_xml();
        }
        tag("k00", "new").await.succeeds_in_xml();
        let message = "The number of tags has reached the maximum limit.";
        tag("one more", "v").await.is_refused(409, "LimitExceeded", message);
        let read =
            cloud.iam("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &*arn)]).await.succeeds_in_xml();
        assert_eq!((read.texts("Tags/member/Key").len(), read.texts("Tags/member/Value")[0]), (50, "new"));
        let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        provider_is_missing(&cloud, "TagOpenIDConnectProvider", &tag).await;
    }
}
