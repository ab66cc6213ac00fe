use std::sync::LazyLock;

use minicbor::Encoder;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::Private;
use openssl::sha::sha384;
use openssl::x509::X509;
use trent_nitro::{Attestation, AttestationError, Roots, envelope};
use trent_shared::{SecretBytes, Timestamp};

use crate::fixtures::{
    ATTESTATION_ROOT_PEM, ATTESTATION_SIGNER_PEM, AWS_DOCUMENT, AWS_DOCUMENT_MADE, LOCAL_DOCUMENT, LOCAL_DOCUMENT_MADE,
    Repeating,
};

/// The first byte, for a whole document and for a payload that the target signs.
pub const DOCUMENT: u8 = 0;
pub const PAYLOAD: u8 = 1;

/// The map `{1: -35}`: the algorithm is ES384.
const PROTECTED: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];

/// AWS's root and the local one.
static ROOTS: LazyLock<Roots> = LazyLock::new(|| {
    let mut roots = Roots::aws();
    roots.add_pem(ATTESTATION_ROOT_PEM).expect("a fixture");
    roots
});
static SIGNER: LazyLock<Signer> = LazyLock::new(|| Signer::read().expect("a fixture"));
/// All that was ever signed, as it is understood.
static GENUINE: LazyLock<[String; 2]> = LazyLock::new(|| {
    [(AWS_DOCUMENT, AWS_DOCUMENT_MADE), (LOCAL_DOCUMENT, LOCAL_DOCUMENT_MADE)]
        .map(|(document, made)| format!("{:?}", Attestation::verify(document, &ROOTS, made).expect("a fixture")))
});

/// [`Attestation::verify`] understands nothing that was not signed; what it takes from a signer is within AWS's limits, and
/// can be answered. The first byte says whether a document follows or a payload to sign.
pub fn attestation(data: &[u8]) {
    let Some((form, data)) = data.split_first() else { return };
    if form % 2 == DOCUMENT {
        for now in [AWS_DOCUMENT_MADE, LOCAL_DOCUMENT_MADE] {
            if let Some(attestation) = verify(data, now) {
                assert!(GENUINE.contains(&format!("{attestation:?}")), "nobody signed that");
            }
        }
    } else if let Some(attestation) = verify(&SIGNER.sign(data), LOCAL_DOCUMENT_MADE) {
        assert_is_within_limits(&attestation);
        if let Some(recipient) = &attestation.recipient {
            envelope(recipient, &SecretBytes::new(vec![1; 32]), &Repeating([2])).expect("a sound key");
        }
    }
    crate::assert_error_queue_is_empty();
}

fn verify(document: &[u8], now: Timestamp) -> Option<Attestation> {
    let verified = Attestation::verify(document, &ROOTS, now);
    crate::assert_error_queue_is_empty();
    match verified {
        Ok(attestation) => Some(attestation),
        Err(AttestationError::OpenSsl(error)) => panic!("a document leads to {error}: {error:?}"),
        Err(_) => None,
    }
}

fn assert_is_within_limits(attestation: &Attestation) {
    assert!(!attestation.module_id.is_empty());
    assert!(attestation.timestamp.as_millis() > 0);
    assert!((1..=32).contains(&attestation.pcrs.len()));
    for (index, pcr) in &attestation.pcrs {
        assert!(*index < 32 && [32, 48, 64].contains(&pcr.as_bytes().len()), "PCR {index}");
    }
    for optional in [&attestation.user_data, &attestation.nonce] {
        assert!(optional.as_ref().is_none_or(|bytes| bytes.len() <= 512));
    }
}

/// Whoever holds the certificate that the local root issued.
struct Signer {
    certificate: Vec<u8>,
    key: EcKey<Private>,
}

impl Signer {
    fn read() -> Result<Self, ErrorStack> {
        Ok(Self {
            certificate: X509::from_pem(ATTESTATION_SIGNER_PEM.as_bytes())?.to_der()?,
            key: EcKey::private_key_from_pem(ATTESTATION_SIGNER_PEM.as_bytes())?,
        })
    }

    /// The payload as an untagged COSE_Sign1 document. The signature is right if the certificate is in the payload: without
    /// it, no signature would do, and signing takes most of the time.
    fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let names_signer = payload.windows(self.certificate.len()).any(|window| window == self.certificate);
        let signature = if names_signer { self.signature(payload).expect("signs") } else { vec![1; 96] };
        let mut cbor = Encoder::new(Vec::new());
        let _ = cbor.array(4).and_then(|cbor| cbor.bytes(&PROTECTED)?.map(0)?.bytes(payload)?.bytes(&signature));
        cbor.into_writer()
    }

    fn signature(&self, payload: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        let mut signed = Encoder::new(Vec::new());
        let _ = signed.array(4).and_then(|cbor| cbor.str("Signature1")?.bytes(&PROTECTED)?.bytes(&[])?.bytes(payload));
        let signature = EcdsaSig::sign(&sha384(&signed.into_writer()), &self.key)?;
        Ok([signature.r().to_vec_padded(48)?, signature.s().to_vec_padded(48)?].concat())
    }
}
