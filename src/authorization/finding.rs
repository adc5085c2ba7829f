//! The reasons to deny a read, as data.

use crate::admission;
use eci_calls::Denial;
use eci_calls::condition_key::{TagKey, TagSource};
use ram_policy::{Mismatch, Outcome, Principal, Reason};

/// One reason to deny a read
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// The requester is bound to no RAM principal
    Unbound,
    /// The namespace is not known, so neither are its labels
    UnknownNamespace,
    /// The pod could not be read
    UnreadPod,
    /// The mapping rules put the pods into a resource group that the directory does not have
    UnknownGroup(String),
    /// RAM denies the call
    Denied {
        /// RAM's question and decision
        denial: Denial,
        /// The principal that RAM denies it to
        principal: Principal,
        /// Whether the principal is a boundary of the namespace and not the requester
        is_boundary: bool,
    },
}

impl Finding {
    /// The code by which programs tell findings apart; findings of admission have the same codes
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unbound => "UnboundIdentity",
            Self::UnknownNamespace => "UnknownNamespace",
            Self::UnreadPod => "UnknownPod",
            Self::UnknownGroup(_) => "UnknownResourceGroup",
            Self::Denied { denial, .. } => match denial.decision.outcome {
                Outcome::ExplicitDeny => "ExplicitDeny",
                Outcome::ImplicitDeny | Outcome::Allow => "ImplicitDeny",
            },
        }
    }

    /// The sort key among several findings: RAM lets explicit denies come first
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Denied { denial, .. } if denial.decision.outcome == Outcome::ExplicitDeny => 0,
            _ => 1,
        }
    }

    /// Whether no decision could be made, because an object is not known
    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::UnknownNamespace | Self::UnreadPod)
    }

    /// The fields of RAM's own error message, or the code alone
    pub(crate) fn ram_fields(&self, account: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Denied {
                denial,
                principal,
                is_boundary,
            } => admission::outcome::finding::Finding::Denied {
                denial: denial.clone(),
                principal: principal.clone(),
                is_boundary: *is_boundary,
            }
            .details(account),
            Self::Unbound | Self::UnknownNamespace | Self::UnreadPod | Self::UnknownGroup(_) => {
                vec![("Code", self.code().to_owned())]
            }
        }
    }
}

/// The denial of a list, with mismatches that a label selector can resolve first
///
/// Statements on the tags of one instance come as near to matching a list as statements on the tags of its filter, but
/// no selector ever meets them.
pub(super) fn resolvable_first(mut denial: Denial) -> Denial {
    if let Reason::NoMatch(misses) = &mut denial.decision.reason {
        misses.sort_by_key(|miss| match &miss.mismatch {
            Mismatch::Condition { key, .. } => {
                TagKey::parse(key).is_some_and(|key| key.source == TagSource::Resource)
            }
            Mismatch::Action { .. } | Mismatch::Resource { .. } | Mismatch::Principal { .. } => false,
        });
    }
    denial
}
