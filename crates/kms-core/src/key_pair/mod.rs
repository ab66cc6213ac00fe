//! Asymmetric keys: how OpenSSL makes, reads and holds them. What they do is in the modules beneath.

mod agreement;
mod contexts;
mod elliptic_curve;
mod encapsulation;
mod encodings;
mod encryption;
mod pkcs8;
mod pss;
#[cfg(test)]
mod public_key_vectors;
mod rsa_numbers;
mod signing;

use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, KeyType, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use trent_shared::{Entropy, SecretBytes};
use zeroize::Zeroizing;

pub use agreement::AgreementError;
pub use encapsulation::{DecapsulationError, Encapsulation, EncapsulationError};
pub use encryption::{DecryptionError, EncryptionError};
pub use signing::{InvalidSignature, MessageError, MessageType, SigningInput};

use self::contexts::IdleContexts;
use self::pss::PublicRsa;
use crate::{KeySpec, OpenSslFailure};

/// A private key as OpenSSL holds it, with the encodings of both halves.
pub struct KeyPair {
    spec: KeySpec,
    family: Family,
    key: PKey<Private>,
    signing: IdleContexts<Private>,
    verifying: IdleContexts<Private>,
    public_rsa: PublicRsa,
    public_key: Box<[u8]>,
    private_key: SecretBytes,
}

/// What OpenSSL needs to know of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Rsa { bits: u32 },
    EllipticCurve(Nid),
    Ed25519,
    MlDsa(KeyType),
    MlKem(KeyType),
}

impl KeyPair {
    pub(crate) fn generate(spec: KeySpec, family: Family, entropy: &dyn Entropy) -> Result<Self, OpenSslFailure> {
        let key = match family {
            Family::Rsa { bits } => {
                let mut ctx = PkeyCtx::new_id(Id::RSA)?;
                ctx.keygen_init()?;
                ctx.set_rsa_keygen_bits(bits)?;
                ctx.keygen()?
            }
            Family::EllipticCurve(curve) => elliptic_curve::generate(curve)?,
            Family::Ed25519 => PKey::private_key_from_raw_bytes(seed::<32>(entropy).as_slice(), Id::ED25519)?,
            // FIPS 204 §5.1: ξ has 32 bytes. FIPS 203 §7.1: d and z have 32 bytes each.
            Family::MlDsa(kind) => PKey::private_key_from_seed(None, kind, None, seed::<32>(entropy).as_slice())?,
            Family::MlKem(kind) => PKey::private_key_from_seed(None, kind, None, seed::<64>(entropy).as_slice())?,
        };
        Ok(Self::new(spec, family, key)?)
    }

    /// Reads the one encoding that [`private_key`](Self::private_key) has.
    pub(crate) fn from_bytes(spec: KeySpec, family: Family, bytes: &[u8]) -> Option<Self> {
        let key = PKey::private_key_from_pkcs8(bytes).ok()?;
        let is_sound = match family {
            Family::Rsa { bits } => key.id() == Id::RSA && rsa_numbers::are_consistent(bytes, bits)?,
            Family::EllipticCurve(curve) => elliptic_curve::canonical(&key, curve)?.expose() == bytes,
            Family::Ed25519 => key.id() == Id::ED25519,
            Family::MlDsa(kind) | Family::MlKem(kind) => key.is_a(kind),
        };
        let pair = is_sound.then(|| Self::new(spec, family, key).ok()).flatten()?;
        (pair.private_key.expose() == bytes).then_some(pair)
    }

    /// Reads any PKCS#8 encoding of a key that can be imported, and checks what is too costly for
    /// [`from_bytes`](Self::from_bytes).
    pub(crate) fn import(spec: KeySpec, family: Family, bytes: &[u8]) -> Option<Self> {
        match family {
            Family::Rsa { .. } => {
                let canonical = SecretBytes::new(pkcs8::parse(bytes)?.private_key_to_pkcs8().ok()?);
                let pair = Self::from_bytes(spec, family, canonical.expose())?;
                rsa_numbers::are_prime(canonical.expose())?.then_some(pair)
            }
            Family::EllipticCurve(curve) => {
                let key = pkcs8::parse(bytes)?;
                let canonical = elliptic_curve::canonical(&key, curve)?;
                Self::from_bytes(spec, family, canonical.expose())
            }
            Family::Ed25519 => Self::from_bytes(spec, family, bytes),
            Family::MlDsa(_) | Family::MlKem(_) => None,
        }
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub(crate) const fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// PKCS#8 `PrivateKeyInfo` in DER.
    pub(crate) const fn private_key(&self) -> &SecretBytes {
        &self.private_key
    }

    fn new(spec: KeySpec, family: Family, key: PKey<Private>) -> Result<Self, ErrorStack> {
        let public_key = key.public_key_to_der()?.into_boxed_slice();
        let private_key = pkcs8::encode(&key, family, &public_key)?;
        let (signing, verifying, public_rsa) = (IdleContexts::new(), IdleContexts::new(), PublicRsa::new());
        Ok(Self { spec, family, key, signing, verifying, public_rsa, public_key, private_key })
    }
}

fn seed<const LEN: usize>(entropy: &dyn Entropy) -> Zeroizing<[u8; LEN]> {
    let mut seed = Zeroizing::new([0; LEN]);
    entropy.fill(seed.as_mut_slice());
    seed
}
