//! The last step of decoding: the type that the generated dispatch decodes each operation's input into.

use trent_kms::api as kms;
use trent_protocol::{Decode, Mismatch, Operation, Value};
use trent_sts::api as sts;

/// Decodes an accepted input into its own type.
pub(crate) fn decode(operation: &Operation, input: Value) -> Result<(), Mismatch> {
    let decode = TYPED.iter().find(|(name, _)| *name == operation.input.name).map(|(_, decode)| decode);
    decode.unwrap_or_else(|| panic!("{} is not listed in typed_input.rs", operation.input.name))(input)
}

type DecodeInput = fn(Value) -> Result<(), Mismatch>;

macro_rules! typed {
    ($($service:ident: $($input:ident)+;)+) => {
        &[$($((stringify!($input), |input| $service::$input::decode(input).map(drop))),+),+]
    };
}

#[rustfmt::skip]
const TYPED: &[(&str, DecodeInput)] = typed! {
    kms:
        CancelKeyDeletionRequest ConnectCustomKeyStoreRequest CreateAliasRequest CreateCustomKeyStoreRequest
        CreateGrantRequest CreateKeyRequest DecapsulateRequest DecryptRequest DeleteAliasRequest
        DeleteCustomKeyStoreRequest DeleteImportedKeyMaterialRequest DeriveSharedSecretRequest
        DescribeCustomKeyStoresRequest DescribeKeyRequest DisableKeyRequest DisableKeyRotationRequest
        DisconnectCustomKeyStoreRequest EnableKeyRequest EnableKeyRotationRequest EncapsulateRequest EncryptRequest
        GenerateDataKeyPairRequest GenerateDataKeyPairWithoutPlaintextRequest GenerateDataKeyRequest
        GenerateDataKeyWithoutPlaintextRequest GenerateMacRequest GenerateRandomRequest GetKeyLastUsageRequest
        GetKeyPolicyRequest GetKeyRotationStatusRequest GetParametersForImportRequest GetPublicKeyRequest
        ImportKeyMaterialRequest ListAliasesRequest ListGrantsRequest ListKeyPoliciesRequest ListKeyRotationsRequest
        ListKeysRequest ListResourceTagsRequest ListRetirableGrantsRequest PutKeyPolicyRequest ReEncryptRequest
        ReplicateKeyRequest RetireGrantRequest RevokeGrantRequest RotateKeyOnDemandRequest ScheduleKeyDeletionRequest
        SignRequest TagResourceRequest UntagResourceRequest UpdateAliasRequest UpdateCustomKeyStoreRequest
        UpdateKeyDescriptionRequest UpdatePrimaryRegionRequest VerifyMacRequest VerifyRequest;
    sts:
        AssumeRoleRequest AssumeRoleWithSAMLRequest AssumeRoleWithWebIdentityRequest AssumeRootRequest
        DecodeAuthorizationMessageRequest GetAccessKeyInfoRequest GetCallerIdentityRequest
        GetDelegatedAccessTokenRequest GetFederationTokenRequest GetSessionTokenRequest GetWebIdentityTokenRequest;
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_listed() {
        for operation in crate::operations() {
            assert!(TYPED.iter().any(|(name, _)| *name == operation.input.name), "{}", operation.input.name);
        }
    }
}
