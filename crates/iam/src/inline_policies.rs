//! Inline policies, the same for users, groups and roles. Their names are the same whatever the case of their letters
//! (recorded); the first spelling is kept.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::change::{attempts, too_many_conflicts};
use crate::messages::policies as messages;
use crate::page::{Page, PageRequest};
use crate::policy_holder::PolicyHolder;
use crate::{documents, policy_document};

impl Iam {
    /// Puts a policy into a user, group or role, in the place of one of that name.
    pub(crate) async fn put_inline<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        name: &str,
        document: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let before = self.holder_to_change::<E>(cx, action, holder, None).await?;
            policy_document::check(document)?;
            let mut after = before.record.clone();
            let name = spelling(&after, name).unwrap_or(name).to_owned();
            after.inline_mut().insert(name, document.to_owned());
            let size: usize = after.inline().values().map(|document| policy_document::size(document)).sum();
            if size > E::INLINE_QUOTA {
                return Err(messages::inline_too_large(E::INLINE_QUOTA, E::NOUN, after.name()));
            }
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }

    /// The document of an inline policy, as answers carry it.
    pub(crate) async fn inline<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        name: &str,
    ) -> Result<String, ApiError> {
        let holder = self.holder::<E>(cx, action, holder, None).await?.record;
        let document = spelling(&holder, name).and_then(|name| holder.inline().get(name));
        let document = document.ok_or_else(|| messages::inline_not_found(E::NOUN, name))?;
        Ok(documents::encoded(document))
    }

    /// The names of the inline policies.
    pub(crate) async fn list_inline<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        request: &PageRequest,
    ) -> Result<Page<String>, ApiError> {
        let holder = self.holder::<E>(cx, action, holder, None).await?.record;
        Ok(request.page(holder.inline().keys().cloned(), String::clone))
    }

    pub(crate) async fn delete_inline<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        holder: &str,
        name: &str,
    ) -> Result<(), ApiError> {
        for mut change in attempts(cx) {
            let before = self.holder_to_change::<E>(cx, action, holder, None).await?;
            let mut after = before.record.clone();
            let name = spelling(&after, name).ok_or_else(|| messages::inline_not_found(E::NOUN, name))?.to_owned();
            after.inline_mut().remove(&name);
            change.replace(&before, &after)?;
            if self.directory().commit(change).await? {
                return Ok(());
            }
        }
        Err(too_many_conflicts())
    }
}

/// How the name of an inline policy is spelt, if there is such a policy.
fn spelling<'a>(holder: &'a impl PolicyHolder, name: &str) -> Option<&'a str> {
    let name = name.to_lowercase();
    holder.inline().keys().map(String::as_str).find(|known| known.to_lowercase() == name)
}

#[cfg(test)]
mod tests {
    use crate::policy_testing::{ALL, HOLDERS, allowing, cloud, encoded, long};
    use crate::testing::{allow, caller, denies};

    #[tokio::test]
    async fn a_policy_is_put_shown_listed_and_taken_away() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            let holder = (member, name);
            for (policy, document) in [("two", allowing("s3:*")), ("One", ALL.to_owned())] {
                let input = [holder, ("PolicyName", policy), ("PolicyDocument", &document)];
                cloud.iam(&format!("Put{noun}Policy"), &input).await.succeeds_in_xml();
            }
            let shown =
                cloud.iam(&format!("Get{noun}Policy"), &[holder, ("PolicyName", "One")]).await.succeeds_in_xml();
            assert_eq!(shown.text(member), name);
            assert_eq!((shown.text("PolicyName"), shown.text("PolicyDocument")), ("One", &*encoded(ALL)));
            let list = format!("List{noun}Policies");
            let listed = cloud.iam(&list, &[holder, ("MaxItems", "1")]).await.succeeds_in_xml();
            assert_eq!((listed.texts("PolicyNames/member"), listed.text("IsTruncated")), (vec!["One"], "true"));
            let listed = cloud.iam(&list, &[holder, ("Marker", listed.text("Marker"))]).await.succeeds_in_xml();
            assert_eq!((listed.texts("PolicyNames/member"), listed.text("IsTruncated")), (vec!["two"], "false"));
            cloud.iam(&format!("Delete{noun}Policy"), &[holder, ("PolicyName", "One")]).await.succeeds_in_xml();
            let listed = cloud.iam(&list, &[holder]).await.succeeds_in_xml();
            assert_eq!(listed.texts("PolicyNames/member"), ["two"]);
        }
    }

    /// Recorded: the name that is asked for is answered, the first that was given is listed.
    #[tokio::test]
    async fn the_case_of_a_name_does_not_matter() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            let holder = (member, name);
            for (policy, document) in [("MixedName", ALL), ("mixedname", &*allowing("s3:*"))] {
                let input = [holder, ("PolicyName", policy), ("PolicyDocument", document)];
                cloud.iam(&format!("Put{noun}Policy"), &input).await.succeeds_in_xml();
            }
            let listed = cloud.iam(&format!("List{noun}Policies"), &[holder]).await.succeeds_in_xml();
            assert_eq!(listed.texts("PolicyNames/member"), ["MixedName"]);
            let upper = [holder, ("PolicyName", "MIXEDNAME")];
            let shown = cloud.iam(&format!("Get{noun}Policy"), &upper).await.succeeds_in_xml();
            assert_eq!(shown.text("PolicyName"), "MIXEDNAME");
            assert_eq!(shown.text("PolicyDocument"), encoded(&allowing("s3:*")));
            cloud.iam(&format!("Delete{noun}Policy"), &upper).await.succeeds_in_xml();
            let listed = cloud.iam(&format!("List{noun}Policies"), &[holder]).await.succeeds_in_xml();
            assert!(listed.texts("PolicyNames/member").is_empty());
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_refused() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            let noun_in_words = noun.to_lowercase();
            for operation in ["Get", "Delete"] {
                let refused =
                    cloud.iam(&format!("{operation}{noun}Policy"), &[(member, name), ("PolicyName", "p")]).await;
                let message = format!("The {noun_in_words} policy with name p cannot be found.");
                refused.is_refused(404, "NoSuchEntity", &message);
            }
            let message = format!("The {noun_in_words} with name nobody cannot be found.");
            let input = [(member, "nobody"), ("PolicyName", "p"), ("PolicyDocument", ALL)];
            for (operation, parameters) in [
                (format!("Put{noun}Policy"), &input[..]),
                (format!("Get{noun}Policy"), &input[..2]),
                (format!("Delete{noun}Policy"), &input[..2]),
                (format!("List{noun}Policies"), &input[..1]),
            ] {
                cloud.iam(&operation, parameters).await.is_refused(404, "NoSuchEntity", &message);
            }
        }
    }

    #[tokio::test]
    async fn malformed_and_too_large_documents_are_refused_and_not_kept() {
        let cloud = cloud().await;
        for ((noun, member, name), most) in HOLDERS.into_iter().zip([2048, 5120, 10_240]) {
            let put = format!("Put{noun}Policy");
            let malformed = [(member, name), ("PolicyName", "p"), ("PolicyDocument", "{}")];
            let message = "Syntax errors in policy.";
            cloud.iam(&put, &malformed).await.is_refused(400, "MalformedPolicyDocument", message);
            let (half, rest) = (long(most / 2), long(most / 2 + 1));
            let fits = [(member, name), ("PolicyName", "half"), ("PolicyDocument", &*half)];
            cloud.iam(&put, &fits).await.succeeds_in_xml();
            let message = format!("Maximum policy size of {most} bytes exceeded for {} {name}", noun.to_lowercase());
            let too_large = [(member, name), ("PolicyName", "rest"), ("PolicyDocument", &*rest)];
            cloud.iam(&put, &too_large).await.is_refused(409, "LimitExceeded", &message);
            let just = [(member, name), ("PolicyName", "other"), ("PolicyDocument", &*half)];
            cloud.iam(&put, &just).await.succeeds_in_xml();
            let listed = cloud.iam(&format!("List{noun}Policies"), &[(member, name)]).await.succeeds_in_xml();
            assert_eq!(listed.texts("PolicyNames/member"), ["half", "other"]);
        }
    }

    #[tokio::test]
    async fn what_a_policy_allows_is_allowed_until_it_is_taken_away() {
        let cloud = cloud().await;
        let alice = caller(&cloud, "alice").await;
        let input = [("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", &*allowing("iam:ListUsers"))];
        assert_eq!(cloud.iam_as(alice.clone(), "ListUsers", &[]).await.status, 403);
        cloud.iam("PutUserPolicy", &input).await.succeeds_in_xml();
        assert_eq!(cloud.iam_as(alice.clone(), "ListUsers", &[]).await.status, 200);
        cloud.iam("DeleteUserPolicy", &input[..2]).await.succeeds_in_xml();
        assert_eq!(cloud.iam_as(alice, "ListUsers", &[]).await.status, 403);
    }

    #[tokio::test]
    async fn permission_is_asked() {
        let cloud = cloud().await;
        for (noun, member, name) in HOLDERS {
            let resource = format!("{} {name}", noun.to_lowercase());
            let input = [(member, name), ("PolicyName", "p"), ("PolicyDocument", ALL)];
            denies(&cloud, &format!("Put{noun}Policy"), &input, &resource).await;
            denies(&cloud, &format!("Get{noun}Policy"), &input[..2], &resource).await;
            denies(&cloud, &format!("Delete{noun}Policy"), &input[..2], &resource).await;
            denies(&cloud, &format!("List{noun}Policies"), &input[..1], &resource).await;
        }
    }

    /// As guides on permissions boundaries have it: whoever may give policies may do so to bounded users only.
    #[tokio::test]
    async fn a_policy_can_ask_for_the_boundary_that_the_user_has() {
        let cloud = cloud().await;
        let alice = caller(&cloud, "alice").await;
        let boundary = "arn:aws:iam::aws:policy/AdministratorAccess";
        let condition = format!(r#""StringEquals": {{"iam:PermissionsBoundary": "{boundary}"}}"#);
        let statement = format!(r#""Action": "iam:PutRolePolicy", "Resource": "*", "Condition": {{{condition}}}"#);
        allow(&cloud, "alice", &statement).await;
        let input = [("RoleName", "app"), ("PolicyName", "p"), ("PolicyDocument", ALL)];
        assert_eq!(cloud.iam_as(alice.clone(), "PutRolePolicy", &input).await.fails().code, "AccessDenied");
        crate::policy_testing::bound(&cloud, HOLDERS[2], boundary).await;
        cloud.iam_as(alice, "PutRolePolicy", &input).await.succeeds_in_xml();
    }
}
