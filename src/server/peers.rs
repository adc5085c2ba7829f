//! The networks that may connect.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// The networks from which connections are accepted; an empty list accepts all
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers(Vec<Network>);

/// A network in CIDR notation
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is no network
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// It cannot be read
    #[error("`{0}` is no network, write a CIDR such as 10.0.0.0/24")]
    Shape(String),
    /// It has host bits, so it is unclear whether the network or the address is meant
    #[error(
        "`{given}` is an address in a network: write {network} for the network or {address} for the address"
    )]
    HostBits {
        /// The text as given
        given: String,
        /// The network that it is in
        network: IpNet,
        /// The address alone
        address: IpNet,
    },
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let given: IpNet = text.parse().map_err(|_| NetworkError::Shape(text.to_owned()))?;
        if given == given.trunc() {
            return Ok(Self(given));
        }
        Err(NetworkError::HostBits {
            given: text.to_owned(),
            network: given.trunc(),
            address: given.addr().into(),
        })
    }
}

impl FromIterator<Network> for Peers {
    fn from_iter<T: IntoIterator<Item = Network>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl Peers {
    /// Whether a connection from this address is accepted
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        self.0.is_empty() || self.0.iter().any(|network| network.0.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(networks: &[&str]) -> Peers {
        networks
            .iter()
            .map(|text| text.parse::<Network>().unwrap())
            .collect()
    }

    #[test]
    fn an_address_is_in_one_of_the_networks_or_stays_out() {
        let peers = peers(&["10.0.0.0/30", "192.0.2.7/32", "2001:db8::/32"]);
        for (address, taken) in [
            ("10.0.0.0", true),
            ("10.0.0.3", true),
            ("10.0.0.4", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8::1", true),
            ("2001:db9::1", false),
            ("::1", false),
        ] {
            assert_eq!(peers.admit(address.parse().unwrap()), taken, "{address}");
        }
        assert!(Peers::default().admit("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn a_network_is_written_as_one() {
        let refused = |text: &str| text.parse::<Network>().unwrap_err().to_string();
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "apiserver", ""] {
            assert_eq!(
                refused(text),
                format!("`{text}` is no network, write a CIDR such as 10.0.0.0/24")
            );
        }
        assert_eq!(
            refused("10.0.0.5/24"),
            "`10.0.0.5/24` is an address in a network: write 10.0.0.0/24 for the network or 10.0.0.5/32 for the address"
        );
    }
}
