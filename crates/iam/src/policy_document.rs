//! What IAM asks of policy documents before it keeps them.

use trent_policy::{Policy, PolicyKind};
use trent_shared::ApiError;

use crate::messages;

/// The most characters that a managed policy may have, white space not counted (documented).
const MANAGED_QUOTA: usize = 6144;

/// Refuses what is no policy for users, groups and roles.
pub(crate) fn check(document: &str) -> Result<(), ApiError> {
    Policy::parse(document, PolicyKind::Identity).map(drop).map_err(|error| messages::malformed_policy(&error))
}

/// Refuses what cannot be a version of a managed policy.
pub(crate) fn check_managed(document: &str) -> Result<(), ApiError> {
    check(document)?;
    if size(document) > MANAGED_QUOTA { Err(messages::quota("PolicySize", MANAGED_QUOTA)) } else { Ok(()) }
}

/// The length of a document as quotas count it: in characters, without white space (documented).
pub(crate) fn size(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_not_counted() {
        assert_eq!(size(" { \"a\" :\t\"ä b\"\r\n}"), 10);
    }
}
