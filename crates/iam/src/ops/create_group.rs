//! Makes a group of users, who get its policies.

use std::collections::{BTreeMap, BTreeSet};

use trent_identity::{GroupRecord, IdKind};
use trent_shared::{ApiError, Context};

use crate::api::{CreateGroupRequest, CreateGroupResponse};
use crate::arns::{NO_PATH, arn};
use crate::change::{attempts, too_many_conflicts};
use crate::facts::Facts;
use crate::{Iam, answers, limits, messages};

pub(crate) async fn create_group(
    iam: &Iam,
    cx: &Context,
    input: CreateGroupRequest,
) -> Result<CreateGroupResponse, ApiError> {
    let path = input.path.as_deref().unwrap_or(NO_PATH);
    let arn = arn(cx, "group", path, &input.group_name).to_string();
    iam.authorize(cx, "iam:CreateGroup", &arn, &Facts::none()).await?;
    let directory = iam.directory();
    let group = GroupRecord {
        id: directory.new_id(IdKind::Group, cx.account()),
        path: path.to_owned(),
        name: input.group_name,
        created: directory.now(),
        inline: BTreeMap::new(),
        attached: BTreeSet::new(),
    };
    for mut change in attempts(cx) {
        if directory.find::<GroupRecord>(cx.account(), &group.name).await?.is_some() {
            return Err(messages::already_exists("Group", &group.name));
        }
        iam.require_room::<GroupRecord>(cx, "GroupsPerAccount", limits::GROUPS).await?;
        change.add(&group)?;
        if directory.commit(change).await? {
            return Ok(CreateGroupResponse { group: answers::group(cx, &group) });
        }
    }
    Err(too_many_conflicts())
}

#[cfg(test)]
mod tests {
    use trent_testkit::Cloud;

    use crate::testing::{denies, make_group};

    #[tokio::test]
    async fn a_group_has_an_id_an_arn_and_a_name_of_its_own() {
        let cloud = Cloud::new();
        let made = cloud.iam("CreateGroup", &[("GroupName", "team"), ("Path", "/a/")]).await.succeeds_in_xml();
        assert!(made.text("Group/GroupId").starts_with("AGPA"));
        assert_eq!(made.text("Group/Arn"), "arn:aws:iam::000000000000:group/a/team");
        assert_eq!((made.text("Group/Path"), made.text("Group/GroupName")), ("/a/", "team"));
        assert_eq!(made.text("Group/CreateDate"), "2026-09-28T12:10:08Z");
        for name in ["team", "TEAM"] {
            let message = format!("Group with name {name} already exists.");
            cloud.iam("CreateGroup", &[("GroupName", name)]).await.is_refused(409, "EntityAlreadyExists", &message);
        }
    }

    #[tokio::test]
    async fn an_account_has_at_most_three_hundred_groups() {
        let cloud = Cloud::new();
        for n in 0..300 {
            make_group(&cloud, &n.to_string()).await;
        }
        let message = "Cannot exceed quota for GroupsPerAccount: 300";
        cloud.iam("CreateGroup", &[("GroupName", "one-more")]).await.is_refused(409, "LimitExceeded", message);
        cloud.iam("DeleteGroup", &[("GroupName", "7")]).await.succeeds_in_xml();
        make_group(&cloud, "one-more").await;
    }

    #[tokio::test]
    async fn permission_is_asked_of_the_new_arn() {
        denies(&Cloud::new(), "CreateGroup", &[("GroupName", "team")], "arn:aws:iam::000000000000:group/team").await;
    }
}
