//! DeriveSharedSecret.

use openssl::bn::BigNumContext;
use openssl::derive::Deriver;
use openssl::ec::{EcKey, EcPoint, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use trent_shared::SecretBytes;

use super::elliptic_curve::ec_key;
use super::{Family, KeyPair};
use crate::{IncompatibleAlgorithm, KeyAgreementAlgorithm, KeyMaterial, OpenSslFailure};

/// Why there is no shared secret.
#[derive(Debug, thiserror::Error)]
pub enum AgreementError {
    #[error(transparent)]
    IncompatibleAlgorithm(#[from] IncompatibleAlgorithm),
    /// It is not the DER `SubjectPublicKeyInfo` of a point on the key's curve.
    #[error("the public key is no point on the key's curve")]
    InvalidPublicKey,
    #[error(transparent)]
    Failed(#[from] OpenSslFailure),
}

impl KeyMaterial {
    /// The x-coordinate of the point that the key and its peer have in common, as long as the curve's field; no key
    /// derivation function is applied (crypto.md §4).
    ///
    /// `public_key` is the peer's `SubjectPublicKeyInfo` in DER, with the curve's name and the uncompressed point, which
    /// is the form that KMS itself hands out.
    pub fn derive_shared_secret(
        &self,
        algorithm: KeyAgreementAlgorithm,
        public_key: &[u8],
    ) -> Result<SecretBytes, AgreementError> {
        let pair = self.key_pair(algorithm)?;
        let peer = peer(pair, public_key).ok_or(AgreementError::InvalidPublicKey)?;
        let secret = match pair.family {
            // OpenSSL knows no Diffie-Hellman for keys of its type SM2, but it knows their curve.
            Family::EllipticCurve(Nid::SM2) => shared_x(pair, &peer),
            _ => agree(pair, peer),
        };
        Ok(secret.map_err(OpenSslFailure::from)?)
    }
}

/// Reads a point on the pair's curve. In DER, all public keys of a curve are alike up to the coordinates, so that the
/// pair's own one shows what the other has to begin with; OpenSSL then checks that the point is on the curve.
fn peer(pair: &KeyPair, public_key: &[u8]) -> Option<EcKey<Public>> {
    let coordinates_len = 2 * usize::try_from(pair.key.bits().div_ceil(8)).ok()?;
    let prefix_len = pair.public_key.len().checked_sub(coordinates_len)?;
    let looks_right =
        public_key.len() == pair.public_key.len() && public_key.starts_with(pair.public_key.get(..prefix_len)?);
    let peer = looks_right.then(|| EcKey::public_key_from_der(public_key).ok()).flatten()?;
    peer.check_key().is_ok().then_some(peer)
}

fn agree(pair: &KeyPair, peer: EcKey<Public>) -> Result<SecretBytes, ErrorStack> {
    let peer = PKey::from_ec_key(peer)?;
    let mut deriver = Deriver::new(&pair.key)?;
    deriver.set_peer(&peer)?;
    deriver.derive_to_vec().map(SecretBytes::new)
}

fn shared_x(pair: &KeyPair, peer: &EcKey<Public>) -> Result<SecretBytes, ErrorStack> {
    let own = ec_key(&pair.key)?;
    let group = own.group();
    let mut ctx = BigNumContext::new_secure()?;
    let mut shared = EcPoint::new(group)?;
    shared.mul2(group, peer.public_key(), own.private_key(), &mut ctx)?;
    let compressed = SecretBytes::new(shared.to_bytes(group, PointConversionForm::COMPRESSED, &mut ctx)?);
    // The first byte is the sign of y.
    Ok(SecretBytes::new(compressed.expose().get(1..).unwrap_or_default().to_vec()))
}
