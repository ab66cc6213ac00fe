//! Of roles, instance profiles and OpenID Connect providers.

use trent_identity::Refused;
use trent_shared::{ApiError, Arn, Context};

use super::validation;
use crate::api::errors;

// Roles

/// [R] by users, of roles that belong to AWS services.
pub(crate) fn protected_role(name: &str) -> ApiError {
    errors::UNMODIFIABLE_ENTITY.says(format!(
        "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
    ))
}

/// [I] Only documented that the path is for services' roles.
pub(crate) fn reserved_path() -> ApiError {
    errors::INVALID_INPUT.says("The path /aws-service-role/ is reserved for service-linked roles.")
}

// Trust policies

/// [R]
pub(crate) fn invalid_json() -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says("This policy contains invalid Json")
}

/// [R] of `AWS` and `SERVICE`; [I] of the others, which are no kinds that roles are trusted to.
pub(crate) fn invalid_principal(kind: &str, name: &str) -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says(format!("Invalid principal in policy: \"{kind}\":\"{name}\""))
}

/// [R]
pub(crate) fn invalid_federated_principal() -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says("Federated principals must be valid domain names or SAML metadata ARNs")
}

// Service-linked roles

/// [R] by users.
pub(crate) fn service_role_exists(name: &str) -> ApiError {
    errors::INVALID_INPUT
        .says(format!("Service role name {name} has been taken in this account, please try a different suffix."))
}

/// [R]
pub(crate) fn suffix_refused(service: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("Custom suffix is not allowed for {service}"))
}

/// [I]
pub(crate) fn no_such_service(service: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("{service} is not a valid AWS service principal."))
}

/// [I]
pub(crate) fn service_role_name_too_long(name: &str) -> ApiError {
    errors::INVALID_INPUT.says(format!("The role name {name} must not be longer than 64 characters."))
}

/// [I]
pub(crate) fn deletion_task_not_found(task: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("The deletion task {task} cannot be found."))
}

// Instance profiles

/// [R]
pub(crate) fn instance_profile_exists(name: &str) -> ApiError {
    errors::ENTITY_ALREADY_EXISTS.says(format!("Instance Profile {name} already exists."))
}

/// [R]
pub(crate) fn role_not_in_profile(role: &str, profile: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("Role {role} in Instance Profile {profile} cannot be found."))
}

// OpenID Connect providers

/// [R] `url` with its scheme.
pub(crate) fn provider_exists(url: &str) -> ApiError {
    errors::ENTITY_ALREADY_EXISTS.says(format!("Provider with url {url} already exists."))
}

/// [R]
pub(crate) fn provider_not_found(arn: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// [R] DeleteOpenIDConnectProvider has words of its own.
pub(crate) fn provider_to_delete_not_found(arn: &str) -> ApiError {
    errors::NO_SUCH_ENTITY.says(format!("OpenId connect Provider {arn} cannot be found."))
}

/// [R] of a URL without a scheme.
pub(crate) fn provider_url_unreadable() -> ApiError {
    validation("Invalid Open ID Connect Provider URL")
}

/// [R] by other implementations, as the next one.
pub(crate) fn provider_url_scheme() -> ApiError {
    errors::INVALID_INPUT.says("Invalid Open ID Connect Provider URL. The URL must begin with https://.")
}

pub(crate) fn provider_url_unfit() -> ApiError {
    errors::INVALID_INPUT.says("Invalid Open ID Connect Provider URL.")
}

/// [R] Five are accepted, whatever it says.
pub(crate) fn too_many_thumbprints() -> ApiError {
    errors::INVALID_INPUT.says("Thumbprint list must contain fewer than 5 entries.")
}

/// [R] by other implementations.
pub(crate) fn no_thumbprints() -> ApiError {
    errors::INVALID_INPUT.says("Thumbprint list must contain at least one entry.")
}

/// [R] by other implementations, as the next one.
pub(crate) fn invalid_arn(arn: &str) -> ApiError {
    validation(format!("Invalid ARN: {arn}"))
}

pub(crate) fn wrong_resource_type() -> ApiError {
    validation("Invalid resource type in ARN")
}

/// [R] by other implementations that it is denied; the words are [I].
pub(crate) fn foreign_provider(cx: &Context, action: &str, arn: &Arn) -> ApiError {
    let caller = cx.caller.arn();
    let message = format!(
        "User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based policy allows \
         the {action} action"
    );
    Refused { message }.in_xml()
}
