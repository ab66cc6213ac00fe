//! An issuer of tokens for tests.

use base64_simd::URL_SAFE_NO_PAD as BASE64;
use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idp.example/realms/one";
pub(crate) const URL: &str = "idp.example/realms/one";

pub(crate) struct Issuer {
    key: PKey<Private>,
    algorithm: &'static str,
}

impl Issuer {
    pub(crate) fn rsa() -> Self {
        let key = Rsa::generate(2048).and_then(PKey::from_rsa).expect("a key");
        Self { key, algorithm: "RS256" }
    }

    pub(crate) fn ec() -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("P-256");
        let key = EcKey::generate(&group).and_then(PKey::from_ec_key).expect("a key");
        Self { key, algorithm: "ES256" }
    }

    /// With keys of other kinds besides, which are passed over.
    pub(crate) fn key_set(&self) -> String {
        let mut key = if let Ok(key) = self.key.rsa() {
            json!({ "kty": "RSA", "n": number(key.n()), "e": number(key.e()) })
        } else {
            let key = self.key.ec_key().expect("one of both");
            let mut context = BigNumContext::new().expect("memory");
            let (mut x, mut y) = (BigNum::new().expect("memory"), BigNum::new().expect("memory"));
            key.public_key().affine_coordinates(key.group(), &mut x, &mut y, &mut context).expect("a point");
            json!({ "kty": "EC", "crv": "P-256", "x": number(&x), "y": number(&y) })
        };
        key["kid"] = json!(self.algorithm);
        key["use"] = json!("sig");
        json!({ "keys": [{ "kty": "oct", "k": "AA" }, { "kty": "RSA", "use": "enc" }, key] }).to_string()
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_by(self.algorithm, claims)
    }

    /// One that says to be signed in this way.
    pub(crate) fn token_by(&self, algorithm: &str, claims: &Value) -> String {
        let header = json!({ "alg": algorithm, "kid": self.algorithm, "typ": "JWT" }).to_string();
        let signed = format!("{}.{}", BASE64.encode_to_string(header), BASE64.encode_to_string(claims.to_string()));
        format!("{signed}.{}", BASE64.encode_to_string(self.sign(signed.as_bytes())))
    }

    fn sign(&self, text: &[u8]) -> Vec<u8> {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).expect("a signer");
        let signature = signer.sign_oneshot_to_vec(text).expect("a signature");
        if self.algorithm == "RS256" {
            return signature;
        }
        let signature = EcdsaSig::from_der(&signature).expect("DER");
        let padded = |number: &BigNumRef| number.to_vec_padded(32).expect("32 bytes");
        [padded(signature.r()), padded(signature.s())].concat()
    }
}

fn number(number: &BigNumRef) -> String {
    BASE64.encode_to_string(number.to_vec())
}
