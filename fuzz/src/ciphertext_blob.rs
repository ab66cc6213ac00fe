use std::ops::RangeInclusive;

use trent_kms_core::{CiphertextBlob, open, seal};

use crate::fixtures::{Repeating, symmetric_key};

/// The random parts of a ciphertext: 16 bytes of nonce and 12 of initialization vector.
const NONCE_LEN: usize = 16;
const RANDOM_LEN: usize = NONCE_LEN + 12;
const NONCE_AT: usize = 38;
/// What stands before every plaintext inside the encryption, and the tag behind it.
const AROUND_PLAINTEXT: usize = 11 + 16;
/// The length of a ciphertext less that of its plaintext: the more length bytes, the more.
const OVERHEAD: RangeInclusive<usize> = 152..=162;
/// The lengths of ciphertexts; within them, some are left out where a length takes another byte.
const LENGTHS: RangeInclusive<usize> = 152..=6144;

/// [`CiphertextBlob::parse`] takes one encoding of any content only, and [`open`] only what [`seal`] made.
pub fn ciphertext_blob(data: &[u8]) {
    let Ok(blob) = CiphertextBlob::parse(data) else { return };
    let (material, _, context) = symmetric_key();
    let opened = open(&material, &blob, &context);
    crate::assert_error_queue_is_empty();

    // Sealing something as long with the same random bytes makes the same ciphertext up to the encrypted content.
    let sealed_again = |plaintext: &[u8]| {
        let random = Repeating(random_part(data, plaintext.len())?);
        seal(&material, &blob.material_id(), blob.kind(), plaintext, &context, &random).ok()
    };
    let again = OVERHEAD.filter_map(|overhead| data.len().checked_sub(overhead)).find_map(|plaintext_len| {
        let again = sealed_again(&vec![0; plaintext_len])?;
        (again.len() == data.len()).then_some((plaintext_len, again))
    });
    if let Some((plaintext_len, again)) = again {
        let content_at = data.len() - AROUND_PLAINTEXT - plaintext_len;
        assert_eq!(again[..content_at], data[..content_at], "a second encoding is accepted");
    } else {
        assert!(!LENGTHS.contains(&data.len()), "a length that no ciphertext has is accepted");
    }
    if let Ok(plaintext) = opened {
        assert_eq!(sealed_again(plaintext.expose()).as_deref(), Some(data), "opens, but was not sealed so");
    }
}

/// The bytes of `blob` that its sealing drew, if its plaintext has this length.
fn random_part(blob: &[u8], plaintext_len: usize) -> Option<[u8; RANDOM_LEN]> {
    let content_len = plaintext_len + AROUND_PLAINTEXT;
    let length_len = match content_len {
        0..=0x7f => 1,
        0x80..=0xff => 2,
        0x100.. => 3,
    };
    // From the end: content, its length and tag, the INTEGER 16, the initialization vector.
    let iv_end = blob.len().checked_sub(content_len + length_len + 1 + 3)?;
    let iv = blob.get(iv_end.checked_sub(RANDOM_LEN - NONCE_LEN)?..iv_end)?;
    let nonce = blob.get(NONCE_AT..NONCE_AT + NONCE_LEN)?;
    [nonce, iv].concat().try_into().ok()
}
