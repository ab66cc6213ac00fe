//! What is stored is read back, and nothing else; what is imported becomes the same.

use openssl::bn::{BigNum, BigNumContext, BigNumRef};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use proptest::collection::vec;
use proptest::prelude::*;
use trent_kms_core::{DataKeyPairSpec, InvalidKeyMaterial, KeyMaterial, KeyOrigin, KeySpec, generate_data_key_pair};

use crate::support::{Hashed, material, pkcs8_of_scalar};

/// Spec, `SubjectPublicKeyInfo`, stored form; the lengths of crypto.md §4 to §7. RSA's private keys vary by a few bytes.
const LENGTHS: [(KeySpec, Option<usize>, usize); 20] = [
    (KeySpec::SymmetricDefault, None, 32),
    (KeySpec::Rsa2048, Some(294), 1217),
    (KeySpec::Rsa3072, Some(422), 1793),
    (KeySpec::Rsa4096, Some(550), 2374),
    (KeySpec::EccNistP256, Some(91), 150),
    (KeySpec::EccNistP384, Some(120), 194),
    (KeySpec::EccNistP521, Some(158), 250),
    (KeySpec::EccSecgP256k1, Some(88), 144),
    (KeySpec::EccNistEdwards25519, Some(44), 48),
    (KeySpec::Sm2, Some(91), 150),
    (KeySpec::Hmac224, None, 28),
    (KeySpec::Hmac256, None, 32),
    (KeySpec::Hmac384, None, 48),
    (KeySpec::Hmac512, None, 64),
    (KeySpec::MlDsa44, Some(1312 + 22), 54),
    (KeySpec::MlDsa65, Some(1952 + 22), 54),
    (KeySpec::MlDsa87, Some(2592 + 22), 54),
    (KeySpec::MlKem512, Some(800 + 22), 86),
    (KeySpec::MlKem768, Some(1184 + 22), 86),
    (KeySpec::MlKem1024, Some(1568 + 22), 86),
];

const CURVES: [(KeySpec, Nid); 5] = [
    (KeySpec::EccNistP256, Nid::X9_62_PRIME256V1),
    (KeySpec::EccNistP384, Nid::SECP384R1),
    (KeySpec::EccNistP521, Nid::SECP521R1),
    (KeySpec::EccSecgP256k1, Nid::SECP256K1),
    (KeySpec::Sm2, Nid::SM2),
];

#[test]
fn stored_material_is_read_back_with_the_recorded_lengths() {
    for (spec, public_len, stored_len) in LENGTHS {
        let made = material(spec);
        assert_eq!(made.spec(), spec);
        assert_eq!(made.public_key().map(<[u8]>::len), public_len, "{spec}");
        let stored = made.to_bytes();
        let tolerance = if spec.as_str().starts_with("RSA") { 4 } else { 0 };
        assert!(stored.expose().len().abs_diff(stored_len) <= tolerance, "{spec}: {}", stored.expose().len());

        let read = KeyMaterial::from_bytes(spec, stored.expose()).expect("reads back");
        assert_eq!((read.spec(), read.public_key()), (spec, made.public_key()));
        assert!(read.to_bytes() == stored, "{spec}");
        assert_eq!(read.id("key"), made.id("key"));
        assert_ne!(read.id("key"), made.id("mrk"));
    }
}

/// The length of material that has no form.
fn takes_any(spec: KeySpec) -> Option<usize> {
    LENGTHS.into_iter().find(|(of, public_len, _)| *of == spec && public_len.is_none()).map(|(.., len)| len)
}

#[test]
fn material_of_one_spec_is_none_of_another() {
    for spec in KeySpec::ALL {
        let stored = material(*spec).to_bytes();
        for other in KeySpec::ALL.iter().filter(|other| *other != spec) {
            // Raw material is any bytes of the right length.
            let fits = takes_any(*other) == Some(stored.expose().len());
            let found = KeyMaterial::from_bytes(*other, stored.expose());
            assert_eq!(found.is_ok(), fits, "{spec} read as {other}");
            assert_eq!(KeyMaterial::import(*other, stored.expose()).is_ok(), fits, "{spec} imported as {other}");
            if let Err(error) = found {
                assert_eq!(error, InvalidKeyMaterial(*other));
            }
        }
    }
}

#[test]
fn cut_and_appended_bytes_are_refused() {
    for spec in KeySpec::ALL {
        let stored = material(*spec).to_bytes();
        let stored = stored.expose();
        let cuts = (0..stored.len()).step_by(1 + stored.len() / 40).map(|len| stored[..len].to_vec());
        for wrong in cuts.chain([[stored, &[0]].concat(), [&[0], stored].concat(), [stored, stored].concat()]) {
            assert!(KeyMaterial::from_bytes(*spec, &wrong).is_err(), "{spec} {}", wrong.len());
            assert!(KeyMaterial::import(*spec, &wrong).is_err(), "{spec} {}", wrong.len());
        }
    }
}

/// Any bit of a private key that is changed makes another key, of which the stored public half is none, or no key.
/// (The bits of symmetric keys and of seeds have no such redundancy.)
#[test]
fn a_changed_bit_is_refused_where_the_form_has_redundancy() {
    for spec in [KeySpec::EccNistP256, KeySpec::EccSecgP256k1, KeySpec::Sm2, KeySpec::Rsa2048] {
        let stored = material(spec).to_bytes();
        let step = if spec == KeySpec::Rsa2048 { 7 } else { 1 };
        for at in (0..stored.expose().len()).step_by(step) {
            let mut changed = stored.expose().to_vec();
            changed[at] ^= 1 << (at % 8);
            assert!(KeyMaterial::from_bytes(spec, &changed).is_err(), "{spec} byte {at}");
        }
    }
}

#[test]
fn imported_material_is_the_same_as_generated() {
    for spec in KeySpec::ALL {
        let stored = material(*spec).to_bytes();
        let imported = KeyMaterial::import(*spec, stored.expose());
        assert_eq!(imported.is_ok(), spec.allows_origin(KeyOrigin::External), "{spec}");
        if let Ok(imported) = imported {
            assert!(imported.to_bytes() == stored, "{spec}");
            assert_eq!(imported.id("key"), material(*spec).id("key"));
        }
    }
}

#[test]
fn elliptic_curve_keys_are_imported_in_every_encoding() {
    for (spec, curve) in CURVES {
        let scalar = [vec![0; 5], vec![0x5a; 27]].concat();
        let plain = pkcs8_of_scalar(curve, &scalar);
        let first = KeyMaterial::import(spec, &plain).expect("without parameters");
        let canonical = first.to_bytes();
        assert_ne!(canonical.expose(), plain);
        assert!(KeyMaterial::from_bytes(spec, &plain).is_err(), "{spec}: that is not how it is stored");

        // BER: the outer length in more bytes than it needs, and of indefinite length.
        let header_len = if canonical.expose()[1] < 0x80 { 2 } else { 3 };
        let content = &canonical.expose()[header_len..];
        let long = [&[0x30, 0x83, 0, 0, u8::try_from(content.len()).expect("short")], content].concat();
        let indefinite = [&[0x30, 0x80], content, &[0, 0]].concat();
        for other in [long, indefinite] {
            assert!(KeyMaterial::from_bytes(spec, &other).is_err());
            let imported = KeyMaterial::import(spec, &other).expect("BER");
            assert!(imported.to_bytes() == canonical, "{spec}");
            assert!(KeyMaterial::import(spec, &[&other[..], &[0]].concat()).is_err(), "{spec}: trailing byte");
        }
    }
}

#[test]
fn ed25519_keys_are_imported_in_der_only() {
    let spec = KeySpec::EccNistEdwards25519;
    let stored = material(spec).to_bytes();
    let ber = [&[0x30, 0x81, 0x2e], &stored.expose()[2..]].concat();
    assert!(PKey::private_key_from_pkcs8(&ber).is_ok(), "OpenSSL itself is not that strict");
    assert!(KeyMaterial::import(spec, &ber).is_err());
}

#[test]
fn elliptic_curve_keys_whose_halves_do_not_match_are_refused() {
    for (spec, curve) in CURVES {
        let stored = material(spec).to_bytes();
        let other = KeyMaterial::generate(spec, &Hashed::default()).expect("generates");
        let public_len = EcGroup::from_curve_name(curve).expect("curve").degree().div_ceil(8) as usize * 2;
        let mut mixed = stored.expose().to_vec();
        let at = mixed.len() - public_len;
        mixed[at..].copy_from_slice(&other.to_bytes().expose()[at..]);
        assert!(KeyMaterial::from_bytes(spec, &mixed).is_err(), "{spec}");
        assert!(KeyMaterial::import(spec, &mixed).is_err(), "{spec}");
    }
}

/// The eight numbers, of which one is replaced.
fn rsa_with(replaced: &str, by: impl Fn(&BigNumRef) -> BigNum) -> Vec<u8> {
    let stored = material(KeySpec::Rsa2048).to_bytes();
    let rsa = PKey::private_key_from_pkcs8(stored.expose()).expect("key").rsa().expect("RSA");
    let pick = |name: &str, number: &BigNumRef| {
        if name == replaced { by(number) } else { number.to_owned().expect("copies") }
    };
    let changed: Rsa<Private> = Rsa::from_private_components(
        pick("n", rsa.n()),
        pick("e", rsa.e()),
        pick("d", rsa.d()),
        pick("p", rsa.p().expect("p")),
        pick("q", rsa.q().expect("q")),
        pick("dmp1", rsa.dmp1().expect("dmp1")),
        pick("dmq1", rsa.dmq1().expect("dmq1")),
        pick("iqmp", rsa.iqmp().expect("iqmp")),
    )
    .expect("numbers");
    PKey::from_rsa(changed).expect("key").private_key_to_pkcs8().expect("encodes")
}

#[test]
fn rsa_keys_whose_numbers_do_not_match_are_refused() {
    let two_more = |number: &BigNumRef| {
        let mut changed = number.to_owned().expect("copies");
        changed.add_word(2).expect("adds");
        changed
    };
    assert!(KeyMaterial::from_bytes(KeySpec::Rsa2048, &rsa_with("none", two_more)).is_ok());
    for number in ["n", "e", "d", "p", "q", "dmp1", "dmq1", "iqmp"] {
        let changed = rsa_with(number, two_more);
        assert!(KeyMaterial::from_bytes(KeySpec::Rsa2048, &changed).is_err(), "{number}");
        assert!(KeyMaterial::import(KeySpec::Rsa2048, &changed).is_err(), "{number}");
    }
}

/// The PKCS#8 encoding of the RSA key of two factors, or `None` if there is none with 2,048 bits.
fn rsa_of(factors: [&BigNumRef; 2]) -> Option<Vec<u8>> {
    let mut ctx = BigNumContext::new().expect("context");
    let [p, q] = factors;
    let less_1 = factors.map(|factor| {
        let mut less_1 = factor.to_owned().expect("copies");
        less_1.sub_word(1).expect("subtracts");
        less_1
    });
    let mut product = |left: &BigNumRef, right: &BigNumRef| {
        let mut product = BigNum::new().expect("number");
        product.checked_mul(left, right, &mut ctx).expect("multiplies");
        product
    };
    let (modulus, order) = (product(p, q), product(&less_1[0], &less_1[1]));
    let public_exponent = BigNum::from_u32(65537).expect("number");
    let (mut private_exponent, mut coefficient) = (BigNum::new().expect("number"), BigNum::new().expect("number"));
    private_exponent.mod_inverse(&public_exponent, &order, &mut ctx).ok()?;
    coefficient.mod_inverse(q, p, &mut ctx).ok()?;
    let exponents = less_1.map(|less_1| {
        let mut exponent = BigNum::new().expect("number");
        exponent.nnmod(&private_exponent, &less_1, &mut ctx).expect("reduces");
        exponent
    });
    let [first, second] = exponents;
    let has_2048_bits = modulus.num_bits() == 2048;
    let copy = |number: &BigNumRef| number.to_owned().expect("copies");
    let key = Rsa::from_private_components(
        modulus,
        public_exponent,
        private_exponent,
        copy(p),
        copy(q),
        first,
        second,
        coefficient,
    );
    let key = PKey::from_rsa(key.expect("numbers")).expect("key");
    has_2048_bits.then(|| key.private_key_to_pkcs8().expect("encodes"))
}

fn prime(bits: i32) -> BigNum {
    let mut prime = BigNum::new().expect("number");
    prime.generate_prime(bits, false, None, None).expect("prime");
    prime
}

/// A product of two primes, with the two top bits set that make products of two such numbers as long as they can be.
fn composite() -> BigNum {
    let mut ctx = BigNumContext::new().expect("context");
    loop {
        let mut product = BigNum::new().expect("number");
        product.checked_mul(&prime(512), &prime(512), &mut ctx).expect("multiplies");
        if product.is_bit_set(1023) && product.is_bit_set(1022) {
            return product;
        }
    }
}

#[test]
fn rsa_keys_of_composite_factors_are_not_imported() {
    let key_of = |factor: fn() -> BigNum| {
        (0..100).find_map(|_| rsa_of([&factor(), &factor()])).expect("most factors are coprime to the exponent")
    };
    let of_primes = key_of(|| prime(1024));
    assert!(KeyMaterial::import(KeySpec::Rsa2048, &of_primes).is_ok());
    let of_composites = key_of(composite);
    assert!(KeyMaterial::from_bytes(KeySpec::Rsa2048, &of_composites).is_ok(), "its numbers do belong together");
    assert!(KeyMaterial::import(KeySpec::Rsa2048, &of_composites).is_err());
}

#[test]
fn keys_that_kms_does_not_know_are_refused() {
    let encoded = |key: PKey<Private>| key.private_key_to_pkcs8().expect("encodes");
    let group = EcGroup::from_curve_name(Nid::SECP224R1).expect("P-224");
    let others = [
        encoded(PKey::generate_x25519().expect("X25519")),
        encoded(PKey::generate_ed448().expect("Ed448")),
        encoded(PKey::from_ec_key(EcKey::generate(&group).expect("P-224")).expect("P-224")),
        encoded(PKey::from_rsa(Rsa::generate(1024).expect("RSA-1024")).expect("RSA-1024")),
        encoded(PKey::from_rsa(Rsa::generate(2056).expect("RSA-2056")).expect("RSA-2056")),
    ];
    let asymmetric = KeySpec::ALL.iter().filter(|spec| takes_any(**spec).is_none());
    for (spec, other) in asymmetric.flat_map(|spec| others.iter().map(move |other| (spec, other))) {
        assert!(KeyMaterial::from_bytes(*spec, other).is_err(), "{spec}");
        assert!(KeyMaterial::import(*spec, other).is_err(), "{spec}");
    }
}

#[test]
fn data_key_pairs_have_the_recorded_forms() {
    for spec in DataKeyPairSpec::ALL {
        let pair = generate_data_key_pair(*spec, &Hashed::default()).expect("generates");
        let material = KeyMaterial::from_bytes(spec.key_spec(), pair.private_key.expose()).expect("a key of that spec");
        assert_eq!(material.public_key(), Some(&pair.public_key[..]), "{spec}");
        let (_, public_len, private_len) =
            LENGTHS.into_iter().find(|(of, ..)| *of == spec.key_spec()).expect("each spec has lengths");
        assert_eq!(Some(pair.public_key.len()), public_len);
        assert!(pair.private_key.expose().len().abs_diff(private_len) <= 4, "{spec}");
    }
    let ec = generate_data_key_pair(DataKeyPairSpec::EccNistP256, &Hashed::default()).expect("generates").private_key;
    let text = hex::encode(ec.expose());
    assert!(text.starts_with("308193020100301306072a8648ce3d020106082a8648ce3d030107047930770201010420"));
    assert_eq!(&text[136..180], "a00a06082a8648ce3d030107a14403420004".to_owned() + &text[172..180]);
    let ed25519 = generate_data_key_pair(DataKeyPairSpec::EccNistEdwards25519, &Hashed::default()).expect("generates");
    assert!(hex::encode(ed25519.private_key.expose()).starts_with("302e020100300506032b657004220420"));
    assert_eq!(PKey::private_key_from_pkcs8(ed25519.private_key.expose()).expect("key").id(), Id::ED25519);
}

#[test]
fn the_entropy_that_is_passed_in_makes_the_keys() {
    for spec in
        [KeySpec::SymmetricDefault, KeySpec::Hmac384, KeySpec::EccNistEdwards25519, KeySpec::MlDsa44, KeySpec::MlKem512]
    {
        let make = || KeyMaterial::generate(spec, &Hashed::default()).expect("generates").to_bytes();
        assert!(make() == make(), "{spec}");
        let entropy = Hashed::default();
        let again = || KeyMaterial::generate(spec, &entropy).expect("generates").to_bytes();
        assert!(again() != again(), "{spec}");
    }
}

#[test]
fn material_is_shared_by_threads() {
    fn assert_shareable<T: Send + Sync>() {}
    assert_shareable::<KeyMaterial>();
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        for spec in KeySpec::ALL.iter().filter(|spec| material(**spec).public_key().is_some()) {
            prop_assert!(KeyMaterial::from_bytes(*spec, &bytes).is_err());
            prop_assert!(KeyMaterial::import(*spec, &bytes).is_err());
        }
    }

    #[test]
    fn reading_what_almost_is_a_key_never_panics(
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        which in any::<prop::sample::Index>(),
    ) {
        let spec = *which.get(KeySpec::ALL);
        let mut bytes = material(spec).to_bytes().expose().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(read) = KeyMaterial::from_bytes(spec, &bytes) {
            prop_assert!(read.to_bytes().expose() == bytes);
        }
        let _ = KeyMaterial::import(spec, &bytes);
    }
}
