//! A finding, and the check that made it.

use std::fmt;

/// The most names in one sentence
const SHOWN: usize = 5;

/// One thing to put right before enforcing
///
/// ```text
/// stamp: shop/Deployment/web: nothing says who asked for its pods: run `kubectl rollout restart ...`
/// check  subject              problem                              advice
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The check that found it
    pub check: Check,
    /// The object, or objects, that it is about
    pub subject: String,
    /// The problem
    pub problem: String,
    /// The remedy
    pub advice: String,
}

/// A check of `ramgate preflight`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    /// Every workload has a good stamp
    Stamp,
    /// The stamped users may create their pods
    Denied,
    /// Every controller and principal that makes pods is known
    Identity,
    /// The pattern of real nodes' names tells them from virtual ones
    NodeName,
    /// The webhook rules send everything
    Rules,
    /// Pods that eci-profile routes are sent
    Profile,
    /// No exempt namespace has pods on ECI
    Exempt,
    /// Everybody whom RBAC lets act on pods for ECI is known
    Rbac,
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
            Self::Rbac => "rbac",
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
            self.check, self.subject, self.problem, self.advice
        )
    }
}

/// The first names, and how many more there are: `a, b, c, d, e and 3 more`
pub(super) fn shortened<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let some: Vec<&str> = names.iter().copied().take(SHOWN).collect();
    match names.len().saturating_sub(some.len()) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}
