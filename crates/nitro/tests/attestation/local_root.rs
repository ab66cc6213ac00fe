//! Documents that the crate makes itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use openssl::pkey::PKey;
use openssl::sha::sha256;
use trent_nitro::{Attestation, AttestationError, DocumentFields, InvalidLocalRoot, LocalRoot, Platform, Roots};
use trent_shared::{Entropy, Timestamp};

use crate::support::{NOW, PUBLIC_KEY, assert_refused, ca};

const HOUR: i64 = 60 * 60 * 1000;

/// Bytes that differ from call to call.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = sha256(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

fn root() -> LocalRoot {
    LocalRoot::generate(NOW, &Counter::default()).expect("generates")
}

fn trusting(root: &LocalRoot) -> Roots {
    let mut roots = Roots::none();
    roots.add_pem(&root.certificate_pem().expect("PEM")).expect("a root");
    roots
}

fn fields() -> DocumentFields {
    DocumentFields {
        module_id: "i-1234567890abcdef0-enc0123456789abcdef".to_owned(),
        timestamp: NOW,
        platform: Platform::Enclave,
        pcrs: BTreeMap::from([(0, vec![0xab; 48]), (8, vec![8; 48])]),
        public_key: Some(PUBLIC_KEY.clone()),
        user_data: Some(b"user data".to_vec()),
        nonce: Some(b"nonce".to_vec()),
    }
}

fn verify(root: &LocalRoot, fields: &DocumentFields, now: Timestamp) -> Result<Attestation, AttestationError> {
    Attestation::verify(&root.document(fields, &Counter::default()).expect("makes"), &trusting(root), now)
}

#[test]
fn its_documents_say_what_they_were_told() {
    let root = root();
    for platform in [Platform::Enclave, Platform::NitroTpm] {
        let attestation = verify(&root, &DocumentFields { platform, ..fields() }, NOW).expect("verifies");
        assert_eq!(attestation.module_id, fields().module_id);
        assert_eq!(attestation.timestamp, NOW);
        assert_eq!(attestation.platform, platform);
        let pcrs: BTreeMap<_, _> = attestation.pcrs.iter().map(|(at, pcr)| (*at, pcr.as_bytes().to_vec())).collect();
        assert_eq!(pcrs, fields().pcrs);
        assert_eq!(attestation.recipient.expect("a key").spki_der(), &PUBLIC_KEY[..]);
        assert_eq!(attestation.user_data, fields().user_data);
        assert_eq!(attestation.nonce, fields().nonce);
    }
    let bare = DocumentFields { public_key: None, user_data: None, nonce: None, ..fields() };
    let attestation = verify(&root, &bare, NOW).expect("verifies");
    assert!(attestation.recipient.is_none() && attestation.user_data.is_none() && attestation.nonce.is_none());
}

#[test]
fn they_have_the_form_of_awss() {
    let document = root().document(&fields(), &Counter::default()).expect("makes");
    let awss = include_bytes!("../data/attestation.cose");
    // Untagged, of four, ES384, nothing unprotected, a payload of two length bytes, a map of nine.
    assert_eq!(document[..8], awss[..8]);
    assert_eq!(document[10..23], awss[10..23]);
}

#[test]
fn they_are_valid_for_three_hours() {
    let root =
        LocalRoot::generate(Timestamp::from_millis(NOW.as_millis() - HOUR), &Counter::default()).expect("generates");
    let at = |millis| verify(&root, &fields(), Timestamp::from_millis(NOW.as_millis() + millis));
    at(-3000).expect("a moment before");
    at(3 * HOUR - 1).expect("three hours");
    assert_refused!(at(-3001), AttestationError::NotYetValid, "early");
    assert_refused!(at(3 * HOUR + 1000), AttestationError::Expired, "late");
}

#[test]
fn the_root_is_valid_for_thirty_years() {
    let root = root();
    let year = 365 * 24 * HOUR;
    for (years, is_valid) in [(29, true), (31, false)] {
        let then = Timestamp::from_millis(NOW.as_millis() + years * year);
        let verified = verify(&root, &DocumentFields { timestamp: then, ..fields() }, then);
        assert_eq!(verified.is_ok(), is_valid, "{years}: {verified:?}");
    }
}

#[test]
fn roots_of_one_name_are_told_apart() {
    let (ours, theirs, strangers) = (root(), root(), root());
    let mut roots = trusting(&ours);
    roots.add_pem(&theirs.certificate_pem().expect("PEM")).expect("a root");
    for (root, is_trusted) in [(&ours, true), (&theirs, true), (&strangers, false)] {
        let document = root.document(&fields(), &Counter::default()).expect("makes");
        match Attestation::verify(&document, &roots, NOW) {
            Ok(_) if is_trusted => {}
            Err(AttestationError::UnknownRoot) if !is_trusted => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn writes_what_is_refused_too() {
    let root = root();
    let refused = |fields| verify(&root, &fields, NOW).expect_err("refused").to_string();
    assert_eq!(refused(DocumentFields { module_id: String::new(), ..fields() }), "module_id has an invalid value");
    assert_eq!(refused(DocumentFields { pcrs: BTreeMap::new(), ..fields() }), "pcrs has an invalid value");
    let pcrs = BTreeMap::from([(32, vec![0; 48])]);
    assert_eq!(refused(DocumentFields { pcrs, ..fields() }), "pcrs has an invalid value");
    let nonce = Some(vec![0; 513]);
    assert_eq!(refused(DocumentFields { nonce, ..fields() }), "nonce has an invalid value");
    let long = DocumentFields { module_id: "m".repeat(20_000), ..fields() };
    assert!(refused(long).starts_with("the payload has 1 to 16384 bytes"));
    let far = DocumentFields { timestamp: Timestamp::from_millis(i64::MAX), ..fields() };
    assert!(!refused(far).is_empty(), "X.509 knows no such year");
}

#[test]
fn goes_through_pem() {
    let root = root();
    let pem = root.to_pem().expect("PEM");
    let read = LocalRoot::from_pem(pem.expose()).expect("what it wrote");
    let document = read.document(&fields(), &Counter::default()).expect("makes");
    Attestation::verify(&document, &trusting(&root), NOW).expect("the same root");
    let mut roots = Roots::none();
    roots.add_pem(pem.expose()).expect("the certificate in it");
    Attestation::verify(&document, &roots, NOW).expect("the same root");
    assert!(!format!("{read:?}").contains("PRIVATE"));
    assert!(!root.certificate_pem().expect("PEM").contains("PRIVATE"));

    let certificate = root.certificate_pem().expect("PEM");
    let key = &pem.expose()[certificate.len()..];
    let encode = |key: Result<PKey<_>, _>| {
        String::from_utf8(key.and_then(|key: PKey<_>| key.private_key_to_pem_pkcs8()).expect("PEM")).expect("text")
    };
    let locked = PKey::ec_gen("P-384")
        .and_then(|key| key.private_key_to_pem_pkcs8_passphrase(openssl::symm::Cipher::aes_256_cbc(), b"passphrase"));
    let end_entity = ca("A").signed_by(&ca("B").self_signed()).certificate.to_pem().expect("PEM");
    for (pem, why) in [
        (String::new(), InvalidLocalRoot::Certificate),
        (key.to_owned(), InvalidLocalRoot::Certificate),
        ([str::from_utf8(&end_entity).expect("text"), key].concat(), InvalidLocalRoot::Certificate),
        (certificate.clone(), InvalidLocalRoot::PrivateKey),
        ([&certificate, &encode(PKey::ec_gen("P-384"))[..]].concat(), InvalidLocalRoot::PrivateKey),
        ([&certificate, &encode(PKey::ec_gen("P-256"))[..]].concat(), InvalidLocalRoot::PrivateKey),
        (
            [certificate.as_bytes(), &locked.expect("PEM")].concat().try_into().expect("text"),
            InvalidLocalRoot::PrivateKey,
        ),
    ] {
        assert_eq!(LocalRoot::from_pem(&pem).err(), Some(why), "{pem}");
    }
}
