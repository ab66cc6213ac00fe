//! What Trent answers on the wire, checked by other implementations than its own; and what they make, taken by Trent. One
//! algorithm of each kind: `trent-kms-core` does the same for all of them, without the wire.

use std::convert::Infallible;
use std::sync::Arc;

use base64_simd::STANDARD as BASE64;
use hmac::{Hmac, Mac};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::sha2::{Digest, Sha256, Sha512};
use rsa::{Oaep, Pss, RsaPublicKey};
use serde_json::{Value, json};
use trent_store::{MemoryEngine, Table};
use trent_testkit::{Cloud, MadeKey, SeededEntropy};

const MESSAGE: &[u8] = b"what both sides read";

#[tokio::test]
async fn rsa_pss_signatures() {
    let cloud = Cloud::new();
    let key = cloud.make_key_of("RSA_2048", "SIGN_VERIFY").await;
    let public = RsaPublicKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let digest = Sha256::digest(MESSAGE);
    let (algorithm, scheme) = ("RSASSA_PSS_SHA_256", || Pss::<Sha256>::new_with_salt(digest.len()));
    for (message_type, message) in [("RAW", MESSAGE), ("DIGEST", &digest[..])] {
        let signature = sign(&cloud, &key, algorithm, message_type, message).await;
        public.verify(scheme(), &digest, &signature).expect("genuine");
    }

    // A private key that Trent gives away: what its owner signs, that owner's public key verifies.
    let (private, public) = data_key_pair(&cloud, "RSA_2048").await;
    let private = rsa::RsaPrivateKey::from_pkcs8_der(&private).expect("PKCS#8");
    let signature = private.sign_with_rng(&mut Random::new(), scheme(), &digest).expect("signs");
    let public = RsaPublicKey::from_public_key_der(&public).expect("SPKI");
    public.verify(scheme(), &digest, &signature).expect("they belong together");
}

#[tokio::test]
async fn rsa_ciphertexts_made_offline() {
    let cloud = Cloud::new();
    let key = cloud.make_key_of("RSA_2048", "ENCRYPT_DECRYPT").await;
    let public = RsaPublicKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let ciphertext = public.encrypt(&mut Random::new(), Oaep::<Sha256>::new(), MESSAGE).expect("encrypts");
    let mut input = json!({ "KeyId": key.id, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    input["CiphertextBlob"] = json!(BASE64.encode_to_string(&ciphertext));
    let opened = cloud.kms("Decrypt", input.clone()).await.succeeds();
    assert_eq!(bytes(&opened["Plaintext"]), MESSAGE);

    // KMS takes no label, and has no empty plaintexts.
    for (label, plaintext) in [(&b"label"[..], MESSAGE), (b"", b"")] {
        let scheme = Oaep::<Sha256>::new_with_label(label.to_vec());
        let ciphertext = public.encrypt(&mut Random::new(), scheme, plaintext).expect("encrypts");
        input["CiphertextBlob"] = json!(BASE64.encode_to_string(&ciphertext));
        cloud.kms("Decrypt", input.clone()).await.fails_with("InvalidCiphertextException", None);
    }
}

#[tokio::test]
async fn ecdsa_signatures_with_s_in_either_half() {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    use p256::ecdsa::{DerSignature, Signature, VerifyingKey};

    let cloud = Cloud::new();
    let key = cloud.make_key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let public = p256::PublicKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let verifier = VerifyingKey::from_affine(*public.as_affine()).expect("key");
    let digest = Sha256::digest(MESSAGE);
    for (message_type, message) in [("RAW", MESSAGE), ("DIGEST", &digest[..])] {
        let signature = sign(&cloud, &key, "ECDSA_SHA_256", message_type, message).await;
        let signature: Signature = DerSignature::from_bytes(&signature).expect("DER").try_into().expect("r, s");
        verifier.verify_prehash(&digest, &signature).expect("genuine");

        // KMS neither makes s small nor asks for it.
        let (r, s) = signature.split_scalars();
        let mirrored = Signature::from_scalars(r, -s).expect("in range");
        assert_ne!(mirrored, signature);
        let input = json!({
            "KeyId": key.id, "SigningAlgorithm": "ECDSA_SHA_256", "MessageType": message_type,
            "Message": BASE64.encode_to_string(message), "Signature": BASE64.encode_to_string(mirrored.to_der().as_bytes()),
        });
        assert_eq!(cloud.kms("Verify", input).await.succeeds()["SignatureValid"], true);
    }
}

#[tokio::test]
async fn an_ethereum_signature_from_which_the_public_key_is_recovered() {
    use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};

    let cloud = Cloud::new();
    let key = cloud.make_key_of("ECC_SECG_P256K1", "SIGN_VERIFY").await;
    let public = k256::PublicKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let digest = Sha256::digest(MESSAGE);
    let signature = sign(&cloud, &key, "ECDSA_SHA_256", "DIGEST", &digest).await;
    let signature = Signature::from_der(&signature).expect("DER").normalize_s();
    let recovered = [0, 1].into_iter().filter_map(|parity| {
        VerifyingKey::recover_from_prehash(&digest, &signature, RecoveryId::from_byte(parity)?).ok()
    });
    assert!(recovered.into_iter().any(|recovered| recovered == VerifyingKey::from(&public)));
}

#[tokio::test]
async fn ed25519_signatures_pure_and_over_a_digest_that_is_hashed_again() {
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};

    let cloud = Cloud::new();
    let key = cloud.make_key_of("ECC_NIST_EDWARDS25519", "SIGN_VERIFY").await;
    let verifier = VerifyingKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let signature = sign(&cloud, &key, "ED25519_SHA_512", "RAW", MESSAGE).await;
    verifier.verify(MESSAGE, &Signature::from_slice(&signature).expect("64 bytes")).expect("genuine");

    let digest = Sha512::digest(MESSAGE);
    let signature = sign(&cloud, &key, "ED25519_PH_SHA_512", "DIGEST", &digest).await;
    let signature = Signature::from_slice(&signature).expect("64 bytes");
    verifier.verify_prehashed(Sha512::new_with_prefix(digest), None, &signature).expect("genuine");
}

#[tokio::test]
async fn ml_dsa_signatures() {
    let cloud = Cloud::new();
    let key = cloud.make_key_of("ML_DSA_44", "SIGN_VERIFY").await;
    let public = public_key(&cloud, &key).await;
    let verifier = ml_dsa::VerifyingKey::<ml_dsa::MlDsa44>::from_public_key_der(&public).expect("SPKI");
    let signature = sign(&cloud, &key, "ML_DSA_SHAKE_256", "RAW", MESSAGE).await;
    let encoded = ml_dsa::EncodedSignature::<ml_dsa::MlDsa44>::try_from(&*signature).expect("length");
    let signature = ml_dsa::Signature::<ml_dsa::MlDsa44>::decode(&encoded).expect("signature");
    assert!(verifier.verify_with_context(MESSAGE, &[], &signature));
}

#[tokio::test]
async fn secrets_agreed_with_a_key_from_elsewhere() {
    let cloud = Cloud::new();
    let key = cloud.make_key_of("ECC_NIST_P256", "KEY_AGREEMENT").await;
    let public = p256::PublicKey::from_public_key_der(&public_key(&cloud, &key).await).expect("SPKI");
    let (private, peer) = data_key_pair(&cloud, "ECC_NIST_P256").await;
    let private = p256::SecretKey::from_pkcs8_der(&private).expect("PKCS#8");
    let theirs = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), public.as_affine());
    let input = json!({
        "KeyId": key.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": BASE64.encode_to_string(&peer),
    });
    let ours = cloud.kms("DeriveSharedSecret", input).await.succeeds();
    assert_eq!(bytes(&ours["SharedSecret"]), &theirs.raw_secret_bytes()[..]);
}

#[tokio::test]
async fn secrets_encapsulated_elsewhere() {
    let cloud = Cloud::new();
    let key = cloud.make_key_of("ML_KEM_768", "ENCAPSULATE_DECAPSULATE").await;
    let public = public_key(&cloud, &key).await;
    let public = ml_kem::EncapsulationKey::<ml_kem::MlKem768>::from_public_key_der(&public).expect("SPKI");
    let (ciphertext, theirs) = public.encapsulate_deterministic(&[7; 32].into());
    let input = json!({
        "KeyId": key.id, "EncapsulationAlgorithm": "ML_KEM",
        "SharedSecretCiphertextBlob": BASE64.encode_to_string(&ciphertext[..]),
    });
    let ours = cloud.kms("Decapsulate", input).await.succeeds();
    assert_eq!(bytes(&ours["SharedSecret"]), &theirs[..]);
}

#[tokio::test]
async fn macs_under_the_secret_that_is_stored() {
    static KEYS: Table<Value> = Table::new("kms.key", 1);
    let engine = Arc::new(MemoryEngine::new());
    let cloud = Cloud::over(engine.clone());
    let key = cloud.make_key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let stored = KEYS.scan(&*engine, (), None, 1).await.expect("readable");
    let secret = bytes(stored[0].record["secrets"].as_object().expect("a map").values().next().expect("one"));
    assert_eq!(secret.len(), 32);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&secret).expect("any length");
    mac.update(MESSAGE);
    let input = json!({ "KeyId": key.id, "MacAlgorithm": "HMAC_SHA_256", "Message": BASE64.encode_to_string(MESSAGE) });
    let made = cloud.kms("GenerateMac", input).await.succeeds();
    assert_eq!(bytes(&made["Mac"]), mac.finalize().into_bytes().as_slice());
}

async fn public_key(cloud: &Cloud, key: &MadeKey) -> Vec<u8> {
    bytes(&cloud.kms("GetPublicKey", json!({ "KeyId": key.id })).await.succeeds()["PublicKey"])
}

async fn sign(cloud: &Cloud, key: &MadeKey, algorithm: &str, message_type: &str, message: &[u8]) -> Vec<u8> {
    let input = json!({
        "KeyId": key.id, "SigningAlgorithm": algorithm, "MessageType": message_type,
        "Message": BASE64.encode_to_string(message),
    });
    bytes(&cloud.kms("Sign", input).await.succeeds()["Signature"])
}

/// A private key and its public key.
async fn data_key_pair(cloud: &Cloud, spec: &str) -> (Vec<u8>, Vec<u8>) {
    let input = json!({ "KeyId": cloud.make_key().await.id, "KeyPairSpec": spec });
    let made = cloud.kms("GenerateDataKeyPair", input).await.succeeds();
    (bytes(&made["PrivateKeyPlaintext"]), bytes(&made["PublicKey"]))
}

fn bytes(member: &Value) -> Vec<u8> {
    BASE64.decode_to_vec(member.as_str().expect("text")).expect("base64")
}

/// The randomness of the other side.
struct Random(SeededEntropy);

impl Random {
    fn new() -> Self {
        Self(SeededEntropy::new(1))
    }

    fn draw<const LEN: usize>(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        trent_shared::Entropy::fill(&self.0, &mut bytes);
        bytes
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes(self.draw()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes(self.draw()))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        trent_shared::Entropy::fill(&self.0, buffer);
        Ok(())
    }
}

impl TryCryptoRng for Random {}
