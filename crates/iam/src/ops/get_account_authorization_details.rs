//! Shows all users, groups, roles and managed policies of the account with their relations and documents.

use trent_identity::{Entity, GroupRecord, InstanceProfileRecord, Relation, RoleRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::access::Named;
use crate::api::{
    EntityType, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse, GroupDetail,
    ManagedPolicyDetail, PolicyDetail, PolicyScopeType, RoleDetail, UserDetail,
};
use crate::attachments::attached_under;
use crate::facts::Facts;
use crate::managed_policy::Managed;
use crate::page::PageRequest;
use crate::policy_holder::PolicyHolder;
use crate::{Iam, answers, documents, role_answers, tags};

/// What there is, in the order in which it is listed.
enum Detail {
    User(UserRecord),
    Group(GroupRecord),
    Role(RoleRecord),
    Policy(Managed),
}

pub(crate) async fn get_account_authorization_details(
    iam: &Iam,
    cx: &Context,
    input: GetAccountAuthorizationDetailsRequest,
) -> Result<GetAccountAuthorizationDetailsResponse, ApiError> {
    const ACTION: &str = "iam:GetAccountAuthorizationDetails";
    iam.authorize(cx, ACTION, "*", &Facts::none()).await?;
    let request = PageRequest::new("GetAccountAuthorizationDetails", input.marker.as_deref(), input.max_items)?;
    let all = iam.account_details(cx, input.filter.as_deref().unwrap_or_default()).await?;
    let page = request.page(all, Detail::place);
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (is_truncated, marker) = (page.is_truncated(), page.marker);
    for detail in page.items {
        match detail {
            Detail::User(user) => users.push(iam.user_detail(cx, &user).await?),
            Detail::Group(group) => groups.push(group_detail(cx, &group)),
            Detail::Role(role) => roles.push(iam.role_detail(cx, &role).await?),
            Detail::Policy(policy) => policies.push(iam.policy_detail(cx, &policy).await?),
        }
    }
    Ok(GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: Some(is_truncated),
        marker,
    })
}

impl Detail {
    fn place(&self) -> String {
        match self {
            Self::User(user) => format!("1{}", user.name),
            Self::Group(group) => format!("2{}", group.name),
            Self::Role(role) => format!("3{}", role.name),
            Self::Policy(policy) => format!("4{}\n{}", policy.name(), policy.is_of_aws()),
        }
    }
}

impl Iam {
    /// All that a filter asks for; without one, all. Of AWS's policies, those that are in use (inferred).
    async fn account_details(&self, cx: &Context, filter: &[EntityType]) -> Result<Vec<Detail>, ApiError> {
        let is_wanted = |kind| filter.is_empty() || filter.contains(&kind);
        let mut all = Vec::new();
        if is_wanted(EntityType::User) {
            all.extend(self.every::<UserRecord>(cx).await?.map(Detail::User));
        }
        if is_wanted(EntityType::Group) {
            all.extend(self.every::<GroupRecord>(cx).await?.map(Detail::Group));
        }
        if is_wanted(EntityType::Role) {
            all.extend(self.every::<RoleRecord>(cx).await?.map(Detail::Role));
        }
        if is_wanted(EntityType::LocalManagedPolicy) {
            all.extend(self.managed_policies(cx, PolicyScopeType::Local).await?.into_iter().map(Detail::Policy));
        }
        if is_wanted(EntityType::AWSManagedPolicy) {
            for policy in self.managed_policies(cx, PolicyScopeType::Aws).await? {
                let usage = self.usage(cx, &policy.arn(cx).to_string()).await?;
                if usage.attached + usage.bounding > 0 {
                    all.push(Detail::Policy(policy));
                }
            }
        }
        Ok(all)
    }

    async fn every<E: Entity>(&self, cx: &Context) -> Result<impl Iterator<Item = E> + use<E>, ApiError> {
        let all = self.directory().list::<E>(cx.account(), None, usize::MAX).await?;
        Ok(all.into_iter().map(|entity| entity.record))
    }

    async fn user_detail(&self, cx: &Context, user: &UserRecord) -> Result<UserDetail, ApiError> {
        let mut groups = Vec::with_capacity(user.groups.len());
        for id in &user.groups {
            let group = self.directory().find_by_id::<GroupRecord>(id).await?;
            groups.extend(group.map(|(_, group)| group.record.name));
        }
        let inline = inline(user);
        Ok(UserDetail {
            path: Some(user.path.clone()),
            user_name: Some(user.name.clone()),
            user_id: Some(user.id.clone()),
            arn: Some(Named::arn(user, cx).to_string()),
            create_date: Some(answers::date(user.created)),
            // Left out where there are none; of groups and roles it is not (recorded).
            user_policy_list: Some(inline).filter(|inline| !inline.is_empty()),
            group_list: Some(groups),
            attached_managed_policies: Some(attached_under(user, "/")),
            permissions_boundary: user.boundary.as_deref().map(answers::boundary),
            tags: Some(tags::listed(&user.tags)),
        })
    }

    async fn role_detail(&self, cx: &Context, role: &RoleRecord) -> Result<RoleDetail, ApiError> {
        let profiles = self
            .directory()
            .all_related::<InstanceProfileRecord>(cx.account(), Relation::Holds, &role.id)
            .await?
            .into_iter()
            .map(|profile| profile.record)
            .collect::<Vec<_>>();
        Ok(RoleDetail {
            path: Some(role.path.clone()),
            role_name: Some(role.name.clone()),
            role_id: Some(role.id.clone()),
            arn: Some(Named::arn(role, cx).to_string()),
            create_date: Some(answers::date(role.created)),
            assume_role_policy_document: Some(documents::encoded(&role.trust_policy)),
            instance_profile_list: Some(self.instance_profiles(cx, &profiles).await?),
            role_policy_list: Some(inline(role)),
            attached_managed_policies: Some(attached_under(role, "/")),
            permissions_boundary: role.boundary.as_deref().map(answers::boundary),
            tags: Some(tags::listed(&role.tags)),
            role_last_used: Some(role_answers::last_used(self.directory().last_use(&role.id).await?)),
        })
    }

    async fn policy_detail(&self, cx: &Context, policy: &Managed) -> Result<ManagedPolicyDetail, ApiError> {
        let listed = self.listed_policy(cx, policy).await?;
        let versions =
            policy.versions().into_iter().filter_map(|version| policy.version(version.version_id.as_deref()?));
        Ok(ManagedPolicyDetail {
            policy_name: listed.policy_name,
            policy_id: listed.policy_id,
            arn: listed.arn,
            path: listed.path,
            default_version_id: listed.default_version_id,
            attachment_count: listed.attachment_count,
            permissions_boundary_usage_count: listed.permissions_boundary_usage_count,
            is_attachable: listed.is_attachable,
            description: listed.description,
            create_date: listed.create_date,
            update_date: listed.update_date,
            policy_version_list: Some(versions.collect()),
        })
    }
}

fn group_detail(cx: &Context, group: &GroupRecord) -> GroupDetail {
    GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.id.clone()),
        arn: Some(Named::arn(group, cx).to_string()),
        create_date: Some(answers::date(group.created)),
        group_policy_list: Some(inline(group)),
        attached_managed_policies: Some(attached_under(group, "/")),
    }
}

fn inline(holder: &impl PolicyHolder) -> Vec<PolicyDetail> {
    let inline = holder.inline().iter().map(|(name, document)| PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(documents::encoded(document)),
    });
    inline.collect()
}

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, attach, bound, cloud, encoded, make_policy, make_version};
    use crate::testing::denies;

    const OPERATION: &str = "GetAccountAuthorizationDetails";
    const OF_AWS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

    #[tokio::test]
    async fn all_is_told_of_users_groups_roles_and_policies() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        make_version(&cloud, &arn, ALL, true).await;
        for holder @ (noun, member, name) in HOLDERS {
            attach(&cloud, holder, &arn).await;
            let input = [(member, name), ("PolicyName", "inline"), ("PolicyDocument", ALL)];
            cloud.iam(&format!("Put{noun}Policy"), &input).await.succeeds_in_xml();
        }
        bound(&cloud, HOLDERS[0], OF_AWS).await;
        cloud.iam("AddUserToGroup", &[("UserName", "alice"), ("GroupName", "team")]).await.succeeds_in_xml();
        let details = cloud.iam(OPERATION, &[]).await.succeeds_in_xml();
        for (noun, list, name) in [
            ("User", "UserDetailList", "alice"),
            ("Group", "GroupDetailList", "team"),
            ("Role", "RoleDetailList", "app"),
        ] {
            let text = |path: &str| details.text(&format!("{list}/member/{path}"));
            assert_eq!(text(&format!("{noun}Name")), name);
            assert_eq!(text(&format!("{noun}PolicyList/member/PolicyName")), "inline");
            assert_eq!(text(&format!("{noun}PolicyList/member/PolicyDocument")), encoded(ALL));
            assert_eq!(text("AttachedManagedPolicies/member/PolicyArn"), arn);
        }
        assert_eq!(details.text("UserDetailList/member/GroupList/member"), "team");
        assert_eq!(details.text("UserDetailList/member/PermissionsBoundary/PermissionsBoundaryArn"), OF_AWS);
        assert_eq!(details.texts("Policies/member/PolicyName"), ["AdministratorAccess", "p"]);
        assert_eq!(details.texts("Policies/member/AttachmentCount"), ["0", "3"]);
        assert_eq!(details.texts("Policies/member/PolicyVersionList/member/VersionId")[1..], ["v2", "v1"]);
        assert_eq!(details.text("IsTruncated"), "false");
    }

    #[tokio::test]
    async fn a_filter_leaves_out_what_is_not_asked_for() {
        let cloud = cloud().await;
        make_policy(&cloud, "p", ALL).await;
        attach(&cloud, HOLDERS[0], OF_AWS).await;
        for (filter, path, name) in [
            ("User", "UserDetailList/member/UserName", "alice"),
            ("Group", "GroupDetailList/member/GroupName", "team"),
            ("Role", "RoleDetailList/member/RoleName", "app"),
            ("LocalManagedPolicy", "Policies/member/PolicyName", "p"),
            ("AWSManagedPolicy", "Policies/member/PolicyName", "AdministratorAccess"),
        ] {
            let details = cloud.iam(OPERATION, &[("Filter.member.1", filter)]).await.succeeds_in_xml();
            assert_eq!(details.text(path), name);
            let paths = [
                "UserDetailList/member/UserName",
                "GroupDetailList/member/GroupName",
                "RoleDetailList/member/RoleName",
            ];
            let named = paths.iter().chain(&["Policies/member/PolicyName"]).flat_map(|path| details.texts(path));
            assert_eq!(named.count(), 1, "{filter}");
        }
    }

    #[tokio::test]
    async fn pages_go_through_all_kinds() {
        let cloud = cloud().await;
        make_policy(&cloud, "p", ALL).await;
        let (mut pages, mut marker) = (0, None::<String>);
        loop {
            let mut input = vec![("MaxItems", "1")];
            input.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = cloud.iam(OPERATION, &input).await.succeeds_in_xml();
            pages += 1;
            marker = page.find("Marker").map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        assert_eq!(pages, 4);
    }

    #[tokio::test]
    async fn permission_is_asked() {
        denies(&cloud().await, OPERATION, &[], "*").await;
    }
}
