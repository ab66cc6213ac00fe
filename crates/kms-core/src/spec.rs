//! What each key spec can do. [`KeySpec::algorithms`] is the one table; every other answer is derived from it.

use crate::named::named;

named! {
    /// The kind of key material.
    pub enum KeySpec {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EccNistP256 = "ECC_NIST_P256",
        EccNistP384 = "ECC_NIST_P384",
        EccNistP521 = "ECC_NIST_P521",
        EccSecgP256k1 = "ECC_SECG_P256K1",
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        Sm2 = "SM2",
        Hmac224 = "HMAC_224",
        Hmac256 = "HMAC_256",
        Hmac384 = "HMAC_384",
        Hmac512 = "HMAC_512",
        MlDsa44 = "ML_DSA_44",
        MlDsa65 = "ML_DSA_65",
        MlDsa87 = "ML_DSA_87",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

named! {
    /// What a key is for; chosen at creation and never changed.
    pub enum KeyUsage {
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        SignVerify = "SIGN_VERIFY",
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        KeyAgreement = "KEY_AGREEMENT",
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

named! {
    /// Where key material comes from.
    pub enum KeyOrigin {
        AwsKms = "AWS_KMS",
        External = "EXTERNAL",
        AwsCloudHsm = "AWS_CLOUDHSM",
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

named! {
    /// Algorithms of `ENCRYPT_DECRYPT`.
    pub enum EncryptionAlgorithm {
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

named! {
    /// Algorithms of `SIGN_VERIFY`.
    pub enum SigningAlgorithm {
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
        Ed25519Sha512 = "ED25519_SHA_512",
        Sm2Dsa = "SM2DSA",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
    }
}

named! {
    /// Algorithms of `GENERATE_VERIFY_MAC`.
    pub enum MacAlgorithm {
        HmacSha224 = "HMAC_SHA_224",
        HmacSha256 = "HMAC_SHA_256",
        HmacSha384 = "HMAC_SHA_384",
        HmacSha512 = "HMAC_SHA_512",
    }
}

named! {
    /// Algorithms of `KEY_AGREEMENT`.
    pub enum KeyAgreementAlgorithm {
        Ecdh = "ECDH",
    }
}

named! {
    /// Algorithms of `ENCAPSULATE_DECAPSULATE`.
    pub enum EncapsulationAlgorithm {
        MlKem = "ML_KEM",
    }
}

/// The three families between which an alias cannot move (`UpdateAlias`: "the same key type").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Symmetric encryption keys.
    Symmetric,
    /// HMAC keys.
    Hmac,
    /// Key pairs of any algorithm.
    Asymmetric,
}

/// The algorithms of a key for one usage, in the order in which `DescribeKey` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithms {
    /// For `ENCRYPT_DECRYPT`.
    Encryption(&'static [EncryptionAlgorithm]),
    /// For `SIGN_VERIFY`.
    Signing(&'static [SigningAlgorithm]),
    /// For `GENERATE_VERIFY_MAC`.
    Mac(&'static [MacAlgorithm]),
    /// For `KEY_AGREEMENT`.
    KeyAgreement(&'static [KeyAgreementAlgorithm]),
    /// For `ENCAPSULATE_DECAPSULATE`.
    Encapsulation(&'static [EncapsulationAlgorithm]),
}

/// What the five algorithm enums have in common: the usage they belong to and the specs that offer them.
pub trait Algorithm: Copy + Eq + 'static {
    /// The usage that a key must have for this kind of algorithm.
    const USAGE: KeyUsage;

    /// The algorithms of this kind that a spec offers; empty when it has none.
    fn offered_by(spec: KeySpec) -> &'static [Self];

    /// AWS's own name.
    fn name(self) -> &'static str;

    /// Whether a key of this spec can be used with the algorithm.
    fn fits(self, spec: KeySpec) -> bool {
        Self::offered_by(spec).contains(&self)
    }
}

impl KeySpec {
    /// The table: every usage of a spec with its algorithms, in AWS's order
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>).
    const fn algorithms_by_usage(self) -> &'static [Algorithms] {
        use Algorithms::{Encapsulation, Encryption, KeyAgreement, Mac, Signing};
        use EncryptionAlgorithm as E;
        use MacAlgorithm as M;
        use SigningAlgorithm as S;

        const RSA_ENCRYPTION: Algorithms = Encryption(&[E::RsaesOaepSha1, E::RsaesOaepSha256]);
        const RSA_SIGNING: Algorithms = Signing(&[
            S::RsassaPkcs1V15Sha256,
            S::RsassaPkcs1V15Sha384,
            S::RsassaPkcs1V15Sha512,
            S::RsassaPssSha256,
            S::RsassaPssSha384,
            S::RsassaPssSha512,
        ]);
        const ECDH: Algorithms = KeyAgreement(&[KeyAgreementAlgorithm::Ecdh]);

        match self {
            Self::SymmetricDefault => &[Encryption(&[E::SymmetricDefault])],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[RSA_ENCRYPTION, RSA_SIGNING],
            Self::EccNistP256 => &[Signing(&[S::EcdsaSha256]), ECDH],
            Self::EccNistP384 => &[Signing(&[S::EcdsaSha384]), ECDH],
            Self::EccNistP521 => &[Signing(&[S::EcdsaSha512]), ECDH],
            Self::EccSecgP256k1 => &[Signing(&[S::EcdsaSha256])],
            Self::EccNistEdwards25519 => &[Signing(&[S::Ed25519PhSha512, S::Ed25519Sha512])],
            Self::Sm2 => &[Encryption(&[E::Sm2Pke]), Signing(&[S::Sm2Dsa]), ECDH],
            Self::Hmac224 => &[Mac(&[M::HmacSha224])],
            Self::Hmac256 => &[Mac(&[M::HmacSha256])],
            Self::Hmac384 => &[Mac(&[M::HmacSha384])],
            Self::Hmac512 => &[Mac(&[M::HmacSha512])],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[Signing(&[S::MlDsaShake256])],
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[Encapsulation(&[EncapsulationAlgorithm::MlKem])],
        }
    }

    /// The algorithms of a key with this spec and usage, or `None` when the two do not go together.
    pub fn algorithms(self, usage: KeyUsage) -> Option<Algorithms> {
        self.algorithms_by_usage().iter().copied().find(|algorithms| algorithms.usage() == usage)
    }

    /// Whether `CreateKey` accepts this usage for the spec.
    pub fn allows_usage(self, usage: KeyUsage) -> bool {
        self.algorithms(usage).is_some()
    }

    /// The usage of a key that is created without naming one. Only symmetric encryption keys have it, although other
    /// specs have a single usage too: AWS then asks for it all the same.
    pub fn default_usage(self) -> Option<KeyUsage> {
        (self.key_type() == KeyType::Symmetric).then_some(KeyUsage::EncryptDecrypt)
    }

    /// The family that the spec belongs to.
    pub fn key_type(self) -> KeyType {
        match self {
            Self::SymmetricDefault => KeyType::Symmetric,
            hmac if hmac.allows_usage(KeyUsage::GenerateVerifyMac) => KeyType::Hmac,
            _ => KeyType::Asymmetric,
        }
    }

    /// Whether a key of this spec can have the origin: post-quantum keys cannot be imported, and custom key stores
    /// hold symmetric encryption keys only.
    pub fn allows_origin(self, origin: KeyOrigin) -> bool {
        match origin {
            KeyOrigin::AwsKms => true,
            KeyOrigin::External => {
                !SigningAlgorithm::MlDsaShake256.fits(self) && !EncapsulationAlgorithm::MlKem.fits(self)
            }
            KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => self.key_type() == KeyType::Symmetric,
        }
    }
}

impl Algorithms {
    /// The usage that these algorithms serve.
    pub const fn usage(self) -> KeyUsage {
        match self {
            Self::Encryption(_) => EncryptionAlgorithm::USAGE,
            Self::Signing(_) => SigningAlgorithm::USAGE,
            Self::Mac(_) => MacAlgorithm::USAGE,
            Self::KeyAgreement(_) => KeyAgreementAlgorithm::USAGE,
            Self::Encapsulation(_) => EncapsulationAlgorithm::USAGE,
        }
    }
}

macro_rules! algorithm {
    ($type:ident, $list:ident, $usage:ident) => {
        impl Algorithm for $type {
            const USAGE: KeyUsage = KeyUsage::$usage;

            fn offered_by(spec: KeySpec) -> &'static [Self] {
                match spec.algorithms(Self::USAGE) {
                    Some(Algorithms::$list(algorithms)) => algorithms,
                    _ => &[],
                }
            }

            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

algorithm!(EncryptionAlgorithm, Encryption, EncryptDecrypt);
algorithm!(SigningAlgorithm, Signing, SignVerify);
algorithm!(MacAlgorithm, Mac, GenerateVerifyMac);
algorithm!(KeyAgreementAlgorithm, KeyAgreement, KeyAgreement);
algorithm!(EncapsulationAlgorithm, Encapsulation, EncapsulateDecapsulate);

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as AWS's documentation prints it, in text: spec, usage, algorithms in `DescribeKey`'s order.
    const DOCUMENTED: &str = "
        SYMMETRIC_DEFAULT ENCRYPT_DECRYPT SYMMETRIC_DEFAULT
        RSA_2048 ENCRYPT_DECRYPT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
        RSA_2048 SIGN_VERIFY RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
        RSA_3072 ENCRYPT_DECRYPT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
        RSA_3072 SIGN_VERIFY RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
        RSA_4096 ENCRYPT_DECRYPT RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
        RSA_4096 SIGN_VERIFY RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
        ECC_NIST_P256 SIGN_VERIFY ECDSA_SHA_256
        ECC_NIST_P256 KEY_AGREEMENT ECDH
        ECC_NIST_P384 SIGN_VERIFY ECDSA_SHA_384
        ECC_NIST_P384 KEY_AGREEMENT ECDH
        ECC_NIST_P521 SIGN_VERIFY ECDSA_SHA_512
        ECC_NIST_P521 KEY_AGREEMENT ECDH
        ECC_SECG_P256K1 SIGN_VERIFY ECDSA_SHA_256
        ECC_NIST_EDWARDS25519 SIGN_VERIFY ED25519_PH_SHA_512 ED25519_SHA_512
        SM2 ENCRYPT_DECRYPT SM2PKE
        SM2 SIGN_VERIFY SM2DSA
        SM2 KEY_AGREEMENT ECDH
        HMAC_224 GENERATE_VERIFY_MAC HMAC_SHA_224
        HMAC_256 GENERATE_VERIFY_MAC HMAC_SHA_256
        HMAC_384 GENERATE_VERIFY_MAC HMAC_SHA_384
        HMAC_512 GENERATE_VERIFY_MAC HMAC_SHA_512
        ML_DSA_44 SIGN_VERIFY ML_DSA_SHAKE_256
        ML_DSA_65 SIGN_VERIFY ML_DSA_SHAKE_256
        ML_DSA_87 SIGN_VERIFY ML_DSA_SHAKE_256
        ML_KEM_512 ENCAPSULATE_DECAPSULATE ML_KEM
        ML_KEM_768 ENCAPSULATE_DECAPSULATE ML_KEM
        ML_KEM_1024 ENCAPSULATE_DECAPSULATE ML_KEM
    ";

    fn names(algorithms: Algorithms) -> Vec<&'static str> {
        match algorithms {
            Algorithms::Encryption(list) => list.iter().map(|a| a.as_str()).collect(),
            Algorithms::Signing(list) => list.iter().map(|a| a.as_str()).collect(),
            Algorithms::Mac(list) => list.iter().map(|a| a.as_str()).collect(),
            Algorithms::KeyAgreement(list) => list.iter().map(|a| a.as_str()).collect(),
            Algorithms::Encapsulation(list) => list.iter().map(|a| a.as_str()).collect(),
        }
    }

    #[test]
    fn the_table_is_the_documented_one() {
        let mut ours = Vec::new();
        for spec in KeySpec::ALL {
            for algorithms in spec.algorithms_by_usage() {
                let row = [&[spec.as_str(), algorithms.usage().as_str()], &names(*algorithms)[..]].concat();
                ours.push(row.join(" "));
            }
        }
        let documented: Vec<&str> = DOCUMENTED.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(ours, documented);
        assert_eq!(KeySpec::ALL.len(), 20);
    }

    #[test]
    fn usages_that_are_not_in_the_table_are_refused() {
        let allowed = KeySpec::ALL
            .iter()
            .flat_map(|spec| KeyUsage::ALL.iter().filter(|usage| spec.allows_usage(**usage)))
            .count();
        assert_eq!(allowed, 28);
        assert!(!KeySpec::Rsa2048.allows_usage(KeyUsage::KeyAgreement));
        assert!(!KeySpec::EccSecgP256k1.allows_usage(KeyUsage::KeyAgreement));
        assert_eq!(KeySpec::Hmac224.algorithms(KeyUsage::SignVerify), None);
    }

    #[test]
    fn only_symmetric_default_has_a_default_usage() {
        let with_default: Vec<_> = KeySpec::ALL.iter().filter(|spec| spec.default_usage().is_some()).collect();
        assert_eq!(with_default, [&KeySpec::SymmetricDefault]);
    }

    #[test]
    fn algorithms_fit_the_specs_that_list_them() {
        assert!(EncryptionAlgorithm::SymmetricDefault.fits(KeySpec::SymmetricDefault));
        assert!(!EncryptionAlgorithm::SymmetricDefault.fits(KeySpec::Rsa4096));
        assert!(!MacAlgorithm::HmacSha512.fits(KeySpec::Hmac224));
        assert!(SigningAlgorithm::EcdsaSha256.fits(KeySpec::EccSecgP256k1));
        assert!(!SigningAlgorithm::EcdsaSha256.fits(KeySpec::EccNistP384));
        assert_eq!(KeyAgreementAlgorithm::offered_by(KeySpec::Hmac256), []);
    }

    #[test]
    fn each_spec_belongs_to_one_key_type() {
        for spec in KeySpec::ALL {
            let expected = match spec.as_str() {
                "SYMMETRIC_DEFAULT" => KeyType::Symmetric,
                name if name.starts_with("HMAC_") => KeyType::Hmac,
                _ => KeyType::Asymmetric,
            };
            assert_eq!(spec.key_type(), expected, "{spec}");
        }
    }

    #[test]
    fn origins_restrict_specs() {
        for spec in KeySpec::ALL {
            let post_quantum = spec.as_str().starts_with("ML_");
            let symmetric = *spec == KeySpec::SymmetricDefault;
            assert!(spec.allows_origin(KeyOrigin::AwsKms), "{spec}");
            assert_eq!(spec.allows_origin(KeyOrigin::External), !post_quantum, "{spec}");
            assert_eq!(spec.allows_origin(KeyOrigin::AwsCloudHsm), symmetric, "{spec}");
            assert_eq!(spec.allows_origin(KeyOrigin::ExternalKeyStore), symmetric, "{spec}");
        }
    }
}
