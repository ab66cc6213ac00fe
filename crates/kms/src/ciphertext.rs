//! Making and opening ciphertexts on behalf of the operations: Encrypt, Decrypt, ReEncrypt and the data keys.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_smithy_types::Blob;
use trent_kms_core::{CiphertextBlob, CiphertextKind, EncryptionAlgorithm, EncryptionContext, MaterialId, open, seal};
use trent_shared::{ApiError, Context, SecretBytes};

use crate::Kms;
use crate::access::{Asked, AuthorizedKey};
use crate::action::Action;
use crate::api::{DryRunModifierType, EncryptionAlgorithmSpec, errors};
use crate::conditions::{Fact, key as condition};
use crate::messages;
use crate::names::same_name;

/// How many bytes a plaintext has, in requests as in answers (the model's PlaintextType).
const PLAINTEXT_LEN: RangeInclusive<usize> = 1..=4096;

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
    /// `None` where the ciphertext names none.
    pub(crate) material_id: Option<MaterialId>,
}

/// The encryption algorithm of a request; symmetric unless told.
pub(crate) fn encryption_algorithm(asked: Option<EncryptionAlgorithmSpec>) -> Result<EncryptionAlgorithm, ApiError> {
    asked.map_or(Ok(EncryptionAlgorithm::SymmetricDefault), |algorithm| same_name(algorithm.as_str()))
}

/// The encryption context of a request; none and an empty one are the same.
pub(crate) fn encryption_context(asked: Option<BTreeMap<String, String>>) -> EncryptionContext {
    asked.map(EncryptionContext::from).unwrap_or_default()
}

/// What every encryption and decryption tells policies of itself.
pub(crate) fn encryption_facts(algorithm: EncryptionAlgorithm, context: &EncryptionContext) -> [Fact<'_>; 2] {
    [Fact::Text(condition::ENCRYPTION_ALGORITHM, algorithm.as_str()), Fact::EncryptionContext(context)]
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
    /// Encrypts with a symmetric encryption key's current material. Returns that material's id too.
    pub(crate) fn seal(
        &self,
        key: &AuthorizedKey,
        kind: CiphertextKind,
        plaintext: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<(Blob, MaterialId), ApiError> {
        let current = key.current_material()?;
        let material = current.key.symmetric().ok_or_else(ApiError::internal_failure)?;
        let blob = seal(material, &current.id, kind, plaintext.expose(), context, &*self.entropy)
            .map_err(|error| messages::crypto(&error))?;
        Ok((Blob::new(blob), current.id))
    }

    /// Encrypts as Encrypt and ReEncrypt do, with whichever algorithm the key has. Returns the id of the material too,
    /// where the ciphertext names one.
    pub(crate) fn encrypt(
        &self,
        key: &AuthorizedKey,
        algorithm: EncryptionAlgorithm,
        plaintext: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<(Blob, Option<MaterialId>), ApiError> {
        if algorithm == EncryptionAlgorithm::SymmetricDefault {
            let (blob, id) = self.seal(key, CiphertextKind::Message, plaintext, context)?;
            return Ok((blob, Some(id)));
        }
        refuse_context(context)?;
        let ciphertext = key.current_material()?.key.encrypt(algorithm, plaintext.expose());
        Ok((Blob::new(ciphertext.map_err(messages::encryption)?), None))
    }

    /// Finds the key of a ciphertext, checks that it may be used and is the one that the caller named, and decrypts.
    pub(crate) async fn open(
        &self,
        cx: &Context,
        action: Action,
        sealed: &Sealed,
        asked: Asked<'_>,
    ) -> Result<Opened, ApiError> {
        if let (true, Some(key_id)) = (sealed.is_ignored, &sealed.key_id) {
            self.key(cx, key_id).asking(asked).for_action(action).await?.require(sealed.algorithm)?;
            return Err(messages::dry_run_succeeded());
        }
        let bytes = sealed.blob.as_ref().ok_or_else(messages::ciphertext_required)?.as_ref();
        if sealed.algorithm == EncryptionAlgorithm::SymmetricDefault {
            self.open_symmetric(cx, action, sealed, bytes, asked).await
        } else {
            self.open_asymmetric(cx, action, sealed, bytes, asked).await
        }
    }

    /// Whether a ciphertext is one of the very key that it is to be encrypted under again.
    pub(crate) async fn opens_itself(&self, cx: &Context, sealed: &Sealed, destination: &str) -> bool {
        let Ok(destination) = self.key(cx, destination).resolve(Action::ReEncryptTo).await else { return false };
        let source = if let Some(key_id) = &sealed.key_id {
            self.key(cx, key_id).resolve(Action::ReEncryptFrom).await
        } else {
            let blob = sealed.blob.as_ref().and_then(|blob| CiphertextBlob::parse(blob.as_ref()).ok());
            let Some(blob) = blob else { return false };
            self.key_of_ciphertext(cx, &blob).resolve(Action::ReEncryptFrom).await
        };
        source.is_ok_and(|source| source == destination)
    }

    /// The key is found by the ciphertext itself, or must be the one that the ciphertext is of.
    async fn open_symmetric(
        &self,
        cx: &Context,
        action: Action,
        sealed: &Sealed,
        bytes: &[u8],
        asked: Asked<'_>,
    ) -> Result<Opened, ApiError> {
        let invalid = |_| errors::INVALID_CIPHERTEXT.bare();
        let parsed = CiphertextBlob::parse(bytes).map_err(invalid);
        let (key, blob) = if let Some(key_id) = &sealed.key_id {
            // What was sent may be anything; the key that was named is looked at first (operations.md §1.2).
            let lookup = match &parsed {
                Ok(blob) => self.key_to_open(cx, key_id, blob),
                Err(_) => self.key(cx, key_id),
            };
            (lookup.asking(asked).for_action(action).await?, parsed?)
        } else {
            let blob = parsed?;
            (self.key_of_ciphertext(cx, &blob).asking(asked).for_action(action).await?, blob)
        };
        // That the ciphertext is another key's is told whatever that key is for (recorded for HMAC keys).
        let material = key.material(blob.material_id()).ok_or_else(messages::incorrect_key)?;
        let symmetric = material.key.symmetric().ok_or_else(messages::incorrect_key)?;
        let plaintext = open(symmetric, &blob, &sealed.context).map_err(invalid)?;
        let material_id = Some(material.id);
        Ok(Opened { plaintext, key, material_id })
    }

    /// The ciphertext tells nothing, so the caller must name the key.
    async fn open_asymmetric(
        &self,
        cx: &Context,
        action: Action,
        sealed: &Sealed,
        bytes: &[u8],
        asked: Asked<'_>,
    ) -> Result<Opened, ApiError> {
        let key_id = sealed.key_id.as_ref().ok_or_else(messages::key_id_required)?;
        let key = self.key(cx, key_id).asking(asked).for_action(action).await?;
        key.require(sealed.algorithm)?;
        refuse_context(&sealed.context)?;
        let decrypted = key.current_material()?.key.decrypt(sealed.algorithm, bytes);
        // Made elsewhere, it may hold what no Plaintext can be. How AWS refuses that is not recorded.
        let plaintext = decrypted.ok().filter(|plaintext| PLAINTEXT_LEN.contains(&plaintext.expose().len()));
        let plaintext = plaintext.ok_or_else(|| errors::INVALID_CIPHERTEXT.bare())?;
        Ok(Opened { plaintext, key, material_id: None })
    }
}

/// Asymmetric algorithms bind no context; an empty one is none (recorded).
fn refuse_context(context: &EncryptionContext) -> Result<(), ApiError> {
    if context.is_empty() { Ok(()) } else { Err(messages::context_unsupported()) }
}
