//! Key material from outside: how it is wrapped on its way in (crypto.md §10).

use std::sync::LazyLock;

use openssl::cipher::Cipher;
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::error::ErrorStack;
use trent_shared::SecretBytes;
use zeroize::Zeroizing;

use crate::named::named;
use crate::{EncryptionAlgorithm, InvalidCiphertext, KeyMaterial, KeySpec, KeyType};

named! {
    /// How key material is encrypted for import.
    pub enum WrappingAlgorithm {
        RsaesPkcs1V15 = "RSAES_PKCS1_V1_5",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

named! {
    /// The key under whose public half it is encrypted.
    pub enum WrappingKeySpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        Sm2 = "SM2",
    }
}

/// What an algorithm does with the wrapping key.
enum Method {
    /// The wrapping key encrypts the material itself.
    Direct(EncryptionAlgorithm),
    /// The wrapping key encrypts an AES-256 key, which wraps the material (RFC 5649).
    KeyWrap(EncryptionAlgorithm),
    /// AWS takes it no longer, since 2023-10-10.
    Retired,
}

impl WrappingKeySpec {
    /// The spec of the key pair that wraps.
    pub const fn key_spec(self) -> KeySpec {
        match self {
            Self::Rsa2048 => KeySpec::Rsa2048,
            Self::Rsa3072 => KeySpec::Rsa3072,
            Self::Rsa4096 => KeySpec::Rsa4096,
            Self::Sm2 => KeySpec::Sm2,
        }
    }
}

impl WrappingAlgorithm {
    /// Whether material for a key of spec `key` may come wrapped so.
    pub fn may_import(self, wrapping: WrappingKeySpec, key: KeySpec) -> bool {
        use KeySpec as K;
        if (wrapping == WrappingKeySpec::Sm2) != (self == Self::Sm2Pke) {
            return false;
        }
        let is_hmac = key.key_type() == KeyType::Hmac;
        let is_curve =
            matches!(key, K::EccNistP256 | K::EccNistP384 | K::EccNistP521 | K::EccSecgP256k1 | K::EccNistEdwards25519);
        // Its PKCS#8 is too long for OAEP under the smallest wrapping key (recorded).
        let fits = !(key == K::EccNistP521 && wrapping == WrappingKeySpec::Rsa2048);
        match self.method() {
            Method::Retired => false,
            Method::Direct(EncryptionAlgorithm::Sm2Pke) => matches!(key, K::SymmetricDefault | K::Sm2),
            Method::Direct(_) => key == K::SymmetricDefault || is_hmac || (is_curve && fits),
            Method::KeyWrap(_) => is_hmac || is_curve || matches!(key, K::Rsa2048 | K::Rsa3072 | K::Rsa4096),
        }
    }

    /// Decrypts wrapped material with the private half of the wrapping key. What comes out may still be anything:
    /// [`KeyMaterial::import`] decides.
    pub fn unwrap(self, wrapping_key: &KeyMaterial, wrapped: &[u8]) -> Result<SecretBytes, InvalidCiphertext> {
        match self.method() {
            Method::Retired => Err(InvalidCiphertext),
            Method::Direct(algorithm) => wrapping_key.decrypt(algorithm, wrapped).map_err(|_| InvalidCiphertext),
            Method::KeyWrap(algorithm) => {
                let encrypted_key_len = encrypted_len(wrapping_key.spec()).ok_or(InvalidCiphertext)?;
                let (encrypted_key, material) = wrapped.split_at_checked(encrypted_key_len).ok_or(InvalidCiphertext)?;
                let key = wrapping_key.decrypt(algorithm, encrypted_key).map_err(|_| InvalidCiphertext)?;
                unwrap_padded(&key, material)
            }
        }
    }

    const fn method(self) -> Method {
        match self {
            Self::RsaesPkcs1V15 => Method::Retired,
            Self::RsaesOaepSha1 => Method::Direct(EncryptionAlgorithm::RsaesOaepSha1),
            Self::RsaesOaepSha256 => Method::Direct(EncryptionAlgorithm::RsaesOaepSha256),
            Self::RsaAesKeyWrapSha1 => Method::KeyWrap(EncryptionAlgorithm::RsaesOaepSha1),
            Self::RsaAesKeyWrapSha256 => Method::KeyWrap(EncryptionAlgorithm::RsaesOaepSha256),
            Self::Sm2Pke => Method::Direct(EncryptionAlgorithm::Sm2Pke),
        }
    }
}

/// What RSA encrypts is as long as its modulus.
const fn encrypted_len(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::Rsa2048 => Some(256),
        KeySpec::Rsa3072 => Some(384),
        KeySpec::Rsa4096 => Some(512),
        _ => None,
    }
}

/// AES key unwrap with padding (RFC 5649), by an AES-256 key.
fn unwrap_padded(key: &SecretBytes, wrapped: &[u8]) -> Result<SecretBytes, InvalidCiphertext> {
    static CIPHER: LazyLock<Option<Cipher>> = LazyLock::new(|| Cipher::fetch(None, "AES-256-WRAP-PAD", None).ok());
    let cipher = CIPHER.as_ref().ok_or(InvalidCiphertext)?;
    // RFC 5649 wraps at least one byte, into at least two blocks of eight; OpenSSL's binding panics on other key lengths.
    if key.expose().len() != 32 || wrapped.len() < 16 || !wrapped.len().is_multiple_of(8) {
        return Err(InvalidCiphertext);
    }
    let mut material = Zeroizing::new(Vec::with_capacity(wrapped.len() + 16));
    let mut unwrap = || -> Result<(), ErrorStack> {
        let mut ctx = CipherCtx::new()?;
        ctx.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
        ctx.decrypt_init(Some(cipher), Some(key.expose()), None)?;
        ctx.cipher_update_vec(wrapped, &mut material)?;
        Ok(())
    };
    unwrap().map_err(|_| InvalidCiphertext)?;
    Ok(SecretBytes::new(std::mem::take(&mut *material)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_wrapped_key_is_refused() {
        let key = SecretBytes::new(vec![7; 32]);
        for wrong in [&[0_u8; 0][..], &[0; 8], &[0; 15], &[0; 16], &[0; 17], &[0; 64]] {
            assert_eq!(unwrap_padded(&key, wrong).err(), Some(InvalidCiphertext), "{}", wrong.len());
        }
        assert_eq!(unwrap_padded(&SecretBytes::new(vec![7; 16]), &[0; 16]).err(), Some(InvalidCiphertext));
    }

    #[test]
    fn the_retired_algorithm_imports_nothing() {
        for key in KeySpec::ALL {
            for wrapping in WrappingKeySpec::ALL {
                assert!(!WrappingAlgorithm::RsaesPkcs1V15.may_import(*wrapping, *key));
            }
        }
    }

    #[test]
    fn the_recorded_combinations_hold() {
        use {KeySpec as K, WrappingAlgorithm as A, WrappingKeySpec as W};
        for (algorithm, wrapping, key, allowed) in [
            (A::RsaesOaepSha256, W::Rsa2048, K::SymmetricDefault, true),
            (A::RsaAesKeyWrapSha256, W::Rsa2048, K::SymmetricDefault, false),
            (A::RsaesOaepSha256, W::Rsa4096, K::Rsa2048, false),
            (A::RsaAesKeyWrapSha1, W::Rsa2048, K::Rsa4096, true),
            (A::RsaesOaepSha256, W::Rsa2048, K::EccNistP384, true),
            (A::RsaesOaepSha256, W::Rsa2048, K::EccNistP521, false),
            (A::RsaesOaepSha1, W::Rsa3072, K::EccNistP521, true),
            (A::Sm2Pke, W::Sm2, K::Sm2, true),
            (A::Sm2Pke, W::Rsa2048, K::Sm2, false),
            (A::RsaesOaepSha256, W::Sm2, K::SymmetricDefault, false),
            (A::RsaAesKeyWrapSha256, W::Rsa4096, K::MlDsa44, false),
        ] {
            assert_eq!(algorithm.may_import(wrapping, key), allowed, "{algorithm} {wrapping} {key}");
        }
    }
}
