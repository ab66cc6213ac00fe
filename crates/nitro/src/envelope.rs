//! CMS EnvelopedData (RFC 5652 §6), the form of `CiphertextForRecipient`.
//!
//! Real KMS sends BER: four constructed values — ContentInfo, its content, EnvelopedData and EncryptedContentInfo — and the
//! encrypted content have indefinite lengths, everything in them definite ones (bytes recorded in aws-nitro-enclaves-sdk-c
//! `tests/cms_test.c`). That is kept byte for byte, because the SDK's parser needs it: it steps into those values with
//! `CBS_get_any_ber_asn1_element`, which skips the whole of a value of definite length.

use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sha::sha256;
use openssl::symm::{Cipher, encrypt};
use trent_shared::{Entropy, SecretBytes};
use zeroize::Zeroizing;

use crate::{OpenSslFailure, RecipientKey};

const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// `[0]` of a primitive value.
const CONTEXT_0: u8 = 0x80;
/// `[0]` of a constructed value.
const CONSTRUCTED_CONTEXT_0: u8 = 0xa0;

/// The INTEGER 2: of EnvelopedData because a recipient is named by its key, of the recipient for the same reason.
const VERSION_2: &[u8] = &[0x02, 0x01, 2];
/// id-envelopedData, 1.2.840.113549.1.7.3.
const ENVELOPED_DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03];
/// id-data, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// id-aes256-CBC, 2.16.840.1.101.3.4.1.42.
const AES_256_CBC: &[u8] = &[0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];
/// id-RSAES-OAEP with SHA-256, MGF1 with SHA-256 and the empty label (RFC 4055 §4.1), as an AlgorithmIdentifier.
#[rustfmt::skip]
const RSAES_OAEP_SHA_256: &[u8] = &[
    SEQUENCE, 60,
        0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x07, // id-RSAES-OAEP
        SEQUENCE, 47,
            0xa0, 15, // hashFunc
                SEQUENCE, 13,
                    0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, // id-sha256
                    0x05, 0,
            0xa1, 28, // maskGenFunc
                SEQUENCE, 26,
                    0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, // id-mgf1
                    SEQUENCE, 13,
                        0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, // id-sha256
                        0x05, 0,
];

/// Encrypts to the recipient as KMS does: under a fresh AES-256 key in CBC mode with PKCS #7 padding, that key under
/// RSAES-OAEP with SHA-256. Gives the CMS ContentInfo for `CiphertextForRecipient`, in BER.
///
/// The key and the initialization vector come from `entropy`; OAEP's seed comes from OpenSSL's own generator, which takes no
/// other.
pub fn envelope(
    recipient: &RecipientKey,
    plaintext: &SecretBytes,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, OpenSslFailure> {
    let mut content_key = Zeroizing::new([0; 32]);
    entropy.fill(content_key.as_mut_slice());
    let mut iv = [0; 16];
    entropy.fill(&mut iv);
    let encrypted_key = wrap(recipient, content_key.as_slice())?;
    let ciphertext = encrypt(Cipher::aes_256_cbc(), content_key.as_slice(), Some(&iv), plaintext.expose())?;

    // KMS names the recipient by the SHA-256 of its SubjectPublicKeyInfo (found in recorded answers whose key is known).
    let key_identifier = element(CONTEXT_0, &[&sha256(recipient.spki_der())]);
    let key_trans = [VERSION_2, &key_identifier, RSAES_OAEP_SHA_256, &element(OCTET_STRING, &[&encrypted_key])];
    let recipient_infos = element(SET, &[&element(SEQUENCE, &key_trans)]);
    let cipher = element(SEQUENCE, &[AES_256_CBC, &element(OCTET_STRING, &[&iv])]);
    let content = indefinite(CONSTRUCTED_CONTEXT_0, &[&element(OCTET_STRING, &[&ciphertext])]);
    let encrypted_content_info = indefinite(SEQUENCE, &[DATA, &cipher, &content]);
    let enveloped_data = indefinite(SEQUENCE, &[VERSION_2, &recipient_infos, &encrypted_content_info]);
    Ok(indefinite(SEQUENCE, &[ENVELOPED_DATA, &indefinite(CONSTRUCTED_CONTEXT_0, &[&enveloped_data])]))
}

fn wrap(recipient: &RecipientKey, content_key: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let mut ctx = PkeyCtx::new(recipient.key())?;
    ctx.encrypt_init()?;
    ctx.set_rsa_padding(Padding::PKCS1_OAEP)?;
    ctx.set_rsa_oaep_md(Md::sha256())?;
    ctx.set_rsa_mgf1_md(Md::sha256())?;
    let mut encrypted_key = Vec::new();
    ctx.encrypt_to_vec(content_key, &mut encrypted_key)?;
    Ok(encrypted_key)
}

/// The value with this tag, the concatenation of `parts` as content, and a length of the shortest form.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len().to_be_bytes();
    let significant = len.split_at(len.iter().take_while(|byte| **byte == 0).count()).1;
    let header = match significant {
        [] => vec![tag, 0],
        [short @ 0..=0x7f] => vec![tag, *short],
        long => [&[tag, 0x80 | u8::try_from(long.len()).unwrap_or(0)], long].concat(),
    };
    [header, content].concat()
}

/// The value with this tag and the concatenation of `parts` as content, closed by end-of-contents octets.
fn indefinite(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], parts.concat().as_slice(), &[0, 0]].concat()
}
