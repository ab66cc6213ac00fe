use trent_shared::{Entropy, SecretBytes};

use crate::named::named;
use crate::{KeyMaterial, KeySpec, OpenSslFailure};

named! {
    /// The specs of which a pair can be had for use outside KMS; their names are those of [`KeySpec`].
    pub enum DataKeyPairSpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EccNistP256 = "ECC_NIST_P256",
        EccNistP384 = "ECC_NIST_P384",
        EccNistP521 = "ECC_NIST_P521",
        EccSecgP256k1 = "ECC_SECG_P256K1",
        Sm2 = "SM2",
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

/// A key pair for use outside KMS.
pub struct DataKeyPair {
    /// `SubjectPublicKeyInfo` in DER.
    pub public_key: Vec<u8>,
    /// PKCS#8 `PrivateKeyInfo` in DER: with parameters and public key for elliptic curves, without the public key for
    /// Ed25519 (crypto.md §4), as the seed for ML-KEM (RFC 9935 §6).
    pub private_key: SecretBytes,
}

impl DataKeyPairSpec {
    /// The key spec of the same name.
    pub const fn key_spec(self) -> KeySpec {
        match self {
            Self::Rsa2048 => KeySpec::Rsa2048,
            Self::Rsa3072 => KeySpec::Rsa3072,
            Self::Rsa4096 => KeySpec::Rsa4096,
            Self::EccNistP256 => KeySpec::EccNistP256,
            Self::EccNistP384 => KeySpec::EccNistP384,
            Self::EccNistP521 => KeySpec::EccNistP521,
            Self::EccSecgP256k1 => KeySpec::EccSecgP256k1,
            Self::Sm2 => KeySpec::Sm2,
            Self::EccNistEdwards25519 => KeySpec::EccNistEdwards25519,
            Self::MlKem512 => KeySpec::MlKem512,
            Self::MlKem768 => KeySpec::MlKem768,
            Self::MlKem1024 => KeySpec::MlKem1024,
        }
    }
}

/// A fresh pair. RSA pairs take long, as [`KeyMaterial::generate`] says.
pub fn generate_data_key_pair(spec: DataKeyPairSpec, entropy: &dyn Entropy) -> Result<DataKeyPair, OpenSslFailure> {
    let material = KeyMaterial::generate(spec.key_spec(), entropy)?;
    Ok(DataKeyPair { public_key: material.public_key().unwrap_or_default().to_vec(), private_key: material.to_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_key_specs() {
        for spec in DataKeyPairSpec::ALL {
            assert_eq!(spec.as_str(), spec.key_spec().as_str());
        }
    }
}
