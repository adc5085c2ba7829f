//! Boundary values: what lies directly beside the numbers and addresses of a condition.
//!
//! A comparison changes its result only at its own value. So its values and their neighbours are enough to try.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Reads an address block; a single address is a block of one
pub(crate) fn parse_block(text: &str) -> Option<IpNet> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

/// `10.0.0.0` -> `9.255.255.255`; `None` before the first address
pub(crate) fn previous_address(address: IpAddr) -> Option<IpAddr> {
    neighbour(address, |bits| bits.checked_sub(1), |bits| bits.checked_sub(1))
}

/// `10.0.0.255` -> `10.0.1.0`; `None` after the last address
pub(crate) fn next_address(address: IpAddr) -> Option<IpAddr> {
    neighbour(address, |bits| bits.checked_add(1), |bits| bits.checked_add(1))
}

fn neighbour(
    address: IpAddr,
    step_v4: fn(u32) -> Option<u32>,
    step_v6: fn(u128) -> Option<u128>,
) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => step_v4(address.into()).map(|bits| Ipv4Addr::from(bits).into()),
        IpAddr::V6(address) => step_v6(address.into()).map(|bits| Ipv6Addr::from(bits).into()),
    }
}

/// How many digits a decimal has after its point: `1.25` has 2
pub(crate) fn fraction_digits(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_neighbours_but_for_the_first_and_last() {
        for (address, previous, next) in [
            ("10.0.0.0", Some("9.255.255.255"), Some("10.0.0.1")),
            ("255.255.255.255", Some("255.255.255.254"), None),
            ("::", None, Some("::1")),
        ] {
            let parsed: IpAddr = address.parse().unwrap();
            let found = [previous_address(parsed), next_address(parsed)];
            let found = found.map(|found| found.map(|address| address.to_string()));
            assert_eq!(
                found.each_ref().map(Option::as_deref),
                [previous, next],
                "{address}"
            );
        }
    }
}
