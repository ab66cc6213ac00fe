//! What the targets have in common from run to run: keys that everybody may know. Those whose making takes OpenSSL's own
//! randomness are files, made once by the example `fixtures`.

use std::sync::LazyLock;

use openssl::cipher::Cipher;
use openssl::cipher_ctx::{CipherCtx, CipherCtxFlags};
use openssl::error::ErrorStack;
use trent_kms_core::{EncryptionContext, KeyMaterial, KeySpec, MaterialId, SymmetricMaterial, WrappingKeySpec};
use trent_shared::{Entropy, Timestamp};

/// The certificate of the local root, the signer's certificate, and the signer's private key.
pub const ATTESTATION_ROOT_PEM: &str = include_str!("../fixtures/attestation_root.pem");
pub const ATTESTATION_SIGNER_PEM: &str = include_str!("../fixtures/attestation_signer.pem");

/// A document of the local root, and when it was made: 2026-01-01T00:00:00Z.
pub const LOCAL_DOCUMENT: &[u8] = include_bytes!("../fixtures/attestation.cose");
pub const LOCAL_DOCUMENT_MADE: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A document of AWS's, and when it was made (see crates/nitro/tests/attestation/aws_document.rs).
pub const AWS_DOCUMENT: &[u8] = include_bytes!("../../crates/nitro/tests/data/attestation.cose");
pub const AWS_DOCUMENT_MADE: Timestamp = Timestamp::from_millis(1_736_179_625_472);

/// Key material as `RSA_AES_KEY_WRAP_SHA_256` wraps it under the RSA key, and as `SM2PKE` does.
pub const WRAPPED_BY_RSA_2048: &[u8] = include_bytes!("../fixtures/wrapped_by_rsa_2048.bin");
pub const WRAPPED_BY_SM2: &[u8] = include_bytes!("../fixtures/wrapped_by_sm2.bin");

/// The key that wraps in the second step of algorithms of two.
pub const KEY_WRAP_KEY: [u8; 32] = [7; 32];

const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

static RSA_2048: LazyLock<KeyMaterial> =
    LazyLock::new(|| read(KeySpec::Rsa2048, include_bytes!("../fixtures/rsa_2048.der")));
static RSA_3072: LazyLock<KeyMaterial> =
    LazyLock::new(|| read(KeySpec::Rsa3072, include_bytes!("../fixtures/rsa_3072.der")));
static RSA_4096: LazyLock<KeyMaterial> =
    LazyLock::new(|| read(KeySpec::Rsa4096, include_bytes!("../fixtures/rsa_4096.der")));
static SM2: LazyLock<KeyMaterial> = LazyLock::new(|| read(KeySpec::Sm2, include_bytes!("../fixtures/sm2.der")));
static CURVES: LazyLock<[KeyMaterial; 4]> = LazyLock::new(|| {
    [
        read(KeySpec::EccNistP256, include_bytes!("../fixtures/ecc_nist_p256.der")),
        read(KeySpec::EccNistP384, include_bytes!("../fixtures/ecc_nist_p384.der")),
        read(KeySpec::EccNistP521, include_bytes!("../fixtures/ecc_nist_p521.der")),
        read(KeySpec::EccSecgP256k1, include_bytes!("../fixtures/ecc_secg_p256k1.der")),
    ]
});

/// Gives the same bytes again and again.
pub struct Repeating<const N: usize>(pub [u8; N]);

impl<const N: usize> Entropy for Repeating<N> {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip(self.0.iter().cycle()).for_each(|(byte, given)| *byte = *given);
    }
}

/// The key of symmetric ciphertexts, its id, and the context that they are sealed with.
pub fn symmetric_key() -> (SymmetricMaterial, MaterialId, EncryptionContext) {
    let material = SymmetricMaterial::generate(&Repeating([1]));
    let id = material.id(KEY_ID);
    (material, id, EncryptionContext::from_iter([("purpose", "fuzzing")]))
}

/// A wrapping key of this spec.
pub fn wrapping_key(spec: WrappingKeySpec) -> &'static KeyMaterial {
    match spec {
        WrappingKeySpec::Rsa2048 => &RSA_2048,
        WrappingKeySpec::Rsa3072 => &RSA_3072,
        WrappingKeySpec::Rsa4096 => &RSA_4096,
        WrappingKeySpec::Sm2 => &SM2,
    }
}

/// The keys on curves: NIST's, secp256k1 and SM2's.
pub fn curve_keys() -> impl Iterator<Item = &'static KeyMaterial> {
    CURVES.iter().chain([&*SM2])
}

/// AES key wrap with padding (RFC 5649) under [`KEY_WRAP_KEY`].
pub fn key_wrap(material: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let cipher = Cipher::fetch(None, "AES-256-WRAP-PAD", None)?;
    let mut ctx = CipherCtx::new()?;
    ctx.set_flags(CipherCtxFlags::FLAG_WRAP_ALLOW);
    ctx.encrypt_init(Some(&cipher), Some(&KEY_WRAP_KEY), None)?;
    let mut wrapped = Vec::new();
    ctx.cipher_update_vec(material, &mut wrapped)?;
    Ok(wrapped)
}

fn read(spec: KeySpec, bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::from_bytes(spec, bytes).expect("a fixture")
}
