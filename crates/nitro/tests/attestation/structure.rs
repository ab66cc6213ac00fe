//! The COSE_Sign1 around the payload.

use trent_nitro::{AttestationError, MAX_DOCUMENT_LEN};

use crate::support::{CHAIN, ES384, array, assert_refused, bytes, document, map, number, text};

#[test]
fn tagged_or_not() {
    let document = CHAIN.sign(&CHAIN.payload().encode());
    CHAIN.verify(&document).expect("untagged");
    CHAIN.verify(&[&[0xd2], &document[..]].concat()).expect("tagged 18");
    for tag in [&[0xd1][..], &[0xd3], &[0xd9, 0xd9, 0xf7], &[0xd2, 0xd2]] {
        assert_refused!(CHAIN.verify(&[tag, &document].concat()), AttestationError::NotCoseSign1, "tag {tag:02x?}");
    }
}

#[test]
fn of_a_size_that_kms_takes() {
    assert_refused!(CHAIN.verify(&[]), AttestationError::DocumentSize(0), "empty");
    let longest = document(ES384, &vec![0; MAX_DOCUMENT_LEN - 110], &[0; 96]);
    assert_eq!(longest.len(), MAX_DOCUMENT_LEN);
    assert_refused!(CHAIN.verify(&longest), AttestationError::PayloadSize(_), "the longest document");
    let longer = [&longest[..], &[0]].concat();
    assert_refused!(CHAIN.verify(&longer), AttestationError::DocumentSize(262_145), "one byte more");

    assert_refused!(CHAIN.verify(&CHAIN.sign(&[])), AttestationError::PayloadSize(0), "empty payload");
    assert_refused!(CHAIN.verify(&CHAIN.sign(&vec![0; 16_384])), AttestationError::NotAMap, "the longest payload");
    assert_refused!(
        CHAIN.verify(&CHAIN.sign(&vec![0; 16_385])),
        AttestationError::PayloadSize(16_385),
        "one byte more"
    );
}

#[test]
fn cut_anywhere() {
    let document = CHAIN.sign(&CHAIN.payload().encode());
    for len in 1..document.len() {
        assert_refused!(CHAIN.verify(&document[..len]), AttestationError::Truncated, "{len} bytes");
    }
}

#[test]
fn a_payload_cut_anywhere() {
    let payload = CHAIN.payload().encode();
    for len in 1..payload.len() {
        let cut = document(ES384, &payload[..len], &[0; 96]);
        assert_refused!(CHAIN.verify(&cut), AttestationError::Truncated, "{len} bytes");
    }
}

#[test]
fn nothing_may_follow() {
    let payload = CHAIN.payload().encode();
    for follows in [&[0][..], &[0xf6], &[0xff], &payload] {
        let after = [&CHAIN.sign(&payload)[..], follows].concat();
        assert_refused!(CHAIN.verify(&after), AttestationError::TrailingBytes, "after the document");
        let within = CHAIN.sign(&[&payload, follows].concat());
        assert_refused!(CHAIN.verify(&within), AttestationError::TrailingBytes, "after the payload");
    }
}

#[test]
fn signed_with_es384_and_nothing_else() {
    let payload = CHAIN.payload().encode();
    for (protected, what) in [
        (map(&[(number(1), vec![0x26])]), "ES256"),
        (map(&[(number(1), vec![0x38, 0x23])]), "ES512"),
        (map(&[(number(1), number(34))]), "a positive number"),
        (map(&[(number(1), text("ES384"))]), "a name"),
        (map(&[]), "no algorithm"),
        (map(&[(number(1), vec![0x38, 0x22]), (number(2), array([]))]), "something critical"),
        (vec![], "empty"),
    ] {
        let document = document(&protected, &payload, &CHAIN.leaf.signature(&protected, &payload));
        assert_refused!(CHAIN.verify(&document), AttestationError::WrongAlgorithm, "{what}");
    }
}

#[test]
fn a_structure_of_four() {
    let payload = CHAIN.payload().encode();
    let (protected, signature) = (bytes(ES384), bytes(&CHAIN.leaf.signature(ES384, &payload)));
    let (payload, unprotected) = (bytes(&payload), map(&[]));
    let parts = [&protected, &unprotected, &payload, &signature].map(Clone::clone);
    for (document, what) in [
        (array(parts[..3].to_vec()), "three"),
        (array([&parts[..], &[vec![0]]].concat()), "five"),
        ([&[0x9f], &parts.concat()[..], &[0xff]].concat(), "of no length"),
        (map(&[(parts[0].clone(), parts[1].clone())]), "a map"),
        (bytes(&array(parts.clone())), "bytes"),
        (vec![0], "a number"),
        (vec![0xff], "a break"),
        (array([map(&[]), parts[1].clone(), parts[2].clone(), parts[3].clone()]), "an unwrapped header"),
        (array([parts[0].clone(), parts[1].clone(), text("payload"), parts[3].clone()]), "a payload of text"),
        (array([parts[0].clone(), parts[1].clone(), vec![0xf6], parts[3].clone()]), "a detached payload"),
        (array([parts[0].clone(), parts[1].clone(), parts[2].clone(), text("signature")]), "a signature of text"),
        (array([parts[0].clone(), bytes(&[]), parts[2].clone(), parts[3].clone()]), "a header of bytes"),
    ] {
        assert_refused!(CHAIN.verify(&document), AttestationError::NotCoseSign1, "{what}");
    }
    let header = map(&[(number(4), bytes(b"key"))]);
    let document = array([protected, header, payload, signature]);
    assert_refused!(CHAIN.verify(&document), AttestationError::UnprotectedHeader, "a header that nobody signed");
}

#[test]
fn lengths_that_lie_cost_nothing() {
    for huge in [&[0x9b][..], &[0xbb], &[0x5b], &[0x7b], &[0xdb]] {
        for len in [u64::MAX, u64::MAX / 2, 1 << 40] {
            let lie = [huge, &len.to_be_bytes()[..]].concat();
            CHAIN.verify(&lie).expect_err("as a document");
            CHAIN.verify(&CHAIN.sign(&lie)).expect_err("as a payload");
            for field in ["module_id", "timestamp", "pcrs", "certificate", "cabundle", "nonce"] {
                CHAIN.verify(&CHAIN.sign(&CHAIN.payload().with(field, &lie).encode())).expect_err("as a field");
            }
        }
    }
    for nesting in [0x81, 0x9f, 0xa1, 0xbf, 0xd2] {
        CHAIN.verify(&vec![nesting; MAX_DOCUMENT_LEN]).expect_err("deep");
        CHAIN.verify(&CHAIN.sign(&vec![nesting; 16_384])).expect_err("deep");
    }
}

#[test]
fn a_signature_of_another() {
    let payload = CHAIN.payload().encode();
    let signature = CHAIN.leaf.signature(ES384, &payload);
    let other = CHAIN.leaf.signature(ES384, b"another payload");
    let issuers = CHAIN.issuers[2].signature(ES384, &payload);
    let swapped = [&signature[48..], &signature[..48]].concat();
    // The order of P-384, which no scalar reaches.
    let order = hex::decode(concat!(
        "ffffffffffffffffffffffffffffffffffffffffffffffff",
        "c7634d81f4372ddf581a0db248b0a77aecec196accc52973"
    ));
    let order = order.expect("hexadecimal");
    for (wrong, what) in [
        (other, "of another payload"),
        (issuers, "by the issuer"),
        (swapped, "with r and s swapped"),
        (vec![0; 96], "of zeros"),
        (vec![0xff; 96], "of ones"),
        ([&order[..], &signature[48..]].concat(), "with r out of range"),
        ([&signature[..48], &order].concat(), "with s out of range"),
        ([&signature[..48], &[0; 48]].concat(), "with s of zero"),
        (signature[..95].to_vec(), "a byte short"),
        ([&signature[..], &[0]].concat(), "a byte long"),
        (vec![], "empty"),
        (vec![0; 47], "shorter than r"),
    ] {
        let document = document(ES384, &payload, &wrong);
        assert_refused!(CHAIN.verify(&document), AttestationError::InvalidSignature, "{what}");
    }
}
