//! How many of something there may be (IAM and STS quotas, the default values).

use trent_identity::{Change, Entity, managed_policy};
use trent_shared::{ApiError, Context};

use crate::{Iam, messages};

pub(crate) const USERS: usize = 5000;
pub(crate) const GROUPS: usize = 300;
pub(crate) const GROUPS_OF_USER: usize = 10;
pub(crate) const ACCESS_KEYS_OF_USER: usize = 2;
pub(crate) const ROLES: usize = 1000;
pub(crate) const INSTANCE_PROFILES: usize = 1000;
pub(crate) const POLICIES: usize = 1500;
pub(crate) const VERSIONS_OF_POLICY: usize = 5;
/// Of a user, a group or a role.
pub(crate) const ATTACHED_POLICIES: usize = 10;
pub(crate) const OIDC_PROVIDERS: usize = 100;

impl Iam {
    /// Makes sure that the account has fewer than `most` of a kind. `quota` is AWS's name of the limit:
    /// `UsersPerAccount`.
    pub(crate) async fn require_room<E: Entity>(&self, cx: &Context, quota: &str, most: usize) -> Result<(), ApiError> {
        let full = self.directory().list::<E>(cx.account(), None, most).await?.len() >= most;
        if full { Err(messages::quota(quota, most)) } else { Ok(()) }
    }

    /// Makes sure that a policy that is to be a permissions boundary is there, and stays there if the change is made.
    pub(crate) async fn hold_boundary(&self, cx: &Context, change: &mut Change, arn: &str) -> Result<(), ApiError> {
        if self.hold_policy(cx, change, arn).await? { Ok(()) } else { Err(messages::no_such_boundary(arn)) }
    }

    /// Whether there is this managed policy, of AWS or of the caller's account. It cannot be deleted before the change
    /// is made.
    pub(crate) async fn hold_policy(&self, cx: &Context, change: &mut Change, arn: &str) -> Result<bool, ApiError> {
        let Some((account, policy)) = self.directory().policy(arn).await? else {
            return Ok(managed_policy(arn).is_some());
        };
        if account != cx.account() {
            return Ok(false);
        }
        change.hold(&policy)?;
        Ok(true)
    }
}
