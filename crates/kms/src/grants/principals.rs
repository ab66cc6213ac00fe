//! The principals that requests name, and what AWS says of a text that names none (errors.md §7).

use trent_identity::Known;
use trent_kms_core::{GrantPrincipal, InvalidPrincipal};
use trent_shared::{ApiError, Context};

use crate::{Kms, messages};

/// The member that names a principal; each has its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalMember {
    /// GranteePrincipal of CreateGrant.
    Grantee,
    /// RetiringPrincipal of CreateGrant.
    Retiring,
    /// GranteePrincipal of ListGrants.
    Filter,
    /// RetiringPrincipal of ListRetirableGrants.
    Retirable,
}

impl Kms {
    /// The principal that a member names, tied to the unique id that it has now.
    pub(crate) async fn grant_principal(
        &self,
        cx: &Context,
        member: PrincipalMember,
        text: &str,
    ) -> Result<GrantPrincipal, ApiError> {
        let principal = GrantPrincipal::parse(text, cx.partition()).map_err(|error| match error {
            InvalidPrincipal::MalformedArn => messages::malformed_principal(text),
            InvalidPrincipal::OtherArn => messages::no_such_principal(text),
            InvalidPrincipal::NoArn => messages::no_such_principal_id(member, text),
        })?;
        match self.authorizer.directory().principal(principal.name()).await? {
            Known::Exists { id, .. } => {
                let id = id.filter(|_| principal.is_arn());
                Ok(principal.bound_to(id))
            }
            Known::TakenAsExisting => Ok(principal),
            Known::Missing | Known::NotAPrincipal if principal.is_arn() => Err(messages::no_such_principal(text)),
            Known::Missing | Known::NotAPrincipal => Err(messages::no_such_principal_id(member, text)),
        }
    }

    /// The principal as lists name it: by its ARN as long as that is its own.
    pub(crate) async fn shown_principal(&self, principal: &GrantPrincipal) -> Result<String, ApiError> {
        if principal.unique_id().is_none() {
            return Ok(principal.name().to_owned());
        }
        let is_its_own = match self.authorizer.directory().principal(principal.name()).await? {
            Known::Exists { id, .. } => id.as_deref() == principal.unique_id(),
            Known::TakenAsExisting => true,
            Known::Missing | Known::NotAPrincipal => false,
        };
        Ok(if is_its_own { principal.name().to_owned() } else { principal.lasting_name().into_owned() })
    }
}
