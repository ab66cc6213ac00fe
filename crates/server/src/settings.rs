//! The configuration: every key of `config/trent.yaml`, in layers.
//!
//! The layers are added one at a time and the whole is checked after each, so that what is wrong can be blamed on the
//! file or the variable that brought it.

mod auth;
mod environment;
mod organization;
mod sts;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use config::{Config, ConfigError, File, FileFormat};
use serde::Deserialize;
use trent_gateway::Limits;
use trent_identity::InvalidPrincipal;
use trent_kms::{Pool, Quotas, Rate, RequestRates, Transitions};
use trent_nitro::{InvalidRoot, Roots};
use trent_policy::MalformedPolicy;
use trent_shared::{AccountId, Region};

use self::auth::AuthSettings;
use self::organization::OrganizationSettings;
use self::sts::StsSettings;
use crate::cli::StartArguments;
use crate::seed::Home;
use crate::tls::ServerName;

/// The built-in configuration, which has every key.
const DEFAULTS: &str = include_str!("../../../config/trent.yaml");

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct Settings {
    #[serde(deserialize_with = "address")]
    pub(crate) listen: SocketAddr,
    pub(crate) tls: TlsSettings,
    pub(crate) data_dir: PathBuf,
    pub(crate) ephemeral: bool,
    /// Seed files, and directories of them.
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) seed: Vec<PathBuf>,
    seed_account: AccountId,
    seed_region: Region,
    pub(crate) services: Services,
    pub(crate) auth: AuthSettings,
    pub(crate) authorization: AuthorizationSettings,
    pub(crate) organization: OrganizationSettings,
    pub(crate) kms: KmsSettings,
    pub(crate) sts: StsSettings,
    pub(crate) limits: LimitSettings,
    pub(crate) log: Log,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct TlsSettings {
    #[serde(rename = "enabled")]
    pub(crate) is_enabled: bool,
    /// What the certificate from Trent's own CA is good for, beside the usual names.
    #[serde(deserialize_with = "server_names")]
    pub(crate) names: Vec<ServerName>,
    /// PEM, followed by what leads to its root.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) private_key: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct Services {
    pub(crate) kms: ServiceSettings,
    pub(crate) sts: ServiceSettings,
    pub(crate) iam: ServiceSettings,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct AuthorizationSettings {
    mode: AuthorizationMode,
}

/// [`trent_identity::Mode`], as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct AuthorizationMode(trent_identity::Mode);

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct ServiceSettings {
    #[serde(rename = "enabled")]
    pub(crate) is_enabled: bool,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct KmsSettings {
    strict_regions: bool,
    rsa_key_stock: usize,
    /// PEM files, each with certificates that attestation documents may lead to.
    pub(crate) attestation_roots: Vec<PathBuf>,
    quotas: Quotas,
    request_rates: RequestRateSettings,
    transitions: TransitionSettings,
    grant_propagation_seconds: u32,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
#[expect(clippy::struct_field_names, reason = "settings name their unit")]
struct TransitionSettings {
    replica_creation_seconds: u32,
    primary_update_seconds: u32,
    on_demand_rotation_seconds: u32,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
struct RequestRateSettings {
    #[serde(rename = "enabled")]
    is_enabled: bool,
    overrides: BTreeMap<Pool, Rate>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct LimitSettings {
    max_body_bytes: usize,
    #[serde(deserialize_with = "header_bytes")]
    max_header_bytes: u32,
    header_timeout_seconds: u32,
    body_timeout_seconds: u32,
    shutdown_grace_seconds: u32,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map of settings")]
pub(crate) struct Log {
    pub(crate) level: LogFilter,
    pub(crate) format: LogFormat,
}

/// Directives for `tracing_subscriber`'s `Targets`, known to parse.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LogFilter(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum LogFormat {
    Auto,
    Human,
    Json,
}

/// One source of settings, and how to name it to whoever wrote it.
struct Layer {
    origin: String,
    config: Result<Config, ConfigError>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("kms.attestation_roots: {}", path.display())]
    NotARoot { path: PathBuf, source: InvalidRoot },
    #[error("organization.guardrails: {}", path.display())]
    NotAGuardrail { path: PathBuf, source: MalformedPolicy },
    #[error("sts.oidc_providers: {issuer}")]
    NoKeys { issuer: String, source: trent_sts::InvalidKeys },
    #[error("auth.credentials")]
    NobodysCredentials(#[from] InvalidPrincipal),
    #[error("{origin}: {}", explain(error))]
    Refused { origin: String, error: Box<ConfigError> },
}

impl Settings {
    /// Defaults ← file ← environment ← flags. `environment` is all of the process's variables.
    pub(crate) fn load(
        arguments: &StartArguments,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut layers = vec![yaml("the built-in configuration".to_owned(), DEFAULTS)];
        if let Some(path) = &arguments.config {
            let text = std::fs::read_to_string(path)
                .map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
            layers.push(yaml(path.display().to_string(), &text));
        }
        layers.extend(environment::layers(environment));

        let mut settings = Self::stack(layers)?;
        if let Some(listen) = arguments.listen {
            settings.listen = listen;
        }
        if let Some(data_dir) = &arguments.data_dir {
            settings.data_dir.clone_from(data_dir);
        }
        // Naming a directory on the command line means to use it, whatever the file says.
        settings.ephemeral = arguments.ephemeral || (settings.ephemeral && arguments.data_dir.is_none());
        if !arguments.seed.is_empty() {
            settings.seed.clone_from(&arguments.seed);
        }
        Ok(settings)
    }

    /// Where the keys of seed files are that name no account or Region.
    pub(crate) fn seed_home(&self) -> Home {
        Home { account: self.seed_account, region: self.seed_region.clone() }
    }

    fn stack(layers: Vec<Layer>) -> Result<Self, SettingsError> {
        let mut below = Config::default();
        let mut settings = Err(ConfigError::Message("nothing is configured".to_owned()));
        let mut origin = String::new();
        for layer in layers {
            origin = layer.origin;
            let blame = |error| SettingsError::Refused { origin: origin.clone(), error: Box::new(error) };
            let stacked =
                layer.config.and_then(|config| Config::builder().add_source(below).add_source(config).build());
            below = stacked.map_err(blame)?;
            settings = Ok(below.clone().try_deserialize().map_err(blame)?);
        }
        settings.map_err(|error| SettingsError::Refused { origin, error: Box::new(error) })
    }
}

impl KmsSettings {
    /// Reads the files that are named, and makes what the service takes.
    pub(crate) fn options(&self) -> Result<trent_kms::Options, SettingsError> {
        let mut attestation_roots = Roots::aws();
        for path in &self.attestation_roots {
            let pem = std::fs::read_to_string(path)
                .map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
            attestation_roots.add_pem(&pem).map_err(|source| SettingsError::NotARoot { path: path.clone(), source })?;
        }
        let Self { strict_regions, rsa_key_stock, quotas, .. } = *self;
        let rates = &self.request_rates;
        let request_rates = rates.is_enabled.then(|| RequestRates { overrides: rates.overrides.clone() });
        Ok(trent_kms::Options {
            strict_regions,
            rsa_key_stock,
            attestation_roots,
            quotas,
            request_rates,
            transitions: Transitions::from(&self.transitions),
            grant_propagation: Duration::from_secs(self.grant_propagation_seconds.into()),
        })
    }
}

impl From<&TransitionSettings> for Transitions {
    fn from(settings: &TransitionSettings) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            replica_creation: seconds(settings.replica_creation_seconds),
            primary_update: seconds(settings.primary_update_seconds),
            on_demand_rotation: seconds(settings.on_demand_rotation_seconds),
        }
    }
}

impl From<&LimitSettings> for Limits {
    fn from(settings: &LimitSettings) -> Self {
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        Self {
            max_body_bytes: settings.max_body_bytes,
            max_header_bytes: settings.max_header_bytes,
            header_timeout: seconds(settings.header_timeout_seconds),
            body_timeout: seconds(settings.body_timeout_seconds),
            shutdown_grace: seconds(settings.shutdown_grace_seconds),
        }
    }
}

impl LogFilter {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LogFilter {
    type Error = String;

    /// `Targets` would take any bare word for a module; here a bare word is a level, so that `inof` is noticed.
    fn try_from(directives: String) -> Result<Self, String> {
        let is_directive = |directive: &str| match directive.split_once('=') {
            Some((module, level)) => !module.is_empty() && is_level(level),
            None => is_level(directive),
        };
        match directives.split(',').find(|directive| !is_directive(directive)) {
            None => Ok(Self(directives)),
            Some(wrong) => {
                Err(format!("{wrong:?} is neither off, error, warn, info, debug or trace, nor module=level"))
            }
        }
    }
}

impl AuthorizationSettings {
    pub(crate) fn mode(&self) -> trent_identity::Mode {
        self.mode.0
    }
}

impl TryFrom<String> for AuthorizationMode {
    type Error = String;

    fn try_from(mode: String) -> Result<Self, String> {
        match &*mode {
            "enforce" => Ok(Self(trent_identity::Mode::Enforce)),
            "observe" => Ok(Self(trent_identity::Mode::Observe)),
            "off" => Ok(Self(trent_identity::Mode::Off)),
            _ => Err(format!("{mode:?} is neither enforce, observe nor off")),
        }
    }
}

impl TryFrom<String> for LogFormat {
    type Error = String;

    fn try_from(format: String) -> Result<Self, String> {
        match &*format {
            "auto" => Ok(Self::Auto),
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(format!("{format:?} is neither auto, human nor json")),
        }
    }
}

fn is_level(text: &str) -> bool {
    ["off", "error", "warn", "info", "debug", "trace"].contains(&text)
}

fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    let unusable = |_| serde::de::Error::custom(format_args!("{text:?} is not ADDRESS:PORT, such as 127.0.0.1:4566"));
    text.parse().map_err(unusable)
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<PathBuf>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a path or a list of paths")]
    enum Paths {
        One(PathBuf),
        Many(Vec<PathBuf>),
    }
    Ok(match Paths::deserialize(deserializer)? {
        Paths::One(path) => vec![path],
        Paths::Many(paths) => paths,
    })
}

/// A list, or its members with commas between them, as the environment has it.
fn server_names<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<ServerName>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a name or a list of names")]
    enum Names {
        Text(String),
        List(Vec<String>),
    }
    let names = match Names::deserialize(deserializer)? {
        Names::Text(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Names::List(names) => names,
    };
    names.into_iter().map(|name| ServerName::try_from(name).map_err(serde::de::Error::custom)).collect()
}

fn header_bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let bytes = u32::deserialize(deserializer)?;
    if bytes >= Limits::MIN_HEADER_BYTES {
        Ok(bytes)
    } else {
        Err(serde::de::Error::custom(format_args!("{bytes} is less than {}", Limits::MIN_HEADER_BYTES)))
    }
}

/// What is wrong with which key, on one line; `config`'s own words put the key last.
fn explain(error: &ConfigError) -> String {
    match error {
        ConfigError::Type { unexpected, expected, key: Some(key), .. } => {
            format!("`{key}` must be {expected}, not {unexpected}")
        }
        ConfigError::At { error, key: Some(key), .. } => format!("`{key}`: {}", explain(error)),
        other => other.to_string().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn yaml(origin: String, text: &str) -> Layer {
    Layer { origin, config: Config::builder().add_source(File::from_str(text, FileFormat::Yaml)).build() }
}

#[cfg(test)]
mod tests;
