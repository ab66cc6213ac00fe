//! Every sentence that a client can read. [R] is recorded from AWS (the snapshots of LocalStack's tests, reports of users),
//! [D] documented, [I] inferred.

use trent_identity::Refused;
use trent_policy::MalformedPolicy;
use trent_shared::{ApiError, Caller, Timestamp};

use crate::api::errors;

// Permission

/// [R] of missing allows: that there is no such role, or what is missing, is not told. That explicit denies are told, and
/// where, is documented; the order of the words is inferred.
pub(crate) fn not_authorized_on(caller: &Caller, action: &str, resource: &str, refused: Option<&Refused>) -> ApiError {
    const EXPLICIT: &str = " with an explicit deny in ";
    let layer = refused.and_then(|refused| refused.message.rsplit_once(EXPLICIT)).map(|(_, layer)| match layer {
        "a resource-based policy" => "the role trust policy",
        layer => layer,
    });
    let ending = layer.map(|layer| format!("{EXPLICIT}{layer}")).unwrap_or_default();
    let caller = caller.arn();
    access_denied(format!("User: {caller} is not authorized to perform: {action} on resource: {resource}{ending}"))
}

/// [R] Where an action has no resource, none is named.
pub(crate) fn not_authorized(refused: &Refused) -> ApiError {
    access_denied(refused.message.replacen(" on resource: *", "", 1))
}

/// [R]
pub(crate) fn not_authorized_with_web_identity() -> ApiError {
    access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

/// [R]
pub(crate) fn root_assumes_no_role() -> ApiError {
    access_denied("Roles may not be assumed by root accounts.")
}

/// [R] of GetSessionToken; of GetFederationToken [I].
pub(crate) fn with_session_credentials(operation: &str) -> ApiError {
    access_denied(format!("Cannot call {operation} with session credentials"))
}

/// [R] Two spaces included.
pub(crate) fn unknown_mfa_device() -> ApiError {
    access_denied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid \
         and associated with this user.",
    )
}

fn access_denied(message: impl Into<String>) -> ApiError {
    ApiError::new("AccessDenied", message).with_status(403)
}

// Input

/// As awsQuery services call a bad input.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// [R]
pub(crate) fn invalid_arn(arn: &str) -> ApiError {
    validation(format!("{arn} is invalid"))
}

/// [R]
pub(crate) fn longer_than_role_allows() -> ApiError {
    validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
}

/// [R]
pub(crate) fn longer_than_chains_allow() -> ApiError {
    validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
}

/// [I] The form is that of all such violations.
pub(crate) fn too_long(value: &str, member: &str, most: usize) -> ApiError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must have length \
         less than or equal to {most}"
    ))
}

/// [I]
pub(crate) fn unknown_access_key() -> ApiError {
    validation("The access key ID names no account.")
}

// Tags

/// [R]
pub(crate) fn duplicate_tags() -> ApiError {
    invalid_parameter("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
}

/// [R]
pub(crate) fn transitive_tag_is_no_tag() -> ApiError {
    invalid_parameter("The specified transitive tag key must be included in the requested tags.")
}

/// [R]
pub(crate) fn tag_is_inherited() -> ApiError {
    invalid_parameter(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the \
         calling session.",
    )
}

/// [I] Only documented that it is refused.
pub(crate) fn reserved_tag() -> ApiError {
    invalid_parameter("Tag keys that begin with aws: are reserved for use by AWS.")
}

fn invalid_parameter(message: &str) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}

// Session policies

/// [R]
pub(crate) fn policy_is_no_json() -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says("The policy is not in the valid JSON format.")
}

/// The words are the policy language's own ([R] there).
pub(crate) fn malformed_policy(error: &MalformedPolicy) -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says(error.to_string())
}

/// [I] IAM's words for other uses of such a policy.
pub(crate) fn no_such_policy(arn: &str) -> ApiError {
    validation(format!("Policy {arn} does not exist or is not attachable."))
}

/// [R]
pub(crate) fn packed_policy_too_large(percent: usize) -> ApiError {
    errors::PACKED_POLICY_TOO_LARGE
        .says(format!("Packed policy consumes {percent}% of allotted space, please use smaller policy."))
}

// Identity tokens

/// [R]
pub(crate) fn not_a_jwt() -> ApiError {
    errors::INVALID_IDENTITY_TOKEN
        .says("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
}

/// [R] of `sub` and `aud`; of others [I].
pub(crate) fn missing_claim(name: &str) -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says(format!("Missing a required claim: {name}"))
}

/// [R] The issuer stands there as the token has it.
pub(crate) fn no_provider(issuer: &str) -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says(format!("No OpenIDConnect provider found in your account for {issuer}"))
}

/// [R]
pub(crate) fn incorrect_audience() -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says("Incorrect token audience")
}

/// [R] Two spaces included. Here: the configuration names no such key.
pub(crate) fn no_verification_key() -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says(
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity \
         documentation for requirements",
    )
}

/// [I]
pub(crate) fn wrong_token_signature() -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says("The signature of the ID Token is invalid.")
}

/// [I] Only OAuth 2.0 providers, which Trent does not know, are named by their ids.
pub(crate) fn unknown_provider_id(id: &str) -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says(format!("{id} is not a supported identity provider."))
}

/// [R] In seconds since 1970.
pub(crate) fn token_expired(now: Timestamp, expires: i64) -> ApiError {
    let now = now.as_millis() / 1000;
    errors::EXPIRED_TOKEN
        .says(format!("Token expired: current date/time {now} must be before the expiration date/time {expires}"))
}

/// [I]
pub(crate) fn token_not_valid_yet(now: Timestamp, begins: i64) -> ApiError {
    let now = now.as_millis() / 1000;
    errors::IDP_REJECTED_CLAIM
        .says(format!("Token not valid yet: current date/time {now} must not be before the date/time {begins}"))
}

/// [I]
pub(crate) fn malformed_session_tags() -> ApiError {
    errors::INVALID_IDENTITY_TOKEN.says("The session tags in the ID Token are malformed.")
}

// Authorization messages

/// [D]
pub(crate) fn invalid_authorization_message() -> ApiError {
    errors::INVALID_AUTHORIZATION_MESSAGE.says("Message is not valid.")
}
