use std::fmt;

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use serde::Deserialize;

/// An issuer of identity tokens, and the keys that it signs them with.
#[derive(Clone)]
pub struct OidcProvider {
    /// As IAM names it: the issuer without `https://`.
    url: String,
    keys: Vec<VerificationKey>,
}

/// A provider's keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeys {
    #[error("not a JSON Web Key Set")]
    NotAKeySet(#[from] serde_json::Error),
    #[error("key {index} is neither an RSA key nor one on P-256 as RFC 7518 has them")]
    NotAKey { index: usize },
    #[error("there is no key for RS256 or ES256")]
    NoKey,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

#[derive(Clone)]
pub(super) struct VerificationKey {
    id: Option<String>,
    algorithm: Algorithm,
    key: PKey<Public>,
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

/// One of its keys: the members that verification needs.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What an ES256 signature consists of: r and s, each of this many bytes.
const COORDINATE_BYTES: usize = 32;

impl OidcProvider {
    /// `issuer` is the tokens' `iss`; `key_set` a JSON Web Key Set. Keys for encryption or other algorithms are passed over.
    pub fn new(issuer: &str, key_set: &str) -> Result<Self, InvalidKeys> {
        let set: KeySet = serde_json::from_str(key_set)?;
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.iter().enumerate() {
            let Some(algorithm) = jwk.algorithm() else { continue };
            let key = jwk.key(algorithm).ok_or(InvalidKeys::NotAKey { index })?;
            keys.push(VerificationKey { id: jwk.kid.clone(), algorithm, key });
        }
        if keys.is_empty() {
            return Err(InvalidKeys::NoKey);
        }
        Ok(Self { url: url_of(issuer).to_owned(), keys })
    }

    /// The issuer without `https://`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The keys that a token can be signed with: those that it names, or all of its algorithm.
    pub(super) fn keys(&self, algorithm: Algorithm, id: Option<&str>) -> impl Iterator<Item = &VerificationKey> {
        let is_meant =
            move |key: &&VerificationKey| key.algorithm == algorithm && (id.is_none() || key.id.as_deref() == id);
        self.keys.iter().filter(is_meant)
    }
}

/// Shows no more than whose keys they are: there are many, and long.
impl fmt::Debug for OidcProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcProvider").field("url", &self.url).finish_non_exhaustive()
    }
}

/// An issuer as IAM names it.
pub(super) fn url_of(issuer: &str) -> &str {
    let host = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://")).unwrap_or(issuer);
    host.trim_end_matches('/')
}

impl VerificationKey {
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        // What OpenSSL cannot even read is no signature.
        self.try_verify(signed, signature).unwrap_or(false)
    }

    fn try_verify(&self, signed: &[u8], signature: &[u8]) -> Result<bool, ErrorStack> {
        let mut verifier = Verifier::new(MessageDigest::sha256(), &self.key)?;
        match self.algorithm {
            Algorithm::Rs256 => verifier.verify_oneshot(signature, signed),
            Algorithm::Es256 => {
                let Some((r, s)) = signature.split_at_checked(COORDINATE_BYTES) else { return Ok(false) };
                if s.len() != COORDINATE_BYTES {
                    return Ok(false);
                }
                let signature = EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
                verifier.verify_oneshot(&signature.to_der()?, signed)
            }
        }
    }
}

impl Jwk {
    /// What the key is for, if for anything that is supported.
    fn algorithm(&self) -> Option<Algorithm> {
        let (algorithm, name) = match (&*self.kty, self.crv.as_deref()) {
            ("RSA", _) => (Algorithm::Rs256, "RS256"),
            ("EC", Some("P-256")) => (Algorithm::Es256, "ES256"),
            _ => return None,
        };
        let is_for = |member: &Option<String>, purpose| member.as_deref().is_none_or(|given| given == purpose);
        (is_for(&self.usage, "sig") && is_for(&self.alg, name)).then_some(algorithm)
    }

    fn key(&self, algorithm: Algorithm) -> Option<PKey<Public>> {
        let number = |member: &Option<String>| {
            let bytes = BASE64.decode_to_vec(member.as_deref()?).ok()?;
            BigNum::from_slice(&bytes).ok()
        };
        match algorithm {
            Algorithm::Rs256 => {
                let key = Rsa::from_public_components(number(&self.n)?, number(&self.e)?).ok()?;
                PKey::from_rsa(key).ok()
            }
            Algorithm::Es256 => {
                let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).ok()?;
                let key = EcKey::from_public_key_affine_coordinates(&group, &*number(&self.x)?, &*number(&self.y)?);
                let key = key.ok()?;
                key.check_key().ok()?;
                PKey::from_ec_key(key).ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web_identity::testing::{ISSUER, Issuer, URL};

    #[test]
    fn a_provider_is_known_by_its_issuer_and_shows_no_more() {
        let keys = Issuer::ec().key_set();
        for issuer in [ISSUER, "https://idp.example/realms/one/", "http://idp.example/realms/one"] {
            let provider = OidcProvider::new(issuer, &keys).expect("keys");
            assert_eq!(provider.url(), URL);
            assert_eq!(format!("{provider:?}"), format!("OidcProvider {{ url: {URL:?}, .. }}"));
        }
    }

    #[test]
    fn what_holds_no_key_is_refused() {
        for (wrong, words) in [
            ("{", "not a JSON Web Key Set"),
            (r#"{"keys":[]}"#, "there is no key for RS256 or ES256"),
            (r#"{"keys":[{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}]}"#, "there is no key for RS256 or ES256"),
            (
                r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#,
                "key 0 is neither an RSA key nor one on P-256 as RFC 7518 has them",
            ),
            (
                r#"{"keys":[{"kty":"RSA","n":"AQAB"}]}"#,
                "key 0 is neither an RSA key nor one on P-256 as RFC 7518 has them",
            ),
        ] {
            assert_eq!(OidcProvider::new(ISSUER, wrong).err().map(|error| error.to_string()).as_deref(), Some(words));
        }
    }
}
