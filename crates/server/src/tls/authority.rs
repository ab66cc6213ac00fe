//! A CA on P-256 and the certificates that it issues, with what strict clients want in them (RFC 5280).

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, PKeyRef, Private};
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder, X509NameRef};
use trent_gateway::ServerCertificate;
use trent_shared::{Entropy, Timestamp};
use zeroize::Zeroizing;

use super::{ServerName, private_key};
use crate::system::SystemEntropy;

/// A cheap copy: both parts are counted references.
#[derive(Clone)]
pub(super) struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

/// The text is not what [`Authority::to_pem`] writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidAuthority {
    #[error("it holds no certificate in PEM")]
    Certificate,
    #[error("it holds no private key in PEM that belongs to the certificate")]
    PrivateKey,
}

/// In seconds.
const DAY: i64 = 24 * 60 * 60;
const AUTHORITY_LIFE: i64 = 20 * 365 * DAY;
/// The longest that Apple's clients accept.
const SERVER_LIFE: i64 = 825 * DAY;
/// For clients whose clocks are behind.
const GRACE: i64 = DAY;

impl Authority {
    /// A new one.
    pub(super) fn generate(now: Timestamp) -> Result<Self, ErrorStack> {
        let key = PKey::ec_gen("P-256")?;
        let name = name("Trent CA")?;
        let mut builder = unsigned(&name, &name, &key, now, AUTHORITY_LIFE)?;
        builder.append_extension(BasicConstraints::new().critical().ca().pathlen(0).build()?)?;
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build()?)?;
        let key_identifier = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None))?;
        builder.append_extension(key_identifier)?;
        builder.sign(&key, MessageDigest::sha256())?;
        Ok(Self { certificate: builder.build(), key })
    }

    /// Reads what [`to_pem`](Self::to_pem) wrote.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self, InvalidAuthority> {
        let certificate = X509::from_pem(pem).map_err(|_| InvalidAuthority::Certificate)?;
        let key = private_key(pem).ok_or(InvalidAuthority::PrivateKey)?;
        let belongs = certificate.public_key().is_ok_and(|public| public.public_eq(&key));
        if belongs { Ok(Self { certificate, key }) } else { Err(InvalidAuthority::PrivateKey) }
    }

    /// The certificate and the private key (PKCS#8), for [`from_pem`](Self::from_pem).
    pub(super) fn to_pem(&self) -> Result<Zeroizing<Vec<u8>>, ErrorStack> {
        let certificate = self.certificate.to_pem()?;
        let key = Zeroizing::new(self.key.private_key_to_pem_pkcs8()?);
        Ok(Zeroizing::new([certificate.as_slice(), key.as_slice()].concat()))
    }

    pub(super) fn certificate_pem(&self) -> Result<Vec<u8>, ErrorStack> {
        self.certificate.to_pem()
    }

    /// Whether what it issues now ends before it does.
    pub(super) fn outlives_what_it_issues(&self, now: Timestamp) -> Result<bool, ErrorStack> {
        Ok(self.certificate.not_after() > &*Asn1Time::from_unix(seconds(now) + SERVER_LIFE)?)
    }

    /// A certificate with a fresh key, for a server of these names.
    pub(super) fn issue(&self, names: &[ServerName], now: Timestamp) -> Result<ServerCertificate, ErrorStack> {
        let private_key = PKey::ec_gen("P-256")?;
        let issuer = self.certificate.subject_name();
        let mut builder = unsigned(issuer, &*name("Trent")?, &private_key, now, SERVER_LIFE)?;
        builder.append_extension(BasicConstraints::new().critical().build()?)?;
        builder.append_extension(KeyUsage::new().critical().digital_signature().build()?)?;
        builder.append_extension(ExtendedKeyUsage::new().server_auth().build()?)?;
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            match name {
                ServerName::Dns(name) => alternatives.dns(name),
                ServerName::Address(address) => alternatives.ip(&address.to_string()),
            };
        }
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let extensions = [
            SubjectKeyIdentifier::new().build(&context)?,
            AuthorityKeyIdentifier::new().keyid(true).build(&context)?,
            alternatives.build(&context)?,
        ];
        for extension in extensions {
            builder.append_extension(extension)?;
        }
        builder.sign(&self.key, MessageDigest::sha256())?;
        Ok(ServerCertificate { certificate: builder.build(), chain: Vec::new(), private_key })
    }
}

/// A certificate that lacks extensions and a signature, valid from a little before now.
fn unsigned(
    issuer: &X509NameRef,
    subject: &X509NameRef,
    key: &PKeyRef<Private>,
    now: Timestamp,
    life: i64,
) -> Result<X509Builder, ErrorStack> {
    let mut serial = [0; 16];
    SystemEntropy.fill(&mut serial);
    // RFC 5280 §4.1.2.2: positive.
    serial[0] = serial[0] & 0x3f | 0x40;
    let mut builder = X509Builder::new()?;
    // X.509 counts versions from zero.
    builder.set_version(2)?;
    builder.set_serial_number(&*Asn1Integer::from_bn(&*BigNum::from_slice(&serial)?)?)?;
    builder.set_issuer_name(issuer)?;
    builder.set_subject_name(subject)?;
    builder.set_pubkey(key)?;
    builder.set_not_before(&*Asn1Time::from_unix(seconds(now) - GRACE)?)?;
    builder.set_not_after(&*Asn1Time::from_unix(seconds(now) + life)?)?;
    Ok(builder)
}

/// O=Trent and this common name.
fn name(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509NameBuilder::new()?;
    name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Trent")?;
    name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    Ok(name.build())
}

fn seconds(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(1000)
}
