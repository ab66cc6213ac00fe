//! Makes an instance profile, which is to hand a role to EC2 instances.

use trent_identity::{IdKind, InstanceProfileRecord};
use trent_shared::{ApiError, Context};

use crate::api::{CreateInstanceProfileRequest, CreateInstanceProfileResponse, InstanceProfile};
use crate::arns::{NO_PATH, arn};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::tags::KeyCase;
use crate::{Iam, limits, messages, tags};

pub(crate) async fn create_instance_profile(
    iam: &Iam,
    cx: &Context,
    input: CreateInstanceProfileRequest,
) -> Result<CreateInstanceProfileResponse, ApiError> {
    let path = input.path.as_deref().unwrap_or(NO_PATH);
    let arn = arn(cx, "instance-profile", path, &input.instance_profile_name).to_string();
    iam.authorize(cx, "iam:CreateInstanceProfile", &arn, &Facts::adding(input.tags.as_deref())).await?;
    let directory = iam.directory();
    let profile = InstanceProfileRecord {
        id: directory.new_id(IdKind::InstanceProfile, cx.account()),
        path: path.to_owned(),
        name: input.instance_profile_name,
        created: directory.now(),
        role: None,
        tags: tags::of_new(input.tags.as_deref(), KeyCase::Matters)?,
    };
    for mut change in attempts(cx) {
        if directory.find::<InstanceProfileRecord>(cx.account(), &profile.name).await?.is_some() {
            return Err(messages::instance_profile_exists(&profile.name));
        }
        iam.require_room::<InstanceProfileRecord>(cx, "InstanceProfilesPerAccount", limits::INSTANCE_PROFILES).await?;
        change.add(&profile)?;
        if directory.commit(change).await? {
            let made = iam.instance_profile(cx, &profile).await?;
            let instance_profile = InstanceProfile { tags: tags::shown(&profile.tags), ..made };
            return Ok(CreateInstanceProfileResponse { instance_profile });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_identity::InstanceProfileRecord;
    use trent_testkit::Cloud;

    use crate::role_testing::{fill, instance_profile};

    #[tokio::test]
    async fn a_new_profile_is_empty() {
        let cloud = Cloud::new();
        let parameters = [
            ("InstanceProfileName", "Web"),
            ("Path", "/team/"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
            ("Tags.member.2.Key", "K"),
            ("Tags.member.2.Value", "V"),
        ];
        let answer = cloud.iam("CreateInstanceProfile", &parameters).await;
        let made = answer.succeeds_in_xml();
        let member = |name: &str| made.text(&format!("InstanceProfile/{name}")).to_owned();
        assert_eq!(member("Arn"), "arn:aws:iam::000000000000:instance-profile/team/Web");
        assert_eq!((member("InstanceProfileName"), member("Path")), ("Web".to_owned(), "/team/".to_owned()));
        assert_eq!((&member("InstanceProfileId")[..4], member("InstanceProfileId").len()), ("AIPA", 21));
        assert_eq!(member("CreateDate"), "2026-09-28T12:10:08Z");
        assert_eq!(made.texts("InstanceProfile/Tags/member/Key"), ["K", "k"]);
        assert!(answer.text().contains("<Roles/>") || answer.text().contains("<Roles></Roles>"));
        let untagged = instance_profile(&cloud, "b").await;
        assert_eq!((untagged.text("InstanceProfile/Path"), untagged.find("InstanceProfile/Tags")), ("/", None));
    }

    #[tokio::test]
    async fn a_name_is_taken_whatever_the_case_of_its_letters() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "Web").await;
        let again = cloud.iam("CreateInstanceProfile", &[("InstanceProfileName", "wEB")]).await;
        again.is_refused(409, "EntityAlreadyExists", "Instance Profile wEB already exists.");
    }

    #[tokio::test]
    async fn an_account_has_a_thousand_profiles() {
        let cloud = Cloud::new();
        instance_profile(&cloud, "p").await;
        let numbered = |one: &InstanceProfileRecord, n| InstanceProfileRecord {
            name: format!("p{n}"),
            id: format!("{}{n}", one.id),
            ..one.clone()
        };
        fill(&cloud, "p", 999, numbered).await;
        let refused = cloud.iam("CreateInstanceProfile", &[("InstanceProfileName", "new")]).await;
        refused.is_refused(409, "LimitExceeded", "Cannot exceed quota for InstanceProfilesPerAccount: 1000");
    }
}
