use trent_kms_core::{
    ContextConstraint, EncryptionContext, Grant, GrantConstraints, GrantOperation, KeySpec, KeyUsage,
};
use trent_shared::{ApiError, Context, Timestamp};

use super::PrincipalMember;
use crate::api::{self, CreateGrantRequest};
use crate::conditions::{Fact, key as condition};
use crate::names::same_name;
use crate::records::{GrantParty, GrantRecord};
use crate::{Kms, messages};

/// What CreateGrant is asked for, as far as its members alone tell that it can be.
#[derive(Debug)]
pub(crate) struct WantedGrant {
    grantee: Party,
    retiring: Option<Party>,
    name: Option<String>,
    pub(crate) grant: Grant,
}

/// Whom a member names.
#[derive(Debug)]
enum Party {
    Principal(String),
    Service(String),
}

impl WantedGrant {
    /// Reads a request.
    pub(crate) fn of(request: CreateGrantRequest) -> Result<Self, ApiError> {
        let grantee = match (request.grantee_principal, request.grantee_service_principal) {
            (Some(principal), None) => Party::Principal(principal),
            (None, Some(service)) => Party::Service(service),
            (None, None) => return Err(messages::grantee_required()),
            (Some(_), Some(_)) => return Err(messages::two_grantees()),
        };
        let retiring = match (request.retiring_principal, request.retiring_service_principal) {
            (Some(principal), None) => Some(Party::Principal(principal)),
            (None, Some(service)) => Some(Party::Service(service)),
            (None, None) => None,
            (Some(_), Some(_)) => return Err(messages::two_retiring_principals()),
        };
        let constraints = constraints(request.constraints)?;
        if matches!(grantee, Party::Service(_)) {
            if constraints.source_arn().is_none() {
                return Err(messages::service_without_source());
            }
            if retiring.is_none() {
                return Err(messages::service_without_retiring_principal());
            }
        }
        if request.operations.is_empty() {
            return Err(messages::grant_of_nothing());
        }
        let operations = request.operations.iter().map(|operation| same_name(operation.as_str()));
        let grant = Grant::new(operations.collect::<Result<Vec<_>, _>>()?, constraints);
        Ok(Self { grantee, retiring, name: request.name, grant })
    }

    /// What policies can ask about it; `context` is its own.
    pub(crate) fn facts<'a>(&'a self, cx: &Context, context: &'a EncryptionContext) -> [Fact<'a>; 7] {
        let Self { grantee, retiring, grant, .. } = self;
        let party = |party: &'a Party, principal, service| match party {
            Party::Principal(name) => Fact::Text(principal, name),
            Party::Service(name) => Fact::Text(service, name),
        };
        let [context, kind, source] = constraint_facts(grant, context);
        [
            context,
            Fact::Flag(condition::GRANT_IS_FOR_AWS_RESOURCE, cx.via.is_some()),
            Fact::Texts(condition::GRANT_OPERATIONS, grant.operations().iter().map(|name| name.as_str()).collect()),
            kind,
            source,
            party(grantee, condition::GRANTEE_PRINCIPAL, condition::GRANTEE_SERVICE_PRINCIPAL),
            retiring.as_ref().map_or(Fact::Nothing, |retiring| {
                party(retiring, condition::RETIRING_PRINCIPAL, condition::RETIRING_SERVICE_PRINCIPAL)
            }),
        ]
    }

    /// Refuses what keys of this kind cannot do.
    pub(crate) fn fit(&self, spec: KeySpec, usage: KeyUsage) -> Result<(), ApiError> {
        let operations = self.grant.operations().iter().copied();
        let unfit: Vec<GrantOperation> = operations.filter(|operation| !operation.fits(spec, usage)).collect();
        if !unfit.is_empty() {
            return Err(messages::grant_operations_unfit(&unfit, spec, usage));
        }
        let takes_context = GrantOperation::GenerateDataKey.fits(spec, usage);
        if self.grant.constraints().context().is_some() && !takes_context {
            return Err(messages::grant_context_unsupported());
        }
        Ok(())
    }

    /// The grant, as it is kept if the caller makes it now.
    pub(crate) async fn record(&self, kms: &Kms, cx: &Context, now: Timestamp) -> Result<GrantRecord, ApiError> {
        let retiring = match &self.retiring {
            Some(retiring) => Some(retiring.find(kms, cx, PrincipalMember::Retiring).await?),
            None => None,
        };
        Ok(GrantRecord {
            created: now,
            grantee: self.grantee.find(kms, cx, PrincipalMember::Grantee).await?,
            retiring,
            issuer: cx.account(),
            name: self.name.clone(),
            grant: self.grant.clone(),
        })
    }
}

/// The context that a grant constrains requests to; empty where it does not.
pub(crate) fn constrained_context(grant: &Grant) -> EncryptionContext {
    let pairs = grant.constraints().context().map(ContextConstraint::pairs);
    pairs.cloned().map(EncryptionContext::from).unwrap_or_default()
}

/// What policies can ask about the constraints of a grant; `context` is its own.
pub(crate) fn constraint_facts<'a>(grant: &'a Grant, context: &'a EncryptionContext) -> [Fact<'a>; 3] {
    let constraints = grant.constraints();
    let kind = constraints.context().map(|context| match context {
        ContextConstraint::Equals(_) => "EncryptionContextEquals",
        ContextConstraint::Subset(_) => "EncryptionContextSubset",
    });
    let text = |key, text: Option<&'a str>| text.map_or(Fact::Nothing, |text| Fact::Text(key, text));
    [
        Fact::EncryptionContext(context),
        text(condition::GRANT_CONSTRAINT_TYPE, kind),
        text(condition::GRANT_CONSTRAINT_SOURCE_ARN, constraints.source_arn()),
    ]
}

impl Party {
    async fn find(&self, kms: &Kms, cx: &Context, member: PrincipalMember) -> Result<GrantParty, ApiError> {
        Ok(match self {
            Self::Principal(name) => GrantParty::Principal(kms.grant_principal(cx, member, name).await?),
            Self::Service(service) => GrantParty::Service(service.clone()),
        })
    }
}

fn constraints(asked: Option<api::GrantConstraints>) -> Result<GrantConstraints, ApiError> {
    let asked = asked.unwrap_or_default();
    let api::GrantConstraints { encryption_context_equals, encryption_context_subset, source_arn } = asked;
    GrantConstraints::new(encryption_context_equals, encryption_context_subset, source_arn)
        .map_err(|error| ApiError::validation(error.to_string()))
}
