use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};
use trent_sts::{OidcProvider, Options};

use super::SettingsError;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct StsSettings {
    oidc_providers: Vec<OidcProviderSettings>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "issuer and jwks")]
struct OidcProviderSettings {
    issuer: String,
    jwks: KeySet,
}

/// A JSON Web Key Set, or the file with one. Inline it may be text, too, as environment variables have it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a path or a JSON Web Key Set")]
enum KeySet {
    Inline(Map<String, Value>),
    Text(String),
}

impl StsSettings {
    /// Reads the files that are named.
    pub(crate) fn options(&self) -> Result<Options, SettingsError> {
        let oidc_providers = self.oidc_providers.iter().map(OidcProviderSettings::read).collect::<Result<_, _>>()?;
        Ok(Options { oidc_providers })
    }
}

impl OidcProviderSettings {
    fn read(&self) -> Result<OidcProvider, SettingsError> {
        let Self { issuer, jwks } = self;
        OidcProvider::new(issuer, &jwks.read()?)
            .map_err(|source| SettingsError::NoKeys { issuer: issuer.clone(), source })
    }
}

impl KeySet {
    fn read(&self) -> Result<String, SettingsError> {
        match self {
            Self::Inline(set) => Ok(Value::Object(set.clone()).to_string()),
            Self::Text(text) if text.trim_start().starts_with('{') => Ok(text.clone()),
            Self::Text(path) => std::fs::read_to_string(path)
                .map_err(|source| SettingsError::Unreadable { path: PathBuf::from(path), source }),
        }
    }
}
