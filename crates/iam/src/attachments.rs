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
    let attached = attached.map(|(arn, (name, _))| AttachedPolicy {
        policy_name: Some(name.to_owned()),
        policy_arn: Some(arn.clone()),
    });
    attached.collect()
}
