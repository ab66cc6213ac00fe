//! Keys on the Weierstraß curves: NIST's, secp256k1 and SM2's.

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, PKeyRef, Private};
use openssl::pkey_ctx::PkeyCtx;
use trent_shared::SecretBytes;
use zeroize::Zeroizing;

use super::pkcs8;

pub(super) fn generate(curve: Nid) -> Result<PKey<Private>, ErrorStack> {
    if curve == Nid::SM2 {
        // To OpenSSL, SM2 is an algorithm of its own, with one curve.
        let mut ctx = PkeyCtx::new_id(Id::SM2)?;
        ctx.keygen_init()?;
        return ctx.keygen();
    }
    PKey::ec_gen(curve.short_name()?)
}

/// The one PKCS#8 encoding that a key has here, with the curve's name and the uncompressed public key, whatever it was read
/// from. `None` if it is no key on that curve, or its halves do not belong together.
pub(super) fn canonical(key: &PKeyRef<Private>, curve: Nid) -> Option<SecretBytes> {
    // A key of another algorithm has another encoding. (`PKey::id` does not know SM2 keys that were read.)
    let read = ec_key(key).ok()?;
    if read.group().curve_name() != Some(curve) || read.check_key().is_err() {
        return None;
    }
    let rebuilt = || -> Result<SecretBytes, ErrorStack> {
        let group = EcGroup::from_curve_name(curve)?;
        let mut ctx = BigNumContext::new_secure()?;
        let point = read.public_key().to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut ctx)?;
        let point = EcPoint::from_bytes(&group, &point, &mut ctx)?;
        let key = EcKey::from_private_components(&group, read.private_key(), &point)?;
        pkcs8::wrap(&key.public_key_to_der()?, &Zeroizing::new(key.private_key_to_der()?))
    };
    rebuilt().ok()
}

/// The key as OpenSSL's elliptic curve type, which knows curve and numbers; `PKey` yields it for the NIST curves only.
pub(super) fn ec_key(key: &PKeyRef<Private>) -> Result<EcKey<Private>, ErrorStack> {
    EcKey::private_key_from_der(&Zeroizing::new(key.private_key_to_der()?))
}
