//! Takes tags off an instance profile. One that it does not have is no error.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::api::UntagInstanceProfileRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn untag_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: UntagInstanceProfileRequest,
) -> Result<(), ApiError> {
    let facts = Facts::removing(&input.tag_keys);
    for mut change in attempts(cx) {
        let (action, name) = ("iam:UntagInstanceProfile", &input.instance_profile_name);
        let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &facts).await?;
        let mut untagged = profile.record.clone();
        tags::remove(&mut untagged.tags, &input.tag_keys, KeyCase::Matters);
        change.replace(&profile, &untagged)?;
        if iam.directory().commit(change).await? {
            return Ok(());
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::role_testing::{instance_profile, profile_is_missing};

    #[tokio::test]
    async fn only_the_named_tags_go() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        for key in ["k", "K"] {
            let tag = [("InstanceProfileName", "p"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")];
            cloud.iam("TagInstanceProfile", &tag).await.succeeds_in_xml();
        }
        let keys = [("InstanceProfileName", "p"), ("TagKeys.member.1", "k"), ("TagKeys.member.2", "none")];
        cloud.iam("UntagInstanceProfile", &keys).await.succeeds_in_xml();
        let listed = cloud.iam("ListInstanceProfileTags", &[("InstanceProfileName", "p")]).await.succeeds_in_xml();
        assert_eq!(listed.texts("Tags/member/Key"), ["K"]);
        profile_is_missing(&cloud, "UntagInstanceProfile", &[("TagKeys.member.1", "k")]).await;
    }
}
