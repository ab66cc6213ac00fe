//! Verifying PSS (RFC 8017 §8.1.2) with RSA's bare mathematics from OpenSSL. Everything here is public, so that nothing needs
//! constant time; OpenSSL's own way makes and frees objects for each of the mask's blocks.

use std::sync::OnceLock;

use openssl::error::ErrorStack;
use openssl::pkey::{HasPublic, PKeyRef, Public};
use openssl::rsa::{Padding, Rsa};

use crate::SigningAlgorithm;
use crate::hash::{Sha2, Sha256, Sha384, Sha512};

/// The public half of an RSA key for its bare mathematics, made when first needed.
pub(super) struct PublicRsa(OnceLock<Rsa<Public>>);

impl PublicRsa {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Whether `signature`, as long as the modulus of `key`, is one of the digest, with a salt as long as that.
    pub(super) fn verify<K: HasPublic>(
        &self,
        key: &PKeyRef<K>,
        algorithm: SigningAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Result<bool, ErrorStack> {
        let rsa = if let Some(rsa) = self.0.get() {
            rsa
        } else {
            let whole = key.rsa()?;
            let public = Rsa::from_public_components(whole.n().to_owned()?, whole.e().to_owned()?)?;
            self.0.get_or_init(|| public)
        };
        let mut encoded = vec![0; signature.len()];
        rsa.public_decrypt(signature, &mut encoded, Padding::NONE)?;
        Ok(match algorithm {
            SigningAlgorithm::RsassaPssSha256 => is_encoding_of::<Sha256>(&mut encoded, digest),
            SigningAlgorithm::RsassaPssSha384 => is_encoding_of::<Sha384>(&mut encoded, digest),
            SigningAlgorithm::RsassaPssSha512 => is_encoding_of::<Sha512>(&mut encoded, digest),
            _ => false,
        })
    }
}

/// EMSA-PSS-VERIFY (RFC 8017 §9.1.2) for moduli of whole bytes, where one bit is unused, and salts as long as the digest.
/// Leaves `encoded` unmasked.
fn is_encoding_of<H: Sha2>(encoded: &mut [u8], digest: &[u8]) -> bool {
    const UNUSED_BIT: u8 = 0x80;
    let digest_len = digest.len();
    let Some((0xbc, rest)) = encoded.split_last_mut() else { return false };
    let Some(block_len) = rest.len().checked_sub(digest_len) else { return false };
    let (block, hash) = rest.split_at_mut(block_len);
    if block.first().is_none_or(|first| first & UNUSED_BIT != 0) {
        return false;
    }
    unmask::<H>(block, hash);
    if let Some(first) = block.first_mut() {
        *first &= !UNUSED_BIT;
    }
    let Some(padding_len) = block.len().checked_sub(digest_len) else { return false };
    let (padding, salt) = block.split_at(padding_len);
    let Some((0x01, zeros)) = padding.split_last() else { return false };
    zeros.iter().all(|byte| *byte == 0) && H::finish(H::start(), [&[0; 8], digest, salt]).as_ref() == hash
}

/// XORs with MGF1 of the seed (RFC 8017 §B.2.1).
fn unmask<H: Sha2>(masked: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0_u32..).zip(masked.chunks_mut(seed.len().max(1))) {
        let mask = H::finish(H::start(), [seed, &counter.to_be_bytes()]);
        chunk.iter_mut().zip(mask.as_ref()).for_each(|(byte, mask)| *byte ^= mask);
    }
}
