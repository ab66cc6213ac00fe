//! What users, groups and roles have in common: policies of their own, and attached ones.

use std::collections::{BTreeMap, BTreeSet};

use trent_identity::{GroupRecord, RoleRecord, UserRecord};
use trent_shared::{ApiError, Context};
use trent_store::Versioned;

use crate::access::Named;
use crate::facts::{Facts, key};
use crate::{Iam, messages};

/// A user, group or role.
pub(crate) trait PolicyHolder: Named {
    /// How many characters all its inline policies may have, white space not counted (documented).
    const INLINE_QUOTA: usize;
    /// AWS's name of the quota for attached policies, and the quota (documented).
    const ATTACHED_QUOTA: (&'static str, usize);

    /// Its own policies: name → document.
    fn inline(&self) -> &BTreeMap<String, String>;

    fn inline_mut(&mut self) -> &mut BTreeMap<String, String>;

    /// The ARNs of those attached to it.
    fn attached(&self) -> &BTreeSet<String>;

    fn attached_mut(&mut self) -> &mut BTreeSet<String>;

    /// The ARN of its permissions boundary; groups have none.
    fn boundary(&self) -> Option<&str>;

    /// Whether only AWS may change it.
    fn is_protected(&self) -> bool {
        false
    }
}

/// A user or role.
pub(crate) trait Bounded: PolicyHolder {
    fn set_boundary(&mut self, arn: Option<String>);
}

impl Iam {
    /// The user, group or role of this name, for an action on its policies. `policy` is the ARN that the request brings.
    pub(crate) async fn holder<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        policy: Option<&str>,
    ) -> Result<Versioned<E>, ApiError> {
        // Policies can ask for the boundary that the entity has, which is to be known before they are asked.
        let found = self.directory().find::<E>(cx.account(), name).await?;
        let boundary = found.as_ref().and_then(|found| found.record.boundary());
        let facts = Facts::none().and(key::POLICY_ARN, policy).and(key::PERMISSIONS_BOUNDARY, boundary);
        self.named(cx, action, name, &facts).await
    }

    /// The same, for an action that changes it.
    pub(crate) async fn holder_to_change<E: PolicyHolder>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        policy: Option<&str>,
    ) -> Result<Versioned<E>, ApiError> {
        let holder = self.holder::<E>(cx, action, name, policy).await?;
        modifiable(holder)
    }
}

/// Refuses what only AWS may change.
pub(crate) fn modifiable<E: PolicyHolder>(holder: Versioned<E>) -> Result<Versioned<E>, ApiError> {
    if holder.record.is_protected() { Err(messages::protected_role(holder.record.name())) } else { Ok(holder) }
}

macro_rules! holds_policies {
    () => {
        fn inline(&self) -> &BTreeMap<String, String> {
            &self.inline
        }

        fn inline_mut(&mut self) -> &mut BTreeMap<String, String> {
            &mut self.inline
        }

        fn attached(&self) -> &BTreeSet<String> {
            &self.attached
        }

        fn attached_mut(&mut self) -> &mut BTreeSet<String> {
            &mut self.attached
        }
    };
}

impl PolicyHolder for UserRecord {
    const INLINE_QUOTA: usize = 2048;
    const ATTACHED_QUOTA: (&'static str, usize) = ("PoliciesPerUser", 10);

    holds_policies!();

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

impl PolicyHolder for GroupRecord {
    const INLINE_QUOTA: usize = 5120;
    const ATTACHED_QUOTA: (&'static str, usize) = ("PoliciesPerGroup", 10);

    holds_policies!();

    fn boundary(&self) -> Option<&str> {
        None
    }
}

impl PolicyHolder for RoleRecord {
    const INLINE_QUOTA: usize = 10_240;
    const ATTACHED_QUOTA: (&'static str, usize) = ("PoliciesPerRole", 20);

    holds_policies!();

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }

    fn is_protected(&self) -> bool {
        self.is_service_linked()
    }
}

impl Bounded for UserRecord {
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}

impl Bounded for RoleRecord {
    fn set_boundary(&mut self, arn: Option<String>) {
        self.boundary = arn;
    }
}
