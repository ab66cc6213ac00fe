//! Inline policies, the same for users, groups and roles. Their names are the same whatever the case of their letters
//! (recorded); the first spelling is kept.

use trent_shared::{ApiError, Context};

use crate::Iam;
use crate::change::{attempts, too_many_conflicts};
use crate::messages::policies as messages;
use crate::page::{Page, PageRequest};
use crate::{documents, policy_document};
use crate::policy_holder::PolicyHolder;

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
