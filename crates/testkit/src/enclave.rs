use std::collections::BTreeMap;

use base64_simd::STANDARD as BASE64;
use openssl::cms::CmsContentInfo;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use serde_json::{Value, json};
use trent_kms::{Options, Roots};
use trent_nitro::{DocumentFields, LocalRoot, Platform};
use trent_shared::Timestamp;

use crate::SeededEntropy;

/// An enclave of a test's own: it attests its key under a root that only a cloud with [`Enclave::options`] trusts, and
/// opens what is encrypted to it.
pub struct Enclave {
    root: LocalRoot,
    key: PKey<Private>,
    entropy: SeededEntropy,
}

impl Enclave {
    /// An enclave that starts at this instant.
    ///
    /// # Panics
    /// Panics if OpenSSL fails.
    pub fn new(now: Timestamp) -> Self {
        let entropy = SeededEntropy::new(7);
        let root = LocalRoot::generate(now, &entropy).expect("OpenSSL makes keys");
        let key = Rsa::generate(2048).and_then(PKey::from_rsa).expect("OpenSSL makes keys");
        Self { root, key, entropy }
    }

    /// The options of a KMS that trusts this enclave's root and no other.
    ///
    /// # Panics
    /// Panics if OpenSSL fails.
    pub fn options(&self) -> Options {
        let mut attestation_roots = Roots::none();
        let pem = self.root.certificate_pem().expect("OpenSSL writes PEM");
        attestation_roots.add_pem(&pem).expect("it is a root");
        Options { attestation_roots, ..Options::default() }
    }

    /// A document that attests the enclave's key at an instant.
    ///
    /// # Panics
    /// Panics if OpenSSL fails.
    pub fn document(&self, now: Timestamp) -> Vec<u8> {
        let fields = DocumentFields {
            module_id: "i-0123456789abcdef0-enc0123456789abcdef".to_owned(),
            timestamp: now,
            platform: Platform::Enclave,
            pcrs: BTreeMap::from([(0, vec![7; 48])]),
            public_key: Some(self.key.public_key_to_der().expect("OpenSSL writes DER")),
            user_data: None,
            nonce: None,
        };
        self.root.document(&fields, &self.entropy).expect("OpenSSL signs")
    }

    /// The `Recipient` of a request, with a document of this instant.
    pub fn recipient(&self, now: Timestamp) -> Value {
        let document = BASE64.encode_to_string(self.document(now));
        json!({ "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": document })
    }

    /// Opens a `CiphertextForRecipient`, by OpenSSL's own CMS.
    ///
    /// # Panics
    /// Panics if it is not one, or not for this enclave.
    pub fn open(&self, ciphertext_for_recipient: &Value) -> Vec<u8> {
        let text = ciphertext_for_recipient.as_str().expect("a blob");
        let envelope = BASE64.decode_to_vec(text).expect("base64");
        let envelope = CmsContentInfo::from_der(&envelope).expect("a CMS ContentInfo");
        envelope.decrypt_without_cert_check(&self.key).expect("for this enclave")
    }
}
