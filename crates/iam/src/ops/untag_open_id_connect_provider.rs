//! Takes tags off an OpenID Connect provider. One that it does not have is no error.

use trent_shared::{ApiError, Context};

use crate::api::UntagOpenIDConnectProviderRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn untag_open_id_connect_provider(
    iam: &Iam,
    cx: &Context,
    input: UntagOpenIDConnectProviderRequest,
) -> Result<(), ApiError> {
    let facts = Facts::removing(&input.tag_keys);
    for mut change in attempts(cx) {
        let (action, arn) = ("iam:UntagOpenIDConnectProvider", &input.open_id_connect_provider_arn);
        let provider = iam.oidc_provider(cx, action, arn, &facts).await?;
        let mut untagged = provider.record.clone();
        tags::remove(&mut untagged.tags, &input.tag_keys, KeyCase::Matters);
        change.replace(&provider, &untagged)?;
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
    async fn only_the_named_tags_go() {
        let cloud = Cloud::new();
        let arn = provider(&cloud, "https://example.com").await;
        let provider = ("OpenIDConnectProviderArn", arn.as_str());
        for key in ["k", "K"] {
            let tag = [provider, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")];
            cloud.iam("TagOpenIDConnectProvider", &tag).await.succeeds_in_xml();
        }
        let keys = [provider, ("TagKeys.member.1", "K"), ("TagKeys.member.2", "none")];
        cloud.iam("UntagOpenIDConnectProvider", &keys).await.succeeds_in_xml();
        let listed = cloud.iam("ListOpenIDConnectProviderTags", &[provider]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["k"]);
        provider_is_missing(&cloud, "UntagOpenIDConnectProvider", &[("TagKeys.member.1", "k")]).await;
    }
}
