//! Puts tags onto an instance profile.

use trent_identity::InstanceProfileRecord;
use trent_shared::{ApiError, Context};

use crate::api::TagInstanceProfileRequest;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, tags};

pub(crate) async fn tag_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: TagInstanceProfileRequest,
) -> Result<(), ApiError> {
    let facts = Facts::adding(Some(&input.tags));
    for mut change in attempts(cx) {
        let (action, name) = ("iam:TagInstanceProfile", &input.instance_profile_name);
        let profile = iam.named::<InstanceProfileRecord>(cx, action, name, &facts).await?;
        let mut tagged = profile.record.clone();
        tags::add(&mut tagged.tags, &input.tags, KeyCase::Matters)?;
        change.replace(&profile, &tagged)?;
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
    async fn the_case_of_a_key_matters() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        for (key, value) in [("k", "old"), ("K", "other"), ("k", "new")] {
            let tag = [("InstanceProfileName", "p"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
            cloud.iam("TagInstanceProfile", &tag).await.succeeds_in_xml();
        }
        let read = cloud.iam("GetInstanceProfile", &[("InstanceProfileName", "p")]).await.succeeds_in_xml();
        assert_eq!(read.texts("InstanceProfile/Tags/member/Key"), ["K", "k"]);
        assert_eq!(read.texts("InstanceProfile/Tags/member/Value"), ["other", "new"]);
        let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        profile_is_missing(&cloud, "TagInstanceProfile", &tag).await;
        let twice = [("Tags.member.2.Key", "k"), ("Tags.member.2.Value", "w")];
        let refused = [&[("InstanceProfileName", "p")][..], &tag, &twice].concat();
        let refused = cloud.iam("TagInstanceProfile", &refused).await;
        refused.is_refused(400, "InvalidInput", "Duplicate tag keys found.");
    }
}
