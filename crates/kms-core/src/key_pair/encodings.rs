//! Private keys in the encodings that tools write: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017) and SEC 1 (RFC 5915), in DER or in
//! PEM (RFC 7468).

use openssl::pkey::{PKey, Private};
use trent_shared::SecretBytes;

use super::{Family, KeyPair, elliptic_curve};
use crate::KeySpec;

impl KeyPair {
    /// Reads a key in whichever of the encodings. That the primes of an RSA key are prime is taken on trust.
    pub(crate) fn from_any_encoding(spec: KeySpec, family: Family, bytes: &[u8]) -> Option<Self> {
        let key = parse(bytes)?;
        let canonical = match family {
            Family::Rsa { .. } | Family::Ed25519 => SecretBytes::new(key.private_key_to_pkcs8().ok()?),
            Family::EllipticCurve(curve) => elliptic_curve::canonical(&key, curve)?,
            // What comes without its seed cannot be written, and is refused here.
            Family::MlDsa(kind) | Family::MlKem(kind) => {
                return key.is_a(kind).then(|| Self::new(spec, family, key).ok()).flatten();
            }
        };
        Self::from_bytes(spec, family, canonical.expose())
    }
}

fn parse(bytes: &[u8]) -> Option<PKey<Private>> {
    let is_pem = bytes.trim_ascii_start().starts_with(b"-----BEGIN ");
    if is_pem {
        // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
        PKey::private_key_from_pem_callback(bytes, |_| Ok(0)).ok()
    } else {
        PKey::private_key_from_der(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use openssl::symm::Cipher;
    use trent_shared::Entropy;

    use super::*;
    use crate::{KeyMaterial, KeyType};

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    fn asymmetric() -> impl Iterator<Item = KeyMaterial> {
        let specs = KeySpec::ALL.iter().copied().filter(|spec| spec.key_type() == KeyType::Asymmetric);
        let small = specs.filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096));
        small.map(|spec| KeyMaterial::generate(spec, &Zeros).expect("OpenSSL works"))
    }

    #[test]
    fn every_encoding_is_the_same_key() {
        for material in asymmetric() {
            let (spec, der) = (material.spec(), material.to_bytes());
            let key = PKey::private_key_from_pkcs8(der.expose()).expect("PKCS#8");
            let mut encodings = vec![der.expose().to_vec(), key.private_key_to_pem_pkcs8().expect("encodes")];
            if let Ok(rsa) = key.rsa() {
                encodings
                    .extend([rsa.private_key_to_der(), rsa.private_key_to_pem()].map(|text| text.expect("PKCS#1")));
            }
            if let Ok(curve) = key.ec_key() {
                encodings
                    .extend([curve.private_key_to_der(), curve.private_key_to_pem()].map(|text| text.expect("SEC 1")));
            }
            for encoding in encodings {
                let read = KeyMaterial::from_any_encoding(spec, &encoding).expect("the same key");
                assert_eq!(read.to_bytes(), der, "{spec}");
            }
        }
    }

    #[test]
    fn a_key_fits_its_own_spec_only() {
        for material in asymmetric() {
            let der = material.to_bytes();
            let fitting = |spec: &&KeySpec| KeyMaterial::from_any_encoding(**spec, der.expose()).is_ok();
            let asymmetric = KeySpec::ALL.iter().filter(|spec| spec.key_type() == KeyType::Asymmetric);
            assert_eq!(asymmetric.filter(fitting).collect::<Vec<_>>(), [&material.spec()]);
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        let material = KeyMaterial::generate(KeySpec::EccNistP256, &Zeros).expect("OpenSSL works");
        let key = PKey::private_key_from_pkcs8(material.to_bytes().expose()).expect("PKCS#8");
        let encrypted = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret").expect("encodes");
        let public = key.public_key_to_pem().expect("encodes");
        for wrong in [&b""[..], b"-----BEGIN ", b"-----BEGIN PRIVATE KEY-----", &[0x30, 0], &encrypted, &public] {
            assert!(KeyMaterial::from_any_encoding(KeySpec::EccNistP256, wrong).is_err());
        }
    }
}
