use serde::Deserialize;
use trent_identity::{InvalidPrincipal, StaticCredentials};
use trent_shared::SecretString;
use trent_sigv4::Signatures;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct AuthSettings {
    signatures: SignatureMode,
    credentials: Vec<CredentialSettings>,
}

/// [`Signatures`], as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct SignatureMode(Signatures);

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "access_key_id, secret_access_key and principal")]
struct CredentialSettings {
    access_key_id: String,
    secret_access_key: Secret,
    /// An account id or an ARN.
    principal: String,
}

/// Text that is not printed with the settings.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
struct Secret(SecretString);

impl AuthSettings {
    pub(crate) fn signatures(&self) -> Signatures {
        self.signatures.0
    }

    pub(crate) fn credentials(&self) -> Result<Vec<StaticCredentials>, InvalidPrincipal> {
        let with_principal = |credentials: &CredentialSettings| {
            let CredentialSettings { access_key_id, secret_access_key, principal } = credentials;
            StaticCredentials::new(access_key_id.clone(), secret_access_key.0.clone(), principal)
        };
        self.credentials.iter().map(with_principal).collect()
    }
}

impl TryFrom<String> for SignatureMode {
    type Error = String;

    fn try_from(mode: String) -> Result<Self, String> {
        match &*mode {
            "accept" => Ok(Self(Signatures::Accept)),
            "verify" => Ok(Self(Signatures::Verify)),
            _ => Err(format!("{mode:?} is neither accept nor verify")),
        }
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(SecretString::new(secret))
    }
}
