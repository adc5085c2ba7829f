//! Values of the IP address operators: addresses and CIDR blocks of both versions, first and last address included.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::warning::WarningKind;

/// A CIDR block, or one address as a block of its own, with the text it was written as
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct AddressBlock {
    network: IpNet,
    text: Box<str>,
}

impl AddressBlock {
    /// Reads `ADDRESS` or `ADDRESS/BITS`
    ///
    /// # Errors
    /// A message if the text is neither.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let network = if text.contains('/') {
            text.parse().ok()
        } else {
            text.parse::<IpAddr>().ok().map(IpNet::from)
        };
        network
            .map(|network| Self {
                network,
                text: text.into(),
            })
            .ok_or_else(|| format!("`{text}` is not an IP address or CIDR block"))
    }

    /// Warns of a block that its author may have meant otherwise
    pub(super) fn warning(&self) -> Option<(WarningKind, &'static str)> {
        let full = self.network.prefix_len() == self.network.max_prefix_len();
        if full && self.text.contains('/') {
            Some((
                WarningKind::SingleAddress,
                "is one address: RAM wants it without a prefix length",
            ))
        } else if self.network.addr() != self.network.network() {
            Some((
                WarningKind::HostBits,
                "has bits set behind its prefix: the whole block is meant",
            ))
        } else {
            None
        }
    }

    /// Whether an address lies in the block, whose first and last address do
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.network.contains(&address)
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads a request's address. An IPv4-mapped IPv6 address becomes IPv4, so that it cannot evade an IPv4 block.
pub(super) fn parse(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(block: &str, address: &str) -> bool {
        AddressBlock::parse(block)
            .unwrap()
            .contains(parse(address).unwrap())
    }

    #[test]
    fn blocks_include_their_first_and_last_address() {
        assert!(contains("10.0.0.0/8", "10.0.0.0"));
        assert!(contains("10.0.0.0/8", "10.255.255.255"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(contains("10.0.0.1/8", "10.9.9.9"));
        assert!(contains("2001:db8::/32", "2001:db8::1"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
    }

    #[test]
    fn malformed_blocks_are_errors_and_doubtful_ones_warnings() {
        for bad in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.256",
            "*",
            "2001:db8::/129",
            "010.0.0.1",
            "a/8",
        ] {
            assert!(AddressBlock::parse(bad).is_err(), "{bad}");
        }
        assert!(
            AddressBlock::parse("10.0.0.1/32")
                .unwrap()
                .warning()
                .unwrap()
                .1
                .contains("one address")
        );
        assert!(
            AddressBlock::parse("10.0.0.1/8")
                .unwrap()
                .warning()
                .unwrap()
                .1
                .contains("whole block")
        );
        assert!(AddressBlock::parse("10.0.0.1").unwrap().warning().is_none());
        assert!(AddressBlock::parse("10.0.0.0/8").unwrap().warning().is_none());
    }
}
