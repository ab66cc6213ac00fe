use openssl::error::ErrorStack;
use openssl::pkey::{PKey, PKeyRef, Public};
use openssl::rsa::Rsa;

/// The RSA public key of an attested recipient, of 2,048 bits or more.
#[derive(Debug, Clone)]
pub struct RecipientKey {
    key: PKey<Public>,
    spki_der: Vec<u8>,
}

/// The bytes are no RSA public key that answers can be encrypted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public key is not a SubjectPublicKeyInfo of an RSA key of 2048 bits or more")]
pub struct InvalidRecipientKey;

impl RecipientKey {
    /// Reads a SubjectPublicKeyInfo in DER (RFC 3279 §2.3.1).
    pub fn from_spki_der(spki_der: &[u8]) -> Result<Self, InvalidRecipientKey> {
        let rsa = Rsa::public_key_from_der(spki_der).map_err(|_| InvalidRecipientKey)?;
        let (n, e) = (rsa.n(), rsa.e());
        // OpenSSL cannot encrypt under other exponents, nor by an even modulus.
        let is_sound = n.num_bits() >= 2048 && n.is_bit_set(0) && e.is_bit_set(0) && (2..=64).contains(&e.num_bits());
        let read = || -> Result<(PKey<Public>, Vec<u8>), ErrorStack> {
            let key = PKey::from_rsa(rsa)?;
            let spki_der = key.public_key_to_der()?;
            Ok((key, spki_der))
        };
        let (key, canonical) = read().map_err(|_| InvalidRecipientKey)?;
        // Written again, it also shows what OpenSSL skips in reading.
        if is_sound && canonical == spki_der { Ok(Self { key, spki_der: canonical }) } else { Err(InvalidRecipientKey) }
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    pub(crate) fn key(&self) -> &PKeyRef<Public> {
        &self.key
    }
}
