//! Sign and Verify.

use std::borrow::Cow;

use openssl::error::ErrorStack;
use openssl::md::{Md, MdRef};
use openssl::md_ctx::MdCtx;
use openssl::pkey::{HasPublic, PKeyRef};
use openssl::pkey_ctx::{PkeyCtx, PkeyCtxRef};
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;
use trent_openssl_extras::{set_distinguishing_id, use_ed25519ph, use_external_mu};

use super::KeyPair;
use super::contexts::IdleContexts;
use super::pss::PublicRsa;
use crate::hash::{Sha2, Sha256, Sha384, Sha512};
use crate::named::named;
use crate::{Algorithm, IncompatibleAlgorithm, KeyMaterial, KeySpec, OpenSslFailure, SigningAlgorithm};

named! {
    /// What the bytes of a message are.
    pub enum MessageType {
        Raw = "RAW",
        Digest = "DIGEST",
        ExternalMu = "EXTERNAL_MU",
    }
}

/// A message that the key's algorithm takes, to be signed, or verified, by that key.
pub struct SigningInput<'a> {
    pair: &'a KeyPair,
    plan: Plan<'a>,
}

/// Why a key does not sign the message. Shown in AWS's words (errors.md §5), without the full stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// An `InvalidKeyUsageException`; all others are `ValidationException`s.
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    /// No algorithm of the spec takes such messages.
    #[error("Message type {message_type} is incompatible with key spec {spec}")]
    TypeForSpec { message_type: MessageType, spec: KeySpec },
    /// Another algorithm of the spec would take such a message.
    #[error("Message type {message_type} is incompatible with algorithm {algorithm}")]
    TypeForAlgorithm { message_type: MessageType, algorithm: SigningAlgorithm },
    /// A digest is as long as the algorithm's hash function makes it.
    #[error("Digest is invalid length for algorithm {0}")]
    DigestLength(SigningAlgorithm),
    /// µ has 64 bytes.
    #[error("External Mu is invalid length for algorithm {0}")]
    ExternalMuLength(SigningAlgorithm),
}

/// It is no signature of this message by this key. It deliberately does not tell why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is invalid")]
pub struct InvalidSignature;

/// The signer's id that KMS uses for SM2, GB/T 32918's default (crypto.md §8).
const SM2_ID: &[u8] = b"1234567812345678";

/// The length of µ (FIPS 204 §6.2).
const MU_LEN: usize = 64;

/// How OpenSSL goes about an algorithm.
pub(super) struct Plan<'a> {
    algorithm: SigningAlgorithm,
    input: Input<'a>,
    setting: Setting,
}

/// What OpenSSL is given.
enum Input<'a> {
    /// A digest, where the algorithm signs one.
    Digest(Cow<'a, [u8]>),
    /// What the algorithm itself digests; with the hash function, where it wants to be told.
    Message(&'a [u8], Option<&'static MdRef>),
}

/// What OpenSSL must be told besides.
enum Setting {
    Nothing,
    Pkcs1(&'static MdRef),
    Pss(&'static MdRef),
    Ed25519Ph,
    ExternalMu,
    Sm2Id,
}

impl KeyMaterial {
    /// Checks that the key takes such a message with this algorithm. What comes back signs and verifies it.
    pub fn signing_input<'a>(
        &'a self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &'a [u8],
    ) -> Result<SigningInput<'a>, MessageError> {
        let pair = self.key_pair(algorithm)?;
        if !algorithm.takes(message_type) {
            let spec = pair.spec;
            let another_does = SigningAlgorithm::offered_by(spec).iter().any(|other| other.takes(message_type));
            return Err(if another_does {
                MessageError::TypeForAlgorithm { message_type, algorithm }
            } else {
                MessageError::TypeForSpec { message_type, spec }
            });
        }
        match message_type {
            MessageType::Digest if algorithm.digest_len() != Some(message.len()) => {
                Err(MessageError::DigestLength(algorithm))
            }
            MessageType::ExternalMu if message.len() != MU_LEN => Err(MessageError::ExternalMuLength(algorithm)),
            _ => Ok(SigningInput { pair, plan: Plan::new(algorithm, message_type, message) }),
        }
    }
}

impl SigningInput<'_> {
    /// A fresh signature: DER for ECDSA and SM2, in the algorithm's own form otherwise.
    pub fn sign(&self) -> Result<Vec<u8>, OpenSslFailure> {
        Ok(self.plan.sign(self.pair)?)
    }

    /// Whether it is a signature by this key, in any valid form that the algorithm knows.
    pub fn verify(&self, signature: &[u8]) -> Result<(), InvalidSignature> {
        self.plan.verify(&self.pair.key, &self.pair.verifying, &self.pair.public_rsa, signature)
    }
}

impl SigningAlgorithm {
    /// Whether the algorithm signs such messages.
    pub fn takes(self, message_type: MessageType) -> bool {
        match message_type {
            MessageType::Raw => self != Self::Ed25519PhSha512,
            MessageType::Digest => self.digest_len().is_some(),
            MessageType::ExternalMu => self == Self::MlDsaShake256,
        }
    }

    /// The length of a digest in bytes, where the algorithm takes one.
    pub const fn digest_len(self) -> Option<usize> {
        match self {
            Self::RsassaPkcs1V15Sha256 | Self::RsassaPssSha256 | Self::EcdsaSha256 | Self::Sm2Dsa => Some(32),
            Self::RsassaPkcs1V15Sha384 | Self::RsassaPssSha384 | Self::EcdsaSha384 => Some(48),
            Self::RsassaPkcs1V15Sha512 | Self::RsassaPssSha512 | Self::EcdsaSha512 | Self::Ed25519PhSha512 => Some(64),
            Self::Ed25519Sha512 | Self::MlDsaShake256 => None,
        }
    }
}

impl<'a> Plan<'a> {
    /// The plan for a message that the algorithm takes.
    pub(super) fn new(algorithm: SigningAlgorithm, message_type: MessageType, message: &'a [u8]) -> Self {
        use SigningAlgorithm as S;

        let hash_first = |hash: fn(&[u8]) -> Vec<u8>, setting| {
            let digest = match message_type {
                MessageType::Digest => Cow::Borrowed(message),
                MessageType::Raw | MessageType::ExternalMu => Cow::Owned(hash(message)),
            };
            Self { algorithm, input: Input::Digest(digest), setting }
        };
        let as_it_is = |md, setting| Self { algorithm, input: Input::Message(message, md), setting };

        match algorithm {
            S::RsassaPkcs1V15Sha256 => hash_first(hash::<Sha256>, Setting::Pkcs1(Md::sha256())),
            S::RsassaPkcs1V15Sha384 => hash_first(hash::<Sha384>, Setting::Pkcs1(Md::sha384())),
            S::RsassaPkcs1V15Sha512 => hash_first(hash::<Sha512>, Setting::Pkcs1(Md::sha512())),
            S::RsassaPssSha256 => hash_first(hash::<Sha256>, Setting::Pss(Md::sha256())),
            S::RsassaPssSha384 => hash_first(hash::<Sha384>, Setting::Pss(Md::sha384())),
            S::RsassaPssSha512 => hash_first(hash::<Sha512>, Setting::Pss(Md::sha512())),
            S::EcdsaSha256 => hash_first(hash::<Sha256>, Setting::Nothing),
            S::EcdsaSha384 => hash_first(hash::<Sha384>, Setting::Nothing),
            S::EcdsaSha512 => hash_first(hash::<Sha512>, Setting::Nothing),
            // The message is called a digest, yet KMS hashes it once more (crypto.md §4), and so does OpenSSL.
            S::Ed25519PhSha512 => as_it_is(None, Setting::Ed25519Ph),
            S::Sm2Dsa if message_type == MessageType::Raw => as_it_is(Some(Md::sm3()), Setting::Sm2Id),
            S::Sm2Dsa => hash_first(<[u8]>::to_vec, Setting::Nothing),
            S::MlDsaShake256 if message_type == MessageType::ExternalMu => as_it_is(None, Setting::ExternalMu),
            S::Ed25519Sha512 | S::MlDsaShake256 => as_it_is(None, Setting::Nothing),
        }
    }

    fn sign(&self, pair: &KeyPair) -> Result<Vec<u8>, ErrorStack> {
        let mut signature = vec![0; pair.key.size()];
        let len = match &self.input {
            Input::Digest(digest) => {
                let set_up = || {
                    let mut ctx = PkeyCtx::new(&pair.key)?;
                    ctx.sign_init()?;
                    self.set(&mut ctx)?;
                    Ok(ctx)
                };
                pair.signing.with(self.algorithm, set_up, |ctx| ctx.sign(digest, Some(&mut signature)))?
            }
            Input::Message(message, md) => {
                let mut ctx = MdCtx::new()?;
                self.set(ctx.digest_sign_init(*md, &pair.key)?)?;
                ctx.digest_sign(message, Some(&mut signature))?
            }
        };
        signature.truncate(len);
        Ok(signature)
    }

    /// Verifies with the public half of `key`; `idle` and `rsa` are what is kept ready of it.
    pub(super) fn verify<K: HasPublic>(
        &self,
        key: &PKeyRef<K>,
        idle: &IdleContexts<K>,
        rsa: &PublicRsa,
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        // RFC 8017 §8.1.2: as many bytes as the modulus has. OpenSSL takes PSS signatures without their leading zeros.
        if matches!(self.setting, Setting::Pkcs1(_) | Setting::Pss(_)) && signature.len() != key.size() {
            return Err(InvalidSignature);
        }
        let is_genuine = match &self.input {
            Input::Digest(digest) if matches!(self.setting, Setting::Pss(_)) => {
                rsa.verify(key, self.algorithm, digest, signature)
            }
            Input::Digest(digest) => {
                let set_up = || {
                    let mut ctx = PkeyCtx::new(key)?;
                    ctx.verify_init()?;
                    self.set(&mut ctx)?;
                    Ok(ctx)
                };
                idle.with(self.algorithm, set_up, |ctx| ctx.verify(digest, signature))
            }
            Input::Message(message, md) => MdCtx::new().and_then(|mut ctx| {
                self.set(ctx.digest_verify_init(*md, key)?)?;
                ctx.digest_verify(message, signature)
            }),
        };
        // OpenSSL has an error for each kind of garbage; to KMS they are all false signatures.
        match is_genuine {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(InvalidSignature),
        }
    }

    fn set<T>(&self, ctx: &mut PkeyCtxRef<T>) -> Result<(), ErrorStack> {
        match self.setting {
            Setting::Nothing => Ok(()),
            Setting::Pkcs1(md) => {
                ctx.set_rsa_padding(Padding::PKCS1)?;
                ctx.set_signature_md(md)
            }
            // MGF1 uses the same hash function, unless told otherwise.
            Setting::Pss(md) => {
                ctx.set_rsa_padding(Padding::PKCS1_PSS)?;
                ctx.set_signature_md(md)?;
                ctx.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
            }
            Setting::Ed25519Ph => use_ed25519ph(ctx),
            Setting::ExternalMu => use_external_mu(ctx),
            Setting::Sm2Id => set_distinguishing_id(ctx, SM2_ID),
        }
    }
}

fn hash<H: Sha2>(message: &[u8]) -> Vec<u8> {
    H::digest(message).as_ref().to_vec()
}
