//! Scaling a workload up: no template changes, but more of its pods are asked for.

use crate::admission::evaluate::Case;
use crate::admission::evaluate::call;
use crate::admission::outcome::evaluation::Ruling;
use crate::admission::outcome::finding::Deed;
use crate::admission::outcome::finding::Finding;
use crate::admission::routing::route::Route;
use crate::kubernetes::pod_template::Place;
use crate::kubernetes::pod_template::Side;
use crate::kubernetes::workload::Workload;

impl Case<'_> {
    /// A request to the subresource, which only names the workload
    pub(crate) fn scale(&self, workload: Workload) -> Ruling {
        if !self.asks_for_more() {
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
        match template {
            Some(Ok(template)) => self.grown(&template),
            Some(Err(_)) | None => unknown(),
        }
    }

    /// Whether it is to be asked who wants more pods; an autoscaler acts for nobody, and its pods are judged for whom the
    /// template names
    pub(crate) fn asks_for_more(&self) -> bool {
        self.configuration.cluster.judge_scale && self.review.grows() && !self.asks_for_control_plane()
    }

    /// More pods of a template, asked for by the requester
    pub(crate) fn grown(&self, template: &Side<'_>) -> Ruling {
        let Some(namespace) = self.namespace() else {
            return unknown();
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

fn unknown() -> Ruling {
    Ruling {
        deed: Some(Deed::Scale),
        findings: vec![Finding::UnknownWorkload],
        ..Ruling::default()
    }
}
