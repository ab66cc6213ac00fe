//! What the crate's operations cost, and beside them OpenSSL itself, which does the same over contexts that are set up
//! once, as `openssl speed` does: `cargo bench -p trent-kms-core`.

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use openssl::hash::{DigestBytes, Hasher, MessageDigest};
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

const MESSAGE: [u8; 1024] = [9; 1024];

fn main() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut comparisons = comparisons();
    comparisons.retain_mut(|comparison| comparison.is_measured_by(&mut criterion));
    every_spec(&mut criterion);
    shared_key(&mut criterion);
    criterion.final_summary();
    if !comparisons.is_empty() {
        println!("{:<44} {:>12} {:>12} {:>7}", "alternating rounds, per second", "kms-core", "OpenSSL", "ratio");
        comparisons.iter_mut().for_each(Comparison::print_ratio);
    }
}

/// One operation of the crate and what OpenSSL does for the same.
struct Comparison {
    name: String,
    ours: Box<dyn FnMut()>,
    openssl: Box<dyn FnMut()>,
}

impl Comparison {
    fn new<A, B>(
        name: impl Into<String>,
        mut ours: impl FnMut() -> A + 'static,
        mut openssl: impl FnMut() -> B + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            ours: Box::new(move || drop(black_box(ours()))),
            openssl: Box::new(move || drop(black_box(openssl()))),
        }
    }

    /// Whether the command line asks for a measurement, rather than for other benches or for a single call of each
    /// (`--test`).
    fn is_measured_by(&mut self, criterion: &mut Criterion) -> bool {
        let mut samples = 0;
        let mut group = criterion.benchmark_group(&self.name);
        for (id, operation) in [("kms-core", &mut self.ours), ("OpenSSL", &mut self.openssl)] {
            group.bench_function(id, |bencher| {
                samples += 1;
                bencher.iter(&mut *operation);
            });
        }
        group.finish();
        samples > 2
    }

    /// Criterion measures one function after the other, and a busy machine's speed changes in between. Ratios mean
    /// something only where rounds alternate, so that both are slowed alike; this is the median of such ratios.
    fn print_ratio(&mut self) {
        const ROUNDS: usize = 9;
        let mut rounds = [(); ROUNDS].map(|()| (rate(&mut self.ours), rate(&mut self.openssl)));
        rounds.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let (ours, openssl) = rounds[ROUNDS / 2];
        println!("{:<44} {ours:>12.0} {openssl:>12.0} {:>6.0}%", self.name, 100.0 * ours / openssl);
    }
}

/// Calls per second.
fn rate(call: &mut impl FnMut()) -> f64 {
    const ROUND: Duration = Duration::from_millis(150);
    let start = Instant::now();
    let mut calls = 0_u32;
    while start.elapsed() < ROUND {
        (0..16).for_each(|_| call());
        calls += 16;
    }
    f64::from(calls) / start.elapsed().as_secs_f64()
}

fn comparisons() -> Vec<Comparison> {
    rsa_pss().into_iter().chain([ecdsa(), ed25519()]).chain(macs()).chain(sealing()).collect()
}

fn rsa_pss() -> [Comparison; 2] {
    const ALGORITHM: SigningAlgorithm = SigningAlgorithm::RsassaPssSha256;
    let rsa = material(KeySpec::Rsa2048);
    let key = parsed(rsa);
    let context = |init: fn(&mut PkeyCtx<Private>)| {
        let mut ctx = PkeyCtx::new(&key).expect("context");
        init(&mut ctx);
        ctx.set_rsa_padding(Padding::PKCS1_PSS).expect("PSS");
        ctx.set_signature_md(Md::sha256()).expect("SHA-256");
        ctx.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).expect("salt");
        ctx
    };
    let mut signing = context(|ctx| ctx.sign_init().expect("initialises"));
    let mut verifying = context(|ctx| ctx.verify_init().expect("initialises"));
    let signature = sign(rsa, ALGORITHM);
    let same_signature = signature.clone();
    [
        Comparison::new("RSA-2048 PSS SHA-256 sign, 1 KiB", || sign(rsa, ALGORITHM), move || raw_sign(&mut signing)),
        Comparison::new(
            "RSA-2048 PSS SHA-256 verify, 1 KiB",
            move || {
                let input = rsa.signing_input(ALGORITHM, MessageType::Raw, &MESSAGE).expect("fits");
                input.verify(&signature).expect("genuine");
            },
            move || assert!(verifying.verify(&sha256(&MESSAGE), &same_signature).expect("verifies")),
        ),
    ]
}

fn ecdsa() -> Comparison {
    let ecdsa = material(KeySpec::EccNistP256);
    let mut ctx = PkeyCtx::new(&parsed(ecdsa)).expect("context");
    ctx.sign_init().expect("initialises");
    Comparison::new(
        "ECDSA P-256 sign, 1 KiB",
        || sign(ecdsa, SigningAlgorithm::EcdsaSha256),
        move || raw_sign(&mut ctx),
    )
}

fn ed25519() -> Comparison {
    let ed25519 = material(KeySpec::EccNistEdwards25519);
    let key = parsed(ed25519);
    Comparison::new(
        "Ed25519 sign, 1 KiB, fresh contexts",
        || sign(ed25519, SigningAlgorithm::Ed25519Sha512),
        move || {
            let mut ctx = MdCtx::new().expect("context");
            ctx.digest_sign_init(None, &key).expect("initialises");
            let mut signature = vec![0; 64];
            ctx.digest_sign(&MESSAGE, Some(&mut signature)).expect("signs");
            signature
        },
    )
}

fn macs() -> [Comparison; 4] {
    [32, 256, 1024, 4096].map(|len| {
        let hmac = material(KeySpec::Hmac256);
        let raw = RawHmac::new(hmac.to_bytes().expose());
        let message = vec![9; len];
        let same_message = message.clone();
        Comparison::new(
            format!("HMAC-SHA-256, {len} B"),
            move || hmac.mac(MacAlgorithm::HmacSha256, &message).expect("fits"),
            move || raw.mac(&same_message).to_vec(),
        )
    })
}

/// `seal` derives a key for each message, authenticates header and context, and writes 130 bytes around the ciphertext;
/// the second and third comparison have OpenSSL do ever more of that.
fn sealing() -> [Comparison; 3] {
    const DERIVATION_INPUT: [u8; 46] = [2; 46];
    const HEADER_AND_CONTEXT: [u8; 92] = [1; 92];
    let material = material(KeySpec::SymmetricDefault).symmetric().expect("symmetric");
    let key = material.expose();
    let id = material.id("1234abcd-12ab-34cd-56ef-1234567890ab");
    let context = EncryptionContext::from_iter([("purpose", "invoice")]);
    let sealed = move || seal(material, &id, CiphertextKind::Message, &MESSAGE, &context, &Free).expect("seals");
    let mut kept = raw_cipher(key);
    let derivation = RawHmac::new(key);
    [
        Comparison::new("AES-256-GCM, 1 KiB, one key for all", sealed.clone(), move || {
            kept.encrypt_init(None, None, Some(&[3; 12])).expect("initialises");
            raw_encrypt(&mut kept)
        }),
        Comparison::new("AES-256-GCM, 1 KiB, a key for each", sealed.clone(), || raw_encrypt(&mut raw_cipher(key))),
        Comparison::new("AES-256-GCM, 1 KiB, key derived, 92 B AAD", sealed, move || {
            let mut ctx = raw_cipher(&derivation.mac(&DERIVATION_INPUT));
            ctx.cipher_update(&HEADER_AND_CONTEXT, None).expect("updates");
            raw_encrypt(&mut ctx)
        }),
    ]
}

fn every_spec(criterion: &mut Criterion) {
    for spec in KeySpec::ALL {
        let material = material(*spec);
        let mut group = criterion.benchmark_group(spec.to_string());
        for algorithm in SigningAlgorithm::offered_by(*spec) {
            let (message_type, message) = match algorithm.digest_len() {
                Some(len) => (MessageType::Digest, vec![9; len]),
                None => (MessageType::Raw, vec![9; 64]),
            };
            let input = material.signing_input(*algorithm, message_type, &message).expect("fits");
            let signature = input.sign().expect("signs");
            group.bench_function(format!("{algorithm} sign"), |bencher| bencher.iter(|| input.sign()));
            group.bench_function(format!("{algorithm} verify"), |bencher| bencher.iter(|| input.verify(&signature)));
        }
        for algorithm in EncryptionAlgorithm::offered_by(*spec) {
            if let Ok(ciphertext) = material.encrypt(*algorithm, &[7; 32]) {
                group.bench_function(format!("{algorithm} encrypt"), |bencher| {
                    bencher.iter(|| material.encrypt(*algorithm, &[7; 32]));
                });
                group.bench_function(format!("{algorithm} decrypt"), |bencher| {
                    bencher.iter(|| material.decrypt(*algorithm, &ciphertext));
                });
            }
        }
        if let Ok(made) = material.encapsulate(EncapsulationAlgorithm::MlKem) {
            group.bench_function("encapsulate", |bencher| {
                bencher.iter(|| material.encapsulate(EncapsulationAlgorithm::MlKem));
            });
            group.bench_function("decapsulate", |bencher| {
                bencher.iter(|| material.decapsulate(EncapsulationAlgorithm::MlKem, &made.ciphertext));
            });
        }
        let bytes = material.to_bytes();
        group.bench_function("read", |bencher| bencher.iter(|| KeyMaterial::from_bytes(*spec, bytes.expose())));
        group.finish();
    }
}

/// The time per signature that all threads together come to.
fn shared_key(criterion: &mut Criterion) {
    let rsa = material(KeySpec::Rsa2048);
    let mut group = criterion.benchmark_group("RSA-2048 PSS SHA-256 sign, one key in n threads");
    // Samples of equal length, none so short that it measures the start of the threads.
    group.sampling_mode(SamplingMode::Flat);
    for threads in [1, 2, 4] {
        group.bench_function(threads.to_string(), |bencher| {
            bencher.iter_custom(|calls| {
                let start = Instant::now();
                thread::scope(|scope| {
                    for _ in 0..threads {
                        scope.spawn(|| {
                            (0..calls).for_each(|_| drop(black_box(sign(rsa, SigningAlgorithm::RsassaPssSha256))));
                        });
                    }
                });
                start.elapsed() / threads
            });
        });
    }
    group.finish();
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

/// HMAC-SHA-256 that keeps the states after the padded keys and copies them for each message, as OpenSSL's `EVP_MAC` does.
/// The openssl crate only has copies that allocate, which `EVP_MAC` need not: short messages look dearer than they are.
struct RawHmac {
    inner: Hasher,
    outer: Hasher,
}

impl RawHmac {
    /// The key has at most 64 bytes.
    fn new(key: &[u8]) -> Self {
        let absorbed = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            let mut hasher = Hasher::new(MessageDigest::sha256()).expect("hasher");
            hasher.update(&block).expect("updates");
            hasher
        };
        Self { inner: absorbed(0x36), outer: absorbed(0x5c) }
    }

    fn mac(&self, message: &[u8]) -> DigestBytes {
        let finish = |state: &Hasher, message: &[u8]| {
            let mut hasher = state.clone();
            hasher.update(message).expect("updates");
            hasher.finish().expect("finishes")
        };
        finish(&self.outer, &finish(&self.inner, message))
    }
}

fn raw_cipher(key: &[u8]) -> CipherCtx {
    static AES_256_GCM: LazyLock<Cipher> = LazyLock::new(|| Cipher::fetch(None, "AES-256-GCM", None).expect("fetches"));
    let mut ctx = CipherCtx::new().expect("context");
    ctx.encrypt_init(Some(&AES_256_GCM), Some(key), Some(&[3; 12])).expect("initialises");
    ctx
}

/// The message's ciphertext and tag.
fn raw_encrypt(ctx: &mut CipherCtx) -> Vec<u8> {
    let mut out = Vec::with_capacity(MESSAGE.len() + 16);
    ctx.cipher_update_vec(&MESSAGE, &mut out).expect("updates");
    ctx.cipher_final(&mut []).expect("finishes");
    let mut tag = [0; 16];
    ctx.tag(&mut tag).expect("tag");
    out.extend(tag);
    out
}

/// Fresh material, which lives as long as the process, so that the operations of comparisons can share it.
fn material(spec: KeySpec) -> &'static KeyMaterial {
    Box::leak(Box::new(KeyMaterial::generate(spec, &Free).expect("generates")))
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
