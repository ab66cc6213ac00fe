//! Managed policies at users, groups and roles: attached, or as permissions boundaries.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::api::AttachedPolicy;
use crate::change::{attempts, too_many_conflicts};
use crate::facts::{Facts, key};
use crate::managed_policy::name_and_path;
use crate::messages::policies as messages;
use crate::page::{Page, PageRequest};
use crate::policy_holder::{Bounded, PolicyHolder, modifiable};

impl Iam {
    /// Attaches a policy. One that is attached already stays so.
    pub(crate) async fn attach<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        arn: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let before = self.holder_to_change::<E>(cx, action, holder, Some(arn)).await?;
            let held = self.hold_attachable(cx, &mut change, arn).await?;
            let arn = held.ok_or_else(|| messages::not_attachable(arn))?;
            let mut after = before.record.clone();
            if !after.attached_mut().insert(arn) {
                return Ok(());
            }
            let (quota, most) = E::ATTACHED_QUOTA;
            if after.attached().len() > most {
                return Err(crate::messages::quota(quota, most));
            }
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }

    pub(crate) async fn detach<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        arn: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let before = self.holder_to_change::<E>(cx, action, holder, Some(arn)).await?;
            let mut after = before.record.clone();
            if !after.attached_mut().remove(arn) {
                return Err(messages::not_found_by_arn(arn));
            }
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }

    /// The attached policies under a path; without one, all.
    pub(crate) async fn list_attached<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        request: &PageRequest,
        prefix: Option<&str>,
    ) -> Result<Page<AttachedPolicy>, ApiError> {
        let holder = self.holder::<E>(cx, action, holder, None).await?.record;
        Ok(request.page(attached_under(&holder, prefix.unwrap_or("/")), |policy| {
            // Not unique without the ARN: a policy of AWS and one of the account may have the same name.
            let AttachedPolicy { policy_name, policy_arn } = policy;
            format!("{}\n{}", policy_name.as_deref().unwrap_or_default(), policy_arn.as_deref().unwrap_or_default())
        }))
    }

    pub(crate) async fn put_boundary<E: Bounded>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        arn: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let facts = Facts::none().and(key::PERMISSIONS_BOUNDARY, Some(arn));
            let before = modifiable(self.named::<E>(cx, action, holder, &facts).await?)?;
            let held = self.hold_attachable(cx, &mut change, arn).await?;
            let mut after = before.record.clone();
            after.set_boundary(Some(held.ok_or_else(|| crate::messages::no_such_boundary(arn))?));
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }

    pub(crate) async fn delete_boundary<E: Bounded>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let before = self.holder_to_change::<E>(cx, action, holder, None).await?;
            if before.record.boundary().is_none() {
                return Err(messages::no_boundary(E::NOUN, before.record.name()));
            }
            let mut after = before.record.clone();
            after.set_boundary(None);
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }
}

/// The policies attached to a user, group or role, those under a path.
pub(crate) fn attached_under(holder: &impl PolicyHolder, prefix: &str) -> Vec<AttachedPolicy> {
    let attached = holder.attached().iter().filter_map(|arn| Some((arn, name_and_path(arn)?)));
    let attached = attached.filter(|(_, (_, path))| path.starts_with(prefix));
    let attached = attached
        .map(|(arn, (name, _))| AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.clone()) });
    attached.collect()
}

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, allowing, attach, bound, cloud, make_policy};
    use crate::role_testing::service_linked_role;
    use crate::testing::{allow, caller, denies};

    const OF_AWS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    const ABSENT: &str = "arn:aws:iam::000000000000:policy/absent";

    #[tokio::test]
    async fn policies_are_attached_once_listed_by_name_and_detached() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "zoo", ALL).await;
        for holder @ (noun, member, name) in HOLDERS {
            for arn in [&*arn, OF_AWS, OF_AWS] {
                attach(&cloud, holder, arn).await;
            }
            let list = format!("ListAttached{noun}Policies");
            let listed = cloud.iam(&list, &[(member, name)]).await.succeeds_in_xml();
            assert_eq!(listed.texts("AttachedPolicies/member/PolicyName"), ["AdministratorAccess", "zoo"]);
            assert_eq!(listed.texts("AttachedPolicies/member/PolicyArn"), [OF_AWS, &*arn]);
            let page = cloud.iam(&list, &[(member, name), ("MaxItems", "1")]).await.succeeds_in_xml();
            let next = cloud.iam(&list, &[(member, name), ("Marker", page.text("Marker"))]).await.succeeds_in_xml();
            assert_eq!(next.texts("AttachedPolicies/member/PolicyName"), ["zoo"]);
            let none = cloud.iam(&list, &[(member, name), ("PathPrefix", "/x/")]).await.succeeds_in_xml();
            assert!(none.texts("AttachedPolicies/member/PolicyName").is_empty());
            let detach = format!("Detach{noun}Policy");
            cloud.iam(&detach, &[(member, name), ("PolicyArn", OF_AWS)]).await.succeeds_in_xml();
            let listed = cloud.iam(&list, &[(member, name)]).await.succeeds_in_xml();
            assert_eq!(listed.texts("AttachedPolicies/member/PolicyName"), ["zoo"]);
            let again = cloud.iam(&detach, &[(member, name), ("PolicyArn", OF_AWS)]).await;
            again.is_refused(404, "NoSuchEntity", &format!("Policy {OF_AWS} was not found."));
        }
        let counted = cloud.iam("GetPolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(counted.text("Policy/AttachmentCount"), "3");
    }

    #[tokio::test]
    async fn what_is_no_policy_of_this_account_or_of_aws_cannot_be_attached() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            for arn in [
                ABSENT,
                "arn:aws:iam::aws:policy/NoSuchPolicyAtAll",
                "arn:aws:iam::999999999999:policy/somebody-elses",
                "arn:aws:iam::000000000000:role/app",
            ] {
                let message = format!("Policy {arn} does not exist or is not attachable.");
                let refused = cloud.iam(&format!("Attach{noun}Policy"), &[(member, name), ("PolicyArn", arn)]).await;
                refused.is_refused(404, "NoSuchEntity", &message);
            }
            let message = format!("The {} with name nobody cannot be found.", noun.to_lowercase());
            for operation in ["Attach", "Detach"] {
                let input = [(member, "nobody"), ("PolicyArn", OF_AWS)];
                let refused = cloud.iam(&format!("{operation}{noun}Policy"), &input).await;
                refused.is_refused(404, "NoSuchEntity", &message);
            }
        }
    }

    #[tokio::test]
    async fn a_policy_is_not_attached_and_deleted_at_the_same_time() {
        let cloud = cloud().await;
        for number in 0..20 {
            let arn = make_policy(&cloud, &format!("p{number}"), ALL).await;
            let input = [("UserName", "alice"), ("PolicyArn", &*arn)];
            let (attached, deleted) =
                tokio::join!(cloud.iam("AttachUserPolicy", &input), cloud.iam("DeletePolicy", &input[1..]));
            assert_eq!([attached.status, deleted.status].iter().filter(|&&status| status == 200).count(), 1);
            if attached.status == 200 {
                cloud.iam("DetachUserPolicy", &input).await.succeeds_in_xml();
            }
        }
    }

    #[tokio::test]
    async fn a_holder_has_a_quota_of_attached_policies() {
        let cloud = cloud().await;
        let mut arns = Vec::new();
        for number in 0..=20 {
            arns.push(make_policy(&cloud, &format!("p{number}"), ALL).await);
        }
        for (holder @ (noun, member, name), most) in HOLDERS.into_iter().zip([10, 10, 20]) {
            for arn in &arns[..most] {
                attach(&cloud, holder, arn).await;
            }
            let message = format!("Cannot exceed quota for PoliciesPer{noun}: {most}");
            let input = [(member, name), ("PolicyArn", &*arns[most])];
            let refused = cloud.iam(&format!("Attach{noun}Policy"), &input).await;
            refused.is_refused(409, "LimitExceeded", &message);
        }
    }

    #[tokio::test]
    async fn a_boundary_limits_until_it_is_taken_away() {
        let cloud = cloud().await;
        let alice = caller(&cloud, "alice").await;
        attach(&cloud, HOLDERS[0], OF_AWS).await;
        let arn = make_policy(&cloud, "only-groups", &allowing("iam:ListGroups")).await;
        bound(&cloud, HOLDERS[0], &arn).await;
        let refused = cloud.iam_as(alice.clone(), "ListUsers", &[]).await.fails();
        let message = refused.message.expect("a message");
        assert!(message.ends_with("because no permissions boundary allows the iam:ListUsers action"), "{message}");
        cloud.iam_as(alice.clone(), "ListGroups", &[]).await.succeeds_in_xml();
        let shown = cloud.iam("GetUser", &[("UserName", "alice")]).await.succeeds_in_xml();
        assert_eq!(shown.text("User/PermissionsBoundary/PermissionsBoundaryArn"), arn);
        cloud.iam("DeleteUserPermissionsBoundary", &[("UserName", "alice")]).await.succeeds_in_xml();
        cloud.iam_as(alice, "ListUsers", &[]).await.succeeds_in_xml();
    }

    #[tokio::test]
    async fn users_and_roles_have_boundaries_that_exist_and_are_replaced() {
        let cloud = cloud().await;
        let arn = make_policy(&cloud, "limit", ALL).await;
        for holder @ (noun, member, name) in [HOLDERS[0], HOLDERS[2]] {
            let (put, delete) = (format!("Put{noun}PermissionsBoundary"), format!("Delete{noun}PermissionsBoundary"));
            let noun = noun.to_lowercase();
            let message = format!("The {noun} with name {name} does not have a permissions boundary.");
            cloud.iam(&delete, &[(member, name)]).await.is_refused(404, "NoSuchEntity", &message);
            let message = format!("Scope ARN: {ABSENT} does not exist or is not attachable.");
            let refused = cloud.iam(&put, &[(member, name), ("PermissionsBoundary", ABSENT)]).await;
            refused.is_refused(404, "NoSuchEntity", &message);
            bound(&cloud, holder, OF_AWS).await;
            bound(&cloud, holder, &arn).await;
            let message = format!("The {noun} with name nobody cannot be found.");
            let absent = [(member, "nobody"), ("PermissionsBoundary", &*arn)];
            cloud.iam(&put, &absent).await.is_refused(404, "NoSuchEntity", &message);
            cloud.iam(&delete, &absent[..1]).await.is_refused(404, "NoSuchEntity", &message);
        }
        let counted = cloud.iam("GetPolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(counted.text("Policy/PermissionsBoundaryUsageCount"), "2");
        cloud.iam("DeleteRolePermissionsBoundary", &[("RoleName", "app")]).await.succeeds_in_xml();
        let counted = cloud.iam("GetPolicy", &[("PolicyArn", &arn)]).await.succeeds_in_xml();
        assert_eq!(counted.text("Policy/PermissionsBoundaryUsageCount"), "1");
    }

    #[tokio::test]
    async fn only_aws_changes_the_policies_of_a_service_linked_role() {
        let cloud = cloud().await;
        let role = service_linked_role(&cloud, "autoscaling.amazonaws.com").await;
        let message = format!(
            "Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
        );
        for (operation, input) in [
            ("PutRolePolicy", vec![("PolicyName", "p"), ("PolicyDocument", ALL)]),
            ("DeleteRolePolicy", vec![("PolicyName", "p")]),
            ("AttachRolePolicy", vec![("PolicyArn", OF_AWS)]),
            ("DetachRolePolicy", vec![("PolicyArn", OF_AWS)]),
            ("PutRolePermissionsBoundary", vec![("PermissionsBoundary", OF_AWS)]),
            ("DeleteRolePermissionsBoundary", vec![]),
        ] {
            let input = [vec![("RoleName", &*role)], input].concat();
            cloud.iam(operation, &input).await.is_refused(400, "UnmodifiableEntity", &message);
        }
    }

    #[tokio::test]
    async fn permission_is_asked() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            let resource = format!("{} {name}", noun.to_lowercase());
            let input = [(member, name), ("PolicyArn", OF_AWS)];
            denies(&cloud, &format!("Attach{noun}Policy"), &input, &resource).await;
            denies(&cloud, &format!("Detach{noun}Policy"), &input, &resource).await;
            denies(&cloud, &format!("ListAttached{noun}Policies"), &input[..1], &resource).await;
            if noun != "Group" {
                let input = [(member, name), ("PermissionsBoundary", OF_AWS)];
                denies(&cloud, &format!("Put{noun}PermissionsBoundary"), &input, &resource).await;
                denies(&cloud, &format!("Delete{noun}PermissionsBoundary"), &input[..1], &resource).await;
            }
        }
    }

    #[tokio::test]
    async fn a_policy_can_say_which_policies_may_be_attached_or_bound_with() {
        let cloud = cloud().await;
        let alice = caller(&cloud, "alice").await;
        let arn = make_policy(&cloud, "harmless", &allowing("s3:GetObject")).await;
        for (action, key, operation, member) in [
            ("iam:AttachRolePolicy", "iam:PolicyARN", "AttachRolePolicy", "PolicyArn"),
            (
                "iam:PutRolePermissionsBoundary",
                "iam:PermissionsBoundary",
                "PutRolePermissionsBoundary",
                "PermissionsBoundary",
            ),
        ] {
            let condition = format!(r#""ArnEquals": {{"{key}": "{arn}"}}"#);
            let statement = format!(r#""Action": "{action}", "Resource": "*", "Condition": {{{condition}}}"#);
            allow(&cloud, "alice", &statement).await;
            let other = [("RoleName", "app"), (member, OF_AWS)];
            assert_eq!(cloud.iam_as(alice.clone(), operation, &other).await.fails().code, "AccessDenied");
            cloud.iam_as(alice.clone(), operation, &[("RoleName", "app"), (member, &arn)]).await.succeeds_in_xml();
        }
    }
}
