//! Environment variables as layers of settings.

use std::collections::BTreeMap;

use config::{Config, ConfigError};

use super::Layer;

/// The services that `SERVICES` may name.
const SERVICES: [&str; 3] = ["kms", "sts", "iam"];

/// The address that `GATEWAY_LISTEN=:4566` leaves out.
const ANY_ADDRESS: &str = "0.0.0.0";

/// One layer per variable that says something, in order of precedence: what other emulators are configured with goes
/// below Trent's own. An empty variable says nothing, as compose files pass on what is not set.
pub(super) fn layers(environment: impl IntoIterator<Item = (String, String)>) -> Vec<Layer> {
    let variables = environment.into_iter().filter(|(_, value)| !value.is_empty());
    // Sorted, so that the same mistakes are always told in the same order.
    let variables: BTreeMap<String, String> = variables.collect();
    let foreign = [
        ("SERVICES", services as fn(&str) -> _),
        ("GATEWAY_LISTEN", gateway_listen),
        ("KMS_SEED_PATH", |path| set("seed", path)),
        ("KMS_ACCOUNT_ID", |account| set("seed_account", account)),
        ("KMS_REGION", |region| set("seed_region", region)),
    ];
    let foreign = foreign.into_iter().filter_map(|(name, read)| Some(layer(name, read(variables.get(name)?))));
    let own = variables.iter().filter_map(|(name, value)| Some(layer(name, set(&key(name)?, value))));
    foreign.chain(own).collect()
}

/// The key that a variable of Trent's sets: `TRENT_SERVICES__KMS__ENABLED` sets `services.kms.enabled`.
fn key(name: &str) -> Option<String> {
    let rest = name.strip_prefix("TRENT_")?;
    match rest {
        "LOG" => Some("log.level".to_owned()),
        // Where `trent health` and clients find a running Trent; no setting of the server.
        "ENDPOINT" => None,
        // Kubernetes puts TRENT_SERVICE_HOST, TRENT_PORT_4566_TCP and their like next to a service that is called trent.
        _ if rest == "PORT" || rest.starts_with("PORT_") || rest.starts_with("SERVICE_") => None,
        _ => Some(rest.to_lowercase().replace("__", ".")),
    }
}

/// `SERVICES=kms,sts` turns on what it names and everything else off. It may name services that Trent does not have,
/// since it is often written for another emulator.
fn services(list: &str) -> Result<Config, ConfigError> {
    // An old form appends a port to each name: kms:4599.
    let named = |id: &str| list.split(',').any(|name| name.split(':').next().unwrap_or_default().trim() == id);
    let mut config = Config::builder();
    for id in SERVICES {
        config = config.set_override(format!("services.{id}.enabled"), named(id))?;
    }
    config.build()
}

/// `GATEWAY_LISTEN=0.0.0.0:4566,0.0.0.0:443`: Trent listens on the first; without an address, on all.
fn gateway_listen(list: &str) -> Result<Config, ConfigError> {
    let first = list.split(',').next().unwrap_or_default().trim();
    match first.strip_prefix(':') {
        Some(port) => set("listen", &format!("{ANY_ADDRESS}:{port}")),
        None => set("listen", first),
    }
}

fn set(key: &str, value: &str) -> Result<Config, ConfigError> {
    Config::builder().set_override(key, value)?.build()
}

fn layer(name: &str, config: Result<Config, ConfigError>) -> Layer {
    Layer { origin: format!("the environment variable {name}"), config }
}
