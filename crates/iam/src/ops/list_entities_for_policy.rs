//! Lists the users, groups and roles that a managed policy is attached to, or that it bounds.

use std::collections::BTreeMap;

use trent_identity::{EntityKind, GroupRecord, Relation, RoleRecord, UserRecord};
use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::access::Named;
use crate::api::{
    EntityType, ListEntitiesForPolicyRequest, ListEntitiesForPolicyResponse, PolicyGroup, PolicyRole, PolicyUsageType,
    PolicyUser,
};
use crate::messages::policies as messages;
use crate::page::PageRequest;

/// Who uses a policy.
enum Holder {
    Group(PolicyGroup),
    User(PolicyUser),
    Role(PolicyRole),
}

pub(crate) async fn list_entities_for_policy(
    iam: &Iam,
    cx: &Context,
    input: ListEntitiesForPolicyRequest,
) -> Result<ListEntitiesForPolicyResponse, ApiError> {
    let request = PageRequest::new("ListEntitiesForPolicy", input.marker.as_deref(), input.max_items)?;
    let policy = iam.managed(cx, "iam:ListEntitiesForPolicy", &input.policy_arn).await?;
    let policy = policy.ok_or_else(|| messages::not_attachable(&input.policy_arn))?;
    let arn = policy.arn(cx).to_string();
    let relations: &[Relation] = match input.policy_usage_filter {
        None => &[Relation::Attached, Relation::Bounded],
        Some(PolicyUsageType::PermissionsPolicy) => &[Relation::Attached],
        Some(PolicyUsageType::PermissionsBoundary) => &[Relation::Bounded],
    };
    let mut holders = BTreeMap::new();
    for &relation in relations {
        for related in iam.directory().related(cx.account(), relation, &arn, None, None, usize::MAX).await? {
            if input.entity_filter.is_none_or(|filter| is_of(related.kind, filter))
                && let Some((place, holder)) =
                    iam.policy_user(related.kind, &related.id, input.path_prefix.as_deref()).await?
            {
                holders.insert(place, holder);
            }
        }
    }
    let page = request.page(holders, |(place, _)| place.clone());
    let mut answer = ListEntitiesForPolicyResponse {
        policy_groups: Some(Vec::new()),
        policy_users: Some(Vec::new()),
        policy_roles: Some(Vec::new()),
        is_truncated: Some(page.is_truncated()),
        marker: page.marker,
    };
    for (_, holder) in page.items {
        match holder {
            Holder::Group(group) => answer.policy_groups.get_or_insert_default().push(group),
            Holder::User(user) => answer.policy_users.get_or_insert_default().push(user),
            Holder::Role(role) => answer.policy_roles.get_or_insert_default().push(role),
        }
    }
    Ok(answer)
}

fn is_of(kind: EntityKind, filter: EntityType) -> bool {
    matches!(
        (kind, filter),
        (EntityKind::User, EntityType::User)
            | (EntityKind::Group, EntityType::Group)
            | (EntityKind::Role, EntityType::Role)
    )
}

impl Iam {
    /// Who has this id, with its place in the list, if it is under the path.
    async fn policy_user(
        &self,
        kind: EntityKind,
        id: &str,
        prefix: Option<&str>,
    ) -> Result<Option<(String, Holder)>, ApiError> {
        Ok(match kind {
            EntityKind::Group => self.under::<GroupRecord>(id, prefix).await?.map(|group| {
                let place = format!("1{}", group.name);
                (place, Holder::Group(PolicyGroup { group_name: Some(group.name), group_id: Some(group.id) }))
            }),
            EntityKind::User => self.under::<UserRecord>(id, prefix).await?.map(|user| {
                let place = format!("2{}", user.name);
                (place, Holder::User(PolicyUser { user_name: Some(user.name), user_id: Some(user.id) }))
            }),
            EntityKind::Role => self.under::<RoleRecord>(id, prefix).await?.map(|role| {
                let place = format!("3{}", role.name);
                (place, Holder::Role(PolicyRole { role_name: Some(role.name), role_id: Some(role.id) }))
            }),
            _ => None,
        })
    }

    async fn under<E: Named>(&self, id: &str, prefix: Option<&str>) -> Result<Option<E>, ApiError> {
        let found = self.directory().find_by_id::<E>(id).await?.map(|(_, found)| found.record);
        Ok(found.filter(|found| prefix.is_none_or(|prefix| found.path().starts_with(prefix))))
    }
}

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, attach, bound, cloud, make_policy};

    const NAMES: [&str; 3] =
        ["PolicyGroups/member/GroupName", "PolicyUsers/member/UserName", "PolicyRoles/member/RoleName"];

    /// Recorded.
    #[tokio::test]
    async fn whoever_uses_a_policy_is_listed_by_kind_and_use() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "p", ALL).await;
        attach(&cloud, HOLDERS[1], &arn).await;
        attach(&cloud, HOLDERS[0], &arn).await;
        bound(&cloud, HOLDERS[0], &arn).await;
        bound(&cloud, HOLDERS[2], &arn).await;
        for (filters, groups, users, roles) in [
            (vec![], 1, 1, 1),
            (vec![("PolicyUsageFilter", "PermissionsPolicy")], 1, 1, 0),
            (vec![("PolicyUsageFilter", "PermissionsBoundary")], 0, 1, 1),
            (vec![("EntityFilter", "Group")], 1, 0, 0),
            (vec![("EntityFilter", "User")], 0, 1, 0),
            (vec![("EntityFilter", "Role"), ("PolicyUsageFilter", "PermissionsPolicy")], 0, 0, 0),
            (vec![("EntityFilter", "LocalManagedPolicy")], 0, 0, 0),
            (vec![("PathPrefix", "/x/")], 0, 0, 0),
        ] {
            let input = [vec![("PolicyArn", &*arn)], filters].concat();
            let listed = cloud.iam("ListEntitiesForPolicy", &input).await.succeeds_in_xml();
            assert_eq!(NAMES.map(|name| listed.texts(name).len()), [groups, users, roles], "{input:?}");
        }
    }

    #[tokio::test]
    async fn pages_go_through_all_kinds() {
        let cloud = cloud().await;
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        for holder in HOLDERS {
            attach(&cloud, holder, arn).await;
        }
        let (mut seen, mut marker) = (Vec::new(), None);
        for is_truncated in ["true", "true", "false"] {
            let mut input = vec![("PolicyArn", arn), ("MaxItems", "1")];
            input.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let page = cloud.iam("ListEntitiesForPolicy", &input).await.succeeds_in_xml();
            assert_eq!(page.text("IsTruncated"), is_truncated);
            seen.extend(NAMES.iter().flat_map(|name| page.texts(name)).map(str::to_owned));
            marker = page.find("Marker").map(str::to_owned);
        }
        assert_eq!(seen, ["team", "alice", "app"]);
    }

    #[tokio::test]
    async fn a_policy_that_is_not_there_is_refused() {
        let arn = "arn:aws:iam::000000000000:policy/absent";
        let refused = cloud().await.iam("ListEntitiesForPolicy", &[("PolicyArn", arn)]).await;
        refused.is_refused(404, "NoSuchEntity", &format!("Policy {arn} does not exist or is not attachable."));
    }
}
