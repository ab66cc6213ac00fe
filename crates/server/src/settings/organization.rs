use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use trent_identity::{Guardrail, Organization};
use trent_policy::{Policy, PolicyKind};
use trent_shared::AccountId;

use super::SettingsError;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct OrganizationSettings {
    id: Option<String>,
    guardrails: Vec<GuardrailSettings>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "name, policy and accounts")]
struct GuardrailSettings {
    name: String,
    /// The file with its document.
    policy: PathBuf,
    #[serde(default)]
    accounts: Vec<AccountId>,
}

impl OrganizationSettings {
    /// Reads the files that are named.
    pub(crate) fn organization(&self) -> Result<Organization, SettingsError> {
        let guardrails = self.guardrails.iter().map(GuardrailSettings::read).collect::<Result<_, _>>()?;
        Ok(Organization { id: self.id.clone(), guardrails })
    }
}

impl GuardrailSettings {
    fn read(&self) -> Result<Guardrail, SettingsError> {
        let Self { name, policy: path, accounts } = self;
        let document =
            std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
        let policy = Policy::parse(&document, PolicyKind::Identity)
            .map_err(|source| SettingsError::NotAGuardrail { path: path.clone(), source })?;
        Ok(Guardrail { name: name.clone(), accounts: accounts.clone(), policy: Arc::new(policy) })
    }
}
