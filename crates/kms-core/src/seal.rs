//! Symmetric encryption as KMS does it: AES-256-GCM under a key that serves one message only, derived from the key
//! material and a random nonce, so that neither IVs nor the amount of data ever wear a KMS key out.

use std::sync::LazyLock;

use openssl::cipher::{Cipher, CipherRef};
use openssl::cipher_ctx::CipherCtx;
use openssl::error::ErrorStack;
use trent_shared::{Entropy, SecretBytes};
use zeroize::Zeroizing;

use crate::ciphertext::{
    CiphertextBlob, CiphertextKind, IV_LEN, InvalidCiphertext, NONCE_LEN, TAG_LEN, blob_len, write_der_prefix,
    write_header,
};
use crate::{EncryptionContext, MaterialId, SymmetricMaterial};

/// The longest plaintext whose ciphertext fits the model's `CiphertextType` of 6,144 bytes. That Encrypt takes
/// at most 4,096 bytes is a rule of that operation.
pub const MAX_PLAINTEXT_LEN: usize = 5_982;

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The ciphertext would exceed 6,144 bytes.
    #[error("a plaintext has at most {MAX_PLAINTEXT_LEN} bytes")]
    TooLong,
    /// OpenSSL could not do its work, for want of memory for example.
    #[error("encryption failed")]
    OpenSsl(#[from] ErrorStack),
}

/// Stands in front of every plaintext inside the encryption, where AWS's ciphertexts have eleven unpublished bytes.
/// It names the version of what follows. Being known, it also keeps anyone from building a ciphertext that opens under
/// two keys, which GCM alone does not.
const INNER_HEADER: &[u8; 11] = b"trent-kms/1";

/// Encrypts `plaintext`. The whole header of the blob and the encryption context are authenticated with it.
pub fn seal(
    material: &SymmetricMaterial,
    material_id: &MaterialId,
    kind: CiphertextKind,
    plaintext: &[u8],
    context: &EncryptionContext,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    if plaintext.len() > MAX_PLAINTEXT_LEN {
        return Err(SealError::TooLong);
    }
    let content_len = u16::try_from(INNER_HEADER.len() + plaintext.len() + TAG_LEN).map_err(|_| SealError::TooLong)?;
    let mut random = [0; NONCE_LEN + IV_LEN];
    entropy.fill(&mut random);
    let (nonce, iv) = random.split_at(NONCE_LEN);

    let mut blob = Vec::with_capacity(blob_len(content_len));
    write_header(&mut blob, kind, material_id, nonce);
    let mut ctx = CipherCtx::new()?;
    ctx.encrypt_init(Some(aes_256_gcm()), Some(material.message_key(nonce).as_slice()), Some(iv))?;
    ctx.cipher_update(&blob, None)?;
    ctx.cipher_update(&context.canonical_bytes(), None)?;

    write_der_prefix(&mut blob, iv, content_len);
    ctx.cipher_update_vec(INNER_HEADER, &mut blob)?;
    ctx.cipher_update_vec(plaintext, &mut blob)?;
    ctx.cipher_final(&mut [])?;
    let mut tag = [0; TAG_LEN];
    ctx.tag(&mut tag)?;
    blob.extend_from_slice(&tag);
    Ok(blob)
}

/// Decrypts what [`seal`] made with the same material and an equal context. Anything else is refused alike.
pub fn open(
    material: &SymmetricMaterial,
    blob: &CiphertextBlob<'_>,
    context: &EncryptionContext,
) -> Result<SecretBytes, InvalidCiphertext> {
    let (inner_header, sealed) = blob.sealed.split_first_chunk::<{ INNER_HEADER.len() }>().ok_or(InvalidCiphertext)?;
    let mut found_header = [0; INNER_HEADER.len()];
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut decrypt = || -> Result<(), ErrorStack> {
        let mut ctx = CipherCtx::new()?;
        ctx.decrypt_init(Some(aes_256_gcm()), Some(material.message_key(blob.nonce).as_slice()), Some(blob.iv))?;
        ctx.set_tag(blob.tag)?;
        ctx.cipher_update(blob.header, None)?;
        ctx.cipher_update(&context.canonical_bytes(), None)?;
        ctx.cipher_update(inner_header, Some(&mut found_header))?;
        ctx.cipher_update_vec(sealed, &mut plaintext)?;
        // Compares the tag; nothing decrypted may leave before.
        ctx.cipher_final(&mut [])?;
        Ok(())
    };
    decrypt().map_err(|_| InvalidCiphertext)?;
    if found_header != *INNER_HEADER {
        return Err(InvalidCiphertext);
    }
    Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
}

/// The cipher, looked up among OpenSSL's providers once: `Cipher::aes_256_gcm()` alone would repeat that for each message.
fn aes_256_gcm() -> &'static CipherRef {
    static FETCHED: LazyLock<Option<Cipher>> = LazyLock::new(|| Cipher::fetch(None, "AES-256-GCM", None).ok());
    FETCHED.as_deref().unwrap_or_else(|| Cipher::aes_256_gcm())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    /// Counts, so that no two draws are alike.
    #[derive(Default)]
    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn key(byte: u8) -> (SymmetricMaterial, MaterialId) {
        let material = SymmetricMaterial::try_from([byte; 32].as_slice()).expect("32 bytes");
        let id = material.id("1234abcd-12ab-34cd-56ef-1234567890ab");
        (material, id)
    }

    fn context<const N: usize>(pairs: [(&str, &str); N]) -> EncryptionContext {
        EncryptionContext::from_iter(pairs)
    }

    fn sealed(plaintext: &[u8], context: &EncryptionContext) -> Vec<u8> {
        let (material, id) = key(1);
        seal(&material, &id, CiphertextKind::Message, plaintext, context, &Counting::default()).expect("seals")
    }

    fn opened(byte: u8, blob: &[u8], context: &EncryptionContext) -> Result<Vec<u8>, InvalidCiphertext> {
        Ok(open(&key(byte).0, &CiphertextBlob::parse(blob)?, context)?.expose().to_vec())
    }

    #[test]
    fn ciphertexts_are_as_long_as_recorded_ones() {
        for (plaintext, ciphertext) in
            [(22, 174), (27, 179), (32, 184), (48, 201), (144, 301), (150, 307), (194, 355), (250, 412)]
        {
            assert_eq!(sealed(&vec![0; plaintext], &context([])).len(), ciphertext, "{plaintext}");
        }
        assert_eq!(sealed(&[0; MAX_PLAINTEXT_LEN], &context([])).len(), 6_144);
    }

    #[test]
    fn the_output_is_allocated_once() {
        let blob = sealed(&[0; 1024], &context([]));
        assert_eq!(blob.capacity(), blob.len());
    }

    #[test]
    fn the_blob_names_kind_and_material() {
        let (material, id) = key(1);
        for (kind, prefix) in
            [(CiphertextKind::Message, [1, 2, 2, 0, 0x78]), (CiphertextKind::DataKey, [1, 2, 3, 0, 0x78])]
        {
            let blob = seal(&material, &id, kind, b"x", &context([]), &Counting::default()).expect("seals");
            assert!(blob.starts_with(&prefix));
            let parsed = CiphertextBlob::parse(&blob).expect("parses");
            assert_eq!((parsed.kind(), parsed.material_id()), (kind, id));
        }
    }

    #[test]
    fn too_long_a_plaintext_is_refused() {
        let (material, id) = key(1);
        for len in [MAX_PLAINTEXT_LEN + 1, 70_000] {
            let result =
                seal(&material, &id, CiphertextKind::Message, &vec![0; len], &context([]), &Counting::default());
            assert!(matches!(result, Err(SealError::TooLong)));
        }
    }

    #[test]
    fn every_changed_cut_or_appended_byte_is_refused() {
        let context = context([("purpose", "test")]);
        let blob = sealed(b"what the key protects", &context);
        for at in 0..blob.len() {
            for mask in 1..=u8::MAX {
                let mut changed = blob.clone();
                changed[at] ^= mask;
                assert_eq!(opened(1, &changed, &context), Err(InvalidCiphertext), "byte {at} ^ {mask:02x}");
            }
            let mut without = blob.clone();
            without.remove(at);
            assert_eq!(opened(1, &without, &context), Err(InvalidCiphertext), "without byte {at}");
            assert_eq!(opened(1, &blob[..at], &context), Err(InvalidCiphertext), "cut to {at}");
            assert_eq!(opened(1, &blob[at + 1..], &context), Err(InvalidCiphertext), "from {at}");
        }
        for at in 0..=blob.len() {
            for value in [0, 1, 0x30, 0x80, 0xff] {
                let mut longer = blob.clone();
                longer.insert(at, value);
                assert_eq!(opened(1, &longer, &context), Err(InvalidCiphertext), "{value:02x} inserted at {at}");
            }
        }
        assert_eq!(opened(1, &blob, &context).as_deref(), Ok(&b"what the key protects"[..]));
    }

    #[test]
    fn another_context_or_key_is_refused() {
        let right = context([("ab", "c"), ("d", "e")]);
        let blob = sealed(b"secret", &right);
        assert!(opened(1, &blob, &context([("d", "e"), ("ab", "c")])).is_ok(), "order does not matter");
        for wrong in [
            context([]),
            context([("ab", "c")]),
            context([("a", "bc"), ("d", "e")]),
            context([("abc", ""), ("d", "e")]),
            context([("ab", "cd"), ("", "e")]),
            context([("AB", "c"), ("d", "e")]),
            context([("ab", "c"), ("d", "e"), ("", "")]),
        ] {
            assert_eq!(opened(1, &blob, &wrong), Err(InvalidCiphertext), "{wrong:?}");
        }
        assert_eq!(opened(2, &blob, &right), Err(InvalidCiphertext));
    }

    #[test]
    fn equal_plaintexts_have_different_ciphertexts() {
        let ((material, id), entropy) = (key(1), Counting::default());
        let again = || seal(&material, &id, CiphertextKind::Message, b"same", &context([]), &entropy).expect("seals");
        assert_ne!(again()[38..], again()[38..]);
    }

    proptest! {
        #[test]
        fn open_undoes_seal(
            plaintext in vec(any::<u8>(), 0..4_200),
            pairs in btree_map(any::<String>(), any::<String>(), 0..6),
            other in btree_map(any::<String>(), any::<String>(), 0..6),
        ) {
            let (right, other) = (EncryptionContext::from(pairs), EncryptionContext::from(other));
            let blob = sealed(&plaintext, &right);
            prop_assert_eq!(opened(1, &blob, &right), Ok(plaintext));
            if other != right {
                prop_assert_eq!(opened(1, &blob, &other), Err(InvalidCiphertext));
            }
        }

        #[test]
        fn parsing_never_panics(bytes in vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(CiphertextBlob::parse(&bytes), Err(InvalidCiphertext));
        }
    }
}
