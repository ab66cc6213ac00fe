//! The payload's fields: there, once, of the right type and size.

use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use trent_nitro::{Attestation, AttestationError, Field, Platform};

use crate::support::{CHAIN, NOW, PUBLIC_KEY, array, assert_refused, bytes, map, null, number, text};

const MANDATORY: [(&str, Field); 6] = [
    ("module_id", Field::ModuleId),
    ("digest", Field::Digest),
    ("timestamp", Field::Timestamp),
    ("pcrs", Field::Pcrs),
    ("certificate", Field::Certificate),
    ("cabundle", Field::CaBundle),
];
const OPTIONAL: [(&str, Field); 3] =
    [("public_key", Field::PublicKey), ("user_data", Field::UserData), ("nonce", Field::Nonce)];

fn with(name: &str, value: &[u8]) -> Result<Attestation, AttestationError> {
    CHAIN.verify_payload(&CHAIN.payload().with(name, value))
}

#[test]
fn all_of_them() {
    let attestation = CHAIN.verify_payload(&CHAIN.payload()).expect("right");
    assert_eq!(attestation.module_id, "i-1234567890abcdef0-enc0123456789abcdef");
    assert_eq!(attestation.timestamp, NOW);
    assert_eq!(attestation.platform, Platform::Enclave);
    assert_eq!(attestation.pcrs.len(), 2);
    assert_eq!(attestation.pcrs[&1].as_bytes(), [0xa1; 48]);
    assert_eq!(attestation.image_digest().expect("PCR 0").to_string(), "a0".repeat(48));
    assert_eq!(attestation.recipient.expect("a key").spki_der(), &PUBLIC_KEY[..]);
    assert_eq!(attestation.user_data.as_deref(), Some(&b"user data"[..]));
    assert_eq!(attestation.nonce.as_deref(), Some(&b"nonce"[..]));
}

#[test]
fn mandatory_ones_are_there_and_not_null() {
    for (name, field) in MANDATORY {
        let without = CHAIN.verify_payload(&CHAIN.payload().without(name));
        assert_refused!(without, AttestationError::MissingField(missing) if missing == field, "{name}");
        assert_refused!(with(name, &null()), AttestationError::WrongType(wrong) if wrong == field, "{name}");
    }
}

#[test]
fn optional_ones_may_be_absent_or_null() {
    for (name, _) in OPTIONAL {
        for payload in [CHAIN.payload().without(name), CHAIN.payload().with(name, &null())] {
            let attestation = CHAIN.verify_payload(&payload).expect("without it");
            match name {
                "public_key" => assert!(attestation.recipient.is_none()),
                "user_data" => assert_eq!(attestation.user_data, None),
                _ => assert_eq!(attestation.nonce, None),
            }
        }
    }
}

#[test]
fn each_at_most_once() {
    for (name, field) in MANDATORY.into_iter().chain(OPTIONAL) {
        let twice = CHAIN.verify_payload(&CHAIN.payload().twice(name));
        assert_refused!(twice, AttestationError::DuplicateField(wrong) if wrong == field, "{name}");
    }
    let both = with("nitrotpm_pcrs", &map(&[(number(0), bytes(&[0; 48]))]));
    assert_refused!(both, AttestationError::DuplicateField(Field::NitroTpmPcrs), "registers of both platforms");
}

#[test]
fn none_but_the_known() {
    assert_refused!(with("extra", &null()), AttestationError::UnknownField, "another name");
    assert_refused!(with("Nonce", &null()), AttestationError::UnknownField, "another case");
    assert_refused!(CHAIN.verify(&CHAIN.sign(&map(&[(number(1), null())]))), AttestationError::NotAMap, "a number");
    for (payload, what) in
        [(array([]), "an array"), (null(), "null"), (text("x"), "text"), (vec![0xbf, 0xff], "no length")]
    {
        assert_refused!(CHAIN.verify(&CHAIN.sign(&payload)), AttestationError::NotAMap, "{what}");
    }
    assert_refused!(CHAIN.verify(&CHAIN.sign(&map(&[]))), AttestationError::MissingField(_), "an empty map");
}

#[test]
fn each_of_its_type() {
    let values = [
        ("bytes", bytes(&[1; 48])),
        ("text", text("SHA384")),
        ("number", number(1)),
        ("map", map(&[(number(0), bytes(&[0; 48]))])),
        ("array", array([bytes(&CHAIN.issuers[0].certificate.to_der().expect("DER"))])),
        ("negative", vec![0x20]),
        ("float", vec![0xfb, 0x40, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18]),
        ("true", vec![0xf5]),
        ("undefined", vec![0xf7]),
        ("tagged", vec![0xc0, 0x60]),
        ("bytes of no length", vec![0x5f, 0x41, 1, 0xff]),
        ("text of no length", vec![0x7f, 0x61, 0x41, 0xff]),
        ("an array of no length", vec![0x9f, 0x41, 1, 0xff]),
        ("a map of no length", vec![0xbf, 0, 0x41, 1, 0xff]),
    ];
    for (name, field) in MANDATORY.into_iter().chain(OPTIONAL) {
        let right = match field {
            Field::ModuleId | Field::Digest => "text",
            Field::Timestamp => "number",
            Field::Pcrs | Field::NitroTpmPcrs => "map",
            Field::CaBundle => "array",
            Field::Certificate | Field::PublicKey | Field::UserData | Field::Nonce => "bytes",
        };
        for (kind, value) in values.iter().filter(|(kind, _)| *kind != right) {
            assert_refused!(
                with(name, value),
                AttestationError::WrongType(wrong) if wrong == field,
                "{name} of type {kind}"
            );
        }
    }
    // Within the maps and arrays.
    for registers in
        [map(&[(text("0"), bytes(&[0; 48]))]), map(&[(number(0), text("0"))]), map(&[(vec![0x20], null())])]
    {
        assert_refused!(with("pcrs", &registers), AttestationError::WrongType(Field::Pcrs), "{registers:02x?}");
    }
    assert_refused!(with("cabundle", &array([text("x")])), AttestationError::WrongType(Field::CaBundle), "text in it");
    let not_utf_8 = [0x62, 0xc3, 0x28];
    assert_refused!(with("module_id", &not_utf_8), AttestationError::WrongType(Field::ModuleId), "not UTF-8");
}

#[test]
fn each_of_its_size_and_value() {
    let register = |len| map(&[(number(31), bytes(&vec![7; len]))]);
    let certificate = CHAIN.leaf.certificate.to_der().expect("DER");
    for (name, field, value, what) in [
        ("module_id", Field::ModuleId, text(""), "empty"),
        ("digest", Field::Digest, text("SHA256"), "another digest"),
        ("digest", Field::Digest, text("sha384"), "another case"),
        ("timestamp", Field::Timestamp, number(0), "zero"),
        ("timestamp", Field::Timestamp, number(u64::MAX), "beyond 63 bits"),
        ("pcrs", Field::Pcrs, map(&[]), "none"),
        ("pcrs", Field::Pcrs, map(&[(number(32), bytes(&[0; 48]))]), "index 32"),
        ("pcrs", Field::Pcrs, map(&[(number(256), bytes(&[0; 48]))]), "index 256"),
        ("pcrs", Field::Pcrs, map(&[(number(0), bytes(&[0; 48])), (number(0), bytes(&[1; 48]))]), "an index twice"),
        ("pcrs", Field::Pcrs, register(0), "an empty register"),
        ("pcrs", Field::Pcrs, register(31), "31 bytes"),
        ("pcrs", Field::Pcrs, register(47), "47 bytes"),
        ("pcrs", Field::Pcrs, register(65), "65 bytes"),
        ("certificate", Field::Certificate, bytes(&[]), "empty"),
        ("certificate", Field::Certificate, bytes(&[0x30; 1025]), "1025 bytes"),
        ("cabundle", Field::CaBundle, array([]), "none"),
        ("cabundle", Field::CaBundle, array([bytes(&[])]), "an empty one"),
        ("cabundle", Field::CaBundle, array([bytes(&certificate), bytes(&[0x30; 1025])]), "1025 bytes"),
        ("public_key", Field::PublicKey, bytes(&[]), "empty"),
        ("public_key", Field::PublicKey, bytes(&[0x30; 1025]), "1025 bytes"),
        ("user_data", Field::UserData, bytes(&[0; 513]), "513 bytes"),
        ("nonce", Field::Nonce, bytes(&[0; 513]), "513 bytes"),
    ] {
        assert_refused!(
            with(name, &value),
            AttestationError::InvalidValue(wrong) if wrong == field,
            "{name}: {what}"
        );
    }
}

#[test]
fn each_up_to_its_limits() {
    for len in [32, 48, 64] {
        let attestation = with("pcrs", &map(&[(number(31), bytes(&vec![7; len]))])).expect("a register");
        assert_eq!(attestation.pcrs[&31].as_bytes().len(), len);
        assert_eq!(attestation.image_digest(), None, "PCR 0 was not measured");
    }
    let all: Vec<_> = (0..32).map(|index| (number(index), bytes(&[7; 64]))).collect();
    assert_eq!(with("pcrs", &map(&all)).expect("32 registers").pcrs.len(), 32);
    for name in ["user_data", "nonce"] {
        with(name, &bytes(&[])).expect("empty");
        with(name, &bytes(&[0; 512])).expect("512 bytes");
    }
}

#[test]
fn nitro_tpm_has_registers_of_its_own() {
    let registers = map(&[(number(0), bytes(&[7; 48])), (number(4), bytes(&[4; 48]))]);
    let payload = CHAIN.payload().without("pcrs").with("nitrotpm_pcrs", &registers);
    let attestation = CHAIN.verify_payload(&payload).expect("right");
    assert_eq!(attestation.platform, Platform::NitroTpm);
    assert_eq!(attestation.pcrs[&4].as_bytes(), [4; 48]);
    assert_eq!(attestation.image_digest(), None, "no enclave image");
}

#[test]
fn certificates_are_certificates() {
    let leaf = CHAIN.leaf.certificate.to_der().expect("DER");
    for (wrong, what) in [
        (vec![0], "a byte"),
        (leaf[..leaf.len() - 1].to_vec(), "cut"),
        ([&leaf[..], &[0]].concat(), "with a byte more"),
        (PUBLIC_KEY.clone(), "a public key"),
    ] {
        assert_refused!(
            with("certificate", &bytes(&wrong)),
            AttestationError::InvalidCertificate(Field::Certificate),
            "{what}"
        );
        assert_refused!(
            with("cabundle", &array([bytes(&wrong)])),
            AttestationError::InvalidCertificate(Field::CaBundle),
            "{what}"
        );
    }
}

#[test]
fn the_public_key_is_rsa_of_2048_bits_or_more() {
    let rsa = |bits| Rsa::generate(bits).expect("RSA");
    let spki = |bits| rsa(bits).public_key_to_der().expect("DER");
    for bits in [2048, 3072, 4096] {
        let key = spki(bits);
        let attestation = with("public_key", &bytes(&key)).expect("RSA");
        assert_eq!(attestation.recipient.expect("a key").spki_der(), key);
    }
    let mut pss = PUBLIC_KEY.clone();
    // rsaEncryption, 1.2.840.113549.1.1.1, to RSASSA-PSS, …10.
    pss[16] = 10;
    for (key, what) in [
        (spki(1024), "1024 bits"),
        (spki(2047), "2047 bits"),
        (rsa(2048).public_key_to_der_pkcs1().expect("DER"), "PKCS #1"),
        (PKey::ec_gen("P-256").and_then(|key| key.public_key_to_der()).expect("DER"), "an EC key"),
        (PKey::generate_ed25519().and_then(|key| key.public_key_to_der()).expect("DER"), "Ed25519"),
        (PKey::from_rsa(rsa(2048)).and_then(|key| key.public_key_to_pem()).expect("PEM"), "PEM"),
        (PUBLIC_KEY[..PUBLIC_KEY.len() - 1].to_vec(), "cut"),
        ([&PUBLIC_KEY[..], &[0]].concat(), "with a byte more"),
        (pss, "RSASSA-PSS"),
        ([&PUBLIC_KEY[..PUBLIC_KEY.len() - 1], &[0]].concat(), "an even exponent"),
        ([&PUBLIC_KEY[..PUBLIC_KEY.len() - 3], &[0, 0, 1]].concat(), "the exponent one"),
    ] {
        assert_refused!(with("public_key", &bytes(&key)), AttestationError::InvalidRecipientKey(_), "{what}");
    }
}
