//! The alphabets: words that are prefixes, case variants and neighbours of each other.

pub const ACTIONS: &[&str] = &[
    "eci:Create",
    "eci:CreateA",
    "eci:CreateAB",
    "eci:CreateB",
    "eci:DescribeA",
    "eci:DescribeContainerGroups",
    "ecis:CreateA",
    "ecs:CreateA",
    "ram:PassRole",
    "sts:AssumeRole",
];

pub const REGIONS: &[&str] = &["cn-a", "cn-ab", "CN-A", "*"];
pub const ACCOUNTS: &[&str] = &["1000", "1000", "10001", "*"];
pub const RELATIVES: &[&str] = &[
    "g/*", "g/1", "g/12", "g/1/x", "g/a:b", "g/a", "G/1", "h/1", "g/", "*",
];
pub const ROLE_NAMES: &[&str] = &["Ops", "ops", "opsX", "OpsX", "Op"];

pub const TEXT_KEYS: &[&str] = &[
    "acs:RequestTag/env",
    "acs:RequestTag/env",
    "acs:RequestTag/Env",
    "acs:ResourceTag/env",
    "acs:ResourceGroupId",
    "acs:PrincipalARN",
];
pub const TEXTS: &[&str] = &[
    "a", "A", "ab", "aB", "abc", "b", "", "é", "aéb", "生", "a*", "a?", "*", "a\nb", "a/b",
];
pub const GROUP_IDS: &[&str] = &["rg-1", "rg-2", "rg-12", "RG-1"];
pub const PRINCIPALS: &[&str] = &[
    "acs:ram::1000:user/ann",
    "acs:ram::1000:user/Ops",
    "acs:ram::1000:role/Ops",
    "acs:ram::1000:role/ops",
    "acs:ram:*:1000:role/Ops",
];

pub const NUMBERS: &[&str] = &[
    "5",
    "5.0",
    "05",
    "5.01",
    "-5",
    "0",
    "-0",
    "0.50",
    "0.5",
    "10",
    "6",
    "12345678901234567890123.1",
    "12345678901234567890123.10",
    "12345678901234567890124",
];
pub const DATES: &[&str] = &[
    "2026-03-01T00:00:00Z",
    "2026-03-01T08:00:00+08:00",
    "2026-02-28T23:59:59Z",
    "2026-02-28T18:30:00-05:30",
    "2026-03-01T00:00:01Z",
    "2024-02-29T12:00:00Z",
    "2025-12-31T23:59:59+00:00",
];
pub const BLOCKS: &[&str] = &[
    "10.0.0.0/24",
    "10.0.0.5",
    "10.0.0.5/32",
    "10.0.0.128/25",
    "10.0.0.6/30",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "2001:db8::/32",
    "2001:db8::1",
    "2001:db8::5/126",
    "::/0",
];
pub const ADDRESSES: &[&str] = &[
    "10.0.0.0",
    "10.0.0.3",
    "10.0.0.4",
    "10.0.0.5",
    "10.0.0.7",
    "10.0.0.8",
    "10.0.0.127",
    "10.0.0.128",
    "10.0.0.255",
    "10.0.1.0",
    "9.255.255.255",
    "11.0.0.0",
    "2001:db8::1",
    "2001:db8:0::1",
    "2001:db8::4",
    "2001:db8:ffff:ffff::",
    "2001:db9::",
    "::1",
];
pub const UNREADABLE: &[&str] = &["x", "", "5x", "yesterday", "10.0.0.256", "--5"];

pub const TEXT_OPERATORS: &[&str] = &[
    "StringEquals",
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringLike",
    "StringNotLike",
];
pub const NUMBER_OPERATORS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
pub const DATE_OPERATORS: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];
pub const ADDRESS_OPERATORS: &[&str] = &["IpAddress", "NotIpAddress", "IpAddressIncludeBorder"];
