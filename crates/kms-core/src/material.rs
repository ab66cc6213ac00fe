use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use trent_shared::Entropy;
use zeroize::Zeroizing;

use crate::hash::{Hmac, Sha2, Sha256};

/// Names one piece of key material of one key: 16 bytes that tell the key, and 16 that tell the material. Ciphertexts carry
/// it, so that they find their key, and their material after rotations and in every Region of a multi-Region key. Shown
/// as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaterialId([u8; 32]);

/// The half of a [`MaterialId`] that is the same for all materials of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyTag([u8; KeyTag::LEN]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key material id is 64 lower-case hexadecimal digits")]
pub struct InvalidMaterialId;

/// The 256 bits of a symmetric encryption key. Wiped when dropped, never printed, and not serialisable: whoever stores
/// it has to write [`expose`](Self::expose).
pub struct SymmetricMaterial {
    bytes: Zeroizing<[u8; SymmetricMaterial::LEN]>,
    /// Derives a key for each message.
    derivation: Hmac<Sha256>,
}

/// Symmetric material is exactly 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("symmetric key material is exactly {} bytes", SymmetricMaterial::LEN)]
pub struct InvalidMaterial;

impl SymmetricMaterial {
    /// The length in bytes.
    pub const LEN: usize = 32;

    /// Fresh material.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        entropy.fill(bytes.as_mut_slice());
        Self::new(bytes)
    }

    fn new(bytes: Zeroizing<[u8; Self::LEN]>) -> Self {
        Self { derivation: Hmac::new(bytes.as_slice()), bytes }
    }

    /// The one way to the bytes: its name shows up wherever material is read.
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }

    /// The id of this material in the key `key_id`. It depends on nothing else, so that the same material imported
    /// again, or replicated to another Region, keeps its id; and it tells nothing about the material.
    pub fn id(&self, key_id: &str) -> MaterialId {
        MaterialId::derive_with(&self.derivation, key_id)
    }

    /// The key of one message, as the "KMS Cryptographic Details" paper has it.
    pub(crate) fn message_key(&self, nonce: &[u8]) -> Zeroizing<[u8; 32]> {
        derive(&self.derivation, b"trent/kms/message-key", nonce)
    }
}

/// 256 bits derived from material: NIST SP 800-108 in counter mode with HMAC-SHA-256, one block long.
///
/// INVARIANT: no label contains a zero byte, so that label and context cannot be mistaken for each other.
fn derive(material: &Hmac<Sha256>, label: &'static [u8], context: &[u8]) -> Zeroizing<[u8; 32]> {
    const FIRST_BLOCK: [u8; 4] = 1_u32.to_be_bytes();
    const OUTPUT_BITS: [u8; 4] = 256_u32.to_be_bytes();
    material.mac(&[&FIRST_BLOCK, label, &[0], context, &OUTPUT_BITS])
}

impl MaterialId {
    /// See [`SymmetricMaterial::id`]; the same for material of any kind and length.
    pub(crate) fn derive(material: &[u8], key_id: &str) -> Self {
        Self::derive_with(&Hmac::new(material), key_id)
    }

    fn derive_with(material: &Hmac<Sha256>, key_id: &str) -> Self {
        let mut id = *derive(material, b"trent/kms/material-id", key_id.as_bytes());
        let (tag, _) = id.split_at_mut(KeyTag::LEN);
        tag.copy_from_slice(KeyTag::of(key_id).as_bytes());
        Self(id)
    }

    /// Which key it is a material of.
    pub fn key_tag(&self) -> KeyTag {
        let (tag, _) = self.0.split_first_chunk().unwrap_or((&[0; KeyTag::LEN], &[]));
        KeyTag(*tag)
    }

    /// Hands the text over without allocating: nearly every answer carries one.
    fn with_text<T>(&self, use_it: impl FnOnce(&str) -> T) -> T {
        let mut text = [0; 64];
        // Two digits a byte fit exactly, and are ASCII.
        let written = hex::encode_to_slice(self.0, &mut text).is_ok();
        use_it(if written { str::from_utf8(&text).unwrap_or_default() } else { "" })
    }

    /// The id as ciphertexts carry it.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl KeyTag {
    /// The length in bytes.
    pub const LEN: usize = 16;

    /// The tag of the key `key_id`.
    pub fn of(key_id: &str) -> Self {
        let digest = Sha256::finish(Sha256::start(), [b"trent/kms/key-tag".as_slice(), key_id.as_bytes()]);
        let (tag, _) = digest.split_first_chunk().unwrap_or((&[0; Self::LEN], &[]));
        Self(*tag)
    }

    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; 32]> for MaterialId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for MaterialId {
    type Err = InvalidMaterialId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| InvalidMaterialId)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(InvalidMaterialId);
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for MaterialId {
    type Error = InvalidMaterialId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MaterialId> for String {
    fn from(id: MaterialId) -> Self {
        id.with_text(str::to_owned)
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

impl fmt::Debug for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<&[u8]> for SymmetricMaterial {
    type Error = InvalidMaterial;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(|bytes| Self::new(Zeroizing::new(bytes))).map_err(|_| InvalidMaterial)
    }
}

impl fmt::Debug for SymmetricMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn material(byte: u8) -> SymmetricMaterial {
        SymmetricMaterial::try_from([byte; 32].as_slice()).expect("32 bytes")
    }

    #[test]
    fn ids_depend_on_key_and_material_alone() {
        let id = material(1).id("mrk-1");
        assert_eq!(id, material(1).id("mrk-1"));
        assert_ne!(id, material(1).id("mrk-2"));
        assert_ne!(id, material(2).id("mrk-1"));
    }

    #[test]
    fn ids_are_64_lower_case_hexadecimal_digits() {
        let id = material(1).id("key");
        let text = id.to_string();
        assert_eq!(text.len(), 64);
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(serde_json::to_string(&id).expect("serialises"), format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<MaterialId>(&format!("\"{text}\"")).expect("reads back"), id);
        for wrong in ["", &text[1..], &format!("{text}0"), &"A".repeat(64), &"g".repeat(64)] {
            assert_eq!(wrong.parse::<MaterialId>(), Err(InvalidMaterialId), "{wrong}");
        }
    }

    #[test]
    fn material_is_32_bytes_and_never_printed() {
        for wrong in [0, 16, 31, 33, 64] {
            assert_eq!(SymmetricMaterial::try_from(vec![0; wrong].as_slice()).err(), Some(InvalidMaterial));
        }
        assert_eq!(format!("{:?}", material(7)), "[secret]");
    }
}
