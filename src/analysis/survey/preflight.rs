//! Finds what mode enforce would break in a cluster, and what would bypass ramgate.
//!
//! ```text
//! PreflightInput -> workloads, identities, nodes, webhook_rules, namespaces -> Vec<Finding>
//!                -> groups: workloads by namespace and owner
//!                -> unlisted_subjects: subjects of RBAC that nobody knows -> Vec<Finding>
//! ```

mod finding;
mod groups;
mod identities;
mod input;
mod namespaces;
mod nodes;
mod unlisted_subjects;
mod webhook_rules;
mod workloads;

pub(crate) use crate::analysis::survey::preflight::finding::{Check, Finding};
pub(crate) use crate::analysis::survey::preflight::groups::{
    GroupOwner, WorkloadCounts, WorkloadGroup, groups,
};
pub(crate) use crate::analysis::survey::preflight::identities::unjudged_kinds;
pub(crate) use crate::analysis::survey::preflight::input::PreflightInput;
pub(crate) use crate::analysis::survey::preflight::unlisted_subjects::{
    SubjectCounts, SubjectRow, UnlistedSubjects, unlisted_subjects,
};

/// All findings, sorted by check
pub(crate) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let mut findings = workloads::findings(input);
    findings.extend(identities::findings(input));
    findings.extend(nodes::findings(input));
    findings.extend(webhook_rules::findings(input));
    findings.extend(namespaces::routed_by_profile(input));
    findings.extend(namespaces::exempt(input));
    findings.extend(unlisted_subjects::findings(input));
    findings.sort_by_key(|finding| finding.check);
    findings
}
