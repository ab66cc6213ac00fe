//! Managed policies: those of the account, and those of AWS, which every account can read and attach.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use trent_identity::{Asked, Change, ManagedPolicy, PolicyRecord, PolicyVersion, Refused, Relation, managed_policy};
use trent_policy::{ResourceSide, Rule};
use trent_shared::{ApiError, Arn, Context};
use trent_store::Versioned;

use crate::facts::Facts;
use crate::messages::policies as messages;
use crate::{Iam, answers, api, documents, tags};

pub(crate) enum Managed {
    OfAws(&'static ManagedPolicy),
    Own(PolicyRecord),
}

/// How often a policy is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// By how many users, groups and roles it is attached to.
    pub(crate) attached: usize,
    /// How many users and roles it bounds.
    pub(crate) bounding: usize,
}

impl Iam {
    /// The managed policy of this ARN, if there is one, for an action on it. One of another account is refused.
    pub(crate) async fn managed(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
    ) -> Result<Option<Managed>, ApiError> {
        let own = self.find_own(cx, arn).await?.map(|policy| policy.record);
        self.permit_policy(cx, action, arn, &Facts::none(), own.as_ref()).await?;
        Ok(managed_policy(arn).map(Managed::OfAws).or(own.map(Managed::Own)))
    }

    /// The account's own policy of this ARN, if there is one, for an action that changes it.
    pub(crate) async fn own_policy(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
        facts: &Facts<'_>,
    ) -> Result<Option<Versioned<PolicyRecord>>, ApiError> {
        let own = self.find_own(cx, arn).await?;
        self.permit_policy(cx, action, arn, facts, own.as_ref().map(|policy| &policy.record)).await?;
        if managed_policy(arn).is_some() { Err(messages::outside_account()) } else { Ok(own) }
    }

    /// The managed policy of this ARN, without asking for permission.
    pub(crate) async fn find_managed(&self, cx: &Context, arn: &str) -> Result<Option<Managed>, ApiError> {
        if let Some(policy) = managed_policy(arn) {
            return Ok(Some(Managed::OfAws(policy)));
        }
        Ok(self.find_own(cx, arn).await?.map(|policy| Managed::Own(policy.record)))
    }

    /// The ARN of a managed policy as it is spelt, if there is such a policy, to be attached. It cannot be deleted before
    /// the change is made.
    pub(crate) async fn hold_attachable(
        &self,
        cx: &Context,
        change: &mut Change,
        arn: &str,
    ) -> Result<Option<String>, ApiError> {
        if let Some(policy) = managed_policy(arn) {
            return Ok(Some(policy.arn(cx.partition()).to_string()));
        }
        let Some(policy) = self.find_own(cx, arn).await? else { return Ok(None) };
        change.hold(&policy)?;
        Ok(Some(policy.record.arn(cx.partition(), cx.account()).to_string()))
    }

    async fn find_own(&self, cx: &Context, arn: &str) -> Result<Option<Versioned<PolicyRecord>>, ApiError> {
        let found = self.directory().policy(arn).await?;
        Ok(found.filter(|(account, _)| *account == cx.account()).map(|(_, policy)| policy))
    }

    async fn permit_policy(
        &self,
        cx: &Context,
        action: &'static str,
        arn: &str,
        facts: &Facts<'_>,
        found: Option<&PolicyRecord>,
    ) -> Result<(), ApiError> {
        let owner = owner(arn).ok_or_else(|| messages::no_policy_arn(arn))?;
        self.authorize_as(cx, action, arn, &format!("policy {arn}"), &facts.about(found.map(|policy| &policy.tags)))
            .await?;
        let is_readable = owner == "aws" || owner == cx.account().as_str();
        if is_readable { Ok(()) } else { Err(messages::outside_account()) }
    }

    /// Asks whether the caller may do this. Denials call the resource by another name.
    pub(crate) async fn authorize_as(
        &self,
        cx: &Context,
        action: &'static str,
        resource: &str,
        told: &str,
        facts: &Facts<'_>,
    ) -> Result<(), ApiError> {
        let side = ResourceSide { account: cx.account(), policy: None, rule: Rule::IdentityOnly };
        let decision = self.authorizer.authorize(cx, Asked { action, resource, facts, side }).await?;
        decision.map_err(|refused| Refused { message: refused.message.replacen(resource, told, 1) }.in_xml())
    }

    pub(crate) async fn usage(&self, cx: &Context, arn: &str) -> Result<Usage, ApiError> {
        let directory = self.directory();
        Ok(Usage {
            attached: directory.count_related(cx.account(), Relation::Attached, arn).await?,
            bounding: directory.count_related(cx.account(), Relation::Bounded, arn).await?,
        })
    }

    /// A policy as lists show it: without description and tags (documented).
    pub(crate) async fn listed_policy(&self, cx: &Context, policy: &Managed) -> Result<api::Policy, ApiError> {
        let arn = policy.arn(cx).to_string();
        let usage = self.usage(cx, &arn).await?;
        Ok(api::Policy {
            policy_name: Some(policy.name().to_owned()),
            policy_id: Some(policy.id().to_owned()),
            arn: Some(arn),
            path: Some(policy.path().to_owned()),
            default_version_id: Some(version_id(policy.default_version())),
            attachment_count: Some(count(usage.attached)),
            permissions_boundary_usage_count: Some(count(usage.bounding)),
            is_attachable: Some(true),
            description: None,
            create_date: policy.created(),
            update_date: policy.updated(),
            tags: None,
        })
    }

    /// A policy with all that GetPolicy shows.
    pub(crate) async fn shown_policy(&self, cx: &Context, policy: &Managed) -> Result<api::Policy, ApiError> {
        let (description, tags) = match policy {
            Managed::OfAws(policy) => (Some(policy.description.to_owned()), Vec::new()),
            Managed::Own(policy) => (policy.description.clone(), tags::listed(&policy.tags)),
        };
        Ok(api::Policy { description, tags: Some(tags), ..self.listed_policy(cx, policy).await? })
    }
}

impl Managed {
    pub(crate) fn arn(&self, cx: &Context) -> Arn {
        match self {
            Self::OfAws(policy) => policy.arn(cx.partition()),
            Self::Own(policy) => policy.arn(cx.partition(), cx.account()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::OfAws(policy) => policy.name,
            Self::Own(policy) => &policy.name,
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::OfAws(policy) => policy.path,
            Self::Own(policy) => &policy.path,
        }
    }

    /// The document that counts.
    pub(crate) fn document(&self) -> &str {
        match self {
            Self::OfAws(policy) => policy.document,
            Self::Own(policy) => policy.default().map(|version| version.document.as_str()).unwrap_or_default(),
        }
    }

    pub(crate) fn is_of_aws(&self) -> bool {
        matches!(self, Self::OfAws(_))
    }

    /// Its versions without their documents, the newest first. Of AWS's policies, only the one that counts is kept.
    pub(crate) fn versions(&self) -> Vec<api::PolicyVersion> {
        match self {
            Self::OfAws(policy) => vec![api::PolicyVersion {
                document: None,
                version_id: Some(version_id(policy.version)),
                is_default_version: Some(true),
                create_date: self.created(),
            }],
            Self::Own(policy) => {
                let versions = policy.versions.iter().rev();
                versions.map(|(&number, version)| listed_version(policy, number, version)).collect()
            }
        }
    }

    /// One version with its document.
    pub(crate) fn version(&self, id: &str) -> Option<api::PolicyVersion> {
        let number = version_number(id)?;
        match self {
            Self::OfAws(policy) if policy.version != number => None,
            Self::OfAws(policy) => {
                let document = Some(documents::encoded(policy.document));
                self.versions().into_iter().next().map(|version| api::PolicyVersion { document, ..version })
            }
            Self::Own(policy) => {
                let version = policy.versions.get(&number)?;
                let document = Some(documents::encoded(&version.document));
                Some(api::PolicyVersion { document, ..listed_version(policy, number, version) })
            }
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::OfAws(policy) => policy.id,
            Self::Own(policy) => &policy.id,
        }
    }

    fn default_version(&self) -> u32 {
        match self {
            Self::OfAws(policy) => policy.version,
            Self::Own(policy) => policy.default_version,
        }
    }

    fn created(&self) -> Option<DateTime> {
        match self {
            Self::OfAws(policy) => DateTime::from_str(policy.created, Format::DateTime).ok(),
            Self::Own(policy) => Some(answers::date(policy.created)),
        }
    }

    fn updated(&self) -> Option<DateTime> {
        match self {
            Self::OfAws(_) => self.created(),
            Self::Own(policy) => Some(answers::date(policy.updated)),
        }
    }
}

/// A version as CreatePolicyVersion and lists show it: without its document.
pub(crate) fn listed_version(policy: &PolicyRecord, number: u32, version: &PolicyVersion) -> api::PolicyVersion {
    api::PolicyVersion {
        document: None,
        version_id: Some(version_id(number)),
        is_default_version: Some(number == policy.default_version),
        create_date: Some(answers::date(version.created)),
    }
}

/// `v3`
pub(crate) fn version_id(number: u32) -> String {
    format!("v{number}")
}

pub(crate) fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok()
}

/// The name and the path in the ARN of a managed policy.
pub(crate) fn name_and_path(arn: &str) -> Option<(&str, &str)> {
    let (_, resource) = arn.split_once(":policy/")?;
    let start = arn.len() - resource.len() - 1;
    let name = resource.rsplit('/').next()?;
    Some((name, arn.get(start..arn.len() - name.len())?))
}

/// The account in the ARN of a managed policy: `aws`, or twelve digits.
fn owner(arn: &str) -> Option<String> {
    let arn: Arn = arn.parse().ok()?;
    let is_policy = arn.service == "iam" && arn.region.is_empty() && arn.resource.starts_with("policy/");
    is_policy.then_some(arn.account)
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_name_and_path() {
        assert_eq!(name_and_path("arn:aws:iam::1:policy/a"), Some(("a", "/")));
        assert_eq!(name_and_path("arn:aws:iam::1:policy/x/y/a"), Some(("a", "/x/y/")));
        assert_eq!(name_and_path("arn:aws:iam::1:role/a"), None);
    }

    #[test]
    fn only_arns_of_policies_name_an_owner() {
        assert_eq!(owner("arn:aws:iam::aws:policy/a").as_deref(), Some("aws"));
        for other in ["", "arn:aws:iam::111122223333:role/a", "arn:aws:kms:eu-west-1:111122223333:policy/a"] {
            assert_eq!(owner(other), None, "{other}");
        }
    }

    #[test]
    fn versions_are_told_by_their_numbers() {
        assert_eq!(version_number("v12"), Some(12));
        assert_eq!(version_number("v1.x"), None);
        assert_eq!(version_id(3), "v3");
    }
}
