//! Scaling a workload up: no template changes, but more of its pods are asked for.

use super::Case;
use crate::admission::bearer::{Place, Side};
use crate::admission::call;
use crate::admission::finding::{Deed, Finding};
use crate::admission::route::Route;
use crate::admission::ruling::Ruling;
use crate::admission::workload::Workload;

impl Case<'_> {
    pub(super) fn scale(&self, workload: Workload) -> Ruling {
        let grows = self.review.scale().is_some_and(|scale| scale.to > scale.from);
        // An autoscaler acts for nobody; its pods are judged for whom the template names
        if !grows || self.asks_for_control_plane() {
            return Ruling::default();
        }
        let json = self
            .cluster
            .workload(workload, self.review.namespace(), self.review.name());
        let place = Place::of(workload.template().iter().copied());
        let template = json
            .as_deref()
            .and_then(|json| place.find(json).ok().flatten())
            .map(Side::template);
        let (Some(Ok(template)), Some(namespace)) = (template, self.namespace()) else {
            return Ruling {
                deed: Some(Deed::Scale),
                findings: vec![Finding::UnknownWorkload],
                ..Ruling::default()
            };
        };
        let profile = self.cluster.profile();
        let pod = profile.decorated(template.read(), &namespace, false);
        let mut ruling = self.routed(self.route(&pod, &namespace), Deed::Scale);
        if !matches!(ruling.route, Some(Route::Certain(_))) {
            return ruling;
        }
        let pod = profile.decorated(template.read(), &namespace, true);
        if !ruling.read(&pod) {
            return ruling;
        }
        let call = call::create(&ruling.fields, self.configuration, self.review.namespace());
        self.judge(&mut ruling, &call, &namespace);
        ruling
    }
}
