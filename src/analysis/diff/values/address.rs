//! Addresses: the borders of each block, their neighbours, and one of each version that is in none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::analysis::diff::axis::Candidate;

/// Addresses for documentation, which no policy of use names
const OTHERS: [&str; 2] = ["198.51.100.1", "2001:db8:ffff::1"];

pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let blocks: Vec<(&String, IpNet)> = wanted
        .iter()
        .filter_map(|text| Some((text, block(text)?)))
        .collect();
    if blocks.is_empty() {
        return Vec::new();
    }
    let told = |address: IpAddr| {
        let holding: Vec<&str> = blocks
            .iter()
            .filter(|(_, block)| block.contains(&address))
            .map(|(text, _)| text.as_str())
            .collect();
        if holding.is_empty() {
            Candidate::other(address.to_string())
        } else {
            let words = format!("in {}", holding.join(" and "));
            Candidate::words(address.to_string(), words)
        }
    };
    let borders = blocks
        .iter()
        .flat_map(|(_, block)| [block.network(), block.broadcast()]);
    let beside = blocks
        .iter()
        .flat_map(|(_, block)| [before(block.network()), after(block.broadcast())])
        .flatten();
    let others = OTHERS.iter().filter_map(|text| text.parse().ok());
    borders.chain(others).chain(beside).map(told).collect()
}

fn block(text: &str) -> Option<IpNet> {
    let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(single)
}

fn before(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address)
            .checked_sub(1)
            .map(|bits| Ipv4Addr::from(bits).into()),
        IpAddr::V6(address) => u128::from(address)
            .checked_sub(1)
            .map(|bits| Ipv6Addr::from(bits).into()),
    }
}

fn after(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address)
            .checked_add(1)
            .map(|bits| Ipv4Addr::from(bits).into()),
        IpAddr::V6(address) => u128::from(address)
            .checked_add(1)
            .map(|bits| Ipv6Addr::from(bits).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_an_inside_and_an_outside() {
        let told: Vec<String> = candidates(&["10.0.0.0/8".into(), "10.0.0.1".into()])
            .into_iter()
            .map(|each| format!("{} {:?}", each.value.unwrap(), each.told))
            .collect();
        for wanted in [
            "10.0.0.0 Words(\"in 10.0.0.0/8\")",
            "10.0.0.1 Words(\"in 10.0.0.0/8 and 10.0.0.1\")",
            "9.255.255.255 Other",
            "11.0.0.0 Other",
        ] {
            assert!(told.contains(&wanted.to_owned()), "{wanted}: {told:?}");
        }
        assert!(candidates(&[]).is_empty());
    }
}
