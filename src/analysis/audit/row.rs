//! One workload or pod in the audit.

use std::sync::Arc;

use crate::analysis::audit::audited_object::AuditedObject;
use crate::analysis::audit::verdict::Verdict;

/// A workload, a pod without a controller, or a pod whose verdict differs from its workload's
#[derive(Clone, Debug)]
pub(crate) struct AuditRow {
    /// Its namespace
    pub namespace: Arc<str>,
    /// The object
    pub object: AuditedObject,
    /// The path of the template, if the object has several
    pub template_path: Option<Box<str>>,
    /// Whether it goes to ECI for certain
    pub is_certain: bool,
    /// The pods with this verdict that have a node: the workload's, or itself
    pub running_pods: usize,
    /// Its controller, if it is a pod that has one; the controller's owner if that is known
    pub owner: Option<AuditedObject>,
    /// The verdict
    pub verdict: Arc<Verdict>,
}

impl AuditRow {
    /// `KIND/NAME`, with the path of the template if the object has several
    pub(crate) fn title(&self) -> String {
        let path = self.template_path.as_ref();
        let path = path.map_or_else(String::new, |path| format!(" ({path})"));
        format!("{}/{}{path}", self.object.kind, self.object.name)
    }

    pub(super) fn sort_key(&self) -> (&str, &str, &str, Option<&str>) {
        let path = self.template_path.as_deref();
        (&self.namespace, &self.object.kind, &self.object.name, path)
    }
}
