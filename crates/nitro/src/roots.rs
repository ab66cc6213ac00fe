use std::iter;

use openssl::ec::EcKey;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::Public;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509KeyUsage, X509StoreContext, X509VerifyResult};
use trent_shared::Timestamp;

use crate::OpenSslFailure;
use crate::attestation::AttestationError;
use crate::payload::Field;

// `X509_V_ERR_*` of OpenSSL's x509_vfy.h, to which the openssl crate gives no safe names.
const CERT_NOT_YET_VALID: i32 = 9;
const CERT_HAS_EXPIRED: i32 = 10;

/// The root certificates that attestation documents may lead to.
#[derive(Debug, Clone, Default)]
pub struct Roots(Vec<X509>);

/// The text holds no root certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRoot {
    #[error("no certificate in PEM")]
    NotPem,
    #[error("a root certificate is signed by its own key and has the key usage keyCertSign")]
    NotARoot,
}

impl Roots {
    /// No root yet: no document is accepted.
    pub fn none() -> Self {
        Self::default()
    }

    /// AWS's own, of the commercial Regions: CN=aws.nitro-enclaves, SHA-256 fingerprint
    /// 641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B.
    ///
    /// Source: <https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip>.
    pub fn aws() -> Self {
        let mut roots = Self::none();
        let added = roots.add_pem(include_str!("aws_nitro_enclaves_root_g1.pem"));
        debug_assert!(added.is_ok(), "a constant that the tests read");
        roots
    }

    /// Trusts every certificate of a PEM text; a private key beside them is passed over. All are trusted or none.
    pub fn add_pem(&mut self, pem: &str) -> Result<(), InvalidRoot> {
        let certificates = X509::stack_from_pem(pem.as_bytes()).map_err(|_| InvalidRoot::NotPem)?;
        if certificates.is_empty() {
            return Err(InvalidRoot::NotPem);
        }
        if !certificates.iter().all(is_root) {
            return Err(InvalidRoot::NotARoot);
        }
        self.0.extend(certificates);
        Ok(())
    }

    /// The public key of `certificate`, once it is known to be the certificate of a document's signer: issued, through
    /// `ca_bundle` (root first), by one of these roots, all of them valid `now` and with the basic constraints and key
    /// usages that AWS's specification demands (§3.2.3). Revocation lists are not asked, as there.
    pub(crate) fn signer(
        &self,
        certificate: &[u8],
        ca_bundle: &[&[u8]],
        now: Timestamp,
    ) -> Result<EcKey<Public>, AttestationError> {
        let leaf = read(certificate, Field::Certificate)?;
        let bundle = ca_bundle.iter().map(|der| read(der, Field::CaBundle)).collect::<Result<Vec<_>, _>>()?;
        // Named by the document itself: of several roots with one name, OpenSSL would try only the first.
        let root = self.0.iter().find(|root| bundle.first() == Some(*root)).ok_or(AttestationError::UnknownRoot)?;
        let (issuer, above) = bundle.split_last().ok_or(AttestationError::UnknownRoot)?;
        verify_path(root, &leaf, &bundle, X509VerifyFlags::empty(), now)?;
        // OpenSSL asks of CAs all that RFC 5280 does in strict mode only, and AWS's leaf certificates lack an authority
        // key identifier, which strict mode demands: so strictly from the issuer on.
        verify_path(root, issuer, above, X509VerifyFlags::X509_STRICT, now)?;

        let usage = leaf.key_usage().unwrap_or(X509KeyUsage::empty());
        let is_end_entity = leaf.pathlen().is_none() && !usage.contains(X509KeyUsage::KEY_CERT_SIGN);
        let key = leaf.public_key().and_then(|key| key.ec_key()).map_err(|_| AttestationError::UnfitCertificate)?;
        // ES384 with another curve than P-384 is not what AWS signs.
        let is_p384 = key.group().curve_name() == Some(Nid::SECP384R1);
        if is_end_entity && is_p384 && usage.contains(X509KeyUsage::DIGITAL_SIGNATURE) {
            Ok(key)
        } else {
            Err(AttestationError::UnfitCertificate)
        }
    }
}

/// Verifies that `subject` was issued by the last of `issuers`, each of them by the one before it, and the first by itself,
/// being `root`; or that `subject` is the root.
fn verify_path(
    root: &X509,
    subject: &X509,
    issuers: &[X509],
    flags: X509VerifyFlags,
    now: Timestamp,
) -> Result<(), AttestationError> {
    let verify = || -> Result<(bool, X509VerifyResult, Vec<X509>), ErrorStack> {
        let mut param = X509VerifyParam::new()?;
        param.set_time(now.as_millis().div_euclid(1000));
        param.set_flags(flags)?;
        let mut trusted = X509StoreBuilder::new()?;
        trusted.set_param(&param)?;
        trusted.add_cert(root.clone())?;
        let mut untrusted = Stack::new()?;
        for issuer in issuers {
            untrusted.push(issuer.clone())?;
        }
        X509StoreContext::new()?.init(&trusted.build(), subject, &untrusted, |ctx| {
            let is_valid = ctx.verify_cert()?;
            let path = ctx.chain().map(|chain| chain.iter().map(ToOwned::to_owned).collect());
            Ok((is_valid, ctx.error(), path.unwrap_or_default()))
        })
    };
    let (is_valid, result, path) = verify().map_err(OpenSslFailure::from)?;
    if !is_valid {
        return Err(match result.as_raw() {
            CERT_NOT_YET_VALID => AttestationError::NotYetValid,
            CERT_HAS_EXPIRED => AttestationError::Expired,
            _ => AttestationError::InvalidChain(result),
        });
    }
    // OpenSSL picks its issuers from the bundle in any order, and leaves out what it needs not.
    if path.iter().eq(iter::once(subject).chain(issuers.iter().rev())) {
        Ok(())
    } else {
        Err(AttestationError::UnorderedBundle)
    }
}

/// One certificate and nothing after it, with a public key that can be read.
fn read(der: &[u8], field: Field) -> Result<X509, AttestationError> {
    let certificate = X509::from_der(der).map_err(|_| AttestationError::InvalidCertificate(field))?;
    let is_all = certificate.to_der().is_ok_and(|again| again == der);
    if is_all && certificate.public_key().is_ok() {
        Ok(certificate)
    } else {
        Err(AttestationError::InvalidCertificate(field))
    }
}

pub(crate) fn is_root(certificate: &X509) -> bool {
    let signs_certificates = certificate.key_usage().is_some_and(|usage| usage.contains(X509KeyUsage::KEY_CERT_SIGN));
    let is_signed_by_itself = certificate.public_key().and_then(|key| certificate.verify(&key)).unwrap_or(false);
    signs_certificates && is_signed_by_itself
}
