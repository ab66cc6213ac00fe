//! The principals that requests name, and what AWS says of a text that names none (errors.md §7).

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
    /// The principal that a member names.
    #[expect(clippy::unused_async, reason = "whether the principal exists is for a directory to say, which takes a look")]
    pub(crate) async fn grant_principal(
        &self,
        cx: &Context,
        member: PrincipalMember,
        text: &str,
    ) -> Result<GrantPrincipal, ApiError> {
        GrantPrincipal::parse(text, cx.partition()).map_err(|error| match error {
            InvalidPrincipal::MalformedArn => messages::malformed_principal(text),
            InvalidPrincipal::OtherArn => messages::no_such_principal(text),
            InvalidPrincipal::NoArn => messages::no_such_principal_id(member, text),
        })
    }
}
