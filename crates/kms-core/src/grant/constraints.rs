use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GrantOperation, GrantedRequest};
use crate::EncryptionContext;

/// Under which conditions a grant allows what it allows; all must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrantConstraints {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<ContextConstraint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_arn: Option<String>,
}

/// What the encryption context of a request must be. Names of pairs are compared without regard to case, values to the
/// letter (as the API reference has it for grants, unlike for ciphertexts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContextConstraint {
    /// These pairs and no others.
    Equals(BTreeMap<String, String>),
    /// These pairs at least.
    Subset(BTreeMap<String, String>),
}

/// Constraints that no grant can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidConstraints {
    /// AWS's words.
    #[error("More than one constraint supplied")]
    TwoOfContext,
    #[error("An encryption context constraint can have at most {} pairs.", GrantConstraints::MOST_PAIRS)]
    TooManyPairs,
    #[error(
        "A value of an encryption context constraint can have at most {} characters.",
        GrantConstraints::MAX_VALUE_LEN
    )]
    TooLong,
}

impl GrantConstraints {
    /// How many pairs an encryption context constraint can have.
    pub const MOST_PAIRS: usize = 8;

    /// How many characters each of its values can have.
    pub const MAX_VALUE_LEN: usize = 384;

    /// The constraints of a request, as its members give them.
    pub fn new(
        equals: Option<BTreeMap<String, String>>,
        subset: Option<BTreeMap<String, String>>,
        source_arn: Option<String>,
    ) -> Result<Self, InvalidConstraints> {
        let context = match (equals, subset) {
            (Some(_), Some(_)) => return Err(InvalidConstraints::TwoOfContext),
            (Some(pairs), None) => Some(ContextConstraint::Equals(pairs)),
            (None, Some(pairs)) => Some(ContextConstraint::Subset(pairs)),
            (None, None) => None,
        };
        if let Some(context) = &context {
            context.check()?;
        }
        Ok(Self { context, source_arn })
    }

    pub fn context(&self) -> Option<&ContextConstraint> {
        self.context.as_ref()
    }

    pub fn source_arn(&self) -> Option<&str> {
        self.source_arn.as_deref()
    }

    /// Whether a request is within the constraints. Those of the context are not for operations without one; of CreateGrant
    /// they constrain the new grant instead. Retiring needs nothing but the grant (API reference).
    pub(super) fn hold_for(&self, request: &GrantedRequest<'_>) -> bool {
        use GrantOperation::{CreateGrant, DescribeKey, RetireGrant};
        if request.operation == RetireGrant {
            return true;
        }
        let is_from_source = self.source_arn.as_deref().is_none_or(|arn| request.source_arn == Some(arn));
        let has_context = !matches!(request.operation, CreateGrant | DescribeKey);
        let is_of_context = || self.context.as_ref().is_none_or(|context| context.holds_for(request.context));
        is_from_source && (!has_context || is_of_context())
    }

    /// Whether every request within these constraints is within those of `parent`.
    pub(super) fn are_as_strict_as(&self, parent: &Self) -> bool {
        let context = match (&self.context, &parent.context) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(parent)) => own.is_as_strict_as(parent),
        };
        context && (parent.source_arn.is_none() || self.source_arn == parent.source_arn)
    }
}

impl ContextConstraint {
    pub fn pairs(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    fn check(&self) -> Result<(), InvalidConstraints> {
        if self.pairs().len() > GrantConstraints::MOST_PAIRS {
            return Err(InvalidConstraints::TooManyPairs);
        }
        let is_too_long = |value: &String| value.chars().count() > GrantConstraints::MAX_VALUE_LEN;
        if self.pairs().values().any(is_too_long) { Err(InvalidConstraints::TooLong) } else { Ok(()) }
    }

    fn holds_for(&self, context: &EncryptionContext) -> bool {
        let is_included = self.iter().all(|pair| context.iter().any(|other| is_same(pair, other)));
        let is_exhausted = || context.iter().all(|pair| self.iter().any(|other| is_same(pair, other)));
        is_included && (matches!(self, Self::Subset(_)) || is_exhausted())
    }

    fn is_as_strict_as(&self, parent: &Self) -> bool {
        let includes = |more: &Self, less: &Self| less.iter().all(|pair| more.iter().any(|other| is_same(pair, other)));
        match (self, parent) {
            (_, Self::Subset(_)) => includes(self, parent),
            (Self::Equals(_), Self::Equals(_)) => includes(self, parent) && includes(parent, self),
            (Self::Subset(_), Self::Equals(_)) => false,
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn is_same((name, value): (&str, &str), (other_name, other_value): (&str, &str)) -> bool {
    value == other_value && name.eq_ignore_ascii_case(other_name)
}
