//! Every sentence that a client can read. [R] is recorded from AWS (the snapshots of LocalStack's tests, reports of users),
//! [D] documented, [I] inferred.

use trent_policy::MalformedPolicy;
use trent_shared::ApiError;

use crate::api::errors;
use crate::tags::KeyCase;

// What there is and is not

/// [R] "The user with name alice cannot be found."; `noun` may be `role policy`, for an inline one.
pub(crate) fn not_found(noun: &str, name: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("The {noun} with name {name} cannot be found."))
}

/// [R]
pub(crate) fn instance_profile_not_found(name: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Instance Profile {name} cannot be found."))
}

/// [R] "User with name alice already exists."; `noun` with a capital letter.
pub(crate) fn already_exists(noun: &str, name: &str) -> ApiError {
    errors::ENTITY_ALREADY_EXISTS.says(format!("{noun} with name {name} already exists."))
}

/// [R] What still hangs on an entity that is to be deleted: `detach all policies`, `delete policies`.
pub(crate) fn must_first(what: &str) -> ApiError {
    errors::DELETE_CONFLICT.says(format!("Cannot delete entity, must {what} first."))
}

/// [R] "Cannot exceed quota for AccessKeysPerUser: 2".
pub(crate) fn quota(name: &str, most: usize) -> ApiError {
    errors::LIMIT_EXCEEDED.says(format!("Cannot exceed quota for {name}: {most}"))
}

// Input

/// As awsQuery services call a bad input.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// [R]
pub(crate) fn invalid_marker() -> ApiError {
    validation("Invalid Marker.")
}

/// [R]
pub(crate) fn user_name_required() -> ApiError {
    validation("Must specify userName when calling with non-User credentials")
}

/// The words are the policy language's own ([R] there).
pub(crate) fn malformed_policy(error: &MalformedPolicy) -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says(error.to_string())
}

// Tags

/// [R] of users and roles; of other resources [I].
pub(crate) fn duplicate_tags(case: KeyCase) -> ApiError {
    let note = match case {
        KeyCase::Ignored => " Please note that Tag keys are case insensitive.",
        KeyCase::Matters => "",
    };
    errors::INVALID_INPUT.says(format!("Duplicate tag keys found.{note}"))
}

/// [R] by other implementations.
pub(crate) fn too_many_tags() -> ApiError {
    errors::LIMIT_EXCEEDED.says("The number of tags has reached the maximum limit.")
}

/// [I] Only documented that it is refused.
pub(crate) fn reserved_tag() -> ApiError {
    errors::INVALID_INPUT.says("Tag keys that begin with aws: are reserved for use by AWS.")
}
