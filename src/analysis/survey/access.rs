//! What RBAC lets each subject do with pods, collected from roles and bindings.
//!
//! ```text
//! ClusterRole, Role                -> Grants, those of aggregated roles included
//! ClusterRoleBinding, RoleBinding  -> RbacSubject: Access { everywhere, in namespaces, by which bindings }
//! ```
//!
//! Roles about other things than pods are not kept.

mod grants;
mod pod_act;
mod rbac_subject;
mod roles;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding, RoleRef, Subject};
use kube::api::ObjectMeta;

pub(crate) use crate::analysis::survey::access::grants::{Grants, PodNames};
pub(crate) use crate::analysis::survey::access::pod_act::PodAct;
pub(crate) use crate::analysis::survey::access::rbac_subject::RbacSubject;
use crate::analysis::survey::access::roles::Roles;

/// The label of what the API server itself writes into RBAC, and its value
const BOOTSTRAPPING: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// The beginning of the role and of the binding of a controller of kube-controller-manager
const CONTROLLER: &str = "system:controller:";

/// The roles and bindings of a cluster
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleBasedAccess {
    roles: Roles,
    bindings: Vec<Binding>,
}

/// A binding
#[derive(Clone, Debug)]
struct Binding {
    /// Empty for the whole cluster
    namespace: String,
    name: String,
    role_kind: String,
    role: String,
    subjects: BTreeSet<RbacSubject>,
}

/// What a subject may do with pods
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Access {
    /// In every namespace
    pub(crate) everywhere: Grants,
    /// In single namespaces
    pub(crate) namespaces: BTreeMap<String, Grants>,
    /// The bindings that allow it, each `KIND NAMESPACE/NAME`, by namespace; empty for the whole cluster
    pub(crate) bindings: BTreeSet<(String, String)>,
}

impl RoleBasedAccess {
    pub(crate) fn add_cluster_role(&mut self, role: ClusterRole) {
        self.roles.add_cluster_role(role);
    }

    pub(crate) fn add_role(&mut self, role: Role) {
        self.roles.add_role(role);
    }

    pub(crate) fn add_cluster_role_binding(&mut self, binding: ClusterRoleBinding) {
        if !is_of_controller(&binding) {
            self.add(binding.metadata, binding.role_ref, binding.subjects);
        }
    }

    pub(crate) fn add_role_binding(&mut self, binding: RoleBinding) {
        self.add(binding.metadata, binding.role_ref, binding.subjects);
    }

    fn add(&mut self, metadata: ObjectMeta, role: RoleRef, subjects: Option<Vec<Subject>>) {
        let namespace = metadata.namespace.unwrap_or_default();
        let subjects = subjects.into_iter().flatten();
        let subjects = subjects.filter_map(|subject| RbacSubject::of(subject, &namespace));
        self.bindings.push(Binding {
            subjects: subjects.collect(),
            name: metadata.name.unwrap_or_default(),
            role_kind: role.kind,
            role: role.name,
            namespace,
        });
    }

    /// What each subject may do with pods; those who may do nothing are left out
    pub(crate) fn subjects(&self) -> BTreeMap<&RbacSubject, Access> {
        let cluster_roles = self.roles.cluster_roles();
        let mut subjects: BTreeMap<&RbacSubject, Access> = BTreeMap::new();
        for binding in &self.bindings {
            let grants = match binding.role_kind.as_str() {
                "Role" => self.roles.role(&binding.namespace, &binding.role),
                _ => cluster_roles.get(binding.role.as_str()),
            };
            let Some(grants) = grants.filter(|grants| !grants.is_empty()) else {
                continue;
            };
            for subject in &binding.subjects {
                let access = subjects.entry(subject).or_default();
                access.add(binding, grants);
            }
        }
        subjects
    }
}

impl Access {
    fn add(&mut self, binding: &Binding, grants: &Grants) {
        let place = match binding.namespace.as_str() {
            "" => &mut self.everywhere,
            namespace => self.namespaces.entry(namespace.to_owned()).or_default(),
        };
        place.add(grants);
        let name = (binding.namespace.clone(), binding.name.clone());
        self.bindings.insert(name);
    }
}

/// Whether the API server made a binding for one of kube-controller-manager's own controllers
///
/// ```text
/// ClusterRoleBinding system:controller:job-controller, of the role of that name, with kube-system/job-controller
/// ```
fn is_of_controller(binding: &ClusterRoleBinding) -> bool {
    let name = binding.metadata.name.as_deref().unwrap_or_default();
    let labels = binding.metadata.labels.iter().flatten();
    let is_default = labels
        .into_iter()
        .any(|(key, value)| (key.as_str(), value.as_str()) == BOOTSTRAPPING);
    let subjects = binding.subjects.iter().flatten();
    let controller = name.strip_prefix(CONTROLLER);
    let is_own = |subject: &Subject| {
        subject.kind == "ServiceAccount"
            && subject.namespace.as_deref() == Some("kube-system")
            && Some(subject.name.as_str()) == controller
    };
    is_default && binding.role_ref.name == name && subjects.into_iter().all(is_own)
}

#[cfg(test)]
mod tests;
