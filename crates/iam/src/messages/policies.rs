//! What is said of managed and inline policies, of attachments and permissions boundaries. [R] recorded, [D] documented,
//! [I] inferred.

use trent_shared::ApiError;

use crate::api::errors;
use crate::messages::not_found;

// What there is and is not

/// [R] of GetPolicy, of its tags, and of what is to be detached.
pub(crate) fn not_found_by_arn(arn: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Policy {arn} was not found."))
}

/// [R] of what is to be attached, and of ListEntitiesForPolicy.
pub(crate) fn not_attachable(arn: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Policy {arn} does not exist or is not attachable."))
}

/// [R] of versions, also where it is the policy that does not exist.
pub(crate) fn version_not_found(arn: &str, version: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

/// [R] "The role policy with name X cannot be found."; `holder` is the `role`.
pub(crate) fn inline_not_found(holder: &str, name: &str) -> ApiError {
    not_found(&format!("{holder} policy"), name)
}

/// [R]
pub(crate) fn already_exists(name: &str) -> ApiError {
    errors::ENTITY_ALREADY_EXISTS
        .says(format!("A policy called {name} already exists. Duplicate names are not allowed."))
}

/// [I] Only that it is refused is recorded.
pub(crate) fn no_boundary(noun: &str, name: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("The {noun} with name {name} does not have a permissions boundary."))
}

// Whose

/// [I] after reports: of another account's policies, and of AWS's where they are to be changed.
pub(crate) fn outside_account() -> ApiError {
    ApiError::new("AccessDenied", "Policy is outside your own account.").with_status(403)
}

/// [R] by other implementations.
pub(crate) fn no_policy_arn(arn: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("ARN {arn} is not valid."))
}

// Sizes and numbers

/// [R]
pub(crate) fn inline_too_large(most: usize, noun: &str, name: &str) -> ApiError {
    errors::LIMIT_EXCEEDED.says(format!("Maximum policy size of {most} bytes exceeded for {noun} {name}"))
}

/// [R]
pub(crate) fn too_many_versions(most: usize) -> ApiError {
    errors::LIMIT_EXCEEDED.says(format!(
        "A managed policy can have up to {most} versions. Before you create a new version, you must delete an existing \
         version."
    ))
}

// What cannot be deleted

/// [R]
pub(crate) fn is_attached() -> ApiError {
    errors::DELETE_CONFLICT.says("Cannot delete a policy attached to entities.")
}

/// [R]
pub(crate) fn has_versions() -> ApiError {
    errors::DELETE_CONFLICT.says(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
         default version is deleted with the policy.",
    )
}

/// [R]
pub(crate) fn is_default_version() -> ApiError {
    errors::DELETE_CONFLICT.says("Cannot delete the default version of a policy.")
}
