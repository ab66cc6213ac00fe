//! The pure heart of KMS: what key specs can do, key material, the ciphertext format and the key state machine.
//!
//! Everything here is a function of its arguments. Time comes in as a [`trent_shared::Timestamp`], randomness as
//! [`trent_shared::Entropy`]; there is no HTTP, no async and no store. What depends on a key's ARN — AWS's sentences —
//! is left to the service crate: the errors here tell which exception class applies.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

mod ciphertext;
mod data_key;
mod data_key_pair;
mod der;
mod encryption_context;
mod grant;
mod hash;
mod import;
mod key_material;
mod key_pair;
mod lifecycle;
mod mac;
mod material;
mod named;
mod seal;
mod spec;

pub use ciphertext::{CiphertextBlob, CiphertextKind, InvalidCiphertext};
pub use data_key::{DataKeySpec, generate_data_key};
pub use data_key_pair::{DataKeyPair, DataKeyPairSpec, generate_data_key_pair};
pub use encryption_context::EncryptionContext;
pub use grant::{
    Backing, ContextConstraint, Grant, GrantConstraints, GrantOperation, GrantPrincipal, GrantedRequest,
    InvalidConstraints, InvalidPrincipal, Standing, names_of,
};
pub use import::{WrappingAlgorithm, WrappingKeySpec};
pub use key_material::{IncompatibleAlgorithm, InvalidKeyMaterial, KeyMaterial, OpenSslFailure};
pub use key_pair::{
    AgreementError, DecapsulationError, DecryptionError, Encapsulation, EncapsulationError, EncryptionError,
    InvalidSignature, KeyPair, MessageError, MessageType, SigningInput,
};
pub use lifecycle::{
    AutomaticRotation, DeletionWindow, ImportError, ImportKind, InvalidDeletionWindow, InvalidRotationPeriod,
    InvalidState, KeyRegions, KeyState, Lifecycle, LifecycleOperation, MaterialFacts, MaterialImport, OnDemandRotation,
    PendingMaterial, RegionError, Rotated, RotationError, RotationPeriod, RotationType, ScheduledDeletion,
    SharedProperties, StateError,
};
pub use mac::HmacMaterial;
pub use material::{InvalidMaterial, InvalidMaterialId, KeyTag, MaterialId, SymmetricMaterial};
pub use named::UnknownName;
pub use seal::{MAX_PLAINTEXT_LEN, SealError, open, seal};
pub use spec::{
    Algorithm, Algorithms, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyOrigin, KeySpec,
    KeyType, KeyUsage, MacAlgorithm, SigningAlgorithm,
};
