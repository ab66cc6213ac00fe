//! Every sentence that a client can read. [R] is recorded from AWS (the snapshots of LocalStack's tests, reports of
//! users), [D] documented, [I] inferred.

pub(crate) mod policies;
mod roles;
pub(crate) mod simulation;

use trent_policy::MalformedPolicy;
use trent_shared::{ApiError, Caller};

use crate::api::errors;
use crate::tags::KeyCase;

pub(crate) use roles::*;

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

/// [R]
pub(crate) fn no_such_boundary(arn: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Scope ARN: {arn} does not exist or is not attachable."))
}

/// [R] What still hangs on an entity that is to be deleted: `detach all policies`, `delete policies`.
pub(crate) fn must_first(what: &str) -> ApiError {
    errors::DELETE_CONFLICT.says(format!("Cannot delete entity, must {what} first."))
}

/// [R] "Cannot exceed quota for AccessKeysPerUser: 2".
pub(crate) fn quota(name: &str, most: usize) -> ApiError {
    errors::LIMIT_EXCEEDED.says(format!("Cannot exceed quota for {name}: {most}"))
}

// Users

/// [R]
pub(crate) fn access_key_not_found(id: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("The Access Key with id {id} cannot be found."))
}

/// [R] without the colon that other denials have.
pub(crate) fn access_key_unknown_to(caller: &Caller, id: &str) -> ApiError {
    let caller = caller.arn();
    let action = "iam:GetAccessKeyLastUsed";
    ApiError::new(
        "AccessDenied",
        format!("User: {caller} is not authorized to perform {action} on resource: access key {id}"),
    )
    .with_status(403)
}

/// [I]
pub(crate) fn status_not_settable() -> ApiError {
    errors::INVALID_INPUT.says("The status of an access key can be set to Active or Inactive only.")
}

/// [R]
pub(crate) fn login_profile_not_found(user: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Login Profile for User {user} cannot be found."))
}

// Accounts

/// [I]
pub(crate) fn alias_exists(alias: &str) -> ApiError {
    errors::ENTITY_ALREADY_EXISTS.says(format!("The account alias {alias} already exists."))
}

/// [I]
pub(crate) fn alias_not_found(alias: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("The account alias {alias} cannot be found."))
}

/// [I] Documented is that it may not be one.
pub(crate) fn alias_like_account() -> ApiError {
    errors::INVALID_INPUT.says("The account alias cannot be a 12 digit number.")
}

// Input

/// As awsQuery services call a bad input.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// [R] for `userName` and `roleName`. `member` is the model's `UserName`.
pub(crate) fn invalid_name(member: &str) -> ApiError {
    let member = lower_first(member);
    validation(format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the \
         following: +=,.@_-"
    ))
}

/// [R]
pub(crate) fn invalid_path(member: &str) -> ApiError {
    let member = lower_first(member);
    validation(format!(
        "The specified value for {member} is invalid. It must begin and end with / and contain only alphanumeric \
         characters and/or / characters."
    ))
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

fn lower_first(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
