//! The names that a certificate is good for.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One of them, as a client has it in its URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerName {
    /// In lower case; the first label may be `*`.
    Dns(String),
    Address(IpAddr),
}

/// This machine, the container of Trent's in the compose files, its host as containers see it, and the name that public DNS
/// resolves to 127.0.0.1 for those who come from LocalStack.
const USUAL: [&str; 5] =
    ["localhost", "trent", "host.docker.internal", "localhost.localstack.cloud", "*.localhost.localstack.cloud"];

impl ServerName {
    /// What clients usually call a server that listens on this address.
    pub(crate) fn of_this_machine(listen: IpAddr) -> impl Iterator<Item = Self> {
        let usual = USUAL.map(|name| Self::Dns(name.to_owned()));
        let addresses = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into()];
        let address = (!addresses.contains(&listen)).then_some(listen);
        usual.into_iter().chain(host_name()).chain(addresses.into_iter().chain(address).map(Self::Address))
    }
}

impl TryFrom<String> for ServerName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if let Ok(address) = name.parse() {
            return Ok(Self::Address(address));
        }
        let labels = name.strip_prefix("*.").unwrap_or(&name);
        if labels.len() <= 253 && labels.split('.').all(is_label) {
            Ok(Self::Dns(name.to_ascii_lowercase()))
        } else {
            Err(format!("{name:?} is neither a host name nor an IP address"))
        }
    }
}

/// RFC 1123 §2.1, and the underscores that compose files have in names.
fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
}

/// Where Linux tells it; elsewhere it can be configured.
fn host_name() -> Option<ServerName> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = ServerName::try_from(name.trim_end().to_owned()).ok()?;
    (!USUAL.iter().any(|usual| name == ServerName::Dns((*usual).to_owned()))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_host_names_and_addresses() {
        let dns = |name: &str| Ok(ServerName::Dns(name.to_owned()));
        for (text, name) in [
            ("KMS.Internal", dns("kms.internal")),
            ("*.internal", dns("*.internal")),
            ("my_kms", dns("my_kms")),
            ("10.0.0.7", Ok(ServerName::Address([10, 0, 0, 7].into()))),
            ("::1", Ok(ServerName::Address(Ipv6Addr::LOCALHOST.into()))),
        ] {
            assert_eq!(ServerName::try_from(text.to_owned()), name, "{text}");
        }
        let long = "a.".repeat(126) + "aa";
        for wrong in ["", "*", "a..b", "a.*.b", "-a", "a-", "a b", "a:1", "https://a", "ä", &"a".repeat(64), &long] {
            let refused = ServerName::try_from(wrong.to_owned()).expect_err(wrong);
            assert_eq!(refused, format!("{wrong:?} is neither a host name nor an IP address"));
        }
    }
}
