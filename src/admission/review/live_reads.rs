//! The objects that a review names without carrying them. ramgate reads them live before it evaluates the review.

use crate::admission::review::{Operation, Resource, Review};
use crate::config::ClusterSettings;
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::workload::Workload;
use crate::stamp;

impl<'a> Review<'a> {
    /// The new and old versions of all pods and templates
    fn versions(&self) -> impl Iterator<Item = &PodTemplate<'a>> {
        let templates = self.objects.templates.iter();
        templates.flat_map(|reviewed| reviewed.new.iter().chain(&reviewed.old))
    }

    /// The nodes to read live, because they are not in the cluster snapshot
    pub fn unread_nodes(&self, cluster: &dyn Cluster) -> Vec<&str> {
        let named = self.versions().map(PodTemplate::read).filter_map(Pod::node);
        let target = self.objects.binding.iter().map(|binding| &*binding.target.name);
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

    /// The namespace to read live, because it is not in the cluster snapshot
    pub fn unread_namespace(&self, cluster: &dyn Cluster) -> Option<&str> {
        let namespace = self.namespace();
        let is_evaluated = match self.resource {
            Resource::Pods | Resource::Bindings | Resource::Workload(_) => true,
            Resource::RoutingPolicies => !namespace.is_empty(),
            Resource::Other => !self.objects.templates.is_empty(),
            Resource::ConfigMaps | Resource::ImageCaches | Resource::Nodes => false,
        };
        (is_evaluated && cluster.namespace(namespace).is_none()).then_some(namespace)
    }

    /// Namespace and names of the service accounts to read live
    pub fn unread_service_accounts(&self, cluster: &dyn Cluster) -> (&str, Vec<&str>) {
        let namespace = self.namespace();
        let new = self
            .objects
            .templates
            .iter()
            .filter_map(|reviewed| reviewed.new.as_ref());
        let names = new.filter_map(PodTemplate::service_account);
        let unread = names.filter(|name| cluster.service_account(namespace, name).is_none());
        (namespace, unread.collect())
    }

    /// The pod of a connection, an eviction or a Binding, if the evaluation needs it
    ///
    /// Most Bindings are to a real node, and need none.
    pub(crate) fn named_pod(&self, cluster: &dyn Cluster, settings: &ClusterSettings) -> Option<&str> {
        match (self.resource, self.subresource(), self.operation) {
            (Resource::Pods, "eviction", Operation::Create) => Some(self.name()),
            (Resource::Pods, _, Operation::Connect) => Some(self.object_name()),
            _ => {
                let node = &self.objects.binding.as_ref()?.target.name;
                let kind = NodeKind::of_name(node, cluster, settings);
                self.bound_pod()
                    .filter(|_| kind != NodeKind::Real || settings.serverless)
            }
        }
    }

    /// The pod of a Binding: the request's name, or the Binding's own if it was posted to `bindings`
    pub fn bound_pod(&self) -> Option<&str> {
        let binding = self.objects.binding.as_ref()?;
        let name = match self.name() {
            "" => &*binding.metadata.name,
            name => name,
        };
        Some(name)
    }

    /// The workload of a request that scales up
    pub(crate) fn named_workload(&self) -> Option<Workload> {
        match (self.resource, self.subresource()) {
            (Resource::Workload(workload), "scale") if self.objects.grows => Some(workload),
            _ => None,
        }
    }

    /// Whether a stamp was signed with a key that this replica does not know, as right after another replica made it
    pub fn has_unknown_key(&self, ring: &stamp::KeyRing) -> bool {
        self.versions()
            .filter_map(PodTemplate::stamp)
            .filter_map(stamp::key_id)
            .any(|id| ring.key(&id).is_none())
    }
}
