//! Making and opening ciphertexts on behalf of the operations: Encrypt, Decrypt, ReEncrypt and the data keys.

use std::collections::BTreeMap;

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextBlob, CiphertextKind, EncryptionAlgorithm, EncryptionContext, MaterialId, open, seal};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::access::AuthorizedKey;
use crate::action::Action;
use crate::api::{DryRunModifierType, EncryptionAlgorithmSpec, errors};
use crate::messages;
use crate::names::same_name;

/// A request's ciphertext and everything that says how to open it.
pub(crate) struct Sealed {
    pub(crate) blob: Option<Blob>,
    pub(crate) key_id: Option<String>,
    pub(crate) algorithm: EncryptionAlgorithm,
    pub(crate) context: EncryptionContext,
    /// Whether a dry run shall be about the permission alone.
    pub(crate) is_ignored: bool,
}

/// What was in a ciphertext, and what it was opened with.
pub(crate) struct Opened {
    pub(crate) plaintext: SecretBytes,
    pub(crate) key: AuthorizedKey,
    pub(crate) material_id: MaterialId,
}

/// The encryption algorithm of a request; symmetric unless told.
pub(crate) fn encryption_algorithm(asked: Option<EncryptionAlgorithmSpec>) -> Result<EncryptionAlgorithm, ApiError> {
    asked.map_or(Ok(EncryptionAlgorithm::SymmetricDefault), |algorithm| same_name(algorithm.as_str()))
}

/// The encryption context of a request; none and an empty one are the same.
pub(crate) fn encryption_context(asked: Option<BTreeMap<String, String>>) -> EncryptionContext {
    asked.map(EncryptionContext::from).unwrap_or_default()
}

/// Whether `IGNORE_CIPHERTEXT` is asked for, which only a dry run that names its key may do.
pub(crate) fn ignores_ciphertext(
    modifiers: Option<&[DryRunModifierType]>,
    dry_run: Option<bool>,
    key_id: Option<&str>,
) -> Result<bool, ApiError> {
    let is_ignored = modifiers.is_some_and(|modifiers| modifiers.contains(&DryRunModifierType::IgnoreCiphertext));
    if is_ignored && (dry_run != Some(true) || key_id.is_none()) {
        return Err(messages::ignore_ciphertext_misused());
    }
    Ok(is_ignored)
}

/// Ends a dry run that has come this far; AWS never answers it with success (operations.md §1.3).
pub(crate) fn end_dry_run(dry_run: Option<bool>) -> Result<(), ApiError> {
    if dry_run == Some(true) { Err(messages::dry_run_succeeded()) } else { Ok(()) }
}

impl Kms {
    /// Encrypts under a key's current material. Returns that material's id too.
    pub(crate) fn seal(
        &self,
        key: &AuthorizedKey,
        kind: CiphertextKind,
        plaintext: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<(Blob, MaterialId), ApiError> {
        // The state of the key was checked: one without material is pending import.
        let current = key.record().current_material().ok_or_else(ApiError::internal_failure)?;
        let blob = seal(&current.material, &current.id, kind, plaintext.expose(), context, &*self.entropy)
            .map_err(|error| messages::crypto(&error))?;
        Ok((Blob::new(blob), current.id))
    }

    /// Finds the key of a ciphertext, checks that it may be used and is the one that the caller named, and decrypts.
    pub(crate) async fn open(&self, cx: &Context, action: Action, sealed: &Sealed) -> Result<Opened, ApiError> {
        if let (true, Some(key_id)) = (sealed.is_ignored, &sealed.key_id) {
            self.key(cx, key_id).for_action(action).await?.require(sealed.algorithm)?;
            return Err(messages::dry_run_succeeded());
        }
        let bytes = sealed.blob.as_ref().ok_or_else(messages::ciphertext_required)?;
        let parsed = CiphertextBlob::parse(bytes.as_ref());
        let key = match (&sealed.key_id, &parsed) {
            (Some(key_id), _) => self.key(cx, key_id).for_action(action).await?,
            (None, _) if sealed.algorithm != EncryptionAlgorithm::SymmetricDefault => {
                return Err(messages::key_id_required());
            }
            (None, Ok(blob)) => self.key_of_ciphertext(cx, blob).for_action(action).await?,
            (None, Err(_)) => return Err(errors::INVALID_CIPHERTEXT.bare()),
        };
        // That the ciphertext is another key's is told before this one's usage is looked at (recorded for HMAC keys).
        let material = match &parsed {
            Ok(blob) => Some(key.record().material(blob.material_id()).ok_or_else(messages::incorrect_key)?),
            Err(_) => None,
        };
        key.require(sealed.algorithm)?;
        let (Ok(blob), Some(material)) = (&parsed, material) else { return Err(errors::INVALID_CIPHERTEXT.bare()) };
        let plaintext =
            open(&material.material, blob, &sealed.context).map_err(|_| errors::INVALID_CIPHERTEXT.bare())?;
        let material_id = material.id;
        Ok(Opened { plaintext, key, material_id })
    }
}
