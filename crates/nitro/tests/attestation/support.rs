//! Makes documents of any form, right or wrong, without the crate's own signer.

use std::rc::Rc;
use std::sync::LazyLock;

use minicbor::Encoder;
use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sha::sha384;
use openssl::x509::extension::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use trent_nitro::{Attestation, AttestationError, Roots};
use trent_shared::Timestamp;

/// Refused, and for the reason that is expected.
macro_rules! assert_refused {
    ($result:expr, $error:pat $(if $guard:expr)?, $($why:tt)+) => {
        match $result {
            Err($error) $(if $guard)? => {}
            other => panic!("{}: {other:?}", format!($($why)+)),
        }
    };
}
pub(crate) use assert_refused;

/// 2026-01-01T00:00:00Z; documents here are of this moment.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);
const NOW_SECONDS: i64 = 1_767_225_600;
const HOUR: i64 = 60 * 60;

pub(crate) const ES384: &[u8] = &[0xa1, 0x01, 0x38, 0x22];

/// A certificate with its private key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: X509,
    key: PKey<Private>,
}

/// What a certificate says; starts as a CA that is right.
#[derive(Clone)]
pub(crate) struct Template {
    pub(crate) name: &'static str,
    pub(crate) key: PKey<Private>,
    /// Hours from now.
    pub(crate) valid: (i64, i64),
    /// `None` leaves the extension out.
    pub(crate) basic_constraints: Option<Rc<BasicConstraints>>,
    pub(crate) key_usage: Option<Rc<KeyUsage>>,
    pub(crate) key_identifiers: bool,
}

/// The fields of a payload by name, as CBOR.
#[derive(Clone)]
pub(crate) struct Payload(Vec<(String, Vec<u8>)>);

/// A root, the certificates under it down to the leaf's issuer, and the leaf.
pub(crate) struct Chain {
    pub(crate) issuers: Vec<Identity>,
    pub(crate) leaf: Identity,
}

/// Root, two intermediate CAs with their path lengths, and the leaf.
pub(crate) static CHAIN: LazyLock<Chain> = LazyLock::new(|| Chain::of(&[ca("A"), ca("B")], &leaf()));

/// An RSA-2048 SubjectPublicKeyInfo.
pub(crate) static PUBLIC_KEY: LazyLock<Vec<u8>> =
    LazyLock::new(|| Rsa::generate(2048).expect("RSA").public_key_to_der().expect("DER"));

impl Template {
    pub(crate) fn signed_by(&self, issuer: &Identity) -> Identity {
        self.issue(Some(issuer))
    }

    pub(crate) fn self_signed(&self) -> Identity {
        self.issue(None)
    }

    fn issue(&self, issuer: Option<&Identity>) -> Identity {
        let mut name = X509NameBuilder::new().expect("name");
        name.append_entry_by_nid(Nid::COMMONNAME, self.name).expect("name");
        let name = name.build();
        let at = |hours: i64| Asn1Time::from_unix(NOW_SECONDS + hours * HOUR).expect("time");
        let mut builder = X509Builder::new().expect("builder");
        builder.set_version(2).expect("version");
        let serial = Asn1Integer::from_bn(&BigNum::from_u32(7).expect("number")).expect("serial");
        builder.set_serial_number(&serial).expect("serial");
        builder.set_subject_name(&name).expect("subject");
        builder.set_issuer_name(issuer.map_or(&name, |issuer| issuer.certificate.subject_name())).expect("issuer");
        builder.set_pubkey(&self.key).expect("key");
        builder.set_not_before(&at(self.valid.0)).expect("time");
        builder.set_not_after(&at(self.valid.1)).expect("time");
        if let Some(basic_constraints) = &self.basic_constraints {
            builder.append_extension(basic_constraints.build().expect("extension")).expect("extension");
        }
        if let Some(key_usage) = &self.key_usage {
            builder.append_extension(key_usage.build().expect("extension")).expect("extension");
        }
        if self.key_identifiers {
            let context = builder.x509v3_context(issuer.map(|issuer| &*issuer.certificate), None);
            let subject = SubjectKeyIdentifier::new().build(&context).expect("extension");
            let authority =
                issuer.map(|_| AuthorityKeyIdentifier::new().keyid(true).build(&context).expect("extension"));
            builder.append_extension(subject).expect("extension");
            if let Some(authority) = authority {
                builder.append_extension(authority).expect("extension");
            }
        }
        builder.sign(issuer.map_or(&self.key, |issuer| &issuer.key), MessageDigest::sha384()).expect("signs");
        Identity { certificate: builder.build(), key: self.key.clone() }
    }
}

impl Chain {
    /// A root, CAs below each other, and a leaf below the last.
    pub(crate) fn of(cas: &[Template], leaf: &Template) -> Self {
        let mut issuers = vec![ca("root").self_signed()];
        for template in cas {
            issuers.push(template.signed_by(&issuers[issuers.len() - 1]));
        }
        let leaf = leaf.signed_by(&issuers[issuers.len() - 1]);
        Self { issuers, leaf }
    }

    pub(crate) fn roots(&self) -> Roots {
        let mut roots = Roots::none();
        let pem = self.issuers[0].certificate.to_pem().expect("PEM");
        roots.add_pem(str::from_utf8(&pem).expect("text")).expect("a root");
        roots
    }

    /// A right payload.
    pub(crate) fn payload(&self) -> Payload {
        self.payload_with_bundle(&self.issuers.iter().collect::<Vec<_>>())
    }

    pub(crate) fn payload_with_bundle(&self, bundle: &[&Identity]) -> Payload {
        Payload(Vec::new())
            .with("module_id", &text("i-1234567890abcdef0-enc0123456789abcdef"))
            .with("digest", &text("SHA384"))
            .with("timestamp", &number(u64::try_from(NOW.as_millis()).expect("after 1970")))
            .with("pcrs", &map(&[(number(0), bytes(&[0xa0; 48])), (number(1), bytes(&[0xa1; 48]))]))
            .with("certificate", &bytes(&self.leaf.certificate.to_der().expect("DER")))
            .with("cabundle", &array(bundle.iter().map(|ca| bytes(&ca.certificate.to_der().expect("DER")))))
            .with("public_key", &bytes(&PUBLIC_KEY))
            .with("user_data", &bytes(b"user data"))
            .with("nonce", &bytes(b"nonce"))
    }

    /// The payload, signed by the leaf.
    pub(crate) fn sign(&self, payload: &[u8]) -> Vec<u8> {
        document(ES384, payload, &self.leaf.signature(ES384, payload))
    }

    pub(crate) fn verify(&self, document: &[u8]) -> Result<Attestation, AttestationError> {
        Attestation::verify(document, &self.roots(), NOW)
    }

    pub(crate) fn verify_payload(&self, payload: &Payload) -> Result<Attestation, AttestationError> {
        self.verify(&self.sign(&payload.encode()))
    }
}

impl Identity {
    /// r and s over the Sig_structure, padded to 48 bytes each.
    pub(crate) fn signature(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let signed = array([text("Signature1"), bytes(protected), bytes(&[]), bytes(payload)]);
        let signature = EcdsaSig::sign(&sha384(&signed), &self.key.ec_key().expect("EC")).expect("signs");
        [signature.r().to_vec_padded(48).expect("48 bytes"), signature.s().to_vec_padded(48).expect("48 bytes")]
            .concat()
    }
}

impl Payload {
    /// In the place of a field of this name, or after the others.
    pub(crate) fn with(mut self, name: &str, value: &[u8]) -> Self {
        match self.0.iter_mut().find(|(there, _)| there == name) {
            Some((_, there)) => value.clone_into(there),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(there, _)| there != name);
        self
    }

    /// A second time, at the end.
    pub(crate) fn twice(mut self, name: &str) -> Self {
        let field = self.0.iter().find(|(there, _)| there == name).expect("there").clone();
        self.0.push(field);
        self
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        map(&self.0.iter().map(|(name, value)| (text(name), value.clone())).collect::<Vec<_>>())
    }
}

/// A CA that is right, valid for a year around now.
pub(crate) fn ca(name: &'static str) -> Template {
    Template {
        name,
        key: p384(),
        valid: (-4380, 4380),
        basic_constraints: critical_ca(None),
        key_usage: usage(|usage| usage.critical().key_cert_sign().crl_sign()),
        key_identifiers: true,
    }
}

/// A signer's certificate that is right and has just what AWS's have, valid for three hours.
pub(crate) fn leaf() -> Template {
    Template {
        name: "leaf",
        key: p384(),
        valid: (0, 3),
        basic_constraints: constraints(BasicConstraints::critical),
        key_usage: usage(|usage| usage.digital_signature().non_repudiation()),
        key_identifiers: false,
    }
}

pub(crate) fn critical_ca(path_len: Option<u32>) -> Option<Rc<BasicConstraints>> {
    constraints(|constraints| match path_len {
        Some(len) => constraints.critical().ca().pathlen(len),
        None => constraints.critical().ca(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which a template takes it")]
pub(crate) fn constraints(
    set: impl FnOnce(&mut BasicConstraints) -> &mut BasicConstraints,
) -> Option<Rc<BasicConstraints>> {
    let mut constraints = BasicConstraints::new();
    set(&mut constraints);
    Some(Rc::new(constraints))
}

#[expect(clippy::unnecessary_wraps, reason = "the form in which a template takes it")]
pub(crate) fn usage(set: impl FnOnce(&mut KeyUsage) -> &mut KeyUsage) -> Option<Rc<KeyUsage>> {
    let mut usage = KeyUsage::new();
    set(&mut usage);
    Some(Rc::new(usage))
}

pub(crate) fn p384() -> PKey<Private> {
    PKey::ec_gen("P-384").expect("P-384")
}

/// An untagged COSE_Sign1.
pub(crate) fn document(protected: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    array([bytes(protected), map(&[]), bytes(payload), bytes(signature)])
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    cbor(|cbor| cbor.str(text).is_ok())
}

pub(crate) fn bytes(bytes: &[u8]) -> Vec<u8> {
    cbor(|cbor| cbor.bytes(bytes).is_ok())
}

pub(crate) fn number(number: u64) -> Vec<u8> {
    cbor(|cbor| cbor.u64(number).is_ok())
}

pub(crate) fn null() -> Vec<u8> {
    cbor(|cbor| cbor.null().is_ok())
}

pub(crate) fn array(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().collect();
    [cbor(|cbor| cbor.array(items.len() as u64).is_ok()), items.concat()].concat()
}

pub(crate) fn map(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let content = entries.iter().flat_map(|(key, value)| [&key[..], &value[..]].concat()).collect();
    [cbor(|cbor| cbor.map(entries.len() as u64).is_ok()), content].concat()
}

fn cbor(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(write(&mut Encoder::new(&mut out)));
    out
}
