use openssl::sha::{Sha256, sha256};
use trent_shared::SecretString;
use zeroize::Zeroizing;

const BLOCK_LEN: usize = 64;

/// The key that signs for one secret access key on one day, in one Region, for one service. It may be kept: deriving it
/// takes four times as long as using it.
pub struct SigningKey(Zeroizing<[u8; 32]>);

impl SigningKey {
    /// `date` is the scope's, `20150830`.
    pub fn derive(secret: &SecretString, date: &str, region: &str, service: &str) -> Self {
        let start = Zeroizing::new([b"AWS4", secret.expose().as_bytes()].concat());
        let of_day = hmac(&start, date.as_bytes());
        let of_region = hmac(&*of_day, region.as_bytes());
        let of_service = hmac(&*of_region, service.as_bytes());
        Self(hmac(&*of_service, b"aws4_request"))
    }

    /// The signature of a string to sign, in lower-case hexadecimal.
    pub fn sign(&self, string_to_sign: &str) -> String {
        hex::encode(*hmac(&*self.0, string_to_sign.as_bytes()))
    }
}

/// HMAC-SHA-256 (RFC 2104) over OpenSSL's hash. OpenSSL's own sets up contexts for each key, which costs ten times the
/// hashing, and here five keys are used once each for every request.
fn hmac(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut block = Zeroizing::new([0; BLOCK_LEN]);
    let digest = (key.len() > BLOCK_LEN).then(|| Zeroizing::new(sha256(key)));
    let key = digest.as_ref().map_or(key, |digest| digest.as_slice());
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte = *key);
    let hash = |pad: u8, message: &[u8]| {
        let mut hash = Sha256::new();
        hash.update(&*Zeroizing::new(block.map(|byte| byte ^ pad)));
        hash.update(message);
        Zeroizing::new(hash.finish())
    };
    hash(0x5c, &*hash(0x36, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Deriving the signing key" in AWS's General Reference.
    #[test]
    fn the_key_of_awss_example() {
        let secret = SecretString::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let key = SigningKey::derive(&secret, "20150830", "us-east-1", "iam");
        assert_eq!(hex::encode(*key.0), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }

    /// Source: RFC 4231, test cases 2 and 6.
    #[test]
    fn keys_of_any_length() {
        let short = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex::encode(*short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(*long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
