//! What AWS refuses, in the order in which it does.

use proptest::collection::vec;
use proptest::prelude::*;
use trent_kms_core::{
    AgreementError, Algorithm, DecapsulationError, DecryptionError, EncapsulationAlgorithm, EncryptionAlgorithm,
    EncryptionError, IncompatibleAlgorithm, InvalidCiphertext, InvalidSignature, KeyAgreementAlgorithm, KeyMaterial,
    KeySpec, MacAlgorithm, MessageError, MessageType, SigningAlgorithm,
};

use crate::support::{Hashed, material, sign};

/// Every algorithm on every spec: it works exactly where the table offers it.
#[test]
fn algorithms_that_the_spec_does_not_offer_are_incompatible() {
    for spec in KeySpec::ALL {
        let key = material(*spec);
        let refused = |name: &'static str| IncompatibleAlgorithm { algorithm: name, spec: *spec };
        for algorithm in SigningAlgorithm::ALL {
            let found = key.signing_input(*algorithm, MessageType::Raw, b"x").err();
            let expected = MessageError::IncompatibleAlgorithm(refused(algorithm.as_str()));
            assert_eq!(found == Some(expected), !algorithm.fits(*spec), "{spec} {algorithm}");
        }
        for algorithm in MacAlgorithm::ALL {
            let expected = (!algorithm.fits(*spec)).then(|| refused(algorithm.as_str()));
            assert_eq!(key.mac(*algorithm, b"x").err(), expected, "{spec} {algorithm}");
            assert_eq!(key.verify_mac(*algorithm, b"x", b"y").err(), expected, "{spec} {algorithm}");
        }
        for algorithm in EncryptionAlgorithm::ALL {
            let fits = algorithm.fits(*spec) && *algorithm != EncryptionAlgorithm::SymmetricDefault;
            let found = key.encrypt(*algorithm, b"x");
            assert_eq!(matches!(found, Err(EncryptionError::IncompatibleAlgorithm(_))), !fits, "{spec} {algorithm}");
            let expected = if fits {
                DecryptionError::InvalidCiphertext(InvalidCiphertext)
            } else {
                DecryptionError::IncompatibleAlgorithm(refused(algorithm.as_str()))
            };
            assert_eq!(key.decrypt(*algorithm, b"x").err(), Some(expected), "{spec} {algorithm}");
            assert_eq!(algorithm.max_plaintext_len(*spec).is_some(), algorithm.fits(*spec), "{spec} {algorithm}");
        }
        let agreement = KeyAgreementAlgorithm::Ecdh;
        let found = key.derive_shared_secret(agreement, b"x").err();
        assert_eq!(matches!(found, Some(AgreementError::InvalidPublicKey)), agreement.fits(*spec), "{spec}");
        let encapsulation = EncapsulationAlgorithm::MlKem;
        assert_eq!(key.encapsulate(encapsulation).is_ok(), encapsulation.fits(*spec), "{spec}");
        let found = key.decapsulate(encapsulation, b"x").err();
        assert_eq!(
            found == Some(DecapsulationError::InvalidCiphertext(InvalidCiphertext)),
            encapsulation.fits(*spec),
            "{spec}"
        );
    }
}

/// errors.md §5 and §6, word for word.
#[test]
fn refusals_are_in_awss_words() {
    use MessageType::{Digest, ExternalMu, Raw};
    use SigningAlgorithm as S;
    for (spec, algorithm, message_type, len, words) in [
        (KeySpec::Rsa2048, S::RsassaPssSha256, Digest, 31, "Digest is invalid length for algorithm RSASSA_PSS_SHA_256"),
        (
            KeySpec::MlDsa44,
            S::MlDsaShake256,
            ExternalMu,
            63,
            "External Mu is invalid length for algorithm ML_DSA_SHAKE_256",
        ),
        (
            KeySpec::Rsa4096,
            S::RsassaPssSha256,
            ExternalMu,
            64,
            "Message type EXTERNAL_MU is incompatible with key spec RSA_4096",
        ),
        (
            KeySpec::EccNistP256,
            S::EcdsaSha256,
            ExternalMu,
            64,
            "Message type EXTERNAL_MU is incompatible with key spec ECC_NIST_P256",
        ),
        (KeySpec::Sm2, S::Sm2Dsa, ExternalMu, 64, "Message type EXTERNAL_MU is incompatible with key spec SM2"),
        (KeySpec::MlDsa44, S::MlDsaShake256, Digest, 32, "Message type DIGEST is incompatible with key spec ML_DSA_44"),
        (
            KeySpec::EccNistEdwards25519,
            S::Ed25519PhSha512,
            Raw,
            64,
            "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512",
        ),
        (
            KeySpec::EccNistEdwards25519,
            S::Ed25519Sha512,
            Digest,
            64,
            "Message type DIGEST is incompatible with algorithm ED25519_SHA_512",
        ),
        (KeySpec::Rsa2048, S::EcdsaSha256, Raw, 1, "Algorithm ECDSA_SHA_256 is incompatible with key spec RSA_2048"),
        (KeySpec::Hmac224, S::EcdsaSha256, Raw, 1, "Algorithm ECDSA_SHA_256 is incompatible with key spec HMAC_224"),
    ] {
        let found = material(spec).signing_input(algorithm, message_type, &vec![1; len]).err().expect("refused");
        assert_eq!(found.to_string(), words);
    }
    let mac = material(KeySpec::Hmac224).mac(MacAlgorithm::HmacSha512, b"x").expect_err("refused");
    assert_eq!(mac.to_string(), "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_224");
}

#[test]
fn digests_have_the_length_of_the_hash() {
    for (spec, algorithm) in KeySpec::ALL
        .iter()
        .flat_map(|spec| SigningAlgorithm::offered_by(*spec).iter().map(|algorithm| (*spec, *algorithm)))
    {
        let Some(right) = algorithm.digest_len() else { continue };
        for len in [0, 1, 20, 28, 31, 32, 33, 47, 48, 49, 63, 64, 65, 4096] {
            let message = vec![1; len];
            let found = material(spec).signing_input(algorithm, MessageType::Digest, &message).map(|_| ());
            let expected = if len == right { Ok(()) } else { Err(MessageError::DigestLength(algorithm)) };
            assert_eq!(found, expected, "{spec} {algorithm} {len}");
        }
    }
}

#[test]
fn oaep_takes_as_much_as_the_modulus_leaves() {
    for (spec, sha_1, sha_256) in
        [(KeySpec::Rsa2048, 214, 190), (KeySpec::Rsa3072, 342, 318), (KeySpec::Rsa4096, 470, 446)]
    {
        for (algorithm, longest) in
            [(EncryptionAlgorithm::RsaesOaepSha1, sha_1), (EncryptionAlgorithm::RsaesOaepSha256, sha_256)]
        {
            let plaintext = vec![7; longest];
            let ciphertext = material(spec).encrypt(algorithm, &plaintext).expect("encrypts");
            assert_eq!(material(spec).decrypt(algorithm, &ciphertext).expect("decrypts").expose(), plaintext);
            let error = material(spec).encrypt(algorithm, &vec![7; longest + 1]).expect_err("too long");
            assert_eq!(
                error.to_string(),
                format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {longest} bytes")
            );
        }
    }
    let sm2 = material(KeySpec::Sm2);
    let ciphertext = sm2.encrypt(EncryptionAlgorithm::Sm2Pke, &[7; 1024]).expect("encrypts");
    assert_eq!(sm2.decrypt(EncryptionAlgorithm::Sm2Pke, &ciphertext).expect("decrypts").expose(), [7; 1024]);
    assert!(matches!(
        sm2.encrypt(EncryptionAlgorithm::Sm2Pke, &[7; 1025]),
        Err(EncryptionError::TooLong { longest: 1024, .. })
    ));
}

#[test]
fn changed_cut_and_foreign_ciphertexts_are_invalid() {
    let invalid = Some(DecryptionError::InvalidCiphertext(InvalidCiphertext));
    for (spec, algorithm) in [
        (KeySpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha1),
        (KeySpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha256),
        (KeySpec::Sm2, EncryptionAlgorithm::Sm2Pke),
    ] {
        let ciphertext = material(spec).encrypt(algorithm, b"plaintext").expect("encrypts");
        for at in (0..ciphertext.len()).step_by(5) {
            let mut changed = ciphertext.clone();
            changed[at] ^= 1;
            assert_eq!(material(spec).decrypt(algorithm, &changed).err(), invalid, "{algorithm} byte {at}");
            assert_eq!(material(spec).decrypt(algorithm, &ciphertext[..at]).err(), invalid, "{algorithm} cut to {at}");
        }
        for wrong in [[&ciphertext[..], &[0]].concat(), [&[0], &ciphertext[..]].concat()] {
            assert_eq!(material(spec).decrypt(algorithm, &wrong).err(), invalid, "{algorithm}");
        }
        let other = KeyMaterial::generate(spec, &Hashed::default()).expect("generates");
        assert_eq!(other.decrypt(algorithm, &ciphertext).err(), invalid, "{algorithm}");
    }
    let rsa = material(KeySpec::Rsa2048);
    let ciphertext = rsa.encrypt(EncryptionAlgorithm::RsaesOaepSha1, b"plaintext").expect("encrypts");
    assert_eq!(rsa.decrypt(EncryptionAlgorithm::RsaesOaepSha256, &ciphertext).err(), invalid, "another hash function");
}

#[test]
fn garbage_is_no_signature() {
    for spec in KeySpec::ALL {
        for algorithm in SigningAlgorithm::offered_by(*spec) {
            let message_type = if algorithm.takes(MessageType::Raw) { MessageType::Raw } else { MessageType::Digest };
            let message = vec![3; 64];
            let signature = sign(material(*spec), *algorithm, message_type, &message);
            let input = material(*spec).signing_input(*algorithm, message_type, &message).expect("fits");
            let mut changed = signature.clone();
            changed[signature.len() / 2] ^= 1;
            for wrong in [
                &[][..],
                &[0],
                &[0; 64],
                &[0xff; 6144],
                &vec![0; signature.len()],
                &signature[1..],
                &signature[..signature.len() - 1],
                &[&signature[..], &[0]].concat(),
                &changed,
            ] {
                assert_eq!(input.verify(wrong), Err(InvalidSignature), "{spec} {algorithm}");
            }
            let other_message = vec![4; 64];
            let other = material(*spec).signing_input(*algorithm, message_type, &other_message).expect("fits");
            assert_eq!(other.verify(&signature), Err(InvalidSignature), "{spec} {algorithm}");
            assert_eq!(input.verify(&signature), Ok(()), "{spec} {algorithm}: no error is left behind");
        }
    }
}

/// RFC 8017 §7.1.2, §8.1.2 and §8.2.2 want as many bytes as the modulus has, although leading zeros change no number.
#[test]
fn leading_zeros_of_rsa_signatures_and_ciphertexts_are_not_left_out() {
    let begins_with_zero = |bytes: &Vec<u8>| bytes.first() == Some(&0);
    let key = material(KeySpec::Rsa2048);
    let attempts = || 0..10_000_u32;
    for algorithm in [SigningAlgorithm::RsassaPssSha256, SigningAlgorithm::RsassaPkcs1V15Sha256] {
        let (message, signature) = attempts()
            .map(u32::to_be_bytes)
            .map(|message| (message, sign(key, algorithm, MessageType::Raw, &message)))
            .find(|(_, signature)| begins_with_zero(signature))
            .expect("one in 256 does");
        let input = key.signing_input(algorithm, MessageType::Raw, &message).expect("fits");
        assert_eq!(input.verify(&signature[1..]), Err(InvalidSignature), "{algorithm}");
    }
    for algorithm in [EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256] {
        let ciphertext = attempts()
            .map(|_| key.encrypt(algorithm, b"plaintext").expect("encrypts"))
            .find(begins_with_zero)
            .expect("one in 256 does");
        assert!(key.decrypt(algorithm, &ciphertext[1..]).is_err(), "{algorithm}");
        key.decrypt(algorithm, &ciphertext).expect("decrypts");
    }
}

#[test]
fn macs_are_compared_whole() {
    for (spec, algorithm) in [
        (KeySpec::Hmac224, MacAlgorithm::HmacSha224),
        (KeySpec::Hmac256, MacAlgorithm::HmacSha256),
        (KeySpec::Hmac384, MacAlgorithm::HmacSha384),
        (KeySpec::Hmac512, MacAlgorithm::HmacSha512),
    ] {
        let mac = material(spec).mac(algorithm, b"message").expect("fits");
        assert_eq!(mac.len(), algorithm.len_in_bytes());
        let verify = |message: &[u8], mac: &[u8]| material(spec).verify_mac(algorithm, message, mac).expect("fits");
        assert!(verify(b"message", &mac));
        assert!(!verify(b"massage", &mac));
        for at in 0..mac.len() {
            let mut changed = mac.clone();
            changed[at] ^= 1;
            assert!(!verify(b"message", &changed), "{spec} byte {at}");
            assert!(!verify(b"message", &mac[..at]), "{spec} cut to {at}");
        }
        assert!(!verify(b"message", &[&mac[..], &[0]].concat()));
    }
}

#[test]
fn peers_are_points_on_the_same_curve_in_strict_der() {
    const ECDH: KeyAgreementAlgorithm = KeyAgreementAlgorithm::Ecdh;
    for spec in KeySpec::ALL.iter().filter(|spec| ECDH.fits(**spec)) {
        let key = material(*spec);
        let refused =
            |peer: &[u8]| matches!(key.derive_shared_secret(ECDH, peer), Err(AgreementError::InvalidPublicKey));
        let own = key.public_key().expect("asymmetric");
        assert!(key.derive_shared_secret(ECDH, own).is_ok(), "{spec}: a key agrees with itself");
        for other in KeySpec::ALL.iter().filter(|other| *other != spec) {
            assert!(material(*other).public_key().is_none_or(refused), "{spec} with {other}");
        }
        for at in 0..own.len() {
            let mut off_the_curve = own.to_vec();
            off_the_curve[at] ^= 1;
            assert!(refused(&off_the_curve), "{spec} byte {at}");
            assert!(refused(&own[..at]), "{spec} cut to {at}");
        }
        assert!(refused(&[own, &[0]].concat()), "{spec}: trailing byte");
        let field_len = key.derive_shared_secret(ECDH, own).expect("agrees").expose().len();
        let mut origin = own.to_vec();
        origin[own.len() - 2 * field_len..].fill(0);
        assert!(refused(&origin), "{spec}: (0, 0) is on no such curve");
        let content = &own[if own[1] < 0x80 { 2 } else { 3 }..];
        let ber = [&[0x30, 0x82, 0, u8::try_from(content.len()).expect("short")], content].concat();
        assert!(refused(&ber), "{spec}: BER");
    }
}

#[test]
fn ciphertexts_of_a_wrong_length_are_invalid_and_others_are_rejected_implicitly() {
    const ML_KEM: EncapsulationAlgorithm = EncapsulationAlgorithm::MlKem;
    for spec in [KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024] {
        let key = material(spec);
        let made = key.encapsulate(ML_KEM).expect("encapsulates");
        let invalid = Some(DecapsulationError::InvalidCiphertext(InvalidCiphertext));
        for wrong in [&[][..], &made.ciphertext[1..], &[&made.ciphertext[..], &[0]].concat()] {
            assert_eq!(key.decapsulate(ML_KEM, wrong).err(), invalid, "{spec}");
        }
        let mut changed = made.ciphertext.clone();
        changed[9] ^= 1;
        let rejected = key.decapsulate(ML_KEM, &changed).expect("implicit rejection");
        assert!(rejected != made.shared_secret);
        assert!(rejected == key.decapsulate(ML_KEM, &changed).expect("implicit rejection"), "it is deterministic");
        assert!(key.decapsulate(ML_KEM, &made.ciphertext).expect("decapsulates") == made.shared_secret);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_an_operation_panic(bytes in vec(any::<u8>(), 0..300)) {
        for spec in [KeySpec::EccNistP256, KeySpec::Sm2, KeySpec::EccNistEdwards25519, KeySpec::MlDsa44, KeySpec::MlKem512] {
            let key = material(spec);
            for algorithm in SigningAlgorithm::offered_by(spec) {
                for message_type in MessageType::ALL {
                    if let Ok(input) = key.signing_input(*algorithm, *message_type, &bytes) {
                        prop_assert_eq!(input.verify(&bytes), Err(InvalidSignature));
                    }
                }
            }
            for algorithm in EncryptionAlgorithm::ALL {
                prop_assert!(key.decrypt(*algorithm, &bytes).is_err());
            }
            prop_assert!(key.derive_shared_secret(KeyAgreementAlgorithm::Ecdh, &bytes).is_err());
            prop_assert!(key.decapsulate(EncapsulationAlgorithm::MlKem, &bytes).is_err());
        }
    }
}
