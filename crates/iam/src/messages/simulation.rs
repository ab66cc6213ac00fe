//! What the policy simulator says. [R] recorded, [I] inferred.

use trent_shared::{AccountId, ApiError};

use crate::api::errors;

/// [R] `list` is "Policy input list"; `number` counts from 1.
pub(crate) fn invalid_policy(list: &str, number: usize) -> ApiError {
    errors::INVALID_INPUT.says(format!("{list} item {number} has invalid content"))
}

/// [I]
pub(crate) fn invalid_resource_policy() -> ApiError {
    errors::INVALID_INPUT.says("Resource policy has invalid content")
}

/// [R]
pub(crate) fn too_many_boundaries() -> ApiError {
    errors::INVALID_INPUT.says("The list of Permissions Boundary policies cannot exceed 1 items.")
}

/// [R] `number` counts from 1.
pub(crate) fn empty_level(number: usize) -> ApiError {
    errors::INVALID_INPUT
        .says(format!("Organization policy at index {number} must contain at least one service control policy"))
}

/// [R]
pub(crate) fn action_without_service() -> ApiError {
    errors::INVALID_INPUT.says("The action is invalid since it is missing names")
}

/// [R]
pub(crate) fn no_resource_arn(resource: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("ResourceNames are not in a valid ARN format: {resource}."))
}

/// [R] Where there is a resource policy, the resource must be told.
pub(crate) fn resource_not_told(resource: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("Invalid Entity Arn: {resource} does not clearly define entity type and name."))
}

/// [R]
pub(crate) fn no_resource_owner(owner: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("'{owner}' is not a valid as a Resource Owner."))
}

/// [R] of options that are for another action.
pub(crate) fn wrong_resource_handling(action: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!(
        "Invalid input resource handling options. Action does not support resource handling options: {action}. Please \
         refer to the documentation for more details: \
         https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html"
    ))
}

/// [R] of callers who are no users; of no caller [I].
pub(crate) fn caller_must_be_user() -> ApiError {
    errors::INVALID_INPUT.says("Invalid caller - Caller must be an IAM user in this context.")
}

/// [R]
pub(crate) fn invalid_arn(arn: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("Invalid ARN provided in the request: {arn}"))
}

/// [R]
pub(crate) fn foreign_source(own: AccountId, other: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!(
        "Invalid Policy Source Arn: caller's account {own} does not have access to policies in account {other}."
    ))
}

/// [R]
pub(crate) fn source_not_found() -> ApiError {
    errors::NO_SUCH_ENTITY.says("Unable to retrieve specified IAM entity.")
}

/// [R]
pub(crate) fn duplicate_key(key: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("Duplicate context key: {key}."))
}

/// [R]
pub(crate) fn not_one_value(kind: &str, count: usize) -> ApiError {
    errors::INVALID_INPUT.says(format!("Context key {kind} expected a single value, but received {count}."))
}

/// [R] `format` is "numeric format".
pub(crate) fn invalid_value(key: &str, format: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("Invalid context value for key {key}: expected {format}."))
}

/// [R]
pub(crate) fn invalid_marker() -> ApiError {
    errors::INVALID_INPUT.says("Invalid marker for pagination.")
}
