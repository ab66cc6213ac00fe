use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey;
use trent_shared::{Entropy, SecretBytes};

use crate::key_pair::{Family, KeyPair};
use crate::{Algorithm, HmacMaterial, KeySpec, MacAlgorithm, MaterialId, SymmetricMaterial};

/// The secret of a KMS key, ready for use: parsing a private key costs more than using most, so that it is done once.
/// What the key can do is [`KeySpec::algorithms`]'s to say; every operation here asks it first.
///
/// Wiped when dropped, never printed, and not serialisable: whoever stores it has to write [`to_bytes`](Self::to_bytes).
pub enum KeyMaterial {
    /// A symmetric encryption key, for [`seal`](crate::seal) and [`open`](crate::open).
    Symmetric(SymmetricMaterial),
    /// An HMAC key.
    Hmac(Box<HmacMaterial>),
    /// The private key of an asymmetric key.
    KeyPair(KeyPair),
}

/// The bytes are no key material of this spec. It deliberately does not tell what is wrong with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key material of a {0} key")]
pub struct InvalidKeyMaterial(pub KeySpec);

/// The key's spec does not offer the algorithm. Shown in AWS's words (errors.md §6), without the full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Algorithm {algorithm} is incompatible with key spec {spec}")]
pub struct IncompatibleAlgorithm {
    /// AWS's name of the algorithm.
    pub algorithm: &'static str,
    pub spec: KeySpec,
}

/// OpenSSL could not do its work, for want of memory for example. Nothing that a caller sends leads here.
#[derive(Debug, thiserror::Error)]
#[error("OpenSSL failed")]
pub struct OpenSslFailure(#[from] ErrorStack);

impl KeyMaterial {
    /// Fresh material. That of RSA keys takes from tens of milliseconds (`RSA_2048`) to seconds (`RSA_4096`): call it
    /// where blocking does no harm.
    ///
    /// What is random bytes, or made from a random seed, comes from `entropy`. RSA and elliptic curve keys come from
    /// OpenSSL's own generator, which takes no other.
    pub fn generate(spec: KeySpec, entropy: &dyn Entropy) -> Result<Self, OpenSslFailure> {
        Ok(match Kind::of(spec) {
            Kind::Symmetric => Self::Symmetric(SymmetricMaterial::generate(entropy)),
            Kind::Hmac(algorithm) => Self::Hmac(Box::new(HmacMaterial::generate(spec, algorithm, entropy))),
            Kind::KeyPair(family) => Self::KeyPair(KeyPair::generate(spec, family, entropy)?),
        })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote for a key of this spec, and nothing else.
    pub fn from_bytes(spec: KeySpec, bytes: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        let material = match Kind::of(spec) {
            Kind::Symmetric => bytes.try_into().ok().map(Self::Symmetric),
            Kind::Hmac(algorithm) => HmacMaterial::from_bytes(spec, algorithm, bytes).map(Box::new).map(Self::Hmac),
            Kind::KeyPair(family) => KeyPair::from_bytes(spec, family, bytes).map(Self::KeyPair),
        };
        material.ok_or(InvalidKeyMaterial(spec))
    }

    /// Takes material from outside: raw for symmetric encryption and HMAC keys, PKCS#8 for private keys, in BER or DER
    /// for RSA and elliptic curves, in DER for Ed25519 (crypto.md §10.2). All that can be checked is, down to the primes
    /// of an RSA key, which may take half a second. The same key in another encoding becomes the same material.
    ///
    /// Post-quantum keys are refused: they cannot be imported
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html>).
    pub fn import(spec: KeySpec, bytes: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        match Kind::of(spec) {
            Kind::Symmetric | Kind::Hmac(_) => Self::from_bytes(spec, bytes),
            Kind::KeyPair(family) => {
                KeyPair::import(spec, family, bytes).map(Self::KeyPair).ok_or(InvalidKeyMaterial(spec))
            }
        }
    }

    /// Takes material as people have it at hand: raw for symmetric encryption and HMAC keys; private keys in PKCS#8, PKCS#1
    /// or SEC 1, in DER or PEM, not encrypted. Unlike [`import`](Self::import) it takes post-quantum keys, if they come with
    /// their seed, and does not prove primes.
    pub fn from_any_encoding(spec: KeySpec, bytes: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        match Kind::of(spec) {
            Kind::Symmetric | Kind::Hmac(_) => Self::from_bytes(spec, bytes),
            Kind::KeyPair(family) => {
                KeyPair::from_any_encoding(spec, family, bytes).map(Self::KeyPair).ok_or(InvalidKeyMaterial(spec))
            }
        }
    }

    /// The form for storage: the bytes themselves for symmetric encryption and HMAC keys, PKCS#8 in DER for private
    /// keys, in the forms of [`generate_data_key_pair`](crate::generate_data_key_pair).
    pub fn to_bytes(&self) -> SecretBytes {
        match self {
            Self::Symmetric(symmetric) => SecretBytes::new(symmetric.expose().to_vec()),
            Self::Hmac(hmac) => hmac.secret().clone(),
            Self::KeyPair(pair) => pair.private_key().clone(),
        }
    }

    /// The spec of the key that the material is for.
    pub fn spec(&self) -> KeySpec {
        match self {
            Self::Symmetric(_) => KeySpec::SymmetricDefault,
            Self::Hmac(hmac) => hmac.spec(),
            Self::KeyPair(pair) => pair.spec(),
        }
    }

    /// The id of this material in the key `key_id`. It depends on nothing else, as [`SymmetricMaterial::id`] explains.
    pub fn id(&self, key_id: &str) -> MaterialId {
        match self {
            Self::Symmetric(symmetric) => symmetric.id(key_id),
            Self::Hmac(hmac) => MaterialId::derive(hmac.secret().expose(), key_id),
            Self::KeyPair(pair) => MaterialId::derive(pair.private_key().expose(), key_id),
        }
    }

    /// The material of a symmetric encryption key.
    pub fn symmetric(&self) -> Option<&SymmetricMaterial> {
        match self {
            Self::Symmetric(symmetric) => Some(symmetric),
            Self::Hmac(_) | Self::KeyPair(_) => None,
        }
    }

    /// The public key of an asymmetric key: `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) in DER.
    pub fn public_key(&self) -> Option<&[u8]> {
        match self {
            Self::KeyPair(pair) => Some(pair.public_key()),
            Self::Symmetric(_) | Self::Hmac(_) => None,
        }
    }

    /// The key pair of a key that offers the algorithm.
    pub(crate) fn key_pair(&self, algorithm: impl Algorithm) -> Result<&KeyPair, IncompatibleAlgorithm> {
        match self {
            Self::KeyPair(pair) if algorithm.fits(pair.spec()) => Ok(pair),
            _ => Err(IncompatibleAlgorithm { algorithm: algorithm.name(), spec: self.spec() }),
        }
    }

    /// The HMAC material of a key that offers the algorithm.
    pub(crate) fn hmac(&self, algorithm: MacAlgorithm) -> Result<&HmacMaterial, IncompatibleAlgorithm> {
        match self {
            Self::Hmac(hmac) if algorithm.fits(hmac.spec()) => Ok(hmac),
            _ => Err(IncompatibleAlgorithm { algorithm: algorithm.name(), spec: self.spec() }),
        }
    }
}

/// What the material of a spec consists of.
pub(crate) enum Kind {
    Symmetric,
    Hmac(MacAlgorithm),
    KeyPair(Family),
}

impl Kind {
    pub(crate) const fn of(spec: KeySpec) -> Self {
        Self::KeyPair(match spec {
            KeySpec::SymmetricDefault => return Self::Symmetric,
            KeySpec::Hmac224 => return Self::Hmac(MacAlgorithm::HmacSha224),
            KeySpec::Hmac256 => return Self::Hmac(MacAlgorithm::HmacSha256),
            KeySpec::Hmac384 => return Self::Hmac(MacAlgorithm::HmacSha384),
            KeySpec::Hmac512 => return Self::Hmac(MacAlgorithm::HmacSha512),
            KeySpec::Rsa2048 => Family::Rsa { bits: 2048 },
            KeySpec::Rsa3072 => Family::Rsa { bits: 3072 },
            KeySpec::Rsa4096 => Family::Rsa { bits: 4096 },
            KeySpec::EccNistP256 => Family::EllipticCurve(Nid::X9_62_PRIME256V1),
            KeySpec::EccNistP384 => Family::EllipticCurve(Nid::SECP384R1),
            KeySpec::EccNistP521 => Family::EllipticCurve(Nid::SECP521R1),
            KeySpec::EccSecgP256k1 => Family::EllipticCurve(Nid::SECP256K1),
            KeySpec::Sm2 => Family::EllipticCurve(Nid::SM2),
            KeySpec::EccNistEdwards25519 => Family::Ed25519,
            KeySpec::MlDsa44 => Family::MlDsa(pkey::KeyType::ML_DSA_44),
            KeySpec::MlDsa65 => Family::MlDsa(pkey::KeyType::ML_DSA_65),
            KeySpec::MlDsa87 => Family::MlDsa(pkey::KeyType::ML_DSA_87),
            KeySpec::MlKem512 => Family::MlKem(pkey::KeyType::ML_KEM_512),
            KeySpec::MlKem768 => Family::MlKem(pkey::KeyType::ML_KEM_768),
            KeySpec::MlKem1024 => Family::MlKem(pkey::KeyType::ML_KEM_1024),
        })
    }
}
