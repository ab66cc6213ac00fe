use std::collections::BTreeMap;
use std::fmt;

use openssl::error::ErrorStack;
use openssl::x509::X509VerifyResult;
use trent_shared::Timestamp;

use crate::cose::CoseSign1;
use crate::payload::{Field, Payload};
use crate::{InvalidRecipientKey, OpenSslFailure, RecipientKey, Roots};

/// The longest attestation document that KMS's model takes, in bytes.
pub const MAX_DOCUMENT_LEN: usize = 262_144;

/// What a verified attestation document says. There is no other way to one than [`verify`](Self::verify).
#[derive(Debug, Clone)]
pub struct Attestation {
    /// The issuing hypervisor's module: `i-1234567890abcdef0-enc0123456789abcdef`.
    pub module_id: String,
    /// When the document was made. Nothing here limits its age: the certificate's validity does.
    pub timestamp: Timestamp,
    pub platform: Platform,
    /// Platform configuration registers by index, 0 to 31; at least one.
    pub pcrs: BTreeMap<u8, Pcr>,
    /// The key to encrypt answers to; KMS cannot answer a document without one.
    pub recipient: Option<RecipientKey>,
    /// At most 512 bytes.
    pub user_data: Option<Vec<u8>>,
    /// At most 512 bytes.
    pub nonce: Option<Vec<u8>>,
}

/// What was measured, which decides whose condition keys the registers answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// An enclave: `kms:RecipientAttestation:PCR0` and so on.
    Enclave,
    /// A whole instance: `kms:RecipientAttestation:NitroTPMPCR0` and so on.
    NitroTpm,
}

/// The content of a platform configuration register: 32, 48 or 64 bytes. Shown in lower-case hexadecimal, as condition
/// keys have it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pcr(Vec<u8>);

/// Why a document was refused.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    #[error("an attestation document has 1 to {MAX_DOCUMENT_LEN} bytes, not {0}")]
    DocumentSize(usize),
    #[error("the attestation document ends too early")]
    Truncated,
    #[error("something follows the attestation document or its payload")]
    TrailingBytes,
    #[error("not a COSE_Sign1 structure")]
    NotCoseSign1,
    /// The protected header must be `{1: -35}`, ES384, and nothing else.
    #[error("not signed with ES384")]
    WrongAlgorithm,
    #[error("the unprotected header is not empty")]
    UnprotectedHeader,
    #[error("the payload has 1 to 16384 bytes, not {0}")]
    PayloadSize(usize),
    #[error("the payload is not a map of field names to values")]
    NotAMap,
    #[error("the payload has a field that is not known")]
    UnknownField,
    #[error("{0} is missing")]
    MissingField(Field),
    #[error("{0} is there twice")]
    DuplicateField(Field),
    #[error("{0} has the wrong type")]
    WrongType(Field),
    /// Of the right type, but of a size or value that AWS's specification excludes.
    #[error("{0} has an invalid value")]
    InvalidValue(Field),
    #[error("not an X.509 certificate in {0}")]
    InvalidCertificate(Field),
    #[error("the CA bundle does not begin with a trusted root")]
    UnknownRoot,
    #[error("a certificate of the chain has expired")]
    Expired,
    #[error("a certificate of the chain is not valid yet")]
    NotYetValid,
    #[error("the certificate chain is invalid: {}", .0.error_string())]
    InvalidChain(X509VerifyResult),
    /// The CA bundle holds the chain, but not as AWS orders it: from the root to the issuer of the signing certificate, each
    /// the issuer of the next, and nothing besides.
    #[error("the CA bundle is not the certificate chain, root first")]
    UnorderedBundle,
    /// It is no end entity's certificate for digital signatures with a P-384 key.
    #[error("the certificate is not one to sign documents with")]
    UnfitCertificate,
    #[error("the signature does not verify")]
    InvalidSignature,
    #[error(transparent)]
    InvalidRecipientKey(#[from] InvalidRecipientKey),
    #[error(transparent)]
    OpenSsl(#[from] OpenSslFailure),
}

impl Attestation {
    /// The hash function of the registers, as the document's `digest` names it; AWS's specification knows no other.
    pub const DIGEST: &'static str = "SHA384";

    /// Accepts a COSE_Sign1 document (tagged or not) that has the form AWS specifies and was signed with ES384 by the holder
    /// of a certificate which, through the document's own CA bundle, leads to one of `roots` and is valid `now`.
    ///
    /// Source: aws-nitro-enclaves-nsm-api `docs/attestation_process.md`, followed to the letter but for one point:
    /// optional fields may be null, as the Nitro hypervisor itself writes those that were not asked for.
    pub fn verify(document: &[u8], roots: &Roots, now: Timestamp) -> Result<Self, AttestationError> {
        let sign1 = CoseSign1::parse(document)?;
        let payload = Payload::parse(sign1.payload)?;
        let signer = roots.signer(payload.certificate, &payload.ca_bundle, now);
        // Where OpenSSL says no to a certificate, it leaves reasons on the thread's queue, which the next failure would tell.
        drop(ErrorStack::get());
        let signer = signer?;
        sign1.verify(&signer)?;
        Ok(Self {
            module_id: payload.module_id.to_owned(),
            timestamp: payload.timestamp,
            platform: payload.platform,
            pcrs: payload.pcrs.into_iter().map(|(index, content)| (index, Pcr(content.to_owned()))).collect(),
            recipient: payload.public_key.map(RecipientKey::from_spki_der).transpose()?,
            user_data: payload.user_data.map(<[u8]>::to_vec),
            nonce: payload.nonce.map(<[u8]>::to_vec),
        })
    }

    /// The enclave image's digest, which is PCR 0: `kms:RecipientAttestation:ImageSha384`. `None` if no enclave was
    /// measured, or not its image.
    pub fn image_digest(&self) -> Option<&Pcr> {
        self.pcrs.get(&0).filter(|_| self.platform == Platform::Enclave)
    }
}

impl Pcr {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Pcr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Pcr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
