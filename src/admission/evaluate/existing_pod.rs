//! Requests about a pod that is there: its deletion, its eviction, connections to it.

use crate::admission::evaluate::pod_update::readable;
use crate::admission::evaluate::{Case, call};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::verb::Verb;
use crate::admission::routing::route::Route;
use crate::kubernetes::pod::Pod;

impl Case<'_> {
    pub(crate) fn delete(&self) -> Evaluation {
        let reviewed = self.review.templates().first();
        let Some(pod) = reviewed.and_then(|reviewed| reviewed.old.as_ref()) else {
            return Evaluation::default();
        };
        if self.asks_for_control_plane() {
            return Evaluation::default();
        }
        self.by_id(
            pod.read(),
            Verb::Delete,
            eci_calls::Operation::DeleteContainerGroup,
        )
    }

    /// A pod whose owners are changed may be deleted by the garbage collector, in whose name nobody is asked; controllers,
    /// those that are listed included, change them where they take pods over
    pub(crate) fn own(&self) -> Evaluation {
        let sides = self.review.templates().first();
        let sides = sides.and_then(|reviewed| reviewed.new.as_ref().zip(reviewed.old.as_ref()));
        let Some((new, old)) = sides else {
            return Evaluation::default();
        };
        let (new, old) = (new.read(), old.read());
        let mut carriers = self.configuration.cluster.carriers.iter();
        if !new.metadata.changes_owners(&old.metadata)
            || self.asks_for_control_plane()
            || carriers.any(|carrier| carrier.user == self.review.user())
        {
            return Evaluation::default();
        }
        self.by_id(old, Verb::Own, eci_calls::Operation::DeleteContainerGroup)
    }

    pub(crate) fn evict(&self) -> Evaluation {
        if self.asks_for_control_plane() {
            return Evaluation::default();
        }
        self.named(Verb::Evict, eci_calls::Operation::DeleteContainerGroup)
    }

    pub(crate) fn connect(&self, verb: Verb) -> Evaluation {
        self.named(verb, eci_calls::Operation::ExecContainerCommand)
    }

    /// About a pod that the request only names
    fn named(&self, verb: Verb, operation: eci_calls::Operation) -> Evaluation {
        match self.review.pod().map(Pod::parse) {
            Some(Ok(pod)) => self.by_id(&pod, verb, operation),
            Some(Err(_)) | None => Evaluation {
                verb: Some(verb),
                findings: vec![Finding::UnknownPod],
                ..Evaluation::default()
            },
        }
    }

    fn by_id(&self, pod: &Pod<'_>, verb: Verb, operation: eci_calls::Operation) -> Evaluation {
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(pod, verb);
        };
        let mut evaluation = self.routed(self.route(pod, &namespace), verb);
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation;
        }
        evaluation.fields = readable(pod, &mut evaluation.warnings);
        let call = call::by_id(
            operation,
            &evaluation.fields,
            self.configuration,
            self.review.namespace(),
        );
        self.judge(&mut evaluation, &call, &namespace);
        evaluation
    }
}
