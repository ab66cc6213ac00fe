//! Every sentence that a client can read, word for word as AWS has it (errors.md names the source of each).

use std::fmt::Display;

use trent_kms_core::{
    Algorithm, EncryptionError, GrantOperation, ImportError, IncompatibleAlgorithm, KeyOrigin, KeySpec, KeyType,
    KeyUsage, MacAlgorithm, MessageError, RegionError, RotationError, StateError, SymmetricMaterial, WrappingAlgorithm,
    WrappingKeySpec,
};
use trent_nitro::AttestationError;
use trent_policy::MalformedPolicy;
use trent_shared::{ApiError, Context, Region};
use trent_store::StoreError;

use crate::action::Action;
use crate::api::errors;
use crate::grants::{GrantId, PrincipalMember};
use crate::identifier::{AliasArn, InvalidKeyId, KeyArn, KeyId};

// Identifiers (errors.md §3)

pub(crate) fn invalid_key_id(identifier: &str) -> ApiError {
    errors::NOT_FOUND.says(format!("Invalid keyId '{identifier}'"))
}

pub(crate) fn key_not_found(arn: &KeyArn) -> ApiError {
    errors::NOT_FOUND.says(format!("Key '{arn}' does not exist"))
}

pub(crate) fn arn_elsewhere(part: &str) -> ApiError {
    errors::NOT_FOUND.says(format!("Invalid arn {part}"))
}

pub(crate) fn alias_not_found(alias: &AliasArn) -> ApiError {
    errors::NOT_FOUND.says(format!("Alias {alias} is not found."))
}

pub(crate) fn aliases_unsupported() -> ApiError {
    errors::INVALID_ARN.says("Key Aliases are not supported for this operation.")
}

pub(crate) fn alias_to_alias() -> ApiError {
    ApiError::validation("Aliases must refer to keys. Not aliases")
}

pub(crate) fn incorrect_key() -> ApiError {
    errors::INCORRECT_KEY.says("The key ID in the request does not identify a CMK that can perform this operation.")
}

pub(crate) fn ciphertext_key_inaccessible() -> ApiError {
    ApiError::access_denied(
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are \
         not allowed to access.",
    )
}

pub(crate) fn key_id_required() -> ApiError {
    ApiError::validation("KeyId must not be null")
}

// Authorization (errors.md §12)

/// The code of all denials.
pub(crate) const ACCESS_DENIED: &str = "AccessDeniedException";

pub(crate) fn denied_by_key_policy(cx: &Context, action: Action, arn: &KeyArn) -> ApiError {
    let (caller, action) = (cx.caller.arn(), action.full_name());
    ApiError::access_denied(format!(
        "User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based policy allows \
         the {action} action"
    ))
}

// State and usage (errors.md §6)

pub(crate) fn state(arn: &KeyArn, error: StateError) -> ApiError {
    let exception = match error {
        StateError::Deleted => return key_not_found(arn),
        StateError::Disabled => errors::DISABLED,
        StateError::InvalidState(_) => errors::KMS_INVALID_STATE,
        StateError::UnsupportedOrigin(_) => errors::UNSUPPORTED_OPERATION,
    };
    exception.says(format!("{arn} {error}."))
}

/// Of a type that the operation is not for; AWS says nothing more (recorded).
pub(crate) fn type_unfit() -> ApiError {
    errors::UNSUPPORTED_OPERATION.bare()
}

pub(crate) fn usage_unfit(arn: &KeyArn, usage: KeyUsage, action: Action) -> ApiError {
    let action = action.name();
    errors::INVALID_KEY_USAGE.says(format!("{arn} key usage is {usage} which is not valid for {action}."))
}

pub(crate) fn algorithm_unfit(algorithm: &dyn Display, spec: KeySpec) -> ApiError {
    errors::INVALID_KEY_USAGE.says(format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

pub(crate) fn incompatible(error: IncompatibleAlgorithm) -> ApiError {
    errors::INVALID_KEY_USAGE.says(format!("{error}."))
}

pub(crate) fn message(error: MessageError) -> ApiError {
    match error {
        MessageError::IncompatibleAlgorithm(error) => incompatible(error),
        _ => ApiError::validation(format!("{error}.")),
    }
}

pub(crate) fn encryption(error: EncryptionError) -> ApiError {
    match error {
        EncryptionError::TooLong { .. } => ApiError::validation(format!("{error}.")),
        EncryptionError::IncompatibleAlgorithm(error) => incompatible(error),
        EncryptionError::Failed(error) => crypto(&error),
    }
}

pub(crate) fn context_unsupported() -> ApiError {
    ApiError::validation("EncryptionContext is not supported when encrypting/decrypting with asymmetric CMKs.")
}

/// Recorded for data key pairs; for data keys inferred from that.
pub(crate) fn data_key_under_asymmetric(what: &str) -> ApiError {
    errors::INVALID_KEY_USAGE.says(format!("You cannot generate a {what} with an asymmetric CMK"))
}

pub(crate) fn dry_run_succeeded() -> ApiError {
    errors::DRY_RUN_OPERATION.says("The request would have succeeded, but the DryRun option is set.")
}

// Inputs (errors.md §5)

pub(crate) fn number_of_bytes_required() -> ApiError {
    ApiError::validation("NumberOfBytes is required.")
}

pub(crate) fn bytes_or_key_spec() -> ApiError {
    ApiError::validation("Please specify either number of bytes or key spec.")
}

pub(crate) fn ciphertext_required() -> ApiError {
    ApiError::validation("CiphertextBlob must not be null")
}

/// Only documented that it is refused; the words are ours.
pub(crate) fn ignore_ciphertext_misused() -> ApiError {
    ApiError::validation("The IGNORE_CIPHERTEXT modifier requires DryRun and a key ID.")
}

/// The words are those of other emulators; AWS's are not recorded.
pub(crate) fn two_key_specs() -> ApiError {
    ApiError::validation(
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
    )
}

pub(crate) fn key_usage_required() -> ApiError {
    ApiError::validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
}

pub(crate) fn usage_incompatible(usage: KeyUsage, spec: KeySpec) -> ApiError {
    ApiError::validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}"))
}

pub(crate) fn origin_unsupported(spec: KeySpec, origin: KeyOrigin) -> ApiError {
    ApiError::validation(format!("KeySpec {spec} is not supported for Origin {origin}"))
}

/// Only that it is refused is documented; the words are ours.
pub(crate) fn deletion_window() -> ApiError {
    ApiError::validation("PendingWindowInDays must be between 7 and 30 (inclusive).")
}

// Quotas (errors.md §10)

pub(crate) fn too_many_keys(quota: usize, usage: usize) -> ApiError {
    errors::LIMIT_EXCEEDED
        .says(format!("Key quota for this account in this region is {quota} but the current usage is {usage}."))
}

/// No exception of the model, and yet every SDK knows it.
pub(crate) fn throttled() -> ApiError {
    ApiError::new(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
    )
}

// Aliases (errors.md §5, §10, §11)

pub(crate) fn alias_without_prefix() -> ApiError {
    ApiError::validation(
        "Alias must start with the prefix \"alias/\". Please see \
         https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    )
}

pub(crate) fn alias_characters(name: &str) -> ApiError {
    ApiError::validation(format!("{name} contains invalid characters for an alias"))
}

/// `alias/aws/…` belongs to AWS; the refusal has no message.
pub(crate) fn alias_reserved() -> ApiError {
    ApiError::bare("NotAuthorizedException")
}

pub(crate) fn alias_exists(alias: &AliasArn) -> ApiError {
    errors::ALREADY_EXISTS.says(format!("An alias with the name {alias} already exists"))
}

pub(crate) fn too_many_aliases(quota: usize, usage: usize) -> ApiError {
    errors::LIMIT_EXCEEDED
        .says(format!("Aliases per key quota for this account in this region is {quota}, current usage is {usage}."))
}

/// Documented only as an error; the words are ours.
pub(crate) fn alias_target_differs() -> ApiError {
    ApiError::validation("The current and the new KMS key of an alias must have the same key type and key usage.")
}

// Policies (errors.md §8)

/// The words vary on AWS and are not recorded of KMS; these are IAM's.
pub(crate) fn malformed_policy(error: &MalformedPolicy) -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says(error.to_string())
}

pub(crate) fn invalid_principals() -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT.says("Policy contains a statement with one or more invalid principals.")
}

pub(crate) fn policy_locks_out() -> ApiError {
    errors::MALFORMED_POLICY_DOCUMENT
        .says("The new key policy will not allow you to update the key policy in the future.")
}

/// That it is refused is documented, in these numbers; the words are ours.
pub(crate) fn policy_too_large(limit: usize) -> ApiError {
    errors::LIMIT_EXCEEDED.says(format!("The key policy document must not exceed {limit} bytes."))
}

pub(crate) fn no_such_policy() -> ApiError {
    errors::NOT_FOUND.says("No such policy exists")
}

pub(crate) fn ram_policy() -> ApiError {
    ApiError::validation("The AWS_RAM policy can only be managed by the RAM service")
}

// Grants (errors.md §5, §7)

/// Recorded of an HMAC key; of asymmetric keys inferred.
pub(crate) fn grant_operations_unfit(unfit: &[GrantOperation], spec: KeySpec, usage: KeyUsage) -> ApiError {
    let list = |operations: &mut dyn Iterator<Item = GrantOperation>| {
        operations.map(GrantOperation::as_str).collect::<Vec<_>>().join(", ")
    };
    let key = if spec.key_type() == KeyType::Asymmetric { "an asymmetric" } else { "a symmetric" };
    ApiError::validation(format!(
        "Operations [{}] are not supported when creating a grant for {key} KMS key with key usage {usage}. Valid operations \
         are [{}]",
        list(&mut unfit.iter().copied()),
        list(&mut GrantOperation::of_key(spec, usage))
    ))
}

pub(crate) fn grant_context_unsupported() -> ApiError {
    ApiError::validation(
        "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key.",
    )
}

/// As the framework says it of a member that is required, which this one was before there were service principals.
pub(crate) fn grantee_required() -> ApiError {
    ApiError::validation(
        "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be \
         null",
    )
}

/// Only that it is refused is documented, as of the next five; the words are ours.
pub(crate) fn two_grantees() -> ApiError {
    ApiError::validation("GranteePrincipal and GranteeServicePrincipal cannot be specified in the same request.")
}

pub(crate) fn two_retiring_principals() -> ApiError {
    ApiError::validation("RetiringPrincipal and RetiringServicePrincipal cannot be specified in the same request.")
}

pub(crate) fn one_retiring_principal() -> ApiError {
    ApiError::validation("Exactly one of RetiringPrincipal and RetiringServicePrincipal must be specified.")
}

pub(crate) fn service_without_source() -> ApiError {
    ApiError::validation("A grant for a GranteeServicePrincipal must have a SourceArn constraint.")
}

pub(crate) fn service_without_retiring_principal() -> ApiError {
    ApiError::validation("A grant for a GranteeServicePrincipal must have a retiring principal.")
}

pub(crate) fn token_or_grant_id() -> ApiError {
    ApiError::validation("Specify either a GrantToken or both KeyId and GrantId.")
}

/// Unrecorded; the words are ours.
pub(crate) fn grant_of_nothing() -> ApiError {
    ApiError::validation("Operations must not be empty.")
}

/// Of the ARN of nobody whom a grant can name.
pub(crate) fn no_such_principal(arn: &str) -> ApiError {
    errors::INVALID_ARN.says(format!("ARN does not refer to a valid principal: {arn}"))
}

pub(crate) fn malformed_principal(arn: &str) -> ApiError {
    errors::INVALID_ARN.says(format!("ARN is not valid: {arn}"))
}

/// Of what is no ARN. Each operation has its own words (recorded; of RetiringPrincipal inferred).
pub(crate) fn no_such_principal_id(member: PrincipalMember, id: &str) -> ApiError {
    match member {
        PrincipalMember::Grantee => errors::INVALID_ARN.says("GranteePrincipal does not refer to a valid principal."),
        PrincipalMember::Retiring => errors::INVALID_ARN.says("RetiringPrincipal does not refer to a valid principal."),
        PrincipalMember::Filter => errors::INVALID_ARN.says("Input does not refer to a valid principal"),
        PrincipalMember::Retirable => errors::NOT_FOUND.says(format!("Retiring principal {id} could not be found")),
    }
}

/// That AWS says nothing is inferred from its other refusals of what has no form.
pub(crate) fn invalid_grant_id() -> ApiError {
    errors::INVALID_GRANT_ID.bare()
}

/// The words are those of other emulators; AWS's are not recorded.
pub(crate) fn grant_not_found(id: GrantId) -> ApiError {
    errors::NOT_FOUND.says(format!("Grant ID {id} not found"))
}

/// AWS's words are not recorded; these are like those of aliases.
pub(crate) fn too_many_grants(quota: usize, usage: usize) -> ApiError {
    errors::LIMIT_EXCEEDED
        .says(format!("Grants per key quota for this account in this region is {quota}, current usage is {usage}."))
}

// Tags (errors.md §9)

pub(crate) fn reserved_tag() -> ApiError {
    errors::TAG.says("Tags beginning with aws: are reserved")
}

pub(crate) fn duplicate_tags() -> ApiError {
    errors::TAG.says("Duplicate tag keys")
}

pub(crate) fn too_many_tags() -> ApiError {
    errors::TAG.says("Too many tags")
}

// Fixed keys; AWS has none, and the words are ours

pub(crate) fn fixed_id_invalid(tag: &str) -> ApiError {
    ApiError::validation(format!("The value of the tag {tag} is not valid: {InvalidKeyId}."))
}

pub(crate) fn two_fixed_ids(first: &str, second: &str) -> ApiError {
    ApiError::validation(format!("The tags {first} and {second} name different key IDs."))
}

/// It does not show what it refuses, which may be a secret all the same.
pub(crate) fn fixed_material_invalid(tag: &str, spec: KeySpec) -> ApiError {
    ApiError::validation(format!(
        "The value of the tag {tag} is not valid: it must be base64 of {}.",
        material_form(spec)
    ))
}

/// What the material of a key is made of, in words.
pub(crate) fn material_form(spec: KeySpec) -> String {
    match MacAlgorithm::offered_by(spec).first() {
        Some(algorithm) => format!("{} bytes", algorithm.len_in_bytes()),
        None if spec == KeySpec::SymmetricDefault => format!("{} bytes", SymmetricMaterial::LEN),
        None => format!("a private key of {spec}, not encrypted"),
    }
}

pub(crate) fn key_exists(arn: &KeyArn) -> ApiError {
    errors::ALREADY_EXISTS.says(format!("Key '{arn}' already exists"))
}

/// As Floci has it, in code and occasion.
pub(crate) fn tag_of_creation_only(prefix: &str) -> ApiError {
    ApiError::validation(format!("Tags beginning with {prefix} can only be given when a key is created."))
}

// Custom key stores

/// None can be created yet, so none is ever found.
pub(crate) fn custom_key_store_not_found() -> ApiError {
    errors::CUSTOM_KEY_STORE_NOT_FOUND.bare()
}

// Imports (errors.md, Import)

pub(crate) fn wrapping_unfit(algorithm: WrappingAlgorithm, wrapping: WrappingKeySpec, spec: KeySpec) -> ApiError {
    ApiError::validation(format!(
        "Wrapping algorithm {algorithm} and wrapping key spec {wrapping} cannot be used to import a {spec} key."
    ))
}

pub(crate) fn valid_to_missing() -> ApiError {
    ApiError::validation("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
}

pub(crate) fn valid_to_superfluous() -> ApiError {
    ApiError::validation("A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
}

pub(crate) fn valid_to_past() -> ApiError {
    ApiError::validation("ValidTo must be in the future")
}

pub(crate) fn valid_to_too_far() -> ApiError {
    ApiError::validation("ValidTo must be less than 365 days in the future")
}

pub(crate) fn material_id_of_new() -> ApiError {
    ApiError::validation("Input parameter keyMaterialId cannot be used with NEW_KEY_MATERIAL importType.")
}

pub(crate) fn symmetric_only(parameter: &str, spec: KeySpec) -> ApiError {
    ApiError::validation(format!("Input parameter {parameter} cannot be used with {spec} imported keys."))
}

pub(crate) fn import(arn: &KeyArn, error: ImportError) -> ApiError {
    match error {
        ImportError::State(error) => state(arn, error),
        ImportError::Differs { expected } => errors::INCORRECT_KEY_MATERIAL
            .says(format!("Imported key material does not have the expected identifier ({expected}).")),
        ImportError::AlreadyAssociated(id) => errors::INCORRECT_KEY_MATERIAL.says(format!(
            "Key material (id: {id}) being imported as NEW_KEY_MATERIAL is already associated with KMS key {arn}."
        )),
        ImportError::NeverImported(id) => {
            ApiError::validation(format!("Key material (id: {id}) has never been imported into KMS key {arn}."))
        }
        ImportError::AnotherPending { new, pending } => errors::KMS_INVALID_STATE.says(format!(
            "New key material (id: {new}) cannot be imported into KMS key {arn}, because another key material \
             (id: {pending}) is pending rotation."
        )),
        ImportError::NewOnReplica => ApiError::validation(
            "Input parameter ImportType NEW_KEY_MATERIAL cannot be used on replica Multi-Region keys",
        ),
        ImportError::DescriptionOnReplica => {
            ApiError::validation("Key material description can only be specified on primary Multi-Region keys")
        }
    }
}

// Rotation (errors.md §5, §10)

pub(crate) fn rotation(arn: &KeyArn, action: Action, error: RotationError) -> ApiError {
    match error {
        RotationError::State(error) => state(arn, error),
        RotationError::Replica => errors::UNSUPPORTED_OPERATION
            .says(format!("{arn} is a multi-region replica key which is not valid for {}.", action.name())),
        RotationError::LimitReached => errors::LIMIT_EXCEEDED.says(format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
             performed for this key: {arn}"
        )),
        // Documented only as an error; the words are ours.
        RotationError::AutomaticRotationDue => {
            errors::CONFLICT.says(format!("An automatic rotation of {arn} is in progress or due within 20 minutes."))
        }
        RotationError::NoPendingMaterial => {
            errors::KMS_INVALID_STATE.says(format!("No available key material pending rotation for the key: {arn}."))
        }
        RotationError::AwaitedByReplicas => errors::KMS_INVALID_STATE.says(
            "Cannot perform key material rotation: Key material has not been imported for replicas of the Multi-Region \
             key.",
        ),
    }
}

pub(crate) fn material_of_asymmetric() -> ApiError {
    ApiError::validation("Input parameter includeKeyMaterial can only be used with symmetric keys.")
}

// Multi-Region keys (errors.md §5)

pub(crate) fn replication(arn: &KeyArn, target: &Region, error: RegionError) -> ApiError {
    match error {
        RegionError::State(error) => state(arn, error),
        RegionError::NotPrimary => {
            errors::UNSUPPORTED_OPERATION.says(format!("{arn} is not a multi-region primary key."))
        }
        RegionError::PrimaryIsThere => {
            ApiError::validation(format!("{target} cannot have a replica because it contains the primary."))
        }
        RegionError::ReplicaIsThere | RegionError::NoReplicaThere => {
            errors::ALREADY_EXISTS.says("You can create only one replica of each primary key in each AWS Region.")
        }
    }
}

pub(crate) fn replica_in_other_partition() -> ApiError {
    ApiError::validation("The replica key Region must be in the same AWS partition as the primary key Region.")
}

pub(crate) fn region_unknown(region: &str) -> ApiError {
    ApiError::validation(format!(
        "Region {region} is not a valid Region or multi-Region keys are not supported in Region {region}."
    ))
}

/// Another exception, and a capital letter more, than ReplicateKey has (recorded).
pub(crate) fn not_primary(arn: &KeyArn) -> ApiError {
    errors::KMS_INVALID_STATE.says(format!("{arn} is not a multi-Region primary key."))
}

pub(crate) fn no_replica_there(id: KeyId) -> ApiError {
    ApiError::validation(format!("{id} does not have a replica key in the specified Region."))
}

// Attestation; AWS's words are not recorded, so that these are ours

pub(crate) fn attestation_required() -> ApiError {
    ApiError::validation("Recipient must have an AttestationDocument.")
}

pub(crate) fn key_encryption_algorithm_required() -> ApiError {
    ApiError::validation("Recipient must have a KeyEncryptionAlgorithm.")
}

pub(crate) fn attested_key_required() -> ApiError {
    ApiError::validation("The attestation document must have a public key.")
}

pub(crate) fn attestation(error: &AttestationError) -> ApiError {
    ApiError::validation(format!("The attestation document cannot be verified: {error}."))
}

// What went wrong inside

/// The cause goes to the log; the client learns that it may try again.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands errors over by value")]
pub(crate) fn store(error: StoreError) -> ApiError {
    tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
    internal()
}

pub(crate) fn crypto(error: &(dyn std::error::Error + 'static)) -> ApiError {
    tracing::error!(error, "OpenSSL failed");
    internal()
}

pub(crate) fn too_many_conflicts() -> ApiError {
    tracing::warn!("gave up a change after too many conflicts");
    internal()
}

fn internal() -> ApiError {
    errors::KMS_INTERNAL
        .says("The request was rejected because an internal exception occurred. The request can be retried.")
}
