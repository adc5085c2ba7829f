//! What is remembered of one review: the fields of the log line and the labels of the counters.

use ram_policy::PolicyType;

/// One answered review, in the words that an operator searches for
///
/// A field that the review did not have, or that was not reached, is empty or absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The review's uid, as the API server wrote it
    pub uid: String,
    /// Kubernetes user who asked
    pub user: String,
    /// How many groups the user is in
    pub groups: usize,
    /// Kubernetes user in the stamp, whom a controller acts for
    pub stamped: Option<String>,
    /// RAM principal of the user, or of the user in the stamp
    pub principal: Option<String>,
    /// Namespace of the object
    pub namespace: String,
    /// Name of the object, or what its generateName lets it be called
    pub name: String,
    /// Resource with its subresource, such as `pods/binding`
    pub resource: String,
    /// CREATE, UPDATE, DELETE or CONNECT
    pub operation: &'static str,
    /// Whether nothing was to be stored
    pub dry_run: bool,
    /// What was answered
    pub decision: &'static str,
    /// enforce, warn or audit
    pub mode: &'static str,
    /// Where the pod goes, and why
    pub route: Option<String>,
    /// The ECI action that was judged
    pub action: Option<&'static str>,
    /// ECI's or our own code of a refusal, or RAM's NoPermissionType, of what shows first
    pub code: Option<String>,
    /// The denial as the person got to see it, also where the mode softened it
    pub message: Option<String>,
    /// All findings as JSON, if there is more than one
    pub causes: Option<String>,
    /// The statements that allowed, such as `P#1`
    pub allowed_by: Vec<String>,
    /// How a controller's pod is unlike what its stamp was written for, each kind of difference once
    pub unlike: Vec<&'static str>,
    /// The same with the containers' names, for the log
    pub unlike_stamp: Option<String>,
    /// Whether the object was changed
    pub patched: bool,
    /// Generation of the configuration that was in force
    pub generation: Option<u64>,
    /// What RAM was asked, in order
    pub asked: Vec<Asked>,
}

/// One question put to RAM or ECI, as labels
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
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
