//! `CiphertextForRecipient`, opened by others.

mod ber;

use std::io::ErrorKind;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use openssl::pkey::{PKey, Private};
use openssl::sha::sha256;
use rsa::pkcs8::DecodePrivateKey;
use rsa::sha2::Sha256;
use rsa::{Oaep, RsaPrivateKey};
use trent_nitro::{RecipientKey, envelope};
use trent_shared::{Entropy, SecretBytes};

use crate::ber::Value;

const ENVELOPED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

static RSA_2048: LazyLock<Recipient> = LazyLock::new(|| Recipient::of(2048));
static RSA_4096: LazyLock<Recipient> = LazyLock::new(|| Recipient::of(4096));

struct Recipient {
    private: PKey<Private>,
    public: RecipientKey,
}

/// Bytes that differ from call to call, and are the same in every run.
#[derive(Default)]
struct Counter(AtomicU64);

/// What an envelope consists of, once taken apart.
struct Parts {
    key_identifier: Vec<u8>,
    encrypted_key: Vec<u8>,
    iv: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl Recipient {
    fn of(bits: u32) -> Self {
        let private = openssl::rsa::Rsa::generate(bits).and_then(PKey::from_rsa).expect("RSA");
        let public = RecipientKey::from_spki_der(&private.public_key_to_der().expect("DER")).expect("RSA");
        Self { private, public }
    }

    fn envelope(&self, plaintext: &[u8]) -> Vec<u8> {
        envelope(&self.public, &SecretBytes::new(plaintext.to_vec()), &Counter::default()).expect("encrypts")
    }

    /// With RustCrypto alone.
    fn open(&self, parts: &Parts) -> Option<Vec<u8>> {
        let pkcs8 = self.private.private_key_to_pkcs8().expect("PKCS #8");
        let private = RsaPrivateKey::from_pkcs8_der(&pkcs8).expect("PKCS #8");
        let key = private.decrypt(Oaep::<Sha256>::new(), &parts.encrypted_key).ok()?;
        let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, &parts.iv).expect("AES-256");
        cipher.decrypt_padded_vec_mut::<Pkcs7>(&parts.ciphertext).ok()
    }
}

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = sha256(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// Takes an envelope apart in the steps of the parser in aws-nitro-enclaves-sdk-c (`source/cms.c`), with its demands: that the
/// values it steps into have indefinite lengths and all others definite ones.
fn take_apart(envelope: &[u8]) -> Parts {
    let whole = Value::whole(envelope);
    let content_info = whole.indefinite(0x30);
    let [content_type, content] = content_info else { panic!("two: {content_info:?}") };
    assert_eq!(content_type.primitive(0x06), ENVELOPED_DATA);
    let content = content.indefinite(0xa0);
    let [enveloped_data] = content else { panic!("one: {content:?}") };
    let enveloped_data = enveloped_data.indefinite(0x30);
    let [version, recipient_infos, encrypted_content_info] = enveloped_data else {
        panic!("three: {enveloped_data:?}")
    };
    assert_eq!(version.primitive(0x02), [2]);

    let recipient_infos = recipient_infos.definite(0x31);
    let [recipient_info] = recipient_infos else { panic!("one: {recipient_infos:?}") };
    let recipient_info = recipient_info.definite(0x30);
    let [version, key_identifier, algorithm, encrypted_key] = recipient_info else {
        panic!("four: {recipient_info:?}")
    };
    assert_eq!(version.primitive(0x02), [2]);
    assert_eq!(algorithm.definite(0x30).len(), 2, "RSAES-OAEP and its parameters");

    let encrypted_content_info = encrypted_content_info.indefinite(0x30);
    let [content_type, algorithm, encrypted_content] = encrypted_content_info else {
        panic!("three: {encrypted_content_info:?}")
    };
    assert_eq!(content_type.primitive(0x06), DATA);
    let algorithm = algorithm.definite(0x30);
    let [cipher, iv] = algorithm else { panic!("two: {algorithm:?}") };
    assert_eq!(cipher.primitive(0x06), AES_256_CBC);
    let ciphertext = encrypted_content.indefinite(0xa0).iter().flat_map(|part| part.primitive(0x04)).copied().collect();
    Parts {
        key_identifier: key_identifier.primitive(0x80).to_vec(),
        encrypted_key: encrypted_key.primitive(0x04).to_vec(),
        iv: iv.primitive(0x04).to_vec(),
        ciphertext,
    }
}

#[test]
fn rust_crypto_opens_it() {
    for recipient in [&*RSA_2048, &RSA_4096] {
        // Data keys, random bytes, private keys, and around the block length.
        for len in [0, 1, 15, 16, 17, 31, 32, 64, 1024, 2375, 6144] {
            let plaintext: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).expect("a byte")).collect();
            let parts = take_apart(&recipient.envelope(&plaintext));
            assert_eq!(parts.key_identifier, sha256(recipient.public.spki_der()));
            assert_eq!(parts.iv.len(), 16);
            assert_eq!(parts.ciphertext.len(), (len / 16 + 1) * 16);
            assert_eq!(recipient.open(&parts), Some(plaintext), "{len} bytes");
        }
    }
}

#[test]
fn openssl_opens_it_where_it_is_installed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key_file, envelope_file) = (folder.path().join("key.pem"), folder.path().join("envelope.der"));
    for recipient in [&*RSA_2048, &RSA_4096] {
        std::fs::write(&key_file, recipient.private.private_key_to_pem_pkcs8().expect("PEM")).expect("writes");
        for plaintext in [&b""[..], b"plaintext", &[7; 6144]] {
            std::fs::write(&envelope_file, recipient.envelope(plaintext)).expect("writes");
            let mut openssl = Command::new("openssl");
            openssl.args(["cms", "-decrypt", "-binary", "-inform", "DER", "-in"]).arg(&envelope_file);
            match openssl.arg("-inkey").arg(&key_file).output() {
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    eprintln!("openssl_opens_it_where_it_is_installed: skipped, there is no openssl here");
                    return;
                }
                output => {
                    let output = output.expect("runs");
                    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
                    assert_eq!(output.stdout, plaintext);
                }
            }
        }
    }
}

/// The bytes that KMS's answer for an RSA-2048 key and a 32-byte data key has (aws-nitro-enclaves-sdk-c `tests/cms_test.c`), the
/// varying ones left out.
#[test]
fn it_is_the_same_as_kmss_byte_for_byte() {
    let recorded = [
        ("308006092a864886f70d010703a080308002010231", 0),
        ("82016b308201670201028020", 32), // the key identifier
        ("303c06092a864886f70d010107302fa00f300d06096086480165030402010500", 0),
        ("a11c301a06092a864886f70d010108300d0609608648016503040201050004820100", 256), // the encrypted key
        ("308006092a864886f70d010701301d060960864801650304012a0410", 16),              // the initialization vector
        ("a0800430", 48),                                                              // the ciphertext
        ("00000000000000000000", 0),
    ];
    let envelope = RSA_2048.envelope(&[7; 32]);
    let mut rest = &envelope[..];
    for (fixed, varying) in recorded {
        let fixed = hex::decode(fixed).expect("hexadecimal");
        assert_eq!(hex::encode(&rest[..fixed.len()]), hex::encode(&fixed));
        rest = &rest[fixed.len() + varying..];
    }
    assert_eq!(rest, []);
}

#[test]
fn no_one_else_opens_it() {
    let parts = take_apart(&RSA_2048.envelope(b"plaintext"));
    assert_eq!(Recipient::of(2048).open(&parts), None, "another key");
    let mut changed = parts;
    changed.encrypted_key[100] ^= 1;
    assert_eq!(RSA_2048.open(&changed), None, "a changed key");
}

#[test]
fn key_and_initialization_vector_come_from_the_entropy() {
    let entropy = Counter::default();
    let seal = || envelope(&RSA_2048.public, &SecretBytes::new(b"plaintext".to_vec()), &entropy).expect("encrypts");
    let (first, second) = (take_apart(&seal()), take_apart(&seal()));
    // 32 bytes of key come first, then the vector; and so the next time.
    let block = |at: u64| sha256(&at.to_be_bytes());
    assert_eq!(first.iv, block(1)[..16]);
    assert_eq!(second.iv, block(3)[..16]);
    let decrypt = |key: &[u8], parts: &Parts| {
        let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(key, &parts.iv).expect("AES-256");
        cipher.decrypt_padded_vec_mut::<Pkcs7>(&parts.ciphertext).ok()
    };
    assert_eq!(decrypt(&block(0), &first).as_deref(), Some(&b"plaintext"[..]));
    assert_eq!(decrypt(&block(2), &second).as_deref(), Some(&b"plaintext"[..]));
}
