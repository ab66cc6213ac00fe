//! A document that the Nitro hypervisor of an enclave in eu-central-1 made on 2025-01-06 (from the crate `nitro_attest` 0.2.0,
//! `tests/fixtures/attestation.cose`, MIT), against the root that is compiled in.

use openssl::hash::MessageDigest;
use openssl::x509::X509;
use trent_nitro::{Attestation, AttestationError, Platform, Roots};
use trent_shared::Timestamp;

use crate::support::{CHAIN, assert_refused};

const DOCUMENT: &[u8] = include_bytes!("../data/attestation.cose");
/// 2025-01-06T16:07:05.472Z, as the document has it.
const MADE: Timestamp = Timestamp::from_millis(1_736_179_625_472);

#[test]
fn verifies_at_its_own_time() {
    let attestation = Attestation::verify(DOCUMENT, &Roots::aws(), MADE).expect("AWS made it");
    assert_eq!(attestation.module_id, "i-0bee92034f3d60691-enc01943c5eaab3ad6a");
    assert_eq!(attestation.timestamp, MADE);
    assert_eq!(attestation.platform, Platform::Enclave);
    assert_eq!(attestation.pcrs.keys().copied().collect::<Vec<_>>(), (0..16).collect::<Vec<_>>());
    assert!(attestation.pcrs.values().all(|pcr| pcr.as_bytes().len() == 48));
    assert_eq!(attestation.image_digest(), attestation.pcrs.get(&0));
    assert_eq!(attestation.recipient.expect("a key").spki_der().len(), 294);
    assert_eq!((attestation.user_data, attestation.nonce), (None, None), "null in the document");
}

#[test]
fn the_root_has_awss_fingerprint() {
    let root = X509::from_pem(include_bytes!("../../src/aws_nitro_enclaves_root_g1.pem")).expect("PEM");
    let fingerprint = hex::encode_upper(root.digest(MessageDigest::sha256()).expect("SHA-256"));
    assert_eq!(fingerprint, "641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B");
}

#[test]
fn verifies_tagged_too() {
    let tagged = [&[0xd2], DOCUMENT].concat();
    Attestation::verify(&tagged, &Roots::aws(), MADE).expect("AWS signed it");
}

#[test]
fn only_for_three_hours() {
    // The leaf is valid from 16:07:02 to 19:07:05.
    for (millis, is_early) in [(1_736_179_622_000 - 1, true), (1_736_190_425_000 + 1000, false)] {
        let verified = Attestation::verify(DOCUMENT, &Roots::aws(), Timestamp::from_millis(millis));
        if is_early {
            assert_refused!(verified, AttestationError::NotYetValid, "{millis}");
        } else {
            assert_refused!(verified, AttestationError::Expired, "{millis}");
        }
    }
    for millis in [1_736_179_622_000, 1_736_190_425_000 - 1] {
        Attestation::verify(DOCUMENT, &Roots::aws(), Timestamp::from_millis(millis)).expect("valid");
    }
}

#[test]
fn leads_to_awss_root_alone() {
    for roots in [Roots::none(), CHAIN.roots()] {
        assert_refused!(Attestation::verify(DOCUMENT, &roots, MADE), AttestationError::UnknownRoot, "{roots:?}");
    }
    let mut both = CHAIN.roots();
    both.add_pem(include_str!("../../src/aws_nitro_enclaves_root_g1.pem")).expect("a root");
    Attestation::verify(DOCUMENT, &both, MADE).expect("one of two");
}

#[test]
fn no_bit_can_change() {
    // One bit of each byte; `mutations` does the same more thoroughly on documents of its own.
    for at in 0..DOCUMENT.len() {
        let mut changed = DOCUMENT.to_vec();
        changed[at] ^= 1 << (at % 8);
        let refused = Attestation::verify(&changed, &Roots::aws(), MADE).expect_err("changed");
        assert!(!matches!(refused, AttestationError::OpenSsl(_)), "byte {at}: {refused}");
    }
}
