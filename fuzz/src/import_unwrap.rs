use trent_kms_core::{EncryptionAlgorithm, KeyMaterial, KeySpec, WrappingAlgorithm, WrappingKeySpec};

use crate::fixtures::{KEY_WRAP_KEY, key_wrap, wrapping_key};

/// How material is wrapped, and what the bytes that come with it are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrapping {
    pub algorithm: WrappingAlgorithm,
    pub key: WrappingKeySpec,
    pub form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Wrapped material.
    Wrapped,
    /// What the wrapping key did not encrypt: what follows the encrypted AES key in algorithms of two steps, the material
    /// itself in others. So nobody has to break RSA to come further.
    Inner,
}

/// [`WrappingAlgorithm::unwrap`] gives back what was wrapped, and takes nothing that was not wrapped so. Whatever comes
/// out, [`KeyMaterial::import`] decides on it. The first byte selects a [`Wrapping`].
pub fn import_unwrap(data: &[u8]) {
    let Some((selector, data)) = data.split_first() else { return };
    let wrapping = Wrapping::selected(*selector);
    let Wrapping { algorithm, key, form } = wrapping;
    let encrypt = |algorithm, plaintext: &[u8]| wrapping_key(key).encrypt(algorithm, plaintext).ok();
    let wrapped = match (form, encryption(algorithm)) {
        (Form::Wrapped, _) => Some(data.to_vec()),
        (Form::Inner, Encryption::OfMaterial(algorithm)) => encrypt(algorithm, data),
        (Form::Inner, Encryption::OfKey(algorithm)) => {
            encrypt(algorithm, &KEY_WRAP_KEY).map(|encrypted_key| [&encrypted_key, data].concat())
        }
        (Form::Inner, Encryption::Retired) => None,
    };
    let Some(wrapped) = wrapped else { return };
    let unwrapped = algorithm.unwrap(wrapping_key(key), &wrapped);
    crate::assert_error_queue_is_empty();

    match (form, encryption(algorithm), &unwrapped) {
        (_, Encryption::Retired, material) => assert!(material.is_err(), "the retired algorithm unwraps"),
        (Form::Inner, Encryption::OfMaterial(_), Ok(material)) => assert_eq!(material.expose(), data),
        (Form::Inner, Encryption::OfMaterial(_), Err(_)) => panic!("{wrapping:?}: refuses what it wrapped"),
        (Form::Inner, Encryption::OfKey(_), Ok(material)) => {
            let wrapped_again = key_wrap(material.expose()).expect("wraps");
            assert_eq!(wrapped_again, data, "{wrapping:?}: unwraps, but was not wrapped so");
        }
        _ => {}
    }
    let Ok(material) = unwrapped else { return };
    assert!(material.expose().len() < wrapped.len(), "{wrapping:?}: more comes out than went in");
    for spec in KeySpec::ALL.iter().filter(|spec| algorithm.may_import(key, **spec)) {
        if let Ok(imported) = KeyMaterial::import(*spec, material.expose()) {
            assert_eq!(imported.spec(), *spec);
        }
        crate::assert_error_queue_is_empty();
    }
}

impl Wrapping {
    /// Every wrapping, by the byte that selects it.
    pub fn all() -> impl Iterator<Item = (u8, Self)> + Clone {
        let forms = [Form::Wrapped, Form::Inner].into_iter();
        let with_keys = forms.flat_map(|form| WrappingKeySpec::ALL.iter().map(move |key| (form, *key)));
        let all = with_keys.flat_map(|(form, key)| {
            WrappingAlgorithm::ALL.iter().map(move |algorithm| Self { algorithm: *algorithm, key, form })
        });
        (0..).zip(all)
    }

    fn selected(selector: u8) -> Self {
        let mut all = Self::all().map(|(_, wrapping)| wrapping).cycle();
        all.nth(usize::from(selector)).expect("an endless cycle")
    }
}

/// What the wrapping key encrypts, and how.
enum Encryption {
    OfMaterial(EncryptionAlgorithm),
    OfKey(EncryptionAlgorithm),
    Retired,
}

fn encryption(algorithm: WrappingAlgorithm) -> Encryption {
    match algorithm {
        WrappingAlgorithm::RsaesPkcs1V15 => Encryption::Retired,
        WrappingAlgorithm::RsaesOaepSha1 => Encryption::OfMaterial(EncryptionAlgorithm::RsaesOaepSha1),
        WrappingAlgorithm::RsaesOaepSha256 => Encryption::OfMaterial(EncryptionAlgorithm::RsaesOaepSha256),
        WrappingAlgorithm::RsaAesKeyWrapSha1 => Encryption::OfKey(EncryptionAlgorithm::RsaesOaepSha1),
        WrappingAlgorithm::RsaAesKeyWrapSha256 => Encryption::OfKey(EncryptionAlgorithm::RsaesOaepSha256),
        WrappingAlgorithm::Sm2Pke => Encryption::OfMaterial(EncryptionAlgorithm::Sm2Pke),
    }
}
