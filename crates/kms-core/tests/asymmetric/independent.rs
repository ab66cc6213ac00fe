//! Both directions against RustCrypto and dalek: what Trent makes they take, what they make Trent takes.

use hmac::{Hmac, Mac};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::{Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey};
use trent_kms_core::{
    EncryptionAlgorithm, KeyAgreementAlgorithm, KeyMaterial, KeySpec, MacAlgorithm, MessageType, SigningAlgorithm,
};

use crate::support::{Hashed, material, sign, verifies};

const MESSAGE: &[u8] = b"what both sides read";

/// Trent signs for `check`, which verifies; `make` signs for Trent. RAW and DIGEST are the same to the other side.
fn both_ways(
    key: &KeyMaterial,
    algorithm: SigningAlgorithm,
    digest: &[u8],
    check: impl Fn(&[u8]) -> bool,
    make: impl FnOnce() -> Vec<u8>,
) {
    let theirs = make();
    for (message_type, message) in [(MessageType::Raw, MESSAGE), (MessageType::Digest, digest)] {
        assert!(check(&sign(key, algorithm, message_type, message)), "{algorithm} {message_type}");
        assert!(verifies(key, algorithm, message_type, message, &theirs), "{algorithm} {message_type}");
    }
}

#[test]
fn rsa_signatures() {
    for spec in [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096] {
        let key = material(spec);
        let private = RsaPrivateKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
        let public = RsaPublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");
        macro_rules! check {
            ($hash:ty, $pkcs1:ident, $pss:ident) => {{
                let digest = <$hash>::digest(MESSAGE).to_vec();
                both_ways(
                    key,
                    SigningAlgorithm::$pkcs1,
                    &digest,
                    |signature| public.verify(Pkcs1v15Sign::new::<$hash>(), &digest, signature).is_ok(),
                    || private.sign(Pkcs1v15Sign::new::<$hash>(), &digest).expect("signs"),
                );
                both_ways(
                    key,
                    SigningAlgorithm::$pss,
                    &digest,
                    |signature| public.verify(Pss::<$hash>::new_with_salt(digest.len()), &digest, signature).is_ok(),
                    || {
                        let scheme = Pss::<$hash>::new_with_salt(digest.len());
                        private.sign_with_rng(&mut Hashed::default(), scheme, &digest).expect("signs")
                    },
                );
                let salted = |salt_len| {
                    let scheme = Pss::<$hash>::new_with_salt(salt_len);
                    private.sign_with_rng(&mut Hashed::default(), scheme, &digest).expect("signs")
                };
                for other in [0, digest.len() - 1, digest.len() + 1] {
                    let signature = salted(other);
                    assert!(
                        !verifies(key, SigningAlgorithm::$pss, MessageType::Digest, &digest, &signature),
                        "{other}"
                    );
                }
            }};
        }
        check!(Sha256, RsassaPkcs1V15Sha256, RsassaPssSha256);
        check!(Sha384, RsassaPkcs1V15Sha384, RsassaPssSha384);
        check!(Sha512, RsassaPkcs1V15Sha512, RsassaPssSha512);
    }
}

#[test]
fn rsa_pkcs1_signatures_are_deterministic() {
    let digest = Sha256::digest(MESSAGE);
    let algorithm = SigningAlgorithm::RsassaPkcs1V15Sha256;
    let key = material(KeySpec::Rsa2048);
    assert_eq!(sign(key, algorithm, MessageType::Raw, MESSAGE), sign(key, algorithm, MessageType::Digest, &digest));
}

#[test]
fn rsa_encryption() {
    for spec in [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096] {
        let key = material(spec);
        let private = RsaPrivateKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
        let public = RsaPublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");
        macro_rules! check {
            ($hash:ty, $algorithm:ident) => {{
                let algorithm = EncryptionAlgorithm::$algorithm;
                for len in [1, 32, algorithm.max_plaintext_len(spec).expect("fits")] {
                    let plaintext = vec![9; len];
                    let theirs =
                        public.encrypt(&mut Hashed::default(), Oaep::<$hash>::new(), &plaintext).expect("encrypts");
                    assert_eq!(key.decrypt(algorithm, &theirs).expect("decrypts").expose(), plaintext);
                    let ours = key.encrypt(algorithm, &plaintext).expect("encrypts");
                    assert_eq!(private.decrypt(Oaep::<$hash>::new(), &ours).expect("decrypts"), plaintext);
                }
                let labelled = Oaep::<$hash>::new_with_label(b"label".to_vec());
                let theirs = public.encrypt(&mut Hashed::default(), labelled, MESSAGE).expect("encrypts");
                assert!(key.decrypt(algorithm, &theirs).is_err(), "the label is empty");
            }};
        }
        check!(sha1::Sha1, RsaesOaepSha1);
        check!(Sha256, RsaesOaepSha256);
    }
}

macro_rules! ecdsa {
    ($name:ident: $curve:ident, $spec:ident, $hash:ty, $algorithm:ident) => {
        #[test]
        fn $name() {
            use $curve::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $curve::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};

            let key = material(KeySpec::$spec);
            let secret = $curve::SecretKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
            let signer = SigningKey::from_slice(&secret.to_bytes()).expect("key");
            let public = $curve::PublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");
            let verifier = VerifyingKey::from_affine(*public.as_affine()).expect("key");
            let digest = <$hash>::digest(MESSAGE);
            // Signatures are random; of several, some have the top bits that DER pads.
            for _ in 0..4 {
                both_ways(
                    key,
                    SigningAlgorithm::$algorithm,
                    &digest,
                    |signature| {
                        let signature: Signature =
                            DerSignature::from_bytes(signature).expect("DER").try_into().expect("r, s");
                        verifier.verify_prehash(&digest, &signature).is_ok()
                    },
                    || {
                        let signature: Signature = signer.sign_prehash(&digest).expect("signs");
                        signature.to_der().as_bytes().to_vec()
                    },
                );
            }
        }
    };
}

ecdsa!(ecdsa_p256: p256, EccNistP256, Sha256, EcdsaSha256);
ecdsa!(ecdsa_p384: p384, EccNistP384, Sha384, EcdsaSha384);
ecdsa!(ecdsa_p521: p521, EccNistP521, Sha512, EcdsaSha512);

/// As Ethereum does it: s in the lower half, and the public key recovered from signature and digest. KMS leaves s as it
/// falls (crypto.md §4), so that both halves must occur.
#[test]
fn ecdsa_secp256k1() {
    use k256::ecdsa::signature::hazmat::PrehashSigner;
    use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};

    let key = material(KeySpec::EccSecgP256k1);
    let algorithm = SigningAlgorithm::EcdsaSha256;
    let secret = k256::SecretKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
    let public = k256::PublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");
    let digest = Sha256::digest(MESSAGE);
    let (mut low, mut high) = (0, 0);
    for _ in 0..40 {
        let found = Signature::from_der(&sign(key, algorithm, MessageType::Digest, &digest)).expect("DER");
        let normalized = found.normalize_s();
        if normalized == found {
            low += 1;
        } else {
            high += 1;
        }
        let recovered = [0, 1]
            .into_iter()
            .filter_map(|id| VerifyingKey::recover_from_prehash(&digest, &normalized, RecoveryId::from_byte(id)?).ok());
        assert!(recovered.into_iter().any(|recovered| recovered == VerifyingKey::from(&public)));
        assert!(verifies(key, algorithm, MessageType::Raw, MESSAGE, normalized.to_der().as_bytes()));
    }
    assert!(low > 0 && high > 0, "{low} {high}");
    let theirs: Signature = SigningKey::from(secret).sign_prehash(&digest).expect("signs");
    assert!(verifies(key, algorithm, MessageType::Digest, &digest, theirs.to_der().as_bytes()));
}

macro_rules! ecdh {
    ($name:ident: $curve:ident, $spec:ident) => {
        #[test]
        fn $name() {
            let key = material(KeySpec::$spec);
            let peer = KeyMaterial::generate(KeySpec::$spec, &Hashed::default()).expect("generates");
            let ours = key.derive_shared_secret(KeyAgreementAlgorithm::Ecdh, peer.public_key().expect("asymmetric"));
            let secret = $curve::SecretKey::from_pkcs8_der(peer.to_bytes().expose()).expect("PKCS#8");
            let public = $curve::PublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");
            let theirs = $curve::ecdh::diffie_hellman(secret.to_nonzero_scalar(), public.as_affine());
            assert_eq!(ours.expect("agrees").expose(), &theirs.raw_secret_bytes()[..]);
        }
    };
}

ecdh!(ecdh_p256: p256, EccNistP256);
ecdh!(ecdh_p384: p384, EccNistP384);
ecdh!(ecdh_p521: p521, EccNistP521);

#[test]
fn ed25519() {
    use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

    let key = material(KeySpec::EccNistEdwards25519);
    let signer = SigningKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8");
    let verifier = VerifyingKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI");

    let ours = sign(key, SigningAlgorithm::Ed25519Sha512, MessageType::Raw, MESSAGE);
    verifier.verify(MESSAGE, &Signature::from_slice(&ours).expect("64 bytes")).expect("genuine");
    assert_eq!(ours, signer.sign(MESSAGE).to_bytes(), "it is deterministic");

    // KMS hashes what it is sent, although it is called a digest.
    let digest = Sha512::digest(MESSAGE);
    let prehash = || Sha512::new_with_prefix(digest);
    let ours = sign(key, SigningAlgorithm::Ed25519PhSha512, MessageType::Digest, &digest);
    let theirs = signer.sign_prehashed(prehash(), None).expect("signs");
    assert_eq!(ours, theirs.to_bytes());
    verifier.verify_prehashed(prehash(), None, &theirs).expect("genuine");
    assert!(verifier.verify_prehashed(Sha512::new_with_prefix(MESSAGE), None, &theirs).is_err(), "it is hashed twice");
    assert!(!verifies(key, SigningAlgorithm::Ed25519Sha512, MessageType::Raw, &digest, &ours), "another algorithm");
}

#[test]
fn macs() {
    macro_rules! check {
        ($hash:ty, $spec:ident, $algorithm:ident) => {
            for len in [0, 1, 63, 64, 65, 127, 128, 129, 4096] {
                let message = vec![7; len];
                let key = material(KeySpec::$spec);
                let mut mac = Hmac::<$hash>::new_from_slice(key.to_bytes().expose()).expect("any length");
                mac.update(&message);
                let theirs = mac.finalize().into_bytes();
                assert_eq!(key.mac(MacAlgorithm::$algorithm, &message).expect("fits"), theirs.as_slice());
                assert!(key.verify_mac(MacAlgorithm::$algorithm, &message, &theirs).expect("fits"));
            }
        };
    }
    check!(sha2::Sha224, Hmac224, HmacSha224);
    check!(sha2::Sha256, Hmac256, HmacSha256);
    check!(sha2::Sha384, Hmac384, HmacSha384);
    check!(sha2::Sha512, Hmac512, HmacSha512);
}
