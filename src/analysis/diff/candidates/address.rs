//! Addresses: the first and last of each block, their neighbours outside, and one of each version that no policy names.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Candidate;
use crate::analysis::boundary_values::{next_address, parse_block, previous_address};

/// Addresses for documentation, which no real policy names
const OTHERS: [&str; 2] = ["198.51.100.1", "2001:db8:ffff::1"];

/// `10.0.0.0/8` -> `10.0.0.0`, `10.255.255.255`, [`OTHERS`], `9.255.255.255`, `11.0.0.0`
pub(crate) fn candidates(wanted: &[String]) -> Vec<Candidate> {
    let blocks: Vec<(&str, IpNet)> = wanted
        .iter()
        .filter_map(|text| Some((text.as_str(), parse_block(text)?)))
        .collect();
    if blocks.is_empty() {
        return Vec::new();
    }
    let borders = blocks
        .iter()
        .flat_map(|(_, block)| [block.network(), block.broadcast()]);
    let outside = blocks
        .iter()
        .flat_map(|(_, block)| [previous_address(block.network()), next_address(block.broadcast())])
        .flatten();
    let others = OTHERS.iter().filter_map(|text| text.parse().ok());
    borders
        .chain(others)
        .chain(outside)
        .map(|address| described(address, &blocks))
        .collect()
}

/// An address described by the blocks that contain it
fn described(address: IpAddr, blocks: &[(&str, IpNet)]) -> Candidate {
    let containing: Vec<&str> = blocks
        .iter()
        .filter(|(_, block)| block.contains(&address))
        .map(|(text, _)| *text)
        .collect();
    if containing.is_empty() {
        Candidate::other(address.to_string())
    } else {
        let wording = format!("in {}", containing.join(" and "));
        Candidate::wording(address.to_string(), wording)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::diff::candidates::shown;

    #[test]
    fn blocks_have_an_inside_and_an_outside() {
        let shown = shown(&candidates(&["10.0.0.0/8".into(), "10.0.0.1".into()]));
        for wanted in [
            "10.0.0.0 Wording(\"in 10.0.0.0/8\")",
            "10.0.0.1 Wording(\"in 10.0.0.0/8 and 10.0.0.1\")",
            "9.255.255.255 Other",
            "11.0.0.0 Other",
        ] {
            assert!(shown.contains(&wanted.to_owned()), "{wanted}: {shown:?}");
        }
        assert!(candidates(&[]).is_empty());
    }
}
