//! The record of one review: the fields of the log line and the labels of the counters.

use ram_policy::PolicyType;

use crate::admission::Cause;
use crate::admission::outcome::stamp_state::StampState;

/// One answered review, in the terms that an operator searches for
///
/// A field is empty or absent if the review did not have it, or if the evaluation ended before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The review's uid, as the API server wrote it
    pub uid: String,
    /// Kubernetes user who sent the request
    pub user: String,
    /// How many groups the user is in
    pub groups: usize,
    /// Kubernetes user in the stamp, for whom a controller acts
    pub stamped: Option<String>,
    /// RAM principal of the user, or of the user in the stamp
    pub principal: Option<String>,
    /// Namespace of the object
    pub namespace: String,
    /// Name of the object, or its generateName
    pub name: String,
    /// Resource with its subresource, such as `pods/binding`
    pub resource: String,
    /// Whether the configuration lists the resource under `carriers`
    pub is_listed: bool,
    /// CREATE, UPDATE, DELETE or CONNECT
    pub operation: &'static str,
    /// Whether it is a dry run, which stores nothing
    pub dry_run: bool,
    /// The decision in the answer
    pub decision: &'static str,
    /// enforce, warn or audit
    pub mode: &'static str,
    /// The pod's route, and the reason for it
    pub route: Option<String>,
    /// The ECI action that was evaluated
    pub action: Option<&'static str>,
    /// The code of the first finding: ECI's, ramgate's own, or RAM's NoPermissionType
    pub code: Option<String>,
    /// The denial as the requester sees it, also if the mode softens it
    pub message: Option<String>,
    /// All findings, then the lines of the advice
    pub causes: Vec<Cause>,
    /// The exception that makes the denial a warning, with its end and its owner
    pub exception: Option<String>,
    /// The statements that allowed the request, such as `P#1`
    pub allowed_by: Vec<String>,
    /// The kinds of differences between a controller's pod and its stamp, each once
    pub difference_kinds: Vec<&'static str>,
    /// What was found out about the stamp of a pod or template that is stored, if it needs one
    pub stamp_state: Option<StampState>,
    /// These differences with the names of the containers, for the log
    pub container_differences: Option<String>,
    /// Whether the response has a patch
    pub patched: bool,
    /// Generation of the configuration that was in force
    pub generation: Option<u64>,
    /// The questions to RAM and ECI; the allowed ones come first
    pub questions: Vec<QuestionLabels>,
}

/// One question put to RAM or ECI, as labels
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuestionLabels {
    /// RAM action, such as `eci:CreateContainerGroup`
    pub action: &'static str,
    /// Allow, ImplicitDeny, ExplicitDeny, Empty or Refused
    pub decision: &'static str,
    /// The layer that decided
    pub scope: &'static str,
}

/// The layer that decided, as a metric label
pub(crate) fn scope(policy_type: PolicyType) -> &'static str {
    match policy_type {
        PolicyType::Root => "root",
        PolicyType::ControlPolicy => "control-policy",
        PolicyType::SessionPolicy => "session",
        PolicyType::AssumeRolePolicy => "trust-policy",
        PolicyType::AccountLevelIdentityBasedPolicy => "account",
        PolicyType::ResourceGroupLevelIdentityBasedPolicy => "resource-group",
    }
}
