//! The actions that KMS authorizes: what a policy may allow, as the service authorization reference lists them.

use trent_kms_core::LifecycleOperation;

/// What a permission is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A key, named by id or ARN only.
    Key,
    /// The same, also of another account that permits it.
    SharedKey,
    /// A key, named by id, ARN, alias name or alias ARN, also of another account that permits it.
    KeyOrAlias,
    /// Nothing in particular; identity policies alone decide.
    Account,
}

macro_rules! actions {
    ($($action:ident: $resource:ident $(, as $operation:ident)? ;)+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Action {
            $($action),+
        }

        impl Action {
            /// The operation, or the side of one, without the `kms:`.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$action => stringify!($action)),+
                }
            }

            /// As policies and denials name it.
            pub(crate) fn full_name(self) -> &'static str {
                match self {
                    $(Self::$action => concat!("kms:", stringify!($action))),+
                }
            }

            pub(crate) fn resource(self) -> Resource {
                match self {
                    $(Self::$action => Resource::$resource),+
                }
            }

            /// Whether it may be done to another account's key (authz.md §1.4).
            pub(crate) fn crosses_accounts(self) -> bool {
                matches!(self.resource(), Resource::SharedKey | Resource::KeyOrAlias)
            }

            /// The row of the key state table that decides whether a key is fit for it; `None` where no key is needed.
            pub(crate) fn lifecycle_operation(self) -> Option<LifecycleOperation> {
                match self {
                    $(Self::$action => actions!(@row $resource $action $($operation)?)),+
                }
            }
        }
    };
    (@row Account $action:ident) => { None };
    (@row $resource:ident $action:ident) => { Some(LifecycleOperation::$action) };
    (@row $resource:ident $action:ident $operation:ident) => { Some(LifecycleOperation::$operation) };
}

// An operation that is built gets its row here (operations.md §1.1 tells which take aliases).
actions! {
    CancelKeyDeletion: Key;
    CreateAlias: Key;
    CreateGrant: SharedKey;
    CreateKey: Account;
    Decapsulate: KeyOrAlias;
    Decrypt: KeyOrAlias;
    DeleteAlias: Key;
    DeriveSharedSecret: KeyOrAlias;
    DeleteImportedKeyMaterial: Key;
    DescribeKey: KeyOrAlias;
    DisableKey: Key;
    DisableKeyRotation: Key;
    EnableKey: Key;
    EnableKeyRotation: Key;
    Encapsulate: KeyOrAlias;
    Encrypt: KeyOrAlias;
    GenerateDataKey: KeyOrAlias;
    GenerateDataKeyPair: KeyOrAlias;
    GenerateDataKeyPairWithoutPlaintext: KeyOrAlias;
    GenerateDataKeyWithoutPlaintext: KeyOrAlias;
    GenerateMac: KeyOrAlias;
    GenerateRandom: Account;
    GetKeyLastUsage: Key;
    GetKeyPolicy: Key;
    GetKeyRotationStatus: SharedKey;
    GetParametersForImport: Key;
    GetPublicKey: KeyOrAlias;
    ImportKeyMaterial: Key;
    ListAliases: Key;
    ListGrants: SharedKey;
    ListKeyPolicies: Key;
    ListKeyRotations: Key;
    ListKeys: Account;
    ListResourceTags: Key;
    ListRetirableGrants: Account;
    PutKeyPolicy: Key;
    ReEncryptFrom: KeyOrAlias, as ReEncrypt;
    ReEncryptTo: KeyOrAlias, as ReEncrypt;
    ReplicateKey: Key;
    RetireGrant: SharedKey;
    RevokeGrant: SharedKey;
    RotateKeyOnDemand: Key;
    ScheduleKeyDeletion: Key;
    Sign: KeyOrAlias;
    TagResource: Key;
    UntagResource: Key;
    UpdateAlias: Key;
    UpdateKeyDescription: Key;
    UpdatePrimaryRegion: Key;
    Verify: KeyOrAlias;
    VerifyMac: KeyOrAlias;
}
