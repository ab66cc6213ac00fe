//! Makes the files of `fixtures/`, every time others: after it, the seeds of the corpora have to be written again.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use trent_fuzz::fixtures::{LOCAL_DOCUMENT_MADE, Repeating, key_wrap};
use trent_kms_core::{EncryptionAlgorithm, KeyMaterial, KeySpec};
use trent_nitro::{DocumentFields, LocalRoot, Platform};

const ENTROPY: Repeating<1> = Repeating([1]);

fn main() -> Result<(), Box<dyn Error>> {
    let write = |name: &str, content: &[u8]| {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name), content)
    };
    let curves = [KeySpec::EccNistP256, KeySpec::EccNistP384, KeySpec::EccNistP521, KeySpec::EccSecgP256k1];
    let rsa = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];
    for spec in curves.into_iter().chain(rsa).chain([KeySpec::Sm2]) {
        let key = KeyMaterial::generate(spec, &ENTROPY)?;
        write(&format!("{}.der", spec.as_str().to_lowercase()), key.to_bytes().expose())?;
        if spec == KeySpec::Sm2 {
            write("wrapped_by_sm2.bin", &key.encrypt(EncryptionAlgorithm::Sm2Pke, &[9; 32])?)?;
        }
        if spec == KeySpec::Rsa2048 {
            let encrypted_key =
                key.encrypt(EncryptionAlgorithm::RsaesOaepSha256, &trent_fuzz::fixtures::KEY_WRAP_KEY)?;
            write("wrapped_by_rsa_2048.bin", &[encrypted_key, key_wrap(&[9; 48])?].concat())?;
        }
    }

    let root = LocalRoot::generate(LOCAL_DOCUMENT_MADE, &ENTROPY)?;
    write("attestation_root.pem", root.certificate_pem()?.as_bytes())?;
    write("attestation_signer.pem", &signer(&root)?)?;
    let fields = DocumentFields {
        module_id: "i-1234567890abcdef0-enc0123456789abcdef".to_owned(),
        timestamp: LOCAL_DOCUMENT_MADE,
        platform: Platform::Enclave,
        pcrs: BTreeMap::from([(0, vec![1; 48])]),
        public_key: None,
        user_data: Some(b"user data".to_vec()),
        nonce: None,
    };
    write("attestation.cose", &root.document(&fields, &ENTROPY)?)?;
    Ok(())
}

/// A certificate to sign documents with, valid for a day around the local document's making, and its private key.
fn signer(root: &LocalRoot) -> Result<Vec<u8>, Box<dyn Error>> {
    let root_pem = root.to_pem()?;
    let root = X509::from_pem(root_pem.expose().as_bytes())?;
    let root_key = PKey::private_key_from_pem(root_pem.expose().as_bytes())?;
    let key = PKey::ec_gen("P-384")?;
    let made = LOCAL_DOCUMENT_MADE.as_millis() / 1000;
    let build = || -> Result<X509, ErrorStack> {
        let mut name = X509NameBuilder::new()?;
        name.append_entry_by_text("CN", "signer")?;
        let mut builder = X509Builder::new()?;
        builder.set_version(2)?;
        builder.set_serial_number(&*Asn1Integer::from_bn(&*BigNum::from_u32(1)?)?)?;
        builder.set_issuer_name(root.subject_name())?;
        builder.set_subject_name(&name.build())?;
        builder.set_pubkey(&key)?;
        builder.set_not_before(&*Asn1Time::from_unix(made)?)?;
        builder.set_not_after(&*Asn1Time::from_unix(made + 24 * 60 * 60)?)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().digital_signature().build()?)?;
        builder.sign(&root_key, MessageDigest::sha384())?;
        Ok(builder.build())
    };
    Ok([build()?.to_pem()?, key.private_key_to_pem_pkcs8()?].concat())
}
