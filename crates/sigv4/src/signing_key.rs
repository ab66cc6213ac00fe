use openssl::sha::{Sha256, sha256};
use trent_shared::{SecretBytes, SecretString};
use zeroize::Zeroize as _;

/// The key that signs for one secret access key on one day, in one Region, for one service. It may be kept: deriving it
/// takes four times as long as using it.
pub struct SigningKey(SecretBytes);

impl SigningKey {
    /// `date` is the scope's, `20150830`.
    pub fn derive(secret: &SecretString, date: &str, region: &str, service: &str) -> Self {
        let mut key = SecretBytes::new([b"AWS4", secret.expose().as_bytes()].concat());
        for part in [date, region, service, "aws4_request"] {
            key = SecretBytes::new(hmac(key.expose(), part.as_bytes()).to_vec());
        }
        Self(key)
    }

    /// The signature of a string to sign, in lower-case hexadecimal.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(hmac(self.0.expose(), string_to_sign.as_bytes()))
    }
}

/// HMAC-SHA-256 (RFC 2104) over OpenSSL's hash. OpenSSL's own sets up contexts for each key, which costs ten times the
/// hashing, and five keys are used once each for every request.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut padded = [0; BLOCK];
    let mut hashed = if key.len() > BLOCK { sha256(key).to_vec() } else { key.to_vec() };
    padded.iter_mut().zip(&hashed).for_each(|(pad, byte)| *pad = *byte);
    let mut mac = Vec::from(message);
    for pad in [0x36, 0x5c] {
        let mut hash = Sha256::new();
        hash.update(&padded.map(|byte: u8| byte ^ pad));
        hash.update(&mac);
        mac = hash.finish().to_vec();
    }
    padded.zeroize();
    hashed.zeroize();
    let mut out = [0; 32];
    out.copy_from_slice(&mac);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
}
