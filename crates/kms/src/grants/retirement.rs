use trent_kms_core::{GrantOperation, Standing};
use trent_shared::{AccountId, Caller};

use crate::records::{GrantParty, GrantRecord};

/// Whether somebody may retire a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retirement {
    /// The grant says so.
    Allowed,
    /// If its identity policies allow `kms:RetireGrant`.
    LeftToIdentity,
    Denied,
}

/// Whether `caller` may retire a grant on a key of `key_account` (authz.md §5.3). Key policies have no say. `counts` tells
/// whether the grant is known everywhere or presented by its token: before, nobody may do anything by it.
pub(crate) fn retirement(caller: &Caller, key_account: AccountId, grant: &GrantRecord, counts: bool) -> Retirement {
    let standing = |party: &GrantParty| party.principal()?.standing_of(caller);
    let as_grantee = || {
        let may = grant.grant.operations().contains(&GrantOperation::RetireGrant);
        may.then(|| standing(&grant.grantee)).flatten()
    };
    let named = grant.retiring.as_ref().and_then(standing).or_else(as_grantee).filter(|_| counts);
    match named {
        // Another account's principals need their own policies as well (recorded).
        Some(Standing::Itself | Standing::OfRole) if caller.account == key_account => Retirement::Allowed,
        None if caller.account != grant.issuer => Retirement::Denied,
        None if caller.is_root() => Retirement::Allowed,
        Some(_) | None => Retirement::LeftToIdentity,
    }
}
