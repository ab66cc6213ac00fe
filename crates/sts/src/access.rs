//! The door to roles: nobody becomes a session of one without its trust policy's leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use trent_identity::{Asked, DirectoryError, IdKind, Refused, RoleRecord, SessionPrincipal};
use trent_policy::{NamedPolicy, Policy, PolicyKind, ResourceSide, Rule};
use trent_shared::{AccountId, ApiError, Arn, Context};

use crate::api::AssumedRoleUser;
use crate::facts::Facts;
use crate::session::seconds;
use crate::{Sts, messages};

/// The ARN of a role, be there such a role or not.
pub(crate) struct RoleArn {
    arn: Arn,
    account: AccountId,
    /// `/`, or `/division/team/`.
    path: String,
    name: String,
}

/// A role that can be assumed.
pub(crate) struct Role {
    account: AccountId,
    id: String,
    path: String,
    name: String,
    max_session_seconds: u32,
    pub(crate) tags: BTreeMap<String, String>,
    /// None where there is no IAM: then nobody has written one.
    trust: Option<NamedPolicy>,
}

/// Of sessions that are not asked to last longer or shorter.
const DEFAULT_SECONDS: u32 = 3600;

/// The longest session of a role that another role's session assumes.
const MOST_CHAINED_SECONDS: u32 = 3600;

/// The longest session that any role can be set to.
const MOST_SECONDS: u32 = 43_200;

impl RoleArn {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        Self::of(text).ok_or_else(|| messages::invalid_arn(text))
    }

    pub(crate) fn arn(&self) -> &Arn {
        &self.arn
    }

    pub(crate) fn account(&self) -> AccountId {
        self.account
    }

    fn of(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let account = arn.account.parse().ok()?;
        let (path, name) = arn.resource.strip_prefix("role")?.rsplit_once('/')?;
        if arn.service != "iam" || !arn.region.is_empty() || name.is_empty() {
            return None;
        }
        let (path, name) = (format!("{path}/"), name.to_owned());
        (path.starts_with('/')).then_some(Self { arn, account, path, name })
    }
}

impl Sts {
    /// The role of this ARN. Where there is no IAM, every one is taken as existing.
    pub(crate) async fn role(&self, cx: &Context, arn: &RoleArn) -> Result<Option<Role>, DirectoryError> {
        if arn.arn.partition != cx.partition().as_str() {
            return Ok(None);
        }
        let RoleArn { account, path, name, .. } = arn;
        if !self.has_iam() {
            return Ok(Some(Role {
                account: *account,
                id: IdKind::Role.derive(*account, name),
                path: path.clone(),
                name: name.clone(),
                max_session_seconds: MOST_SECONDS,
                tags: BTreeMap::new(),
                trust: None,
            }));
        }
        let found = self.directory().find::<RoleRecord>(*account, name).await?.map(|found| found.record);
        found.filter(|role| role.path == *path && role.name == *name).map(|role| Role::of(*account, role)).transpose()
    }

    /// Asks whether the caller may do this to a role. One that does not exist trusts nobody, and is not told from others.
    pub(crate) async fn ask(
        &self,
        cx: &Context,
        action: &'static str,
        (arn, role): (&RoleArn, Option<&Role>),
        facts: &Facts,
    ) -> Result<Result<(), Refused>, DirectoryError> {
        if role.is_some_and(|role| role.trust.is_none()) {
            return Ok(Ok(()));
        }
        let policy = role.and_then(|role| role.trust.as_ref());
        let side = ResourceSide { account: arn.account, policy, rule: Rule::RootOfTrust };
        self.authorizer.authorize(cx, Asked { action, resource: &arn.arn.to_string(), facts, side }).await
    }

    /// Asks whether the caller may do what its own account alone decides about.
    pub(crate) async fn authorize(
        &self,
        cx: &Context,
        action: &'static str,
        resource: &str,
        facts: &Facts,
    ) -> Result<Result<(), Refused>, DirectoryError> {
        let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::IdentityOnly };
        self.authorizer.authorize(cx, Asked { action, resource, facts, side }).await
    }

    /// Whether there is an IAM that knows principals and identity providers.
    pub(crate) fn has_iam(&self) -> bool {
        self.directory().options().is_iam_enabled
    }
}

impl Role {
    fn of(account: AccountId, role: RoleRecord) -> Result<Self, DirectoryError> {
        let name = format!("the trust policy of {}", role.name);
        let trust = match Policy::parse(&role.trust_policy, PolicyKind::Trust) {
            Ok(policy) => NamedPolicy { name, policy: Arc::new(policy.bound_to(&role.trusted_ids)) },
            Err(source) => return Err(DirectoryError::UnreadablePolicy { name, source }),
        };
        Ok(Self {
            account,
            id: role.id,
            path: role.path,
            name: role.name,
            max_session_seconds: role.max_session_seconds,
            tags: role.tags,
            trust: Some(trust),
        })
    }

    pub(crate) fn session(&self, session_name: &str) -> SessionPrincipal {
        SessionPrincipal::Role {
            id: self.id.clone(),
            path: self.path.clone(),
            name: self.name.clone(),
            session_name: session_name.to_owned(),
        }
    }

    /// A session of the role, as answers name it.
    pub(crate) fn user(&self, cx: &Context, session_name: &str) -> AssumedRoleUser {
        let (partition, account) = (cx.partition(), self.account);
        AssumedRoleUser {
            assumed_role_id: format!("{}:{session_name}", self.id),
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{}/{session_name}", self.name),
        }
    }

    /// How long a session of the role shall be.
    pub(crate) fn session_seconds(&self, requested: Option<i32>, is_chained: bool) -> Result<u32, ApiError> {
        let seconds = seconds(requested, DEFAULT_SECONDS);
        if is_chained && seconds > MOST_CHAINED_SECONDS {
            return Err(messages::longer_than_chains_allow());
        }
        if seconds > self.max_session_seconds {
            return Err(messages::longer_than_role_allows());
        }
        Ok(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_with_its_path() {
        let arn = RoleArn::parse("arn:aws:iam::111122223333:role/team/a/Reader").map_err(|error| error.message);
        let arn = arn.expect("a role");
        assert_eq!((arn.account().as_str(), &*arn.path, &*arn.name), ("111122223333", "/team/a/", "Reader"));
        let arn = RoleArn::parse("arn:aws:iam::111122223333:role/Reader").map_err(|error| error.message);
        assert_eq!(arn.expect("a role").path, "/");
    }

    #[test]
    fn what_names_no_role_is_refused() {
        for wrong in [
            "nothing-valid-in-here",
            "arn::b:::something/test-role",
            "arn:a:a::aaaaaaaaaa:",
            "arn:aws:iam::111122223333:user/Reader",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam::111122223333:roles/Reader",
            "arn:aws:iam:us-east-1:111122223333:role/Reader",
            "arn:aws:iam::1111:role/Reader",
            "arn:aws:sts::111122223333:assumed-role/Reader/s",
        ] {
            let refused = RoleArn::parse(wrong).err().map(|error| (error.code.into_owned(), error.message));
            assert_eq!(refused, Some(("ValidationError".to_owned(), Some(format!("{wrong} is invalid")))));
        }
    }
}
