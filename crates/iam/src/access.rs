//! The door to users, groups, roles and instance profiles: nobody gets one without saying what for.
//!
//! AWS asks for permission before it looks whether there is such a thing, so that nobody learns of what they may not
//! see.

use std::collections::BTreeMap;

use trent_identity::{
    AccessKeyRecord, Asked, DirectoryError, Entity, GroupRecord, InstanceProfileRecord, Refused, RoleRecord, UserRecord,
};
use trent_policy::{ResourceSide, Rule};
use trent_shared::{ApiError, Arn, Context, Principal};
use trent_store::Versioned;

use crate::arns::{NO_PATH, arn};
use crate::facts::Facts;
use crate::{Iam, messages};

/// Something that operations find by its name.
pub(crate) trait Named: Entity {
    /// As it begins the resource of its ARN: `user`.
    const RESOURCE: &'static str;
    /// As sentences name it.
    const NOUN: &'static str = Self::RESOURCE;

    fn path(&self) -> &str;

    /// What `aws:ResourceTag` asks for; groups have none.
    fn tags(&self) -> Option<&BTreeMap<String, String>>;

    fn not_found(name: &str) -> ApiError {
        messages::not_found(Self::NOUN, name)
    }

    fn arn(&self, cx: &Context) -> Arn {
        arn(cx, Self::RESOURCE, self.path(), self.name())
    }
}

impl Iam {
    /// Asks whether the caller may do this. `action` is `iam:CreateUser`; `resource` an ARN, or `*`.
    pub(crate) async fn authorize(
        &self,
        cx: &Context,
        action: &'static str,
        resource: &str,
        facts: &Facts<'_>,
    ) -> Result<(), ApiError> {
        self.decide(cx, action, resource, facts).await?.map_err(Refused::in_xml)
    }

    /// The user, group, role or instance profile of this name, for an action on it.
    pub(crate) async fn named<E: Named>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        facts: &Facts<'_>,
    ) -> Result<Versioned<E>, ApiError> {
        self.permitted(cx, action, name, facts).await?.ok_or_else(|| E::not_found(name))
    }

    /// The same, for who must look at something else before it says that there is none.
    pub(crate) async fn permitted<E: Named>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        facts: &Facts<'_>,
    ) -> Result<Option<Versioned<E>>, ApiError> {
        let found = self.directory().find::<E>(cx.account(), name).await?;
        self.permit(cx, action, name, facts, found.as_ref()).await?;
        Ok(found)
    }

    /// The user of this name, or the calling one when none is named.
    pub(crate) async fn user_or_caller(
        &self,
        cx: &Context,
        action: &'static str,
        name: Option<&str>,
        facts: &Facts<'_>,
    ) -> Result<Versioned<UserRecord>, ApiError> {
        if let Some(name) = name {
            return self.named(cx, action, name, facts).await;
        }
        let Principal::User(caller) = &cx.caller.principal else { return Err(messages::user_name_required()) };
        // By its id: it may have been renamed since the request was signed.
        let found = self.directory().find_by_id::<UserRecord>(&caller.id).await?.map(|(_, user)| user);
        self.permit(cx, action, &caller.name, facts, found.as_ref()).await?;
        found.ok_or_else(|| UserRecord::not_found(&caller.name))
    }

    /// The access key of this id, if it is the user's.
    pub(crate) async fn access_key_of(
        &self,
        cx: &Context,
        user: &UserRecord,
        id: &str,
    ) -> Result<Versioned<AccessKeyRecord>, ApiError> {
        let key = self.directory().find::<AccessKeyRecord>(cx.account(), id).await?;
        key.filter(|key| key.record.user == user.id).ok_or_else(|| messages::access_key_not_found(id))
    }

    async fn permit<E: Named>(
        &self,
        cx: &Context,
        action: &'static str,
        name: &str,
        facts: &Facts<'_>,
        found: Option<&Versioned<E>>,
    ) -> Result<(), ApiError> {
        // The path of what does not exist is not known, nor could AWS know it.
        let resource = match found {
            Some(found) => found.record.arn(cx),
            None => arn(cx, E::RESOURCE, NO_PATH, name),
        };
        let resource = resource.to_string();
        let facts = facts.about(found.and_then(|found| found.record.tags()));
        let decided = self.decide(cx, action, &resource, &facts).await?;
        decided.map_err(|refused| {
            // AWS names what is looked for by its name: "on resource: user alice" (recorded).
            let (by_arn, by_name) = (format!("resource: {resource}"), format!("resource: {} {name}", E::NOUN));
            let message = refused.message.replacen(&by_arn, &by_name, 1);
            Refused { message }.in_xml()
        })
    }

    async fn decide(
        &self,
        cx: &Context,
        action: &'static str,
        resource: &str,
        facts: &Facts<'_>,
    ) -> Result<Result<(), Refused>, DirectoryError> {
        let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::IdentityOnly };
        self.authorizer.authorize(cx, Asked { action, resource, facts, side }).await
    }
}

impl Named for UserRecord {
    const RESOURCE: &'static str = "user";

    fn path(&self) -> &str {
        &self.path
    }

    fn tags(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.tags)
    }
}

impl Named for GroupRecord {
    const RESOURCE: &'static str = "group";

    fn path(&self) -> &str {
        &self.path
    }

    fn tags(&self) -> Option<&BTreeMap<String, String>> {
        None
    }
}

impl Named for RoleRecord {
    const RESOURCE: &'static str = "role";

    fn path(&self) -> &str {
        &self.path
    }

    fn tags(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.tags)
    }
}

impl Named for InstanceProfileRecord {
    const RESOURCE: &'static str = "instance-profile";
    const NOUN: &'static str = "instance profile";

    fn path(&self) -> &str {
        &self.path
    }

    fn tags(&self) -> Option<&BTreeMap<String, String>> {
        Some(&self.tags)
    }

    fn not_found(name: &str) -> ApiError {
        messages::instance_profile_not_found(name)
    }
}
