//! Where fuzzing starts from: for each target, what its decoder accepts, in all its kinds, and a few things beside.

use std::collections::BTreeMap;

use minicbor::Encoder;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Rsa, RsaPrivateKeyBuilder};
use openssl::x509::X509;
use serde_json::{Value, json};
use trent_fuzz::attestation::{DOCUMENT, PAYLOAD};
use trent_fuzz::fixtures::{self, Repeating, key_wrap, symmetric_key, wrapping_key};
use trent_fuzz::import_unwrap::{Form, Wrapping};
use trent_kms_core::{CiphertextKind, KeyMaterial, KeySpec, KeyType, WrappingAlgorithm, WrappingKeySpec, seal};
use trent_protocol::{Protocol, Structure};
use trent_testkit::inputs::{self, Expected};

/// What the names of seeds begin with; those of finds are libFuzzer's.
pub(crate) const PREFIX: &str = "seed-";

/// Files by name.
pub(crate) type Seeds = BTreeMap<String, Vec<u8>>;

/// The seeds of each target.
pub(crate) fn all() -> [(&'static str, Seeds); 8] {
    [
        ("attestation", attestation()),
        ("ciphertext_blob", ciphertext_blob()),
        ("import_unwrap", import_unwrap()),
        ("json_decode", wire(Protocol::AwsJson11)),
        ("key_material_der", key_material_der().expect("OpenSSL works")),
        ("policy", policy()),
        ("query_decode", wire(Protocol::AwsQuery)),
        ("sigv4", sigv4()),
    ]
}

/// Both places of a signature, with all that a canonical request is made of, and a token added after signing.
fn sigv4() -> Seeds {
    const HEADER: &str = "POST /a/./b/../%20c//d?Param-3=3&Param=2&%e1%88%b4=+&empty\n\
        host:example.amazonaws.com\nmy-header:  a   b\nmy-header:c\nx-amz-date:20150830T123600Z\n\
        x-amz-security-token:token\n\
        authorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
        SignedHeaders=host;my-header;x-amz-date, Signature=00\n\n{}";
    const QUERY: &str = "GET http://example.amazonaws.com/?X-Amz-Algorithm=AWS4-HMAC-SHA256&\
        X-Amz-Credential=ASIAEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request&X-Amz-Date=20150830T123600Z&\
        X-Amz-SignedHeaders=host&X-Amz-Expires=900&X-Amz-Signature=00&X-Amz-Security-Token=token\n\n";
    const OLD: &str = "GET /\nhost:a\ndate:Sun, 30 Aug 2015 12:30:00 GMT\nauthorization:AWS4-HMAC-SHA256 \
        Credential=111122223333/20150830/mars/service/aws4, SignedHeaders=host;host, Signature=00\n\n";
    let seeds = [("header", HEADER), ("query", QUERY), ("out-of-date", OLD)];
    seeds.map(|(name, text)| (format!("{PREFIX}{name}"), text.as_bytes().to_vec())).into()
}

fn ciphertext_blob() -> Seeds {
    let (material, id, context) = symmetric_key();
    let mut seeds = Seeds::new();
    for kind in [CiphertextKind::Message, CiphertextKind::DataKey] {
        // Around the lengths where an element's length takes another byte.
        for len in [0, 1, 32, 47, 48, 60, 61, 100, 101, 160, 161, 228, 229, 400, 3800] {
            let random = Repeating([u8::try_from(len % 251).expect("small"); 28]);
            let sealed = seal(&material, &id, kind, &vec![7; len], &context, &random).expect("seals");
            add(&mut seeds, &format!("{kind:?}-{len}").to_lowercase(), sealed);
        }
    }
    // The innermost length stands 31 bytes from the end; spelt in two bytes, it changes every length around it.
    let mut longer = seal(&material, &id, CiphertextKind::Message, &[7; 3], &context, &Repeating([7])).expect("seals");
    longer.insert(longer.len() - 31, 0x81);
    for outer in [57, 59, 72, 74, 79] {
        longer[outer] += 1;
    }
    add(&mut seeds, "message-with-long-form-of-length", longer);
    let of_another_key = trent_kms_core::SymmetricMaterial::generate(&Repeating([2]));
    let sealed = seal(&of_another_key, &id, CiphertextKind::Message, b"x", &context, &Repeating([2])).expect("seals");
    add(&mut seeds, "of-another-key", sealed);
    seeds
}

fn key_material_der() -> Result<Seeds, ErrorStack> {
    let mut seeds = Seeds::new();
    for spec in KeySpec::ALL.iter().filter(|spec| !is_fixture(**spec)) {
        let material = KeyMaterial::generate(*spec, &Repeating([3])).expect("generates");
        add(&mut seeds, &name(*spec), material.to_bytes().expose().to_vec());
    }
    let rsa = WrappingKeySpec::ALL.iter().map(|spec| wrapping_key(*spec)).filter(|key| key.spec() != KeySpec::Sm2);
    for key in fixtures::curve_keys().chain(rsa) {
        add(&mut seeds, &name(key.spec()), key.to_bytes().expose().to_vec());
    }
    for key in fixtures::curve_keys() {
        add(&mut seeds, &format!("{}-public", name(key.spec())), key.public_key().expect("asymmetric").to_vec());
    }

    let rsa = PKey::private_key_from_pkcs8(wrapping_key(WrappingKeySpec::Rsa2048).to_bytes().expose())?.rsa()?;
    for (bits, e) in [(17, &[1, 0, 3][..]), (65, &[1, 0, 0, 0, 0, 0, 0, 0, 13]), (128, &[0xfb; 16])] {
        let key = PKey::from_rsa(same_primes(&rsa, BigNum::from_slice(e)?)?)?;
        add(&mut seeds, &format!("rsa-2048-exponent-of-{bits}-bits"), key.private_key_to_pkcs8()?);
    }
    for (name, encoding) in other_encodings()? {
        add(&mut seeds, name, encoding);
    }
    Ok(seeds)
}

/// The RSA key of the same two primes with another public exponent; every number of it follows from these.
fn same_primes(rsa: &Rsa<Private>, e: BigNum) -> Result<Rsa<Private>, ErrorStack> {
    let (p, q) = (rsa.p().expect("a fixture"), rsa.q().expect("a fixture"));
    let mut ctx = BigNumContext::new()?;
    let (one, mut p_less_1, mut q_less_1, mut phi) =
        (BigNum::from_u32(1)?, BigNum::new()?, BigNum::new()?, BigNum::new()?);
    p_less_1.checked_sub(p, &one)?;
    q_less_1.checked_sub(q, &one)?;
    phi.checked_mul(&p_less_1, &q_less_1, &mut ctx)?;
    let (mut d, mut d_p, mut d_q, mut q_inverse) = (BigNum::new()?, BigNum::new()?, BigNum::new()?, BigNum::new()?);
    d.mod_inverse(&e, &phi, &mut ctx)?;
    d_p.nnmod(&d, &p_less_1, &mut ctx)?;
    d_q.nnmod(&d, &q_less_1, &mut ctx)?;
    q_inverse.mod_inverse(q, p, &mut ctx)?;
    let key = RsaPrivateKeyBuilder::new(rsa.n().to_owned()?, e, d)?.set_factors(p.to_owned()?, q.to_owned()?)?;
    Ok(key.set_crt_params(d_p, d_q, q_inverse)?.build())
}

/// The P-256 key in forms other than KMS's own.
fn other_encodings() -> Result<[(&'static str, Vec<u8>); 5], ErrorStack> {
    const SEQUENCE: u8 = 0x30;
    const INDEFINITE: [u8; 2] = [SEQUENCE, 0x80];
    let key = fixtures::curve_keys().find(|key| key.spec() == KeySpec::EccNistP256).expect("a fixture");
    let public_key = key.public_key().expect("asymmetric");
    let own = PKey::private_key_from_pkcs8(key.to_bytes().expose())?.ec_key()?;
    let mut ctx = BigNumContext::new()?;
    let mut explicit = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
    explicit.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let explicit = EcKey::from_private_components(&explicit, own.private_key(), own.public_key())?;

    // AlgorithmIdentifier: the same in public and private keys.
    let algorithm = &public_key[2..23];
    let scalar = element(0x04, &[&own.private_key().to_vec_padded(32)?]);
    let bare = element(0x04, &[&element(SEQUENCE, &[&[0x02, 1, 1], &scalar])]);
    let compressed = own.public_key().to_bytes(own.group(), PointConversionForm::COMPRESSED, &mut ctx)?;
    Ok([
        ("p256-without-public-key", element(SEQUENCE, &[&[0x02, 1, 0], algorithm, &bare])),
        ("p256-of-indefinite-length", [&INDEFINITE[..], &[0x02, 1, 0], algorithm, &bare, &[0, 0]].concat()),
        ("p256-with-explicit-curve", PKey::from_ec_key(explicit.clone())?.private_key_to_pkcs8()?),
        ("p256-public-with-explicit-curve", explicit.public_key_to_der()?),
        ("p256-public-compressed", element(SEQUENCE, &[algorithm, &element(0x03, &[&[0], &compressed])])),
    ])
}

fn import_unwrap() -> Seeds {
    let p256 = fixtures::curve_keys().find(|key| key.spec() == KeySpec::EccNistP256).expect("a fixture").to_bytes();
    let mut seeds = Seeds::new();
    for (selector, Wrapping { algorithm, key, form }) in Wrapping::all() {
        let is_sm2 = key == WrappingKeySpec::Sm2;
        let contents: &[(&str, Vec<u8>)] = match (algorithm, form) {
            (WrappingAlgorithm::Sm2Pke, _) if !is_sm2 => continue,
            (WrappingAlgorithm::Sm2Pke, Form::Wrapped) => &[("wrapped", fixtures::WRAPPED_BY_SM2.to_vec())],
            (_, _) if is_sm2 && algorithm != WrappingAlgorithm::Sm2Pke => continue,
            (WrappingAlgorithm::RsaesPkcs1V15, Form::Inner) => continue,
            (WrappingAlgorithm::RsaAesKeyWrapSha256, Form::Wrapped) if key == WrappingKeySpec::Rsa2048 => {
                &[("wrapped", fixtures::WRAPPED_BY_RSA_2048.to_vec())]
            }
            (WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256, Form::Inner) => &[
                ("p256", key_wrap(p256.expose()).expect("wraps")),
                ("48-bytes", key_wrap(&[9; 48]).expect("wraps")),
                ("1-byte", key_wrap(&[9]).expect("wraps")),
            ],
            (WrappingAlgorithm::RsaesPkcs1V15, Form::Wrapped) | (_, Form::Inner) => &[("32-bytes", vec![9; 32])],
            (_, Form::Wrapped) => continue,
        };
        for (content, bytes) in contents {
            let name = format!("{algorithm}-{key}-{content}").to_lowercase().replace('_', "-");
            add(&mut seeds, &name, [&[selector], &bytes[..]].concat());
        }
    }
    seeds
}

fn attestation() -> Seeds {
    let mut seeds = Seeds::new();
    add(&mut seeds, "document-of-aws", [&[DOCUMENT], fixtures::AWS_DOCUMENT].concat());
    add(&mut seeds, "document", [&[DOCUMENT], fixtures::LOCAL_DOCUMENT].concat());
    add(&mut seeds, "document-tagged", [&[DOCUMENT, 0xd2], fixtures::LOCAL_DOCUMENT].concat());

    let public_key = |spec| wrapping_key(spec).public_key().expect("asymmetric").to_vec();
    let rsa = public_key(WrappingKeySpec::Rsa2048);
    let every_field =
        Payload { registers: 16, recipient: Some(rsa.clone()), user_data: Some(vec![5; 16]), ..Payload::LEAST };
    for (name, payload) in [
        ("payload", every_field.clone()),
        ("payload-least", Payload::LEAST),
        ("payload-of-nitrotpm", Payload { registers_name: "nitrotpm_pcrs", ..every_field.clone() }),
        ("payload-with-32-registers", Payload { registers: 32, ..every_field.clone() }),
        ("payload-with-rsa-4096", Payload { recipient: Some(public_key(WrappingKeySpec::Rsa4096)), ..Payload::LEAST }),
        ("payload-with-sm2", Payload { recipient: Some(public_key(WrappingKeySpec::Sm2)), ..Payload::LEAST }),
        ("payload-with-most-user-data", Payload { user_data: Some(vec![5; 512]), ..Payload::LEAST }),
        ("payload-with-too-much-user-data", Payload { user_data: Some(vec![5; 513]), ..Payload::LEAST }),
        ("payload-without-registers", Payload { registers: 0, ..every_field }),
    ] {
        add(&mut seeds, name, [&[PAYLOAD], &payload.encode()[..]].concat());
    }
    seeds
}

/// What the target's signer is to sign.
#[derive(Clone)]
struct Payload {
    registers_name: &'static str,
    registers: u8,
    recipient: Option<Vec<u8>>,
    user_data: Option<Vec<u8>>,
}

impl Payload {
    const LEAST: Self = Self { registers_name: "pcrs", registers: 1, recipient: None, user_data: None };

    fn encode(&self) -> Vec<u8> {
        let der = |pem: &str| X509::from_pem(pem.as_bytes()).and_then(|read| read.to_der()).expect("a fixture");
        let mut cbor = Encoder::new(Vec::new());
        let write = |cbor: &mut Encoder<Vec<u8>>| -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
            cbor.map(9)?.str("module_id")?.str("i-1234567890abcdef0-enc0123456789abcdef")?;
            cbor.str("digest")?.str("SHA384")?.str("timestamp")?.u64(1_767_225_600_000)?;
            cbor.str(self.registers_name)?.map(self.registers.into())?;
            for index in 0..self.registers {
                cbor.u8(index)?.bytes(&[index; 48])?;
            }
            cbor.str("certificate")?.bytes(&der(fixtures::ATTESTATION_SIGNER_PEM))?;
            cbor.str("cabundle")?.array(1)?.bytes(&der(fixtures::ATTESTATION_ROOT_PEM))?;
            for (name, value) in [("public_key", &self.recipient), ("user_data", &self.user_data), ("nonce", &None)] {
                cbor.str(name)?;
                match value {
                    Some(value) => cbor.bytes(value)?,
                    None => cbor.null()?,
                };
            }
            Ok(())
        };
        write(&mut cbor).expect("a vector takes every write");
        cbor.into_writer()
    }
}

/// Every element, operator and kind of principal of the language.
fn policy() -> Seeds {
    const IDENTITY: u8 = 0;
    const KEY: u8 = 1;
    const TRUST: u8 = 2;
    let mut seeds = Seeds::new();
    let document = |kind, statement: Value| {
        let document = json!({ "Version": "2012-10-17", "Id": "id", "Statement": statement });
        [&[kind], &document.to_string().into_bytes()[..]].concat()
    };
    let resources = json!(["arn:aws:kms:*:111122223333:key/${aws:username, 'x'}-?*", "arn:aws:kms:*:key/*", "*"]);
    let identity = json!({ "Sid": "a", "Effect": "Allow", "Action": "kms:*crypt", "Resource": resources });
    add(&mut seeds, "identity", document(IDENTITY, identity));
    let not = json!([{ "Effect": "Deny", "NotAction": ["iam:*", "*"], "NotResource": "arn:aws:iam::*:user/a" }]);
    add(&mut seeds, "identity-not", document(IDENTITY, not));
    let names = json!({
        "AWS": ["*", "111122223333", "arn:aws:iam::111122223333:role/app/Reader", "AROAEXAMPLE:s",
                "arn:aws:sts::111122223333:assumed-role/Reader/s", "arn:aws:sts::111122223333:federated-user/f"],
        "Service": "kms.amazonaws.com",
        "Federated": "accounts.google.com",
        "CanonicalUser": "79a5",
    });
    for element in ["Principal", "NotPrincipal"] {
        let key = json!([{ "Effect": "Allow", element: names, "Action": "kms:*", "Resource": "*" }]);
        add(&mut seeds, &format!("key-{element}").to_lowercase(), document(KEY, key));
    }
    let trust = json!({ "Effect": "Allow", "Principal": names, "Action": ["sts:AssumeRole", "sts:TagSession"] });
    add(&mut seeds, "trust", document(TRUST, trust));
    let conditions = [
        ("string", json!({ "StringEquals": { "a": "b" }, "StringNotLikeIfExists": { "a:b": ["*", "${a, 'b'}${*}"] } })),
        ("ignore-case", json!({ "StringEqualsIgnoreCase": { "aaaa": "B" }, "StringNotEqualsIgnoreCase": { "a": [] } })),
        ("numeric", json!({ "NumericLessThan": { "abcd": 5 }, "NumericNotEquals": { "a": ["1e3", "-0.5"] } })),
        ("date", json!({ "DateGreaterThan": { "a": "2020-04-01T12:00:00Z" }, "DateNotEquals": { "a": "1585742400" } })),
        ("ip", json!({ "IpAddress": { "abcd": ["203.0.113.0/24", "2001:db8::/32"] }, "NotIpAddress": { "a": "::1" } })),
        ("arn", json!({ "ArnLike": { "abcd": "arn:aws:*:*:*:a*" }, "ArnNotEquals": { "a": "arn:*" } })),
        ("others", json!({ "Bool": { "a": true }, "BinaryEquals": { "a": "QQ==" }, "Null": { "abc": "true" } })),
        ("sets", json!({ "ForAllValues:StringLike": { "ab": "*" }, "ForAnyValue:NumericEquals": { "abcde": ["1"] } })),
    ];
    for (name, condition) in conditions {
        let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
        add(&mut seeds, &format!("condition-{name}"), document(IDENTITY, statement));
    }
    seeds
}

/// The operations with the most members, each with all of them, and with the least.
fn wire(protocol: Protocol) -> Seeds {
    let mut operations: Vec<_> = (0_u8..).zip(trent_fuzz::operations()).collect();
    operations.sort_by_key(|(index, operation)| (std::cmp::Reverse(operation.input.members.len()), *index));
    let mut seeds = Seeds::new();
    for (index, operation) in operations.into_iter().take(30) {
        let body = inputs::body(operation.input, &every_member(operation.input), protocol);
        add(&mut seeds, operation.name, [&[index], &body[..]].concat());
    }
    seeds
}

fn every_member(structure: &'static Structure) -> Value {
    let mut input = inputs::minimal(structure);
    for member in structure.members {
        // The first valid case that says anything of the member.
        let cases = inputs::cases(structure, Protocol::AwsJson11).into_iter();
        let valid = cases.filter(|case| matches!(case.expected, Expected::Valid));
        let value = valid
            .filter_map(|mut case| case.input.get_mut(member.name).map(Value::take))
            .find(|value| ![Value::Null, json!([]), json!({})].contains(value));
        input[member.name] = value.unwrap_or_else(|| json!({}));
    }
    input
}

fn add(seeds: &mut Seeds, name: &str, content: Vec<u8>) {
    assert!(seeds.insert(format!("{PREFIX}{name}"), content).is_none(), "two seeds of one name: {name}");
}

/// Those whose making takes OpenSSL's own randomness.
fn is_fixture(spec: KeySpec) -> bool {
    spec.key_type() == KeyType::Asymmetric && !spec.as_str().starts_with("ML_") && spec != KeySpec::EccNistEdwards25519
}

fn name(spec: KeySpec) -> String {
    spec.as_str().to_lowercase().replace('_', "-")
}

/// A DER element with a length of one byte, or two.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = u8::try_from(content.len()).expect("short");
    let header: &[u8] = if len < 0x80 { &[tag, len] } else { &[tag, 0x81, len] };
    [header, &content].concat()
}
