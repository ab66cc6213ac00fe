//! The PKCS#8 forms (RFC 5208) in which KMS hands private keys out (crypto.md §4) and Trent stores them:
//!
//! | key | `privateKey` |
//! |---|---|
//! | RSA | `RSAPrivateKey` (RFC 8017 §A.1.2) |
//! | elliptic curves | `ECPrivateKey` (RFC 5915) with its parameters and the public key, both of which are optional there |
//! | Ed25519 | `CurvePrivateKey` (RFC 8410 §7), without the public key |
//! | ML-DSA, ML-KEM | the seed, as RFC 9881 §6 and RFC 9935 §6 recommend; what KMS does is not recorded |

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, PKeyRef, Private};
use trent_shared::SecretBytes;
use zeroize::Zeroizing;

use super::Family;
use crate::der::{INTEGER, OCTET_STRING, SEQUENCE, element, split, whole};

/// `seed [0] IMPLICIT OCTET STRING`, a choice of `ML-DSA-…-PrivateKey` and `ML-KEM-…-PrivateKey`.
const SEED: u8 = 0x80;

pub(super) fn encode(key: &PKeyRef<Private>, family: Family, public_key: &[u8]) -> Result<SecretBytes, ErrorStack> {
    match family {
        Family::Rsa { .. } | Family::Ed25519 => key.private_key_to_pkcs8().map(SecretBytes::new),
        Family::EllipticCurve(_) => wrap(public_key, &Zeroizing::new(key.private_key_to_der()?)),
        Family::MlDsa(_) | Family::MlKem(_) => {
            let mut seed = Zeroizing::new([0; 64]);
            let len = key.seed_into(seed.as_mut_slice())?;
            wrap(public_key, &element(SEED, &[seed.get(..len).unwrap_or_default()]))
        }
    }
}

/// The `PrivateKeyInfo` of `private_key`, whose algorithm is that of `public_key`, a `SubjectPublicKeyInfo`.
pub(super) fn wrap(public_key: &[u8], private_key: &[u8]) -> Result<SecretBytes, ErrorStack> {
    const VERSION: [u8; 3] = [INTEGER, 1, 0];
    // Only what OpenSSL encoded a moment ago comes here, so that there is an algorithm.
    let algorithm = whole(public_key, SEQUENCE).and_then(|spki| split(spki, SEQUENCE)).ok_or_else(ErrorStack::get)?.0;
    let mut info =
        element(SEQUENCE, &[&VERSION, &element(SEQUENCE, &[algorithm]), &element(OCTET_STRING, &[private_key])]);
    Ok(SecretBytes::new(std::mem::take(&mut *info)))
}

/// The content of `privateKey` in a `PrivateKeyInfo` in DER.
pub(super) fn private_key(info: &[u8]) -> Option<&[u8]> {
    let (_version, rest) = split(whole(info, SEQUENCE)?, INTEGER)?;
    let (_algorithm, rest) = split(rest, SEQUENCE)?;
    whole(rest, OCTET_STRING)
}

/// Parses PKCS#8 in BER, of which DER is a part. OpenSSL ignores what follows the key; here nothing may, which is so when
/// the last byte cannot be spared.
pub(super) fn parse(info: &[u8]) -> Option<PKey<Private>> {
    let (_last, shorter) = info.split_last()?;
    let key = PKey::private_key_from_pkcs8(info).ok()?;
    PKey::private_key_from_pkcs8(shorter).is_err().then_some(key)
}
