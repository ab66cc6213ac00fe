//! ML-DSA and ML-KEM both ways against RustCrypto.

use ml_dsa::{EncodedSignature, Signature};
use openssl::hash::{Hasher, MessageDigest};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use trent_kms_core::{EncapsulationAlgorithm, KeySpec, MessageType, SigningAlgorithm};

use crate::support::{material, sign, verifies};

const MESSAGE: &[u8] = b"what both sides read";

/// FIPS 204 §6.2, for an empty context.
fn mu(public_key: &[u8]) -> [u8; 64] {
    let shake = |parts: &[&[u8]]| {
        let mut hasher = Hasher::new(MessageDigest::shake_256()).expect("hasher");
        for part in parts {
            hasher.update(part).expect("updates");
        }
        let mut output = [0; 64];
        hasher.finish_xof(&mut output).expect("finishes");
        output
    };
    shake(&[&shake(&[public_key]), &[0, 0], MESSAGE])
}

macro_rules! ml_dsa {
    ($name:ident: $set:ident, $spec:ident, $signature_len:literal) => {
        #[test]
        fn $name() {
            let key = material(KeySpec::$spec);
            let algorithm = SigningAlgorithm::MlDsaShake256;
            let signer = ml_dsa::SigningKey::<ml_dsa::$set>::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
            let verifier =
                ml_dsa::VerifyingKey::<ml_dsa::$set>::from_public_key_der(key.public_key().expect("asymmetric"))
                    .expect("SPKI");
            let parse = |bytes: &[u8]| {
                let encoded = EncodedSignature::<ml_dsa::$set>::try_from(bytes).expect("length");
                Signature::<ml_dsa::$set>::decode(&encoded).expect("signature")
            };
            let mu = mu(&verifier.encode());
            assert!(verifier.verify_mu(&mu.into(), &parse(&sign(key, algorithm, MessageType::Raw, MESSAGE))));

            let ours = sign(key, algorithm, MessageType::Raw, MESSAGE);
            assert_eq!(ours.len(), $signature_len);
            assert!(verifier.verify_with_context(MESSAGE, &[], &parse(&ours)));
            assert_ne!(ours, sign(key, algorithm, MessageType::Raw, MESSAGE), "it is hedged");
            let over_mu = sign(key, algorithm, MessageType::ExternalMu, &mu);
            assert!(verifier.verify_with_context(MESSAGE, &[], &parse(&over_mu)));
            assert!(verifies(key, algorithm, MessageType::Raw, MESSAGE, &over_mu), "RAW and EXTERNAL_MU are one");
            assert!(verifies(key, algorithm, MessageType::ExternalMu, &mu, &ours), "RAW and EXTERNAL_MU are one");

            let theirs = signer.expanded_key().sign_deterministic(MESSAGE, &[]).expect("signs").encode();
            assert!(verifies(key, algorithm, MessageType::Raw, MESSAGE, &theirs));
            let with_context = signer.expanded_key().sign_deterministic(MESSAGE, b"context").expect("signs").encode();
            assert!(!verifies(key, algorithm, MessageType::Raw, MESSAGE, &with_context), "the context is empty");
        }
    };
}

ml_dsa!(ml_dsa_44: MlDsa44, MlDsa44, 2420);
ml_dsa!(ml_dsa_65: MlDsa65, MlDsa65, 3309);
ml_dsa!(ml_dsa_87: MlDsa87, MlDsa87, 4627);

macro_rules! ml_kem {
    ($name:ident: $set:ident, $spec:ident) => {
        #[test]
        fn $name() {
            use ml_kem::kem::TryDecapsulate as _;

            let key = material(KeySpec::$spec);
            let decapsulation = ml_kem::DecapsulationKey::<ml_kem::$set>::from_pkcs8_der(key.to_bytes().expose());
            let decapsulation = decapsulation.expect("PKCS#8");
            let encapsulation =
                ml_kem::EncapsulationKey::<ml_kem::$set>::from_public_key_der(key.public_key().expect("asymmetric"));
            let (ciphertext, theirs) = encapsulation.expect("SPKI").encapsulate_deterministic(&[7; 32].into());
            let ours = key.decapsulate(EncapsulationAlgorithm::MlKem, &ciphertext).expect("decapsulates");
            assert_eq!(ours.expose(), &theirs[..]);

            let made = key.encapsulate(EncapsulationAlgorithm::MlKem).expect("encapsulates");
            let mut ciphertext = made.ciphertext.clone();
            for expected in [Some(&made.shared_secret), None] {
                let theirs =
                    decapsulation.try_decapsulate(&ciphertext[..].try_into().expect("length")).expect("secret");
                let ours = key.decapsulate(EncapsulationAlgorithm::MlKem, &ciphertext).expect("decapsulates");
                assert_eq!(ours.expose(), &theirs[..], "rejected implicitly, and to the same secret");
                assert!(expected.is_none_or(|expected| *expected == ours));
                ciphertext[100] ^= 1;
            }
        }
    };
}

ml_kem!(ml_kem_512: MlKem512, MlKem512);
ml_kem!(ml_kem_768: MlKem768, MlKem768);
ml_kem!(ml_kem_1024: MlKem1024, MlKem1024);
