//! Addresses and blocks as strings of binary digits: a block holds what begins as it begins.

use std::net::IpAddr;

/// The digits of an address and its family; none if it is no address
pub fn bits(text: &str) -> Option<(char, String)> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => ('4', format!("{:032b}", u32::from(address))),
        IpAddr::V6(address) => ('6', format!("{:0128b}", u128::from(address))),
    })
}

/// Whether the address lies in the block, or is the single address that stands there
pub fn is_in(block: &str, address: &str) -> bool {
    let (start, length) = match block.split_once('/') {
        Some((start, length)) => (start, length.parse().unwrap()),
        None => (block, 128),
    };
    let (block_family, block_bits) = bits(start).unwrap();
    let (family, bits) = bits(address).unwrap();
    let prefix: String = block_bits.chars().take(length).collect();
    family == block_family && bits.starts_with(&prefix)
}
