//! What a review names and does not bring, so that it is read live before the review is judged.

use crate::admission::review::{Operation, Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::workload::Workload;
use crate::stamp;

impl<'a> Review<'a> {
    fn pods(&self) -> impl Iterator<Item = &Pod<'a>> {
        let sides = self
            .templates
            .iter()
            .flat_map(|reviewed| reviewed.new.iter().chain(&reviewed.old));
        sides.map(PodTemplate::read)
    }

    /// The nodes that should be read live before the review is judged, because no watch has shown them so far
    pub fn unread_nodes(&self, cluster: &dyn Cluster) -> Vec<&str> {
        let named = self.pods().filter_map(Pod::node);
        let target = self.binding.iter().map(|binding| &*binding.target.name);
        let itself = (self.resource == Resource::Nodes).then(|| self.object_name());
        let mut names: Vec<&str> = named
            .chain(target)
            .chain(itself)
            .filter(|name| cluster.node(name).is_none())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The namespace that should be read live before the review is judged, because no watch has shown it so far
    pub fn unread_namespace(&self, cluster: &dyn Cluster) -> Option<&str> {
        let namespace = self.namespace();
        let is_judged = match self.resource {
            Resource::Pods | Resource::Bindings | Resource::Workload(_) => true,
            Resource::Other => !self.templates.is_empty(),
            Resource::ConfigMaps | Resource::ImageCaches | Resource::Nodes => false,
        };
        (is_judged && cluster.namespace(namespace).is_none()).then_some(namespace)
    }

    /// Namespace and names of the service accounts that should be read live before the review is judged
    pub fn unread_service_accounts(&self, cluster: &dyn Cluster) -> (&str, Vec<&str>) {
        let namespace = self.namespace();
        let new = self.templates.iter().filter_map(|reviewed| reviewed.new.as_ref());
        let names = new.filter_map(PodTemplate::service_account);
        let unread = names.filter(|name| cluster.service_account(namespace, name).is_none());
        (namespace, unread.collect())
    }

    /// The pod that the review names without carrying it, if its evaluation needs it: of a connection, an eviction, a Binding
    ///
    /// A Binding to a real node needs none, and most Bindings are such.
    pub(crate) fn named_pod(&self, cluster: &dyn Cluster, settings: &ClusterSettings) -> Option<&str> {
        match (self.resource, self.subresource(), self.operation) {
            (Resource::Pods, "eviction", Operation::Create) => Some(self.name()),
            (Resource::Pods, _, Operation::Connect) => Some(self.object_name()),
            _ => {
                let node = &self.binding.as_ref()?.target.name;
                let kind = NodeKind::of_name(node, cluster, settings);
                self.bound_pod()
                    .filter(|_| kind != NodeKind::Real || settings.serverless)
            }
        }
    }

    /// The pod that a Binding names: the request's name, or the Binding's own where it was posted to `bindings`
    pub fn bound_pod(&self) -> Option<&str> {
        let binding = self.binding.as_ref()?;
        let name = match self.name() {
            "" => &*binding.metadata.name,
            name => name,
        };
        Some(name)
    }

    /// The workload that the review names without carrying it: of a request that scales up
    pub(crate) fn named_workload(&self) -> Option<Workload> {
        match (self.resource, self.subresource()) {
            (Resource::Workload(workload), "scale") if self.grows => Some(workload),
            _ => None,
        }
    }

    /// Whether a stamp in the review names a key that is not known here, as right after another replica made one
    pub fn has_unknown_key(&self, ring: &stamp::KeyRing) -> bool {
        let sides = self
            .templates
            .iter()
            .flat_map(|reviewed| reviewed.new.iter().chain(&reviewed.old));
        sides
            .filter_map(PodTemplate::stamp)
            .filter_map(stamp::key_id)
            .any(|id| ring.key(&id).is_none())
    }
}
