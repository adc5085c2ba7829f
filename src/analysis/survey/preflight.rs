//! What enforcing would break, and what would slip through: everything that can be seen from the cluster's objects.

pub(crate) mod identities;
pub(crate) mod namespaces;
pub(crate) mod nodes;
pub(crate) mod rules;
pub(crate) mod workloads;

use std::fmt;

use regex::Regex;

use crate::admission::Modes;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::judge::Judge;

/// How many names one sentence shows
const SHOWN: usize = 5;

/// What the checks look at
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    /// The configuration and the cluster around the workloads
    pub judge: Judge<'a>,
    /// What the workloads are
    pub inventory: &'a Inventory,
    /// The name of the webhook configurations
    pub webhook_configuration: &'a str,
    /// What denials do where, as far as it is known
    pub modes: Option<&'a Modes>,
    /// What names real nodes have, as far as it is known
    pub real_node_names: Option<&'a Regex>,
}

/// One thing to put right before enforcing
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which check found it
    pub check: Check,
    /// What it is about
    pub place: String,
    /// What is wrong
    pub what: String,
    /// What to do
    pub advice: String,
}

/// What is checked
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    /// Whether each workload says who asked for its pods
    Stamp,
    /// Whether those who asked may have them
    Denied,
    /// Whether everybody who makes pods is known
    Identity,
    /// Whether names of nodes tell virtual ones from real ones
    NodeName,
    /// Whether the webhook rules send everything
    Rules,
    /// Whether pods that eci-profile routes are sent
    Profile,
    /// Whether nothing that is exempt goes to ECI
    Exempt,
}

impl Check {
    /// Its name
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stamp => "stamp",
            Self::Denied => "denied",
            Self::Identity => "identity",
            Self::NodeName => "node-name",
            Self::Rules => "rules",
            Self::Profile => "profile",
            Self::Exempt => "exempt",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}: {}",
            self.check, self.place, self.what, self.advice
        )
    }
}

/// Everything that the checks find, in their order
pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = workloads::findings(scene);
    findings.extend(identities::findings(scene));
    findings.extend(nodes::findings(scene));
    findings.extend(rules::findings(scene));
    findings.extend(namespaces::of_profile(scene));
    findings.extend(namespaces::exempt(scene));
    findings.sort_by_key(|finding| finding.check);
    findings
}

/// A few of many names: `a, b and 3 more`
fn shown<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let some: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    match names.len().saturating_sub(some.len()) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}
