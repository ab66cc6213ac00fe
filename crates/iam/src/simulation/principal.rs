//! The policies of a user, group or role, to be simulated.

use std::collections::BTreeMap;

use trent_identity::{DirectoryError, GroupRecord, RoleRecord, UserRecord};
use trent_policy::MalformedPolicy;
use trent_shared::{ApiError, Arn, Caller, Context};

use super::source::Source;
use crate::Iam;
use crate::api::{AttachmentType, PolicyIdentifier, PolicyIdentifierPolicyType as Type};
use crate::facts::Facts;
use crate::managed_policy::Managed;
use crate::messages::simulation as messages;
use crate::policy_holder::PolicyHolder;

/// What a user, group or role may do by itself.
pub(crate) struct Policies {
    pub(crate) identity: Vec<Source>,
    pub(crate) boundary: Option<Source>,
    pub(crate) is_user: bool,
}

/// What is left out of it.
pub(crate) struct Exclusions(Vec<PolicyIdentifier>);

impl Iam {
    /// The policies of the user, group or role of this ARN, and those of a user's groups. Its path does not matter
    /// (recorded).
    pub(crate) async fn policies_of(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
        exclusions: &Exclusions,
    ) -> Result<Policies, ApiError> {
        let invalid = || messages::invalid_arn(arn);
        let parsed: Arn = arn.parse().map_err(|_| invalid())?;
        let (kind, rest) = parsed.resource.split_once('/').ok_or_else(invalid)?;
        let name = rest.rsplit('/').next().unwrap_or(rest);
        if parsed.service != "iam" || !matches!(kind, "user" | "group" | "role") || name.is_empty() {
            return Err(invalid());
        }
        if parsed.account != cx.account().as_str() {
            return Err(messages::foreign_source(cx.account(), &parsed.account));
        }
        self.authorize_as(cx, action, arn, &format!("{kind} {name}"), &Facts::none()).await?;
        let mut found = Found { attached: BTreeMap::new(), identity: Vec::new(), boundary: None };
        match kind {
            "user" => {
                let user = self.source::<UserRecord>(cx, name).await?;
                self.add(cx, &mut found, &user, exclusions).await?;
                for group in &user.groups {
                    if let Some((_, group)) = self.directory().find_by_id::<GroupRecord>(group).await? {
                        self.add(cx, &mut found, &group.record, exclusions).await?;
                    }
                }
            }
            "group" => self.add(cx, &mut found, &self.source::<GroupRecord>(cx, name).await?, exclusions).await?,
            _ => self.add(cx, &mut found, &self.source::<RoleRecord>(cx, name).await?, exclusions).await?,
        }
        for policy in found.attached.values() {
            found
                .identity
                .push(readable(policy.name(), Source::identity(policy.name().to_owned(), policy.document()))?);
        }
        Ok(Policies { identity: found.identity, boundary: found.boundary, is_user: kind == "user" })
    }

    /// What the organization leaves to the account, if there is one.
    pub(crate) async fn guardrails(&self, cx: &Context) -> Result<Option<Vec<Vec<Source>>>, ApiError> {
        let organization = &self.directory().options().organization;
        if organization.id.is_none() && organization.guardrails.is_empty() {
            return Ok(None);
        }
        let root = Caller::root(cx.partition(), cx.account());
        let permissions = self.directory().permissions(&root).await?;
        Ok(Some(permissions.guardrails.iter().map(|guardrail| vec![Source::guardrail(guardrail)]).collect()))
    }

    async fn source<E: PolicyHolder>(&self, cx: &Context, name: &str) -> Result<E, ApiError> {
        let found = self.directory().find::<E>(cx.account(), name).await?;
        found.map(|found| found.record).ok_or_else(messages::source_not_found)
    }

    async fn add<E: PolicyHolder>(
        &self,
        cx: &Context,
        found: &mut Found,
        holder: &E,
        exclusions: &Exclusions,
    ) -> Result<(), ApiError> {
        for (name, document) in holder.inline() {
            if !exclusions.have_inline(E::NOUN, holder.name(), name) {
                let id = format!("{}_{}_{name}", E::NOUN, holder.name());
                found.identity.push(readable(name, Source::identity(id, document))?);
            }
        }
        for arn in holder.attached() {
            // A policy that the user and its groups have is told once (recorded).
            if let Some(policy) = self.find_managed(cx, arn).await?
                && !exclusions.have_managed(cx, &policy)
            {
                found.attached.insert(arn.clone(), policy);
            }
        }
        if let Some(arn) = holder.boundary().filter(|_| !exclusions.have(Type::PermissionBoundary))
            && let Some(policy) = self.find_managed(cx, arn).await?
        {
            found.boundary =
                Some(readable(policy.name(), Source::boundary(policy.name().to_owned(), policy.document()))?);
        }
        Ok(())
    }
}

struct Found {
    /// By their ARNs.
    attached: BTreeMap<String, Managed>,
    identity: Vec<Source>,
    boundary: Option<Source>,
}

impl Exclusions {
    pub(crate) fn new(excluded: Option<Vec<PolicyIdentifier>>) -> Self {
        Self(excluded.unwrap_or_default())
    }

    /// Whether all policies of a type are left out.
    pub(crate) fn have(&self, kind: Type) -> bool {
        self.0.iter().any(|excluded| excluded.policy_type == Some(kind))
    }

    fn have_inline(&self, noun: &str, holder: &str, name: &str) -> bool {
        self.have(Type::Inline)
            || self.0.iter().filter_map(|excluded| excluded.inline_policy_identifier.as_ref()).any(|inline| {
                let kind = match inline.attachment_type {
                    AttachmentType::User => "user",
                    AttachmentType::Group => "group",
                    AttachmentType::Role => "role",
                };
                kind == noun && inline.policy_name == name && inline.attachment_name == holder
            })
    }

    /// A policy is known by its ARN without the path; with it, nothing is left out (recorded, unlike documented).
    fn have_managed(&self, cx: &Context, policy: &Managed) -> bool {
        let own = cx.account();
        let account = if policy.is_of_aws() { "aws" } else { own.as_str() };
        let arn = format!("arn:{}:iam::{account}:policy/{}", cx.partition(), policy.name());
        self.have(if policy.is_of_aws() { Type::AwsManaged } else { Type::UserManaged })
            || self.0.iter().filter_map(|excluded| excluded.policy_arn.as_ref()).any(|excluded| *excluded == arn)
    }
}

/// What is stored was valid when it was stored.
fn readable(name: &str, source: Result<Source, MalformedPolicy>) -> Result<Source, DirectoryError> {
    source.map_err(|source| DirectoryError::UnreadablePolicy { name: name.to_owned(), source })
}
