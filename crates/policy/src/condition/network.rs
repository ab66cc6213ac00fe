use std::net::IpAddr;

/// A range of addresses: `203.0.113.0/24`, `2001:db8::/32`, or a single one.
#[derive(Debug, PartialEq)]
pub(super) struct Network {
    address: IpAddr,
    /// How many bits of it count.
    prefix: u32,
}

/// An IPv4 address that comes in IPv6's clothes is IPv4.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    Some(text.parse::<IpAddr>().ok()?.to_canonical())
}

impl Network {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { address, prefix })
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                (network.to_bits() ^ address.to_bits()).leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_their_networks() {
        for (network, text, is_in) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.7/24", "203.0.113.1", true),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("203.0.113.0/24", "::ffff:203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::/0", "::1", true),
        ] {
            let found = Network::parse(network).expect("a network").contains(address(text).expect("an address"));
            assert_eq!(found, is_in, "{text} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_none() {
        for text in ["", "/", "1.2.3/8", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "1.2.3.4/", "host", "1.2.3.4/8/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
