//! What the crate's operations cost beside OpenSSL itself, which does the same in loops over contexts that are set up
//! once, as `openssl speed` does: `cargo run --release -p trent-kms-core --example measure`.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::hash::{Hasher, MessageDigest};
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sha::sha256;
use openssl::sign::RsaPssSaltlen;
use trent_kms_core::{
    Algorithm, CiphertextKind, EncapsulationAlgorithm, EncryptionAlgorithm, EncryptionContext, KeyMaterial, KeySpec,
    MacAlgorithm, MessageType, SigningAlgorithm, seal,
};
use trent_shared::Entropy;

const ROUNDS: u32 = 9;
const ROUND: Duration = Duration::from_millis(150);
const MESSAGE: [u8; 1024] = [9; 1024];

fn main() {
    println!("{:<44} {:>12} {:>12} {:>7}", "one thread, per second", "kms-core", "OpenSSL", "ratio");
    signatures();
    macs();
    sealing();
    println!("\n{:<44} {:>12}", "one thread, per second", "kms-core");
    others();
    println!("\nOne RSA_2048 key signing in n threads, per second:");
    for threads in [1, 2, 4] {
        println!("{threads:>3} {:>12.0}", shared_key(threads));
    }
}

fn signatures() {
    let rsa = material(KeySpec::Rsa2048);
    let key = parsed(&rsa);
    let mut ctx = PkeyCtx::new(&key).expect("context");
    ctx.sign_init().expect("initialises");
    ctx.set_rsa_padding(Padding::PKCS1_PSS).expect("PSS");
    ctx.set_signature_md(Md::sha256()).expect("SHA-256");
    ctx.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).expect("salt");
    compare(
        "RSA-2048 PSS SHA-256 sign, 1 KiB",
        || sign(&rsa, SigningAlgorithm::RsassaPssSha256),
        || raw_sign(&mut ctx),
    );

    let ecdsa = material(KeySpec::EccNistP256);
    let key = parsed(&ecdsa);
    let mut ctx = PkeyCtx::new(&key).expect("context");
    ctx.sign_init().expect("initialises");
    compare("ECDSA P-256 sign, 1 KiB", || sign(&ecdsa, SigningAlgorithm::EcdsaSha256), || raw_sign(&mut ctx));

    let ed25519 = material(KeySpec::EccNistEdwards25519);
    let key = parsed(&ed25519);
    compare(
        "Ed25519 sign, 1 KiB (fresh contexts)",
        || sign(&ed25519, SigningAlgorithm::Ed25519Sha512),
        || {
            let mut ctx = MdCtx::new().expect("context");
            ctx.digest_sign_init(None, &key).expect("initialises");
            let mut signature = vec![0; 64];
            ctx.digest_sign(&MESSAGE, Some(&mut signature)).expect("signs");
            signature
        },
    );
}

/// OpenSSL keeps the states after the padded keys and copies them for each message, as its `EVP_MAC` of HMAC does.
fn macs() {
    let hmac = material(KeySpec::Hmac256);
    let absorbed = |pad: u8| {
        let mut block = [pad; 64];
        block.iter_mut().zip(hmac.to_bytes().expose()).for_each(|(byte, key)| *byte ^= key);
        let mut hasher = Hasher::new(MessageDigest::sha256()).expect("hasher");
        hasher.update(&block).expect("updates");
        hasher
    };
    let (inner, outer) = (absorbed(0x36), absorbed(0x5c));
    for len in [32, 256, 1024, 4096] {
        let message = vec![9; len];
        compare(
            &format!("HMAC-SHA-256, {len} B"),
            || hmac.mac(MacAlgorithm::HmacSha256, &message).expect("fits"),
            || {
                let mut hasher = inner.clone();
                hasher.update(&message).expect("updates");
                let digest = hasher.finish().expect("finishes");
                let mut hasher = outer.clone();
                hasher.update(&digest).expect("updates");
                hasher.finish().expect("finishes").to_vec()
            },
        );
    }
}

/// `seal` derives a key for each message, authenticates header and context, and writes 130 bytes around the ciphertext;
/// the second and third loop have OpenSSL do ever more of that.
fn sealing() {
    const HEADER: [u8; 54] = [1; 54];
    let material = material(KeySpec::SymmetricDefault);
    let symmetric = material.symmetric().expect("symmetric");
    let id = material.id("1234abcd-12ab-34cd-56ef-1234567890ab");
    let context = EncryptionContext::from_iter([("purpose", "invoice")]);
    let cipher = Cipher::fetch(None, "AES-256-GCM", None).expect("fetches");
    let encrypt = |ctx: &mut CipherCtx| {
        let mut out = Vec::with_capacity(MESSAGE.len() + 16);
        ctx.cipher_update_vec(&MESSAGE, &mut out).expect("updates");
        ctx.cipher_final(&mut []).expect("finishes");
        let mut tag = [0; 16];
        ctx.tag(&mut tag).expect("tag");
        out.extend(tag);
        out
    };
    let keyed = |key: &[u8]| {
        let mut ctx = CipherCtx::new().expect("context");
        ctx.encrypt_init(Some(&cipher), Some(key), Some(&[3; 12])).expect("initialises");
        ctx
    };
    let sealed = || seal(symmetric, &id, CiphertextKind::Message, &MESSAGE, &context, &Free).expect("seals");
    let mut kept = keyed(symmetric.expose());
    compare("AES-256-GCM, 1 KiB (one key for all)", sealed, || {
        kept.encrypt_init(None, None, Some(&[3; 12])).expect("initialises");
        encrypt(&mut kept)
    });
    compare("AES-256-GCM, 1 KiB (a key for each)", sealed, || encrypt(&mut keyed(symmetric.expose())));
    compare("AES-256-GCM, 1 KiB (key derived, 54 B AAD)", sealed, || {
        // A material id is derived as a message's key is.
        let mut ctx = keyed(material.id("0123456789abcdef").as_bytes());
        ctx.cipher_update(&HEADER, None).expect("updates");
        encrypt(&mut ctx)
    });
}

fn others() {
    for spec in KeySpec::ALL {
        let material = material(*spec);
        for algorithm in SigningAlgorithm::offered_by(*spec) {
            let (message_type, message) = match algorithm.digest_len() {
                Some(len) => (MessageType::Digest, vec![9; len]),
                None => (MessageType::Raw, vec![9; 64]),
            };
            let input = material.signing_input(*algorithm, message_type, &message).expect("fits");
            let signature = input.sign().expect("signs");
            report(&format!("{spec} {algorithm} sign"), || input.sign());
            report(&format!("{spec} {algorithm} verify"), || input.verify(&signature));
        }
        for algorithm in EncryptionAlgorithm::offered_by(*spec) {
            if let Ok(ciphertext) = material.encrypt(*algorithm, &[7; 32]) {
                report(&format!("{spec} {algorithm} encrypt"), || material.encrypt(*algorithm, &[7; 32]));
                report(&format!("{spec} {algorithm} decrypt"), || material.decrypt(*algorithm, &ciphertext));
            }
        }
        if let Ok(made) = material.encapsulate(EncapsulationAlgorithm::MlKem) {
            report(&format!("{spec} encapsulate"), || material.encapsulate(EncapsulationAlgorithm::MlKem));
            report(&format!("{spec} decapsulate"), || {
                material.decapsulate(EncapsulationAlgorithm::MlKem, &made.ciphertext)
            });
        }
        let bytes = material.to_bytes();
        report(&format!("{spec} read"), || KeyMaterial::from_bytes(*spec, bytes.expose()));
    }
}

fn shared_key(threads: u32) -> f64 {
    const EACH: u32 = 1500;
    let rsa = material(KeySpec::Rsa2048);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..EACH).for_each(|_| drop(black_box(sign(&rsa, SigningAlgorithm::RsassaPssSha256)))));
        }
    });
    f64::from(threads * EACH) / start.elapsed().as_secs_f64()
}

fn sign(material: &KeyMaterial, algorithm: SigningAlgorithm) -> Vec<u8> {
    material.signing_input(algorithm, MessageType::Raw, &MESSAGE).expect("fits").sign().expect("signs")
}

fn raw_sign(ctx: &mut PkeyCtx<Private>) -> Vec<u8> {
    let mut signature = vec![0; 256];
    let len = ctx.sign(&sha256(&MESSAGE), Some(&mut signature)).expect("signs");
    signature.truncate(len);
    signature
}

/// Prints both rates and the median of the ratios of rounds that alternate, so that a busy machine slows both alike.
fn compare<A, B>(what: &str, mut ours: impl FnMut() -> A, mut raw: impl FnMut() -> B) {
    let mut rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (rate(&mut ours), rate(&mut raw))).collect();
    rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (ours, raw) = rounds[rounds.len() / 2];
    println!("{what:<44} {ours:>12.0} {raw:>12.0} {:>6.0}%", 100.0 * ours / raw);
}

fn report<T>(what: &str, mut call: impl FnMut() -> T) {
    println!("{what:<44} {:>12.0}", rate(&mut call));
}

/// Calls per second.
fn rate<T>(call: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    let mut calls = 0_u32;
    while start.elapsed() < ROUND {
        for _ in 0..16 {
            black_box(call());
        }
        calls += 16;
    }
    f64::from(calls) / start.elapsed().as_secs_f64()
}

fn material(spec: KeySpec) -> KeyMaterial {
    KeyMaterial::generate(spec, &Free).expect("generates")
}

fn parsed(material: &KeyMaterial) -> PKey<Private> {
    PKey::private_key_from_pkcs8(material.to_bytes().expose()).expect("PKCS#8")
}

/// Bytes that cost nothing, so that the figures are those of the crate alone.
struct Free;

impl Entropy for Free {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(5);
    }
}
