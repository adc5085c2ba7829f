//! What was decided, for the log, the metrics and the command line.

use crate::admission::{Decision, Path};
use ram_policy::PolicyType;

use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::cause::Cause;
use crate::admission::outcome::container_difference::ContainerDifference;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::Mode;
use crate::admission::review::{Operation, Resource};

/// One answered review
#[derive(Clone, Debug)]
pub struct Record {
    /// Which webhook was asked
    pub path: Path,
    /// The review's identifier
    pub uid: String,
    /// The Kubernetes user
    pub user: String,
    /// The user in the stamp, whom the Kubernetes user acts for
    pub stamped: Option<String>,
    /// The RAM principal, if there is one
    pub principal: Option<String>,
    /// The object's namespace
    pub namespace: String,
    /// The object's name; empty where the API server still has to make one
    pub name: String,
    /// What kind of object, as a metric label
    pub resource: &'static str,
    /// The subresource; empty for the object itself
    pub subresource: String,
    /// What was done, as a metric label
    pub operation: &'static str,
    /// Whether nothing will be stored
    pub dry_run: bool,
    /// The namespace's mode
    pub mode: Mode,
    /// What came of it
    pub decision: Decision,
    /// Where the pod goes and why, if that was asked
    pub route: Option<String>,
    /// The ECI action that was judged
    pub action: Option<&'static str>,
    /// Each question that was asked
    pub questions: Vec<Question>,
    /// The statements that allowed
    pub allowed_by: Vec<String>,
    /// The message of the denial, also where a mode softened it
    pub message: Option<String>,
    /// Its first sentence, without RAM's own words
    pub sentence: Option<String>,
    /// Everything that speaks against the request
    pub causes: Vec<Cause>,
    /// What the requester was told in any case
    pub warnings: Vec<String>,
    /// How a controller's pod is unlike what its stamp was written for
    pub unlike: Vec<ContainerDifference>,
    /// What would be allowed instead, where that was looked for
    pub advice: Option<Advice>,
    /// Whether the pod was changed
    pub patched: bool,
    /// The configuration that decided
    pub generation: u64,
}

/// One question and its answer, as metric labels
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// The action that was asked; of an ECI refusal the call's
    pub action: &'static str,
    /// Allow, ImplicitDeny, ExplicitDeny or Refused
    pub decision: &'static str,
    /// The layer that decided
    pub scope: &'static str,
}

/// The questions of a ruling, the allowed ones first
pub(crate) fn questions(evaluation: &Evaluation) -> Vec<Question> {
    let allowed = evaluation.allowed.iter().map(|allowed| Question {
        action: allowed.action,
        decision: "Allow",
        scope: scope(allowed.policy_type),
    });
    let call = evaluation.operation.map(|operation| operation.action());
    let failed = evaluation.findings.iter().filter_map(|finding| match finding {
        Finding::Denied { denial, .. } => Some(Question {
            action: denial.question.action,
            decision: finding.code(),
            scope: scope(denial.decision.policy_type),
        }),
        Finding::Refused(_) => call.map(|action| Question {
            action,
            decision: "Refused",
            scope: "eci",
        }),
        Finding::Unbound => call.map(|action| Question {
            action,
            decision: "ImplicitDeny",
            scope: "unbound",
        }),
        Finding::NotEverywhere { .. } => call.map(|action| Question {
            action,
            decision: "ImplicitDeny",
            scope: "account",
        }),
        Finding::Malformed(_)
        | Finding::Unmappable(_)
        | Finding::NotMapped { .. }
        | Finding::Stamp(_)
        | Finding::Brought(_)
        | Finding::Revision(_)
        | Finding::UnlistedController { .. }
        | Finding::UnknownNamespace
        | Finding::UnknownPod
        | Finding::PodChanged
        | Finding::UnknownWorkload
        | Finding::UnknownRequest(_)
        | Finding::Profile(_) => None,
    });
    allowed.chain(failed).collect()
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

/// The kind of object as a metric label
pub(crate) fn resource(resource: Resource) -> &'static str {
    match resource {
        Resource::Pods => "pods",
        Resource::ConfigMaps => "configmaps",
        Resource::Bindings => "bindings",
        Resource::Nodes => "nodes",
        Resource::Workload(workload) => workload.resource(),
        Resource::ImageCaches => "imagecaches",
        Resource::Other => "other",
    }
}

/// The operation as a metric label
pub(crate) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
        Operation::Connect => "CONNECT",
    }
}
