use std::collections::BTreeMap;
use std::fmt;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{HasPublic, PKey, PKeyRef, Private};
use openssl::x509::extension::{BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509Extension, X509Name, X509NameBuilder, X509NameRef};
use trent_shared::{Entropy, SecretString, Timestamp};
use zeroize::Zeroizing;

use crate::cose::{sign, to_cbor};
use crate::payload::Field;
use crate::roots::is_root;
use crate::{Attestation, OpenSslFailure, Platform};

const SECOND: i64 = 1000;
const HOUR: i64 = 60 * 60 * SECOND;
const YEAR: i64 = 365 * 24 * HOUR;

/// A root of one's own, and the private key that makes documents under it: what the Nitro hypervisor is to AWS's root.
///
/// Whoever has this can attest anything to a Trent that trusts its certificate; AWS trusts it never.
pub struct LocalRoot {
    certificate: X509,
    key: PKey<Private>,
}

/// What a document is to say. It is written as it is, within AWS's limits or not: tests need documents that are refused.
#[derive(Debug, Clone)]
pub struct DocumentFields {
    /// AWS's are like `i-1234567890abcdef0-enc0123456789abcdef`.
    pub module_id: String,
    /// The signing certificate is valid from 3 seconds before to 3 hours after, as AWS's are.
    pub timestamp: Timestamp,
    pub platform: Platform,
    /// Registers by index; 48 bytes each, as SHA-384 gives them.
    pub pcrs: BTreeMap<u8, Vec<u8>>,
    /// The recipient's SubjectPublicKeyInfo in DER.
    pub public_key: Option<Vec<u8>>,
    pub user_data: Option<Vec<u8>>,
    pub nonce: Option<Vec<u8>>,
}

/// The text is not what [`LocalRoot::to_pem`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLocalRoot {
    #[error("no root certificate in PEM")]
    Certificate,
    #[error("no private key in PEM that belongs to the certificate and is on P-384")]
    PrivateKey,
}

impl LocalRoot {
    /// A self-signed P-384 root, valid for 30 years, like AWS's. Its key comes from OpenSSL's own generator, which takes no
    /// other; its serial number from `entropy`.
    pub fn generate(valid_from: Timestamp, entropy: &dyn Entropy) -> Result<Self, OpenSslFailure> {
        let generate = || -> Result<Self, ErrorStack> {
            let key = p384()?;
            let name = name("local.nitro-enclaves")?;
            let from = valid_from.as_millis();
            let mut builder = unsigned(&name, &name, &key, from, from.saturating_add(30 * YEAR), entropy)?;
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
            builder
                .append_extension(KeyUsage::new().critical().digital_signature().key_cert_sign().crl_sign().build()?)?;
            let key_identifier = subject_key_identifier(&builder)?;
            builder.append_extension(key_identifier)?;
            builder.sign(&key, MessageDigest::sha384())?;
            Ok(Self { certificate: builder.build(), key })
        };
        Ok(generate()?)
    }

    /// Reads what [`to_pem`](Self::to_pem) wrote.
    pub fn from_pem(pem: &str) -> Result<Self, InvalidLocalRoot> {
        let certificate = X509::from_pem(pem.as_bytes()).ok().filter(is_root).ok_or(InvalidLocalRoot::Certificate)?;
        // With a passphrase, if only an empty one, OpenSSL does not ask for one on the terminal.
        let key =
            PKey::private_key_from_pem_passphrase(pem.as_bytes(), &[]).map_err(|_| InvalidLocalRoot::PrivateKey)?;
        let is_p384 = key.ec_key().is_ok_and(|key| key.group().curve_name() == Some(Nid::SECP384R1));
        let belongs = certificate.public_key().is_ok_and(|public| public.public_eq(&key));
        if is_p384 && belongs { Ok(Self { certificate, key }) } else { Err(InvalidLocalRoot::PrivateKey) }
    }

    /// The certificate and the private key (PKCS#8), for [`from_pem`](Self::from_pem).
    pub fn to_pem(&self) -> Result<SecretString, OpenSslFailure> {
        let certificate = self.certificate_pem()?;
        let key = Zeroizing::new(self.key.private_key_to_pem_pkcs8()?);
        let key = str::from_utf8(&key).unwrap_or_default();
        // Allocated once: a string that grows leaves copies behind.
        let mut pem = String::with_capacity(certificate.len() + key.len());
        pem.push_str(&certificate);
        pem.push_str(key);
        Ok(SecretString::new(pem))
    }

    /// The certificate alone, for [`Roots::add_pem`](crate::Roots::add_pem).
    pub fn certificate_pem(&self) -> Result<String, OpenSslFailure> {
        Ok(String::from_utf8_lossy(&self.certificate.to_pem()?).into_owned())
    }

    /// A document that says this, signed as the Nitro hypervisor signs: by a fresh key with a certificate of its own, issued
    /// by this root, which is all of the CA bundle. Untagged COSE_Sign1.
    pub fn document(&self, fields: &DocumentFields, entropy: &dyn Entropy) -> Result<Vec<u8>, OpenSslFailure> {
        let key = p384()?;
        let certificate = self.issue(fields, &key, entropy)?;
        sign(&payload(fields, &certificate.to_der()?, &self.certificate.to_der()?), &*key.ec_key()?)
    }

    fn issue(
        &self,
        fields: &DocumentFields,
        key: &PKeyRef<Private>,
        entropy: &dyn Entropy,
    ) -> Result<X509, ErrorStack> {
        let at = fields.timestamp.as_millis();
        let (from, to) = (at.saturating_sub(3 * SECOND), at.saturating_add(3 * HOUR));
        let subject = name("signer.local.nitro-enclaves")?;
        let mut builder = unsigned(self.certificate.subject_name(), &subject, key, from, to, entropy)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().digital_signature().non_repudiation().build()?)?;
        builder.sign(&self.key, MessageDigest::sha384())?;
        Ok(builder.build())
    }
}

impl fmt::Debug for LocalRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRoot").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// In the order, and with null for what is not there, as the Nitro hypervisor writes it.
fn payload(fields: &DocumentFields, certificate: &[u8], root: &[u8]) -> Vec<u8> {
    let registers = match fields.platform {
        Platform::Enclave => Field::Pcrs,
        Platform::NitroTpm => Field::NitroTpmPcrs,
    };
    let millis = u64::try_from(fields.timestamp.as_millis()).unwrap_or(0);
    to_cbor(|cbor| {
        cbor.map(9)?.str(Field::ModuleId.name())?.str(&fields.module_id)?;
        cbor.str(Field::Digest.name())?.str(Attestation::DIGEST)?;
        cbor.str(Field::Timestamp.name())?.u64(millis)?;
        cbor.str(registers.name())?.map(u64::try_from(fields.pcrs.len()).unwrap_or(u64::MAX))?;
        for (index, content) in &fields.pcrs {
            cbor.u8(*index)?.bytes(content)?;
        }
        cbor.str(Field::Certificate.name())?.bytes(certificate)?;
        cbor.str(Field::CaBundle.name())?.array(1)?.bytes(root)?;
        let optional = [
            (Field::PublicKey, &fields.public_key),
            (Field::UserData, &fields.user_data),
            (Field::Nonce, &fields.nonce),
        ];
        for (field, value) in optional {
            cbor.str(field.name())?;
            match value {
                Some(value) => cbor.bytes(value)?,
                None => cbor.null()?,
            };
        }
        Ok(())
    })
}

/// A certificate that lacks extensions and a signature, valid between two instants in milliseconds.
fn unsigned(
    issuer: &X509NameRef,
    subject: &X509NameRef,
    key: &PKeyRef<impl HasPublic>,
    from: i64,
    to: i64,
    entropy: &dyn Entropy,
) -> Result<X509Builder, ErrorStack> {
    let mut serial = [0; 16];
    entropy.fill(&mut serial);
    // RFC 5280 §4.1.2.2: positive.
    serial[0] = serial[0] & 0x3f | 0x40;
    let mut builder = X509Builder::new()?;
    // X.509 counts versions from zero.
    builder.set_version(2)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&*BigNum::from_slice(&serial)?)?)?;
    builder.set_issuer_name(issuer)?;
    builder.set_subject_name(subject)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(from.div_euclid(SECOND))?)?;
    builder.set_not_after(&*Asn1Time::from_unix(to.div_euclid(SECOND))?)?;
    Ok(builder)
}

fn subject_key_identifier(builder: &X509Builder) -> Result<X509Extension, ErrorStack> {
    SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))
}

/// O=Trent and this common name.
fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Trent")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn p384() -> Result<PKey<Private>, ErrorStack> {
    PKey::ec_gen("P-384")
}
