//! Prints what one call costs: `cargo test --release -p trent-kms-core --test throughput -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use openssl::hash::MessageDigest;
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use trent_kms_core::{CiphertextBlob, CiphertextKind, EncryptionContext, SymmetricMaterial, open, seal};
use trent_shared::Entropy;

/// Bytes that cost nothing, so that the figures are those of the crate alone.
struct Free;

impl Entropy for Free {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(5);
    }
}

/// Prints the best of five rounds, in nanoseconds per call.
fn measure<T>(what: &str, mut call: impl FnMut() -> T) {
    const CALLS: u32 = 50_000;
    let round = |call: &mut dyn FnMut() -> T| {
        let start = Instant::now();
        for _ in 0..CALLS {
            black_box(call());
        }
        start.elapsed() / CALLS
    };
    let best = (0..5).map(|_| round(&mut call)).min().unwrap_or_default();
    println!("{what:<40} {:>6} ns", best.as_nanos());
}

#[test]
#[ignore = "prints figures; nothing to assert"]
fn seal_and_open() {
    let material = SymmetricMaterial::generate(&Free);
    let id = material.id("1234abcd-12ab-34cd-56ef-1234567890ab");
    let none = EncryptionContext::default();
    let some = EncryptionContext::from_iter([("purpose", "invoice"), ("tenant", "4711")]);
    for (name, context) in [("no context", &none), ("two pairs", &some)] {
        for len in [32, 1024, 4096] {
            let plaintext = vec![1; len];
            let sealed = || seal(&material, &id, CiphertextKind::Message, &plaintext, context, &Free).expect("seals");
            measure(&format!("seal {len} B, {name}"), sealed);
            let blob = sealed();
            measure(&format!("parse {len} B, {name}"), || CiphertextBlob::parse(&blob).map(|blob| blob.material_id()));
            measure(&format!("open {len} B, {name}"), || {
                let parsed = CiphertextBlob::parse(&blob).expect("canonical");
                open(&material, &parsed, context).expect("authentic")
            });
        }
    }
}

/// Why `material.rs` has its own HMAC: the same MAC over OpenSSL's SHA-256 and over its two EVP interfaces.
#[test]
#[ignore = "prints figures; nothing to assert"]
fn hmac_alternatives() {
    const MESSAGE: [u8; 46] = [9; 46];
    let material = SymmetricMaterial::generate(&Free);
    measure("key derivation (SHA-256 by hand)", || material.id("1234567890123456"));
    measure("EVP_DigestSign, fresh PKey", || {
        let key = PKey::hmac(material.expose()).expect("key");
        let mut out = [0; 32];
        Signer::new(MessageDigest::sha256(), &key).expect("signer").sign_oneshot(&mut out, &MESSAGE).expect("signs");
        out
    });
    let key = PKey::hmac(material.expose()).expect("key");
    let sha256 = Md::fetch(None, "SHA2-256", None).expect("fetches");
    measure("EVP_DigestSign, kept PKey, fetched Md", || {
        let mut ctx = MdCtx::new().expect("context");
        ctx.digest_sign_init(Some(&sha256), &key).expect("initialises");
        let mut out = [0; 32];
        ctx.digest_sign_update(&MESSAGE).expect("updates");
        ctx.digest_sign_final(Some(&mut out)).expect("signs");
        out
    });
}
