//! The principals that requests name, and what AWS says of a text that names none (errors.md §7).

use trent_identity::{Known, UserRecord};
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

    /// The principal as lists name it: by its ARN as long as there is one.
    pub(crate) async fn shown_principal(&self, principal: &GrantPrincipal) -> Result<String, ApiError> {
        let Some(id) = principal.unique_id() else { return Ok(principal.name().to_owned()) };
        let present = self.present_arn(principal.name(), id).await?;
        Ok(present.unwrap_or_else(|| principal.lasting_name().into_owned()))
    }

    /// The ARN of a principal now: `arn` is the one that it had when its unique id was `id`. A user may have been renamed
    /// since; `None` where it is no more.
    pub(crate) async fn present_arn(&self, arn: &str, id: &str) -> Result<Option<String>, ApiError> {
        let directory = self.authorizer.directory();
        match directory.principal(arn).await? {
            Known::Exists { id: Some(current) } if current == id => return Ok(Some(arn.to_owned())),
            Known::TakenAsExisting => return Ok(Some(arn.to_owned())),
            Known::Exists { .. } | Known::Missing | Known::NotAPrincipal => {}
        }
        // Nobody else can get another name.
        let Some((account, _)) = arn.split_once(":user/") else { return Ok(None) };
        let found = directory.find_by_id::<UserRecord>(id).await?;
        Ok(found.map(|(_, user)| format!("{account}:user{}{}", user.record.path, user.record.name)))
    }
}
