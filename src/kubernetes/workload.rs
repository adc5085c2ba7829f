//! The built-in kinds that create pods, and the paths of their pod templates.

/// A built-in kind that creates pods, directly or through another object
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Workload {
    /// apps/v1
    Deployment,
    /// apps/v1
    ReplicaSet,
    /// apps/v1
    StatefulSet,
    /// apps/v1
    DaemonSet,
    /// batch/v1
    Job,
    /// batch/v1
    CronJob,
    /// Core v1
    ReplicationController,
    /// apps/v1: a template of a StatefulSet or DaemonSet that a rollback restores
    ControllerRevision,
}

impl Workload {
    /// All of them
    pub const ALL: [Self; 8] = [
        Self::Deployment,
        Self::ReplicaSet,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Job,
        Self::CronJob,
        Self::ReplicationController,
        Self::ControllerRevision,
    ];

    /// The workload of a resource, if it is one
    pub fn of(group: &str, version: &str, resource: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|one| version == "v1" && one.group() == group && one.resource() == resource)
    }

    /// The workload of a kind, if it is one
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.kind() == kind)
    }

    /// The workload of a group and kind, if it is one
    pub fn of_group_kind(group: &str, kind: &str) -> Option<Self> {
        Self::of_kind(kind).filter(|one| one.group() == group)
    }

    /// The kind
    pub fn kind(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
            Self::ReplicationController => "ReplicationController",
            Self::ControllerRevision => "ControllerRevision",
        }
    }

    /// The API group; empty for the core group
    pub fn group(self) -> &'static str {
        match self {
            Self::Deployment
            | Self::ReplicaSet
            | Self::StatefulSet
            | Self::DaemonSet
            | Self::ControllerRevision => "apps",
            Self::Job | Self::CronJob => "batch",
            Self::ReplicationController => "",
        }
    }

    /// The resource, in the plural
    pub fn resource(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::ReplicaSet => "replicasets",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Job => "jobs",
            Self::CronJob => "cronjobs",
            Self::ReplicationController => "replicationcontrollers",
            Self::ControllerRevision => "controllerrevisions",
        }
    }

    /// The fields that lead to the pod template
    pub fn template(self) -> &'static [&'static str] {
        match self {
            Self::CronJob => &["spec", "jobTemplate", "spec", "template"],
            Self::ControllerRevision => &["data", "spec", "template"],
            _ => &["spec", "template"],
        }
    }

    /// Whether `kubectl rollout restart` supports the kind
    pub fn restarts(self) -> bool {
        matches!(self, Self::Deployment | Self::StatefulSet | Self::DaemonSet)
    }

    /// Whether a change of the template alone creates no pods
    ///
    /// The next user who writes such a template may stamp it. A ReplicaSet or ReplicationController with an owner is none
    /// of these.
    pub fn stamps_late(self, is_owned: bool) -> bool {
        match self {
            Self::CronJob => true,
            Self::ReplicaSet | Self::ReplicationController => !is_owned,
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::Job | Self::ControllerRevision => {
                false
            }
        }
    }
}
