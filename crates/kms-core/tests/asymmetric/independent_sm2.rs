//! SM2 both ways against RustCrypto.

use sm2::dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use sm2::dsa::signature::{Signer, Verifier};
use sm2::dsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use sm2::pkcs8::{DecodePrivateKey, DecodePublicKey};
use sm2::pke::{DecryptingKey, EncryptingKey};
use trent_kms_core::{EncryptionAlgorithm, KeyAgreementAlgorithm, KeyMaterial, KeySpec, MessageType, SigningAlgorithm};

use crate::support::{Hashed, material, sign, verifies};

const ID: &str = "1234567812345678";
const MESSAGE: &[u8] = b"what both sides read";

fn halves(key: &KeyMaterial) -> (sm2::SecretKey, sm2::PublicKey) {
    (
        sm2::SecretKey::from_pkcs8_der(key.to_bytes().expose()).expect("PKCS#8"),
        sm2::PublicKey::from_public_key_der(key.public_key().expect("asymmetric")).expect("SPKI"),
    )
}

/// The DER that KMS speaks; RustCrypto's signatures are r ‖ s.
fn to_der(signature: &Signature) -> Vec<u8> {
    DerSignature::from(*signature).to_vec()
}

fn from_der(signature: &[u8]) -> Signature {
    DerSignature::from_bytes(signature).expect("DER").try_into().expect("r, s")
}

#[test]
fn signatures_over_messages_and_digests() {
    let key = material(KeySpec::Sm2);
    let (secret, public) = halves(key);
    let signer = SigningKey::new(ID, &secret).expect("key");
    let verifier = VerifyingKey::new(ID, public).expect("key");
    let algorithm = SigningAlgorithm::Sm2Dsa;
    for _ in 0..4 {
        let ours = sign(key, algorithm, MessageType::Raw, MESSAGE);
        verifier.verify(MESSAGE, &from_der(&ours)).expect("genuine");
        let theirs: Signature = signer.sign(MESSAGE);
        assert!(verifies(key, algorithm, MessageType::Raw, MESSAGE, &to_der(&theirs)));

        let digest = [0x5a; 32];
        let ours = sign(key, algorithm, MessageType::Digest, &digest);
        verifier.verify_prehash(&digest, &from_der(&ours)).expect("genuine");
        let theirs: Signature = signer.sign_prehash(&digest).expect("signs");
        assert!(verifies(key, algorithm, MessageType::Digest, &digest, &to_der(&theirs)));
    }
    let other_id: Signature = SigningKey::new("1234567812345679", &secret).expect("key").sign(MESSAGE);
    assert!(!verifies(key, algorithm, MessageType::Raw, MESSAGE, &to_der(&other_id)));
}

#[test]
fn encryption() {
    let key = material(KeySpec::Sm2);
    let (secret, public) = halves(key);
    for len in [1, 19, 32, 100, 1024] {
        let plaintext = vec![9; len];
        let theirs = EncryptingKey::new(public).encrypt_der(&mut Hashed::default(), &plaintext).expect("encrypts");
        let found = key.decrypt(EncryptionAlgorithm::Sm2Pke, &theirs).expect("decrypts");
        assert_eq!(found.expose(), plaintext, "{len}");
        let ours = key.encrypt(EncryptionAlgorithm::Sm2Pke, &plaintext).expect("encrypts");
        assert_eq!(DecryptingKey::new(secret.clone()).decrypt_der(&ours).expect("decrypts"), plaintext, "{len}");
    }
}

#[test]
fn key_agreement_yields_the_x_coordinate() {
    let key = material(KeySpec::Sm2);
    let peer = KeyMaterial::generate(KeySpec::Sm2, &Hashed::default()).expect("generates");
    let ours = key.derive_shared_secret(KeyAgreementAlgorithm::Ecdh, peer.public_key().expect("asymmetric"));
    let (secret, _) = halves(&peer);
    let (_, public) = halves(key);
    let shared = sm2::elliptic_curve::ecdh::diffie_hellman(secret.to_nonzero_scalar(), public.as_affine());
    assert_eq!(ours.expect("agrees").expose(), &shared.raw_secret_bytes()[..]);
}
