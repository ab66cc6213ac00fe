//! Encapsulate and Decapsulate.

use trent_openssl_extras as extras;
use trent_shared::SecretBytes;

use crate::{EncapsulationAlgorithm, IncompatibleAlgorithm, InvalidCiphertext, KeyMaterial, OpenSslFailure};

/// A fresh shared secret and its ciphertext.
pub struct Encapsulation {
    pub ciphertext: Vec<u8>,
    /// 32 bytes.
    pub shared_secret: SecretBytes,
}

/// Why there is no fresh shared secret.
#[derive(Debug, thiserror::Error)]
pub enum EncapsulationError {
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    #[error(transparent)]
    Failed(#[from] OpenSslFailure),
}

/// Why a ciphertext yields no shared secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecapsulationError {
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    /// Its length is wrong; anything else leads to a secret that nobody shares.
    #[error(transparent)]
    InvalidCiphertext(#[from] InvalidCiphertext),
}

impl KeyMaterial {
    /// Makes a shared secret for whoever may decapsulate with this key (FIPS 203 §7.2).
    pub fn encapsulate(&self, algorithm: EncapsulationAlgorithm) -> Result<Encapsulation, EncapsulationError> {
        let made = extras::encapsulate(&self.key_pair(algorithm)?.key).map_err(OpenSslFailure::from)?;
        let mut shared_secret = made.shared_secret;
        Ok(Encapsulation {
            ciphertext: made.ciphertext,
            shared_secret: SecretBytes::new(std::mem::take(&mut *shared_secret)),
        })
    }

    /// The shared secret of a ciphertext, or, if the ciphertext was not made for this key, one that depends on both and
    /// that nobody else knows (implicit rejection, FIPS 203 §7.3).
    pub fn decapsulate(
        &self,
        algorithm: EncapsulationAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, DecapsulationError> {
        let pair = self.key_pair(algorithm)?;
        let mut shared_secret = extras::decapsulate(&pair.key, ciphertext).map_err(|_| InvalidCiphertext)?;
        Ok(SecretBytes::new(std::mem::take(&mut *shared_secret)))
    }
}
