use openssl::memcmp;
use trent_shared::{Entropy, SecretBytes};

use crate::hash::{Hmac, Sha224, Sha256, Sha384, Sha512};
use crate::{IncompatibleAlgorithm, KeyMaterial, KeySpec, MacAlgorithm};

/// The secret of an HMAC key: as many random bytes as its algorithm's output has.
pub struct HmacMaterial {
    spec: KeySpec,
    secret: SecretBytes,
    hmac: AnyHmac,
}

/// HMAC with the hash function of the key's algorithm.
enum AnyHmac {
    Sha224(Hmac<Sha224>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl KeyMaterial {
    /// The MAC of a message, never truncated.
    pub fn mac(&self, algorithm: MacAlgorithm, message: &[u8]) -> Result<Vec<u8>, IncompatibleAlgorithm> {
        Ok(self.hmac(algorithm)?.mac(message))
    }

    /// Whether it is the MAC of the message, in time that tells nothing about the right one.
    pub fn verify_mac(
        &self,
        algorithm: MacAlgorithm,
        message: &[u8],
        mac: &[u8],
    ) -> Result<bool, IncompatibleAlgorithm> {
        let right = self.hmac(algorithm)?.mac(message);
        Ok(right.len() == mac.len() && memcmp::eq(&right, mac))
    }
}

impl HmacMaterial {
    pub(crate) fn generate(spec: KeySpec, algorithm: MacAlgorithm, entropy: &dyn Entropy) -> Self {
        let mut secret = vec![0; algorithm.len_in_bytes()];
        entropy.fill(&mut secret);
        Self::new(spec, algorithm, SecretBytes::new(secret))
    }

    fn new(spec: KeySpec, algorithm: MacAlgorithm, secret: SecretBytes) -> Self {
        let key = secret.expose();
        let hmac = match algorithm {
            MacAlgorithm::HmacSha224 => AnyHmac::Sha224(Hmac::new(key)),
            MacAlgorithm::HmacSha256 => AnyHmac::Sha256(Hmac::new(key)),
            MacAlgorithm::HmacSha384 => AnyHmac::Sha384(Hmac::new(key)),
            MacAlgorithm::HmacSha512 => AnyHmac::Sha512(Hmac::new(key)),
        };
        Self { spec, secret, hmac }
    }

    pub(crate) fn from_bytes(spec: KeySpec, algorithm: MacAlgorithm, bytes: &[u8]) -> Option<Self> {
        let fits = bytes.len() == algorithm.len_in_bytes();
        fits.then(|| Self::new(spec, algorithm, SecretBytes::new(bytes.to_vec())))
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) const fn secret(&self) -> &SecretBytes {
        &self.secret
    }

    fn mac(&self, message: &[u8]) -> Vec<u8> {
        match &self.hmac {
            AnyHmac::Sha224(hmac) => hmac.mac(&[message]).to_vec(),
            AnyHmac::Sha256(hmac) => hmac.mac(&[message]).to_vec(),
            AnyHmac::Sha384(hmac) => hmac.mac(&[message]).to_vec(),
            AnyHmac::Sha512(hmac) => hmac.mac(&[message]).to_vec(),
        }
    }
}

impl MacAlgorithm {
    /// The length of a MAC, and of a key's material (crypto.md §7).
    pub const fn len_in_bytes(self) -> usize {
        match self {
            Self::HmacSha224 => 28,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }
}
