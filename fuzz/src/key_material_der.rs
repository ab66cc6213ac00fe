use trent_kms_core::{
    Algorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyMaterial, KeySpec, KeyType, MessageType, SigningAlgorithm,
};

use crate::fixtures;

/// [`KeyMaterial::from_bytes`] takes one encoding of a key only; [`KeyMaterial::import`] takes several, makes that one of
/// them, and takes no key that cannot be used. No two asymmetric specs take the same bytes. The public half of a peer is
/// accepted by one curve at most.
pub fn key_material_der(data: &[u8]) {
    let mut asymmetric = Vec::new();
    for spec in KeySpec::ALL.iter().copied() {
        let read = KeyMaterial::from_bytes(spec, data);
        crate::assert_error_queue_is_empty();
        let imported = KeyMaterial::import(spec, data);
        crate::assert_error_queue_is_empty();
        if let Ok(material) = &read {
            assert_eq!((material.spec(), material.to_bytes().expose()), (spec, data));
        }
        if let Ok(material) = &imported {
            assert_is_canonical(spec, material, data);
            assert_is_usable(spec, material);
        }
        if spec.key_type() == KeyType::Asymmetric && (read.is_ok() || imported.is_ok()) {
            asymmetric.push(spec);
        }
    }
    assert!(asymmetric.len() <= 1, "one key of several specs: {asymmetric:?}");
    peer(data);
}

fn assert_is_canonical(spec: KeySpec, material: &KeyMaterial, imported_from: &[u8]) {
    let canonical = material.to_bytes();
    let read = KeyMaterial::from_bytes(spec, canonical.expose());
    let again = read.unwrap_or_else(|_| panic!("{spec}: cannot be read after its import"));
    assert_eq!((again.spec(), again.id("key")), (spec, material.id("key")));
    if canonical.expose() != imported_from {
        assert!(KeyMaterial::from_bytes(spec, imported_from).is_err(), "{spec}: two encodings are canonical");
    }
    let longer = [imported_from, &[0]].concat();
    assert!(KeyMaterial::import(spec, &longer).is_err(), "{spec}: something follows the key");
}

fn assert_is_usable(spec: KeySpec, material: &KeyMaterial) {
    for algorithm in SigningAlgorithm::offered_by(spec) {
        // Ed25519ph takes digests only.
        let Ok(input) = material.signing_input(*algorithm, MessageType::Raw, b"message") else { continue };
        let signature = input.sign().unwrap_or_else(|error| panic!("{spec} {algorithm}: {error}: {error:?}"));
        assert!(input.verify(&signature).is_ok(), "{spec} {algorithm}: does not verify what it signed");
    }
    for algorithm in EncryptionAlgorithm::offered_by(spec).iter().filter(|_| spec.key_type() == KeyType::Asymmetric) {
        let ciphertext = material.encrypt(*algorithm, b"message").expect("encrypts");
        let plaintext = material.decrypt(*algorithm, &ciphertext).expect("decrypts");
        assert_eq!(plaintext.expose(), b"message", "{spec} {algorithm}");
    }
    for algorithm in KeyAgreementAlgorithm::offered_by(spec) {
        let public_key = material.public_key().expect("asymmetric");
        material.derive_shared_secret(*algorithm, public_key).expect("a point on its own curve");
    }
    crate::assert_error_queue_is_empty();
}

/// The bytes as a peer's public key: whoever agrees with it gets a number of its curve's field.
fn peer(public_key: &[u8]) {
    let mut agreed = 0;
    for own in fixtures::curve_keys().filter(|own| KeyAgreementAlgorithm::Ecdh.fits(own.spec())) {
        let secret = own.derive_shared_secret(KeyAgreementAlgorithm::Ecdh, public_key);
        crate::assert_error_queue_is_empty();
        let Ok(secret) = secret else { continue };
        let field_len = match own.spec() {
            KeySpec::EccNistP384 => 48,
            KeySpec::EccNistP521 => 66,
            _ => 32,
        };
        assert_eq!((secret.expose().len(), Some(public_key.len())), (field_len, own.public_key().map(<[u8]>::len)));
        agreed += 1;
    }
    assert!(agreed <= 1, "a point on several curves");
}
