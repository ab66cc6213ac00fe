//! Takes ciphertexts apart without any of the crate's own code but the material's bytes and id: another reading of
//! ASN.1 (by element, not by fixed prefix), another AES-256-GCM, another HMAC. What it reads, anyone can who knows the
//! layout and holds the key material.

use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use trent_kms_core::{CiphertextBlob, CiphertextKind, EncryptionContext, SymmetricMaterial, open, seal};
use trent_shared::Entropy;

const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

/// Pseudo-random bytes: SHA-256 over a counter.
#[derive(Default)]
struct Hashed(AtomicU64);

impl Entropy for Hashed {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

/// One DER element: tag, content, and what follows it.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (len, start) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (der[2..2 + count].iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (der[0], &der[start..start + len], &der[start + len..])
}

fn expect(der: &[u8], tag: u8) -> (&[u8], &[u8]) {
    let (found, content, rest) = element(der);
    assert_eq!(found, tag, "tag");
    (content, rest)
}

/// An OBJECT IDENTIFIER in dotted form.
fn oid(content: &[u8]) -> String {
    let mut arcs = Vec::new();
    let mut arc = 0_u64;
    for byte in content {
        arc = arc << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            arcs.push(std::mem::take(&mut arc));
        }
    }
    let first = (arcs[0] / 40).min(2);
    let head = [first, arcs[0] - 40 * first];
    head.iter().chain(&arcs[1..]).map(u64::to_string).collect::<Vec<_>>().join(".")
}

struct Decoded {
    kind: u8,
    material_id: Vec<u8>,
    plaintext: Vec<u8>,
}

fn derive(material: &[u8], label: &str, context: &[u8]) -> Vec<u8> {
    let mut hmac = <Hmac<Sha256> as Mac>::new_from_slice(material).expect("any length");
    hmac.update(&1_u32.to_be_bytes());
    hmac.update(label.as_bytes());
    hmac.update(&[0]);
    hmac.update(context);
    hmac.update(&256_u32.to_be_bytes());
    hmac.finalize().into_bytes().to_vec()
}

/// `pairs` in ascending order of their keys.
fn decode(material: &[u8], blob: &[u8], pairs: &[(&str, &str)]) -> Decoded {
    assert_eq!(blob[..2], [1, 2]);
    assert_eq!(blob[3..5], [0x00, 0x78]);
    assert_eq!(blob[37], 1);
    let nonce = &blob[38..54];
    let der_len = u32::from_be_bytes(blob[54..58].try_into().expect("4 bytes"));
    let der = &blob[58..];
    assert_eq!(der.len(), der_len as usize);

    let (content_info, rest) = expect(der, 0x30);
    assert!(rest.is_empty());
    let (content_type, explicit) = expect(content_info, 0x06);
    assert_eq!(oid(content_type), "1.2.840.113549.1.7.6");
    let (explicit, rest) = expect(explicit, 0xa0);
    assert!(rest.is_empty());
    let (encrypted_data, rest) = expect(explicit, 0x30);
    assert!(rest.is_empty());
    let (version, info) = expect(encrypted_data, 0x02);
    assert_eq!(version, [0]);
    let (info, rest) = expect(info, 0x30);
    assert!(rest.is_empty());
    let (content_type, rest) = expect(info, 0x06);
    assert_eq!(oid(content_type), "1.2.840.113549.1.7.1");
    let (algorithm, rest) = expect(rest, 0x30);
    let (encrypted, rest) = expect(rest, 0x80);
    assert!(rest.is_empty());
    let (algorithm_id, parameters) = expect(algorithm, 0x06);
    assert_eq!(oid(algorithm_id), "2.16.840.1.101.3.4.1.46");
    let (parameters, rest) = expect(parameters, 0x30);
    assert!(rest.is_empty());
    let (iv, rest) = expect(parameters, 0x04);
    assert_eq!(iv.len(), 12);
    let (tag_len, rest) = expect(rest, 0x02);
    assert_eq!(tag_len, [16]);
    assert!(rest.is_empty());

    let mut aad = blob[..54].to_vec();
    aad.extend((pairs.len() as u64).to_be_bytes());
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        aad.extend((text.len() as u64).to_be_bytes());
        aad.extend(text.as_bytes());
    }
    let key = derive(material, "trent/kms/message-key", nonce);
    let content = Aes256Gcm::new_from_slice(&key)
        .expect("32 bytes")
        .decrypt(Nonce::from_slice(iv), Payload { msg: encrypted, aad: &aad })
        .expect("authentic");
    let plaintext = content.strip_prefix(b"trent-kms/1").expect("inner header").to_vec();
    assert_eq!(encrypted.len(), plaintext.len() + 27);
    Decoded { kind: blob[2], material_id: blob[5..37].to_vec(), plaintext }
}

#[test]
fn ciphertexts_follow_the_layout_and_open_with_other_implementations() {
    let entropy = Hashed::default();
    let contexts: [&[(&str, &str)]; 4] =
        [&[], &[("purpose", "test")], &[("", ""), ("a", "bc"), ("ab", "c")], &[("Größe", "10 µm"), ("名", "前")]];
    for len in [0, 1, 16, 32, 43, 44, 60, 61, 100, 101, 147, 148, 200, 228, 229, 256, 1024, 4096, 5982] {
        for pairs in contexts {
            for (kind, byte) in [(CiphertextKind::Message, 2), (CiphertextKind::DataKey, 3)] {
                let material = SymmetricMaterial::generate(&entropy);
                let id = material.id(KEY_ID);
                let mut plaintext = vec![0; len];
                entropy.fill(&mut plaintext);
                let context: EncryptionContext = pairs.iter().copied().collect();
                let blob = seal(&material, &id, kind, &plaintext, &context, &entropy).expect("seals");

                let decoded = decode(material.expose(), &blob, pairs);
                assert_eq!(decoded.plaintext, plaintext);
                assert_eq!(decoded.kind, byte);
                assert_eq!(decoded.material_id, id.as_bytes());
            }
        }
    }
}

#[test]
fn material_ids_are_derived_from_key_id_and_material() {
    let material = SymmetricMaterial::generate(&Hashed::default());
    let expected = derive(material.expose(), "trent/kms/material-id", KEY_ID.as_bytes());
    let id = material.id(KEY_ID);
    let tag = Sha256::digest(format!("trent/kms/key-tag{KEY_ID}"));
    assert_eq!(id.key_tag().as_bytes(), &tag[..16]);
    assert_eq!(id.as_bytes()[..16], *id.key_tag().as_bytes());
    assert_eq!(id.as_bytes()[16..], expected[16..]);
}

/// A ciphertext that was made once stays readable: a change of the format would lose stored data.
#[test]
fn the_format_does_not_drift() {
    const BLOB: &str = "0102020078666f8dcaaf742f373271466bbc2d948f15a33aafe5a793b567902b0e3b543e5f01af5570f5a1810b7af78caf4b\
        c70a660f00000063306106092a864886f70d010706a0543052020100304d06092a864886f70d010701301e06096086480165\
        0304012e3011040c0df51e42baf91d4de5b2328d0201108020b359cee367080b6d75176d01f37c4669219e72110302b19edfac16401c2617ef";
    let blob = hex::decode(BLOB).expect("hexadecimal");
    let material = SymmetricMaterial::try_from([0x42; 32].as_slice()).expect("32 bytes");
    let parsed = CiphertextBlob::parse(&blob).expect("canonical");
    assert_eq!(parsed.material_id(), material.id(KEY_ID));
    let context = EncryptionContext::from_iter([("purpose", "test")]);
    assert_eq!(open(&material, &parsed, &context).expect("authentic").expose(), b"hello");
}
