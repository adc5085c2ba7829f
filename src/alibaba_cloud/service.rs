//! The services that are called, and the hosts at which they are documented.

use std::str::FromStr;

/// A service of Alibaba Cloud
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Service {
    /// Resource Access Management: users, groups, roles, policies
    Ram,
    /// Resource Management: resource groups and all attachments
    ResourceManager,
    /// Security Token Service: who calls, and tokens of roles
    Sts,
}

/// The network over which the hosts are reached
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Network {
    /// The internet
    Public,
    /// The VPC that the cluster is in
    Vpc,
}

/// A region, such as `cn-hangzhou`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Region(String);

/// The hosts of all services
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) network: Network,
    pub(crate) region: Region,
}

impl Service {
    /// The name of the service in messages, and the code in its RAM actions
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ram => "ram",
            Self::ResourceManager => "resourcemanager",
            Self::Sts => "sts",
        }
    }

    /// The version of the API
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Ram => "2015-05-01",
            Self::ResourceManager => "2020-03-31",
            Self::Sts => "2015-04-01",
        }
    }
}

impl FromStr for Region {
    type Err = String;

    /// A region becomes part of a host's name, so nothing else passes
    fn from_str(text: &str) -> Result<Self, String> {
        let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let has_edges = text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-');
        // The longest label of a host's name has 63 characters
        if has_edges && text.len() <= 63 && text.chars().all(is_allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err("a region has small letters, digits and `-`, such as cn-hangzhou".to_owned())
    }
}

impl Region {
    /// The region's id
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Endpoints {
    /// The host of a service, as its page *Endpoints* lists it: api-{ram-2015-05-01,sts-2015-04-01}-endpoint
    /// under help/en/ram/developer-reference, and api-resourcemanager-2020-03-31-endpoint
    pub(super) fn host(&self, service: Service) -> String {
        match (self.network, service) {
            (Network::Public, service) => format!("{}.aliyuncs.com", service.name()),
            (Network::Vpc, Service::Sts) => format!("sts-vpc.{}.aliyuncs.com", self.region.as_str()),
            (Network::Vpc, service) => format!("{}.vpc-proxy.aliyuncs.com", service.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_the_documented_ones() {
        let hosts = |network| {
            let endpoints = Endpoints {
                network,
                region: "cn-beijing".parse().unwrap(),
            };
            [Service::Ram, Service::ResourceManager, Service::Sts].map(|service| endpoints.host(service))
        };
        assert_eq!(
            hosts(Network::Public),
            [
                "ram.aliyuncs.com",
                "resourcemanager.aliyuncs.com",
                "sts.aliyuncs.com"
            ]
        );
        assert_eq!(
            hosts(Network::Vpc),
            [
                "ram.vpc-proxy.aliyuncs.com",
                "resourcemanager.vpc-proxy.aliyuncs.com",
                "sts-vpc.cn-beijing.aliyuncs.com"
            ]
        );
    }

    #[test]
    fn a_region_leads_to_no_other_host() {
        for text in [
            "",
            "-cn",
            "cn-",
            "evil.example/",
            "cn.evil",
            "CN",
            "cn hangzhou",
            "1",
            "cn-hangzhou\n",
            &"a".repeat(64),
        ] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
        assert_eq!("cn-wuhan-lr".parse::<Region>().unwrap().as_str(), "cn-wuhan-lr");
    }
}
