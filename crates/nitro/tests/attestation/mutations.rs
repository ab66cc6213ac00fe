//! Whatever is changed is refused, and nothing panics.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use trent_nitro::AttestationError;

use crate::support::{CHAIN, Chain, assert_refused, bytes, leaf, map, null, number};

/// As small as documents get: no CA between, one register, nothing optional but the key.
static SMALL: LazyLock<(Chain, Vec<u8>)> = LazyLock::new(|| {
    let chain = Chain::of(&[], &leaf());
    let payload = chain.payload().with("user_data", &null()).with("nonce", &null());
    let payload = payload.with("pcrs", &map(&[(number(0), bytes(&[1; 32]))]));
    let document = chain.sign(&payload.encode());
    (chain, document)
});

#[test]
fn any_changed_byte() {
    let (chain, document) = &*SMALL;
    chain.verify(document).expect("unchanged");
    for at in 0..document.len() {
        for change in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = document.clone();
            changed[at] ^= change;
            let refused = chain.verify(&changed).expect_err("changed");
            assert!(!matches!(refused, AttestationError::OpenSsl(_)), "byte {at}: {refused:?}");
        }
    }
}

#[test]
fn any_changed_register() {
    let signed = CHAIN.payload().encode();
    let signature = CHAIN.leaf.signature(crate::support::ES384, &signed);
    for index in 0..2 {
        for at in 0..48 {
            let registers: Vec<_> = (0..2)
                .map(|other| {
                    let mut content = [0xa0 + u8::try_from(other).expect("small"); 48];
                    content[at] ^= u8::from(other == index);
                    (number(other), bytes(&content))
                })
                .collect();
            let payload = CHAIN.payload().with("pcrs", &map(&registers)).encode();
            let document = crate::support::document(crate::support::ES384, &payload, &signature);
            assert_refused!(CHAIN.verify(&document), AttestationError::InvalidSignature, "PCR {index}, byte {at}");
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(document in vec(any::<u8>(), 0..2000)) {
        prop_assert!(CHAIN.verify(&document).is_err());
    }

    #[test]
    fn arbitrary_bytes_signed(payload in vec(any::<u8>(), 0..2000)) {
        prop_assert!(CHAIN.verify(&CHAIN.sign(&payload)).is_err());
    }

    #[test]
    fn a_changed_document(edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let (chain, document) = &*SMALL;
        let mut changed = document.clone();
        for (at, byte) in edits {
            changed[at.index(document.len())] = byte;
        }
        match chain.verify(&changed) {
            Ok(_) => prop_assert_eq!(&changed, document),
            Err(refused) => prop_assert!(!matches!(refused, AttestationError::OpenSsl(_)), "{:?}", refused),
        }
        prop_assert!(chain.verify(&changed[..cut.index(document.len())]).is_err());
    }

    /// The signer may say what it likes, but only within the limits.
    #[test]
    fn a_changed_payload_signed(edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut payload = CHAIN.payload().encode();
        let len = payload.len();
        for (at, byte) in edits {
            payload[at.index(len)] = byte;
        }
        match CHAIN.verify(&CHAIN.sign(&payload)) {
            Ok(attestation) => {
                prop_assert!(!attestation.module_id.is_empty());
                prop_assert!(attestation.timestamp.as_millis() > 0);
                prop_assert!(!attestation.pcrs.is_empty());
                for (index, pcr) in &attestation.pcrs {
                    prop_assert!(*index < 32 && [32, 48, 64].contains(&pcr.as_bytes().len()));
                }
            }
            Err(refused) => prop_assert!(!matches!(refused, AttestationError::OpenSsl(_)), "{:?}", refused),
        }
    }
}
