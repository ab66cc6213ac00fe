//! Encrypt and Decrypt with asymmetric keys.

use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::pkey::Private;
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;
use trent_shared::SecretBytes;
use zeroize::Zeroizing;

use super::Family;
use crate::der::{SEQUENCE, whole};
use crate::key_material::Kind;
use crate::{
    Algorithm, EncryptionAlgorithm, IncompatibleAlgorithm, InvalidCiphertext, KeyMaterial, KeySpec, OpenSslFailure,
};

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    /// Symmetric encryption keys come here too: they encrypt with [`seal`](crate::seal).
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    /// In AWS's words (errors.md §5), without the full stop.
    #[error("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes")]
    TooLong { algorithm: EncryptionAlgorithm, spec: KeySpec, longest: usize },
    #[error(transparent)]
    Failed(#[from] OpenSslFailure),
}

/// Why nothing was decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecryptionError {
    /// Symmetric encryption keys come here too: they decrypt with [`open`](crate::open).
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    #[error(transparent)]
    InvalidCiphertext(#[from] InvalidCiphertext),
}

impl KeyMaterial {
    /// Encrypts with the public key of an asymmetric key: OAEP (RFC 8017 §7.1) with MGF1 over the same hash function and
    /// an empty label, or SM2 (GB/T 32918.4) with the ciphertext in DER (GB/T 35276).
    pub fn encrypt(&self, algorithm: EncryptionAlgorithm, plaintext: &[u8]) -> Result<Vec<u8>, EncryptionError> {
        let pair = self.key_pair(algorithm)?;
        let longest = algorithm.max_plaintext_len(pair.spec).unwrap_or(0);
        if plaintext.len() > longest {
            return Err(EncryptionError::TooLong { algorithm, spec: pair.spec, longest });
        }
        let encrypt = || -> Result<Vec<u8>, ErrorStack> {
            let mut ctx = PkeyCtx::new(&pair.key)?;
            ctx.encrypt_init()?;
            set(&mut ctx, algorithm)?;
            let mut ciphertext = Vec::new();
            ctx.encrypt_to_vec(plaintext, &mut ciphertext)?;
            Ok(ciphertext)
        };
        Ok(encrypt().map_err(OpenSslFailure::from)?)
    }

    /// Decrypts with an asymmetric key what was encrypted under its public key, here or elsewhere.
    pub fn decrypt(&self, algorithm: EncryptionAlgorithm, ciphertext: &[u8]) -> Result<SecretBytes, DecryptionError> {
        let pair = self.key_pair(algorithm)?;
        // OpenSSL ignores what follows an SM2 ciphertext, and takes RSA's without their leading zeros (RFC 8017 §7.1.2
        // wants as many bytes as the modulus has).
        let has_its_length = match pair.family {
            Family::Rsa { .. } => ciphertext.len() == pair.key.size(),
            _ => whole(ciphertext, SEQUENCE).is_some(),
        };
        if !has_its_length {
            return Err(InvalidCiphertext.into());
        }
        let decrypt = || -> Result<SecretBytes, ErrorStack> {
            let mut ctx = PkeyCtx::new(&pair.key)?;
            ctx.decrypt_init()?;
            set(&mut ctx, algorithm)?;
            let mut plaintext = Zeroizing::new(Vec::new());
            ctx.decrypt_to_vec(ciphertext, &mut plaintext)?;
            Ok(SecretBytes::new(std::mem::take(&mut *plaintext)))
        };
        Ok(decrypt().map_err(|_| InvalidCiphertext)?)
    }
}

impl EncryptionAlgorithm {
    /// The longest plaintext that Encrypt takes with a key of this spec, in bytes; `None` if the two do not fit.
    pub fn max_plaintext_len(self, spec: KeySpec) -> Option<usize> {
        self.fits(spec).then_some(())?;
        // RFC 8017 §7.1.1.
        let oaep = |hash_len: usize| match Kind::of(spec) {
            Kind::KeyPair(Family::Rsa { bits }) => Some(usize::try_from(bits / 8).ok()? - 2 * hash_len - 2),
            _ => None,
        };
        match self {
            Self::SymmetricDefault => Some(4096),
            Self::RsaesOaepSha1 => oaep(20),
            Self::RsaesOaepSha256 => oaep(32),
            Self::Sm2Pke => Some(1024),
        }
    }
}

fn set(ctx: &mut PkeyCtxRef<Private>, algorithm: EncryptionAlgorithm) -> Result<(), ErrorStack> {
    let mut oaep = |md: &MdRef| {
        ctx.set_rsa_padding(Padding::PKCS1_OAEP)?;
        ctx.set_rsa_oaep_md(md)?;
        ctx.set_rsa_mgf1_md(md)
    };
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => oaep(Md::sha1()),
        EncryptionAlgorithm::RsaesOaepSha256 => oaep(Md::sha256()),
        EncryptionAlgorithm::Sm2Pke | EncryptionAlgorithm::SymmetricDefault => Ok(()),
    }
}
