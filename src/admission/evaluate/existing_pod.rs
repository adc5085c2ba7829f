//! Requests about a pod that is there: its deletion, its eviction, connections to it.

use crate::admission::evaluate::Case;
use crate::admission::evaluate::call;
use crate::admission::fields::update::readable;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Deed;
use crate::admission::outcome::finding::Finding;
use crate::admission::routing::route::Route;
use crate::kubernetes::pod::Pod;

impl Case<'_> {
    pub(crate) fn delete(&self) -> Ruling {
        let bearer = self.review.bearers().first();
        let Some(pod) = bearer.and_then(|bearer| bearer.old.as_ref()) else {
            return Ruling::default();
        };
        if self.asks_for_control_plane() {
            return Ruling::default();
        }
        self.by_id(
            pod.read(),
            Deed::Delete,
            eci_calls::Operation::DeleteContainerGroup,
        )
    }

    /// A pod whose owners are changed may be deleted by the garbage collector, in whose name nobody is asked; controllers,
    /// those that are listed included, change them where they take pods over
    pub(crate) fn own(&self) -> Ruling {
        let sides = self.review.bearers().first();
        let sides = sides.and_then(|bearer| bearer.new.as_ref().zip(bearer.old.as_ref()));
        let Some((new, old)) = sides else {
            return Ruling::default();
        };
        let (new, old) = (new.read(), old.read());
        let mut carriers = self.configuration.cluster.carriers.iter();
        if !new.metadata.changes_owners(&old.metadata)
            || self.asks_for_control_plane()
            || carriers.any(|carrier| carrier.user == self.review.user())
        {
            return Ruling::default();
        }
        self.by_id(old, Deed::Own, eci_calls::Operation::DeleteContainerGroup)
    }

    pub(crate) fn evict(&self) -> Ruling {
        if self.asks_for_control_plane() {
            return Ruling::default();
        }
        self.named(Deed::Evict, eci_calls::Operation::DeleteContainerGroup)
    }

    pub(crate) fn connect(&self, deed: Deed) -> Ruling {
        self.named(deed, eci_calls::Operation::ExecContainerCommand)
    }

    /// About a pod that the request only names
    fn named(&self, deed: Deed, operation: eci_calls::Operation) -> Ruling {
        let json = self
            .cluster
            .pod(self.review.namespace(), self.review.object_name());
        match json.as_deref().map(Pod::parse) {
            Some(Ok(pod)) => self.by_id(&pod, deed, operation),
            Some(Err(_)) | None => Ruling {
                deed: Some(deed),
                findings: vec![Finding::UnknownPod],
                ..Ruling::default()
            },
        }
    }

    fn by_id(&self, pod: &Pod<'_>, deed: Deed, operation: eci_calls::Operation) -> Ruling {
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(pod, deed);
        };
        let mut ruling = self.routed(self.route(pod, &namespace), deed);
        if !matches!(ruling.route, Some(Route::Certain(_))) {
            return ruling;
        }
        ruling.fields = readable(pod, &mut ruling.warnings);
        let call = call::by_id(
            operation,
            &ruling.fields,
            self.configuration,
            self.review.namespace(),
        );
        self.judge(&mut ruling, &call, &namespace);
        ruling
    }
}
