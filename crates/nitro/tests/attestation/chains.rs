//! Leaf, CA bundle and root.

use openssl::pkey::PKey;
use openssl::x509::extension::BasicConstraints;
use trent_nitro::{Attestation, AttestationError, InvalidRoot, Roots};
use trent_shared::Timestamp;

use crate::support::{CHAIN, Chain, NOW, Template, assert_refused, ca, constraints, critical_ca, leaf, p384, usage};

const HOUR: i64 = 60 * 60 * 1000;

fn verify(chain: &Chain) -> Result<Attestation, AttestationError> {
    chain.verify_payload(&chain.payload())
}

#[test]
fn of_any_length() {
    verify(&Chain::of(&[], &leaf())).expect("right under the root");
    verify(&Chain::of(&[ca("A")], &leaf())).expect("one CA between");
    verify(&Chain::of(&[ca("A"), ca("B"), ca("C"), ca("D")], &leaf())).expect("four between");
}

#[test]
fn root_first_each_the_issuer_of_the_next() {
    let [root, a, b] = &CHAIN.issuers[..] else { panic!("three") };
    let stranger = ca("stranger").self_signed();
    let verify = |bundle: &[&_]| CHAIN.verify_payload(&CHAIN.payload_with_bundle(bundle));
    for (bundle, what) in [
        (&[b, a, root][..], "the leaf's issuer first"),
        (&[a, b], "without the root"),
        (&[&stranger, root, a, b], "a stranger's before"),
        (&[&stranger], "a stranger's alone"),
    ] {
        assert_refused!(verify(bundle), AttestationError::UnknownRoot, "{what}");
    }
    for (bundle, what) in [
        (&[root, b, a][..], "swapped"),
        (&[root, root, a, b], "the root twice"),
        (&[root, &stranger, a, b], "a stranger's between"),
        (&[root, a, b, &stranger], "a stranger's after"),
    ] {
        assert_refused!(verify(bundle), AttestationError::UnorderedBundle, "{what}");
    }
    for (bundle, what) in
        [(&[root, a][..], "without the leaf's issuer"), (&[root, b], "a CA missing"), (&[root], "the root alone")]
    {
        assert_refused!(verify(bundle), AttestationError::InvalidChain(_), "{what}");
    }
}

#[test]
fn to_a_root_that_is_trusted() {
    let payload = CHAIN.payload().encode();
    let document = CHAIN.sign(&payload);
    let others = Chain::of(&[], &leaf());
    for (roots, what) in [
        (Roots::none(), "none"),
        (Roots::aws(), "AWS's"),
        // Of the same name.
        (others.roots(), "another"),
    ] {
        assert_refused!(Attestation::verify(&document, &roots, NOW), AttestationError::UnknownRoot, "{what}");
    }
    let mut several = Roots::aws();
    for chain in [&others, &CHAIN] {
        let pem = chain.issuers[0].certificate.to_pem().expect("PEM");
        several.add_pem(str::from_utf8(&pem).expect("text")).expect("a root");
    }
    Attestation::verify(&document, &several, NOW).expect("one of three");
}

#[test]
fn a_leaf_of_another_issuer() {
    // Names fit, signatures do not.
    let forged = Chain { issuers: CHAIN.issuers.clone(), leaf: leaf().signed_by(&ca("B").self_signed()) };
    assert_refused!(verify(&forged), AttestationError::InvalidChain(_), "a leaf signed with another key");
    let self_signed = Chain { issuers: CHAIN.issuers.clone(), leaf: leaf().self_signed() };
    assert_refused!(verify(&self_signed), AttestationError::InvalidChain(_), "a leaf signed by itself");
}

#[test]
fn everyone_valid_now() {
    let document = CHAIN.sign(&CHAIN.payload().encode());
    let at = |millis| Attestation::verify(&document, &CHAIN.roots(), Timestamp::from_millis(NOW.as_millis() + millis));
    at(0).expect("the leaf's first moment");
    at(3 * HOUR - 1).expect("the leaf's last hour");
    assert_refused!(at(-1), AttestationError::NotYetValid, "before the leaf");
    assert_refused!(at(3 * HOUR + 1000), AttestationError::Expired, "after the leaf");
    assert_refused!(at(-10_000 * HOUR), AttestationError::NotYetValid, "before the root");
    assert_refused!(at(10_000 * HOUR), AttestationError::Expired, "after the root");
    for far in [i64::MIN, i64::MAX] {
        Attestation::verify(&document, &CHAIN.roots(), Timestamp::from_millis(far)).expect_err("far");
    }

    let expired = |name| Template { valid: (-2, -1), ..ca(name) };
    let future = |name| Template { valid: (1, 2), ..ca(name) };
    assert_refused!(verify(&Chain::of(&[expired("A"), ca("B")], &leaf())), AttestationError::Expired, "the upper CA");
    assert_refused!(verify(&Chain::of(&[ca("A"), expired("B")], &leaf())), AttestationError::Expired, "the lower CA");
    assert_refused!(
        verify(&Chain::of(&[ca("A"), future("B")], &leaf())),
        AttestationError::NotYetValid,
        "the lower CA"
    );
    for (root, is_expired) in [(expired("root"), true), (future("root"), false)] {
        let root = root.self_signed();
        let chain = Chain { leaf: leaf().signed_by(&root), issuers: vec![root] };
        match verify(&chain) {
            Err(AttestationError::Expired) if is_expired => {}
            Err(AttestationError::NotYetValid) if !is_expired => {}
            other => panic!("the root: {other:?}"),
        }
    }
}

#[test]
fn cas_may_sign_certificates() {
    for (template, what) in [
        (Template { basic_constraints: None, ..ca("X") }, "without basic constraints"),
        (Template { basic_constraints: constraints(BasicConstraints::critical), ..ca("X") }, "no CA"),
        (Template { basic_constraints: constraints(BasicConstraints::ca), ..ca("X") }, "uncritical basic constraints"),
        (Template { key_usage: None, ..ca("X") }, "without key usage"),
        (Template { key_usage: usage(|usage| usage.digital_signature()), ..ca("X") }, "no keyCertSign"),
    ] {
        for cas in [vec![template.clone()], vec![template.clone(), ca("B")], vec![ca("A"), template]] {
            assert_refused!(verify(&Chain::of(&cas, &leaf())), AttestationError::InvalidChain(_), "{what}");
        }
    }
}

#[test]
fn no_longer_than_a_path_length_allows() {
    let limited = |name, len| Template { basic_constraints: critical_ca(Some(len)), ..ca(name) };
    // As AWS has it.
    verify(&Chain::of(&[limited("A", 2), limited("B", 1), limited("C", 0)], &leaf())).expect("within them");
    for cas in [
        &[limited("A", 0), ca("B")][..],
        &[limited("A", 1), ca("B"), ca("C")],
        &[ca("A"), limited("B", 0), ca("C")],
        &[limited("A", 2), limited("B", 0), limited("C", 0)],
    ] {
        assert_refused!(verify(&Chain::of(cas, &leaf())), AttestationError::InvalidChain(_), "too long");
    }
}

#[test]
fn the_leaf_may_sign_documents_and_nothing_else() {
    for (template, what) in [
        (Template { key_usage: None, ..leaf() }, "without key usage"),
        (Template { key_usage: usage(|usage| usage.non_repudiation()), ..leaf() }, "no digitalSignature"),
        (
            Template {
                basic_constraints: critical_ca(None),
                key_usage: usage(|usage| usage.digital_signature().key_cert_sign()),
                ..leaf()
            },
            "a CA",
        ),
        (Template { basic_constraints: critical_ca(Some(0)), ..leaf() }, "with a path length"),
    ] {
        assert_refused!(verify(&Chain::of(&[ca("A")], &template)), AttestationError::UnfitCertificate, "{what}");
    }
}

#[test]
fn the_leafs_key_is_on_p384() {
    // Not all could make an ES384 signature: another key makes it for them.
    for key in [PKey::ec_gen("P-256"), PKey::ec_gen("P-521"), PKey::ec_gen("secp256k1")] {
        let chain = Chain::of(&[], &Template { key: key.expect("a key"), ..leaf() });
        let document = CHAIN.sign(&chain.payload().encode());
        assert_refused!(chain.verify(&document), AttestationError::UnfitCertificate, "another curve");
    }
    for key in [openssl::rsa::Rsa::generate(2048).and_then(PKey::from_rsa), PKey::generate_ed25519()] {
        let chain = Chain::of(&[], &Template { key: key.expect("a key"), ..leaf() });
        let document = CHAIN.sign(&chain.payload().encode());
        assert_refused!(chain.verify(&document), AttestationError::UnfitCertificate, "another algorithm");
    }
}

#[test]
fn a_root_is_a_root() {
    let mut roots = Roots::none();
    let pem = |certificate: &openssl::x509::X509| String::from_utf8(certificate.to_pem().expect("PEM")).expect("text");
    let [root, a, _] = &CHAIN.issuers[..] else { panic!("three") };
    assert_eq!(roots.add_pem(""), Err(InvalidRoot::NotPem));
    assert_eq!(roots.add_pem("no PEM"), Err(InvalidRoot::NotPem));
    assert_eq!(roots.add_pem(&pem(&root.certificate)[..200]), Err(InvalidRoot::NotPem));
    assert_eq!(roots.add_pem(&pem(&a.certificate)), Err(InvalidRoot::NotARoot), "a CA that another signed");
    let no_usage = Template { key_usage: None, ..ca("root") }.self_signed();
    assert_eq!(roots.add_pem(&pem(&no_usage.certificate)), Err(InvalidRoot::NotARoot), "no keyCertSign");
    let mixed = [pem(&root.certificate), pem(&a.certificate)].concat();
    assert_eq!(roots.add_pem(&mixed), Err(InvalidRoot::NotARoot));
    let document = CHAIN.sign(&CHAIN.payload().encode());
    assert_refused!(Attestation::verify(&document, &roots, NOW), AttestationError::UnknownRoot, "nothing was added");

    let two = [pem(&ca("root").self_signed().certificate), pem(&root.certificate)].concat();
    assert_eq!(roots.add_pem(&two), Ok(()));
    Attestation::verify(&document, &roots, NOW).expect("the second of two");
}

#[test]
fn a_document_by_the_issuer_itself() {
    // The CA's own certificate in the leaf's place, its key signing: no end entity.
    let issuer = ca("A").signed_by(&CHAIN.issuers[0]);
    let chain = Chain { issuers: vec![CHAIN.issuers[0].clone()], leaf: issuer };
    assert_refused!(verify(&chain), AttestationError::UnfitCertificate, "a CA signs");
    let root = Template { key: p384(), ..ca("root") }.self_signed();
    let chain = Chain { issuers: vec![root.clone()], leaf: root };
    verify(&chain).expect_err("the root signs");
}
