use std::convert::Infallible;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use rsa::rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use trent_kms_core::{KeyMaterial, KeySpec, MessageType, SigningAlgorithm};
use trent_shared::Entropy;

/// Pseudo-random bytes for both sides: SHA-256 over a counter.
#[derive(Default)]
pub(crate) struct Hashed(AtomicU64);

impl Entropy for Hashed {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

impl TryRng for Hashed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.fill(buffer);
        Ok(())
    }
}

impl TryCryptoRng for Hashed {}

/// One key of each spec for all tests: RSA keys take long to make.
pub(crate) fn material(spec: KeySpec) -> &'static KeyMaterial {
    static MATERIAL: [OnceLock<KeyMaterial>; KeySpec::ALL.len()] = [const { OnceLock::new() }; KeySpec::ALL.len()];
    MATERIAL[spec as usize].get_or_init(|| KeyMaterial::generate(spec, &Hashed::default()).expect("generates"))
}

pub(crate) fn sign(
    material: &KeyMaterial,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
) -> Vec<u8> {
    let input = material.signing_input(algorithm, message_type, message).expect("fits");
    let signature = input.sign().expect("signs");
    assert_eq!(input.verify(&signature), Ok(()), "{algorithm} {message_type}");
    signature
}

pub(crate) fn verifies(
    material: &KeyMaterial,
    algorithm: SigningAlgorithm,
    message_type: MessageType,
    message: &[u8],
    signature: &[u8],
) -> bool {
    material.signing_input(algorithm, message_type, message).expect("fits").verify(signature).is_ok()
}

/// OpenSSL's own PKCS#8 encoding of the private key with this number, which leaves out what KMS puts in.
pub(crate) fn pkcs8_of_scalar(curve: Nid, scalar: &[u8]) -> Vec<u8> {
    let group = EcGroup::from_curve_name(curve).expect("curve");
    let scalar = BigNum::from_slice(scalar).expect("number");
    let mut ctx = BigNumContext::new().expect("context");
    let mut point = EcPoint::new(&group).expect("point");
    point.mul_generator2(&group, &scalar, &mut ctx).expect("multiplies");
    let key = EcKey::from_private_components(&group, &scalar, &point).expect("key");
    PKey::from_ec_key(key).expect("key").private_key_to_pkcs8().expect("encodes")
}
