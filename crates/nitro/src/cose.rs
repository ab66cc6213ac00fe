//! COSE_Sign1 (RFC 9052 §4.2) with ES384, the envelope of attestation documents.

use std::convert::Infallible;

use minicbor::data::{Tag, Type};
use minicbor::{Decoder, Encoder, decode, encode};
use openssl::bn::BigNum;
use openssl::ec::{EcKey, EcKeyRef};
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{Private, Public};
use openssl::sha::sha384;

use crate::OpenSslFailure;
use crate::attestation::{AttestationError, MAX_DOCUMENT_LEN};

/// The map `{1: -35}`: the algorithm is ES384.
const PROTECTED: [u8; 4] = [0xa1, 0x01, 0x38, 0x22];
const SIGN1_TAG: Tag = Tag::new(18);
const MAX_PAYLOAD_LEN: usize = 16_384;
/// Of r and of s, each.
const SCALAR_LEN: usize = 48;

/// A document taken apart; that it verifies is not yet known.
pub(crate) struct CoseSign1<'a> {
    pub(crate) payload: &'a [u8],
    signature: &'a [u8],
}

impl<'a> CoseSign1<'a> {
    pub(crate) fn parse(document: &'a [u8]) -> Result<Self, AttestationError> {
        if !(1..=MAX_DOCUMENT_LEN).contains(&document.len()) {
            return Err(AttestationError::DocumentSize(document.len()));
        }
        let mut cbor = Decoder::new(document);
        if cbor.datatype().map_err(malformed)? == Type::Tag && cbor.tag().map_err(malformed)? != SIGN1_TAG {
            return Err(AttestationError::NotCoseSign1);
        }
        if cbor.array().map_err(malformed)? != Some(4) {
            return Err(AttestationError::NotCoseSign1);
        }
        if cbor.bytes().map_err(malformed)? != PROTECTED {
            return Err(AttestationError::WrongAlgorithm);
        }
        if cbor.map().map_err(malformed)? != Some(0) {
            return Err(AttestationError::UnprotectedHeader);
        }
        let payload = cbor.bytes().map_err(malformed)?;
        let signature = cbor.bytes().map_err(malformed)?;
        if cbor.position() != document.len() {
            return Err(AttestationError::TrailingBytes);
        }
        if !(1..=MAX_PAYLOAD_LEN).contains(&payload.len()) {
            return Err(AttestationError::PayloadSize(payload.len()));
        }
        Ok(Self { payload, signature })
    }

    pub(crate) fn verify(&self, signer: &EcKey<Public>) -> Result<(), AttestationError> {
        let (r, s) = self.signature.split_at_checked(SCALAR_LEN).ok_or(AttestationError::InvalidSignature)?;
        if s.len() != SCALAR_LEN {
            return Err(AttestationError::InvalidSignature);
        }
        let signature = || EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?);
        let signature = signature().map_err(OpenSslFailure::from)?;
        match signature.verify(&sha384(&to_be_signed(self.payload)), signer) {
            Ok(true) => Ok(()),
            // An error is what OpenSSL makes of scalars that no signature has.
            Ok(false) | Err(_) => Err(AttestationError::InvalidSignature),
        }
    }
}

/// An untagged COSE_Sign1 over this payload, as the Nitro hypervisor writes it.
pub(crate) fn sign(payload: &[u8], key: &EcKeyRef<Private>) -> Result<Vec<u8>, OpenSslFailure> {
    let sign = || -> Result<Vec<u8>, ErrorStack> {
        let signature = EcdsaSig::sign(&sha384(&to_be_signed(payload)), key)?;
        let len = i32::try_from(SCALAR_LEN).unwrap_or(i32::MAX);
        Ok([signature.r().to_vec_padded(len)?, signature.s().to_vec_padded(len)?].concat())
    };
    let signature = sign()?;
    Ok(to_cbor(|cbor| cbor.array(4)?.bytes(&PROTECTED)?.map(0)?.bytes(payload)?.bytes(&signature)?.ok()))
}

/// What `write` encodes.
pub(crate) fn to_cbor(
    write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Result<(), encode::Error<Infallible>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let written = write(&mut Encoder::new(&mut bytes));
    debug_assert!(written.is_ok(), "a vector takes every write");
    bytes
}

/// The Sig_structure (RFC 9052 §4.4), without external data.
fn to_be_signed(payload: &[u8]) -> Vec<u8> {
    to_cbor(|cbor| cbor.array(4)?.str("Signature1")?.bytes(&PROTECTED)?.bytes(&[])?.bytes(payload)?.ok())
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn malformed(error: decode::Error) -> AttestationError {
    if error.is_end_of_input() { AttestationError::Truncated } else { AttestationError::NotCoseSign1 }
}
