//! Which operation a key allows in which state: AWS's table of key states, as data
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>, corrected by recordings of the service).

use super::KeyState;
use crate::named::named;
use crate::spec::KeyOrigin;

named! {
    /// The operations that act on an existing key and so depend on its state.
    pub enum LifecycleOperation {
        CancelKeyDeletion = "CancelKeyDeletion",
        CreateAlias = "CreateAlias",
        CreateGrant = "CreateGrant",
        Decapsulate = "Decapsulate",
        Decrypt = "Decrypt",
        DeleteAlias = "DeleteAlias",
        DeleteImportedKeyMaterial = "DeleteImportedKeyMaterial",
        DeriveSharedSecret = "DeriveSharedSecret",
        DescribeKey = "DescribeKey",
        DisableKey = "DisableKey",
        DisableKeyRotation = "DisableKeyRotation",
        EnableKey = "EnableKey",
        EnableKeyRotation = "EnableKeyRotation",
        Encapsulate = "Encapsulate",
        Encrypt = "Encrypt",
        GenerateDataKey = "GenerateDataKey",
        GenerateDataKeyPair = "GenerateDataKeyPair",
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        GenerateMac = "GenerateMac",
        GetKeyLastUsage = "GetKeyLastUsage",
        GetKeyPolicy = "GetKeyPolicy",
        GetKeyRotationStatus = "GetKeyRotationStatus",
        GetParametersForImport = "GetParametersForImport",
        GetPublicKey = "GetPublicKey",
        ImportKeyMaterial = "ImportKeyMaterial",
        ListAliases = "ListAliases",
        ListGrants = "ListGrants",
        ListKeyPolicies = "ListKeyPolicies",
        ListKeyRotations = "ListKeyRotations",
        ListResourceTags = "ListResourceTags",
        PutKeyPolicy = "PutKeyPolicy",
        ReEncrypt = "ReEncrypt",
        ReplicateKey = "ReplicateKey",
        RetireGrant = "RetireGrant",
        RevokeGrant = "RevokeGrant",
        RotateKeyOnDemand = "RotateKeyOnDemand",
        ScheduleKeyDeletion = "ScheduleKeyDeletion",
        Sign = "Sign",
        TagResource = "TagResource",
        UntagResource = "UntagResource",
        UpdateAlias = "UpdateAlias",
        UpdateKeyDescription = "UpdateKeyDescription",
        UpdatePrimaryRegion = "UpdatePrimaryRegion",
        Verify = "Verify",
        VerifyMac = "VerifyMac",
    }
}

/// Why a key does not allow an operation now: which exception it is, and AWS's words after the key's ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// `NotFoundException`: the deletion date has passed and the key is gone.
    #[error("does not exist")]
    Deleted,
    /// `DisabledException`.
    #[error("is disabled")]
    Disabled,
    /// `KMSInvalidStateException`.
    #[error("is {0}")]
    InvalidState(InvalidState),
    /// `UnsupportedOperationException`.
    #[error("origin is {0} which is not valid for this operation")]
    UnsupportedOrigin(KeyOrigin),
}

/// The states behind a `KMSInvalidStateException`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidState {
    /// The key waits for its deletion date.
    #[error("pending deletion")]
    PendingDeletion,
    /// The primary key waits for its replicas to be deleted.
    #[error("pending replica deletion")]
    PendingReplicaDeletion,
    /// Imported key material is missing.
    #[error("pending import")]
    PendingImport,
    /// The custom key store is not connected.
    #[error("unavailable")]
    Unavailable,
    /// The replica is being made.
    #[error("creating")]
    Creating,
    /// The primary Region is being changed.
    #[error("updating")]
    Updating,
    /// There is no deletion to cancel.
    #[error("not pending deletion")]
    NotPendingDeletion,
}

/// One row of the table.
struct Rule {
    states: &'static [KeyState],
    origins: &'static [KeyOrigin],
}

impl LifecycleOperation {
    /// Whether a key of this origin allows the operation in this state. For `UpdateAlias` the key is the new target; the
    /// present one may be in any state.
    ///
    /// AWS looks at the origin first (`EnableKeyRotation` on a key pending import complains of its origin), then at the
    /// state, and only afterwards at usage and algorithms.
    pub fn permitted(self, state: KeyState, origin: KeyOrigin) -> Result<(), StateError> {
        let rule = self.rule();
        if !rule.origins.contains(&origin) {
            Err(StateError::UnsupportedOrigin(origin))
        } else if rule.states.contains(&state) {
            Ok(())
        } else {
            Err(self.refusal(state))
        }
    }

    const fn rule(self) -> Rule {
        use KeyState::{
            Creating, Disabled, Enabled, PendingDeletion, PendingImport, PendingReplicaDeletion, Unavailable, Updating,
        };

        const ANY_STATE: &[KeyState] = KeyState::ALL;
        const NOT_PENDING_DELETION: &[KeyState] = &[Enabled, Disabled, PendingImport, Unavailable, Creating, Updating];
        const IN_USE: &[KeyState] = &[Enabled, Updating];

        const ANY_ORIGIN: &[KeyOrigin] = KeyOrigin::ALL;
        const NO_CUSTOM_STORE: &[KeyOrigin] = &[KeyOrigin::AwsKms, KeyOrigin::External];
        const MADE_BY_KMS: &[KeyOrigin] = &[KeyOrigin::AwsKms];
        const IMPORTED: &[KeyOrigin] = &[KeyOrigin::External];

        let (states, origins): (&[KeyState], _) = match self {
            Self::DescribeKey
            | Self::GetKeyPolicy
            | Self::PutKeyPolicy
            | Self::ListKeyPolicies
            | Self::ListAliases
            | Self::DeleteAlias
            | Self::ListGrants
            | Self::RetireGrant
            | Self::RevokeGrant
            | Self::ListResourceTags
            | Self::ListKeyRotations
            | Self::GetKeyLastUsage => (ANY_STATE, ANY_ORIGIN),

            Self::CreateAlias
            | Self::UpdateAlias
            | Self::TagResource
            | Self::UntagResource
            | Self::UpdateKeyDescription => (NOT_PENDING_DELETION, ANY_ORIGIN),

            Self::Encrypt
            | Self::Decrypt
            | Self::ReEncrypt
            | Self::GenerateDataKey
            | Self::GenerateDataKeyWithoutPlaintext
            | Self::GenerateDataKeyPair
            | Self::GenerateDataKeyPairWithoutPlaintext
            | Self::Sign
            | Self::Verify
            | Self::GenerateMac
            | Self::VerifyMac
            | Self::DeriveSharedSecret
            | Self::Encapsulate
            | Self::Decapsulate
            | Self::UpdatePrimaryRegion => (IN_USE, ANY_ORIGIN),
            // Recorded to work while disabled, whatever the documentation says.
            Self::GetPublicKey => (&[Enabled, Disabled, Updating], ANY_ORIGIN),
            Self::CreateGrant => (&[Enabled, Unavailable, Updating], ANY_ORIGIN),

            Self::EnableKey | Self::DisableKey => (&[Enabled, Disabled, Unavailable], ANY_ORIGIN),
            Self::ScheduleKeyDeletion => (&[Enabled, Disabled, PendingImport, Unavailable, Creating], ANY_ORIGIN),
            Self::CancelKeyDeletion => (&[PendingDeletion, PendingReplicaDeletion], ANY_ORIGIN),

            Self::EnableKeyRotation | Self::DisableKeyRotation => (IN_USE, MADE_BY_KMS),
            Self::RotateKeyOnDemand => (IN_USE, NO_CUSTOM_STORE),
            Self::GetKeyRotationStatus => (ANY_STATE, NO_CUSTOM_STORE),

            Self::GetParametersForImport => (&[Enabled, Disabled, PendingImport], IMPORTED),
            Self::ImportKeyMaterial => (&[Enabled, Disabled, PendingImport, Updating], IMPORTED),
            Self::DeleteImportedKeyMaterial => {
                (&[Enabled, Disabled, PendingDeletion, PendingReplicaDeletion, PendingImport], IMPORTED)
            }

            Self::ReplicateKey => (&[Enabled], ANY_ORIGIN),
        };
        Rule { states, origins }
    }

    /// What a state that does not permit the operation answers. Cancelling is the one operation that is refused for
    /// what the key is not.
    const fn refusal(self, state: KeyState) -> StateError {
        use StateError::InvalidState as Invalid;
        match (self, state) {
            // INVARIANT: every other rule permits an enabled key, so that no refusal needs words for that state.
            (Self::CancelKeyDeletion, _) | (_, KeyState::Enabled) => Invalid(InvalidState::NotPendingDeletion),
            (_, KeyState::Disabled) => StateError::Disabled,
            (_, KeyState::PendingDeletion) => Invalid(InvalidState::PendingDeletion),
            (_, KeyState::PendingReplicaDeletion) => Invalid(InvalidState::PendingReplicaDeletion),
            (_, KeyState::PendingImport) => Invalid(InvalidState::PendingImport),
            (_, KeyState::Unavailable) => Invalid(InvalidState::Unavailable),
            (_, KeyState::Creating) => Invalid(InvalidState::Creating),
            (_, KeyState::Updating) => Invalid(InvalidState::Updating),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LifecycleOperation::{self, *};
    use super::*;

    /// The column `Unavailable` of key-states.md §3, and what the operations say of the origins that come with it: that of
    /// keys in custom key stores. All other columns are walked through the service (`kms/tests/life/state_table.rs`).
    const UNAVAILABLE: [(&[LifecycleOperation], &str); 4] = [
        (
            &[
                CreateAlias,
                CreateGrant,
                DeleteAlias,
                DescribeKey,
                DisableKey,
                EnableKey,
                GetKeyLastUsage,
                GetKeyPolicy,
                ListAliases,
                ListGrants,
                ListKeyPolicies,
                ListKeyRotations,
                ListResourceTags,
                PutKeyPolicy,
                RetireGrant,
                RevokeGrant,
                ScheduleKeyDeletion,
                TagResource,
                UntagResource,
                UpdateAlias,
                UpdateKeyDescription,
            ],
            "ok",
        ),
        (
            &[
                Decrypt,
                Encrypt,
                GenerateDataKey,
                GenerateDataKeyPair,
                GenerateDataKeyPairWithoutPlaintext,
                GenerateDataKeyWithoutPlaintext,
                ReEncrypt,
            ],
            "is unavailable",
        ),
        (&[CancelKeyDeletion], "is not pending deletion"),
        (
            &[
                DeleteImportedKeyMaterial,
                DisableKeyRotation,
                EnableKeyRotation,
                GetKeyRotationStatus,
                GetParametersForImport,
                ImportKeyMaterial,
                RotateKeyOnDemand,
            ],
            "origin is {origin} which is not valid for this operation",
        ),
    ];

    #[test]
    fn keys_whose_store_is_not_connected_obey_the_table() {
        for origin in [KeyOrigin::AwsCloudHsm, KeyOrigin::ExternalKeyStore] {
            for (operations, expected) in UNAVAILABLE {
                for operation in operations {
                    let answer = operation.permitted(KeyState::Unavailable, origin);
                    let said = answer.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
                    assert_eq!(said, expected.replace("{origin}", origin.as_str()), "{operation} {origin}");
                }
            }
        }
    }

    #[test]
    fn what_no_such_key_can_be_used_for_is_all_that_the_column_leaves_out() {
        let listed = |operation: &LifecycleOperation| UNAVAILABLE.iter().any(|(row, _)| row.contains(operation));
        let left_out: Vec<_> = LifecycleOperation::ALL.iter().filter(|operation| !listed(operation)).collect();
        // Asymmetric, HMAC and multi-Region keys are never in a custom key store.
        let never = [
            Decapsulate,
            DeriveSharedSecret,
            Encapsulate,
            GenerateMac,
            GetPublicKey,
            ReplicateKey,
            Sign,
            UpdatePrimaryRegion,
            Verify,
            VerifyMac,
        ];
        assert_eq!(left_out, never.iter().collect::<Vec<_>>());
    }
}
