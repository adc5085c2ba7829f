//! Requests that end a pod: its deletion, its eviction, and a change of its owners.

use crate::admission::evaluate::EvaluationContext;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::verb::Verb;
use eci_calls::Operation;

impl EvaluationContext<'_> {
    pub(super) fn delete(&self) -> Option<Evaluation> {
        let reviewed = self.review.templates().first()?;
        let pod = reviewed.old.as_ref()?;
        if self.is_from_control_plane() {
            return None;
        }
        Some(self.existing_pod(pod.read(), Verb::Delete, Operation::DeleteContainerGroup))
    }

    pub(super) fn evict(&self) -> Option<Evaluation> {
        if self.is_from_control_plane() {
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
            || self.is_from_control_plane()
            || carriers.any(|carrier| carrier.user == self.review.user())
        {
            return None;
        }
        Some(self.existing_pod(old, Verb::Own, Operation::DeleteContainerGroup))
    }
}
