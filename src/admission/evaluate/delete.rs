//! Requests that end a pod: its deletion, its eviction, and a change of its owners.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::verb::Verb;
use crate::kubernetes::control_plane::runs_virtual_nodes;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::pod::Pod;
use eci_calls::Operation;

impl EvaluationContext<'_> {
    pub(super) fn delete(&self) -> Option<Evaluation> {
        let reviewed = self.review.templates().first()?;
        let pod = reviewed.old.as_ref()?.read();
        // The deletion of such a pod was evaluated when it began; who repeats it carries it out
        let is_being_deleted = pod.metadata.is_being_deleted();
        if is_being_deleted || self.is_from_control_plane_of(pod) || self.is_from_its_virtual_node(pod) {
            return None;
        }
        Some(self.existing_pod(pod, Verb::Delete, Operation::DeleteContainerGroup))
    }

    /// Whether a service account that runs virtual nodes sent the request, about a pod on one of them
    fn is_from_its_virtual_node(&self, pod: &Pod<'_>) -> bool {
        let settings = &self.configuration.cluster;
        let is_on_virtual_node =
            |node| settings.serverless || NodeKind::of_name(node, self.cluster, settings) != NodeKind::Real;
        runs_virtual_nodes(self.review.user()) && pod.node().is_some_and(is_on_virtual_node)
    }

    pub(super) fn evict(&self) -> Option<Evaluation> {
        let pod = self.review.pod().map(Pod::parse);
        let is_from_control_plane = match &pod {
            Some(Ok(pod)) => self.is_from_control_plane_of(pod),
            Some(Err(_)) | None => self.is_from_control_plane(),
        };
        if is_from_control_plane {
            return None;
        }
        Some(self.named_pod(Verb::Evict, Operation::DeleteContainerGroup))
    }

    /// A change of a pod's owners, on whose end the garbage collector deletes the pod for nobody in particular
    ///
    /// Controllers, delegated ones included, change owners when they adopt a pod.
    pub(super) fn change_owners(&self) -> Option<Evaluation> {
        let reviewed = self.review.templates().first()?;
        let (new, old) = reviewed.new.as_ref().zip(reviewed.old.as_ref())?;
        let (new, old) = (new.read(), old.read());
        let mut carriers = self.configuration.cluster.carriers.iter();
        if !new.metadata.changes_owners(&old.metadata)
            || self.is_from_control_plane_of(old)
            || carriers.any(|carrier| carrier.user == self.review.user())
        {
            return None;
        }
        Some(self.existing_pod(old, Verb::Own, Operation::DeleteContainerGroup))
    }
}
