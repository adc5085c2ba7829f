//! The binding of a pod to a node: where it becomes certain that a pod is ECI's, and who asked for it is asked about.

use super::Case;
use crate::admission::annotation::Fields;
use crate::admission::bearer::Side;
use crate::admission::call;
use crate::admission::cluster::NodeKind;
use crate::admission::finding::{Deed, Finding, StampFault};
use crate::admission::fix::Advice;
use crate::admission::identity::{Unstamped, restart, verified};
use crate::admission::lookalike;
use crate::admission::patch::Patch;
use crate::admission::route::Route;
use crate::admission::ruling::Ruling;
use crate::stamp::REQUESTED_BY;

impl Case<'_> {
    /// Ties a Binding to the pod as it is now: what is judged and what is bound shall be the same
    pub(super) fn pin(&self) -> Ruling {
        let (Some(binding), Some(name)) = (self.review.binding(), self.review.bound_pod()) else {
            return Ruling::default();
        };
        let json = self.cluster.pod(self.review.namespace(), name);
        let Some(Ok(side)) = json.as_deref().map(Side::pod) else {
            return Ruling::default();
        };
        let metadata = &side.read().metadata;
        let (uid, version) = (&metadata.uid, &metadata.resource_version);
        let mut ruling = Ruling::default();
        // What the Binding asks for itself stands, and is held against the pod when it is judged
        if let (Some(uid), Some(version), true) = (uid, version, binding.metadata.resource_version.is_empty())
            && (binding.metadata.uid.is_empty() || binding.metadata.uid == *uid)
        {
            ruling.patch = Patch::pin(uid, version);
        }
        ruling
    }

    pub(super) fn bind(&self) -> Ruling {
        let (Some(binding), Some(name)) = (self.review.binding(), self.review.bound_pod()) else {
            return Ruling::default();
        };
        let unknown = |finding| Ruling {
            deed: Some(Deed::Create),
            findings: vec![finding],
            ..Ruling::default()
        };
        // Nothing of the pod is needed to see that it stays off ECI; a serverless cluster has no other nodes
        let is_real = self.cluster.node(&binding.target.name) == NodeKind::Real;
        if is_real && !self.configuration.cluster.serverless {
            return Ruling::default();
        }
        let json = self.cluster.pod(self.review.namespace(), name);
        let Some(Ok(side)) = json.as_deref().map(Side::pod) else {
            return unknown(Finding::UnknownPod);
        };
        let uid = side.read().metadata.uid.as_deref().unwrap_or_default();
        if !binding.metadata.uid.is_empty() && uid != &*binding.metadata.uid {
            return unknown(Finding::UnknownPod);
        }
        let version = side.read().metadata.resource_version.as_deref();
        let is_pinned = version.unwrap_or_default() == &*binding.metadata.resource_version;
        let Some(namespace) = self.namespace() else {
            return unknown(Finding::UnknownNamespace);
        };
        let pod = side
            .read()
            .with(
                binding.metadata.labels.iter(),
                binding.metadata.annotations.iter(),
                true,
            )
            .on_node(binding.target.name.clone());
        let mut ruling = self.routed(self.route(&pod, &namespace), Deed::Create);
        ruling.principal = None;
        if !matches!(ruling.route, Some(Route::Certain(_))) {
            return ruling;
        }
        if !is_pinned {
            ruling.findings.push(Finding::PodChanged);
        }
        ruling.warnings = lookalike::warnings(&pod);
        let written = binding.metadata.annotations.value(REQUESTED_BY);
        if written.is_some_and(|stamp| side.stamp() != Some(stamp)) {
            ruling.findings.push(Finding::Stamp(StampFault::Changed));
        }
        let claims = verified(side.stamp(), self.review.namespace(), self.cluster);
        let claims = match claims {
            Ok(claims) => {
                self.act_for(&mut ruling, &claims);
                Some(claims)
            }
            Err(unstamped) => {
                let fault = match unstamped {
                    Unstamped::Broken(broken) if broken.is_forged() => StampFault::Forged(broken),
                    Unstamped::Broken(broken) => StampFault::Lost(broken, restart(&side.read().metadata)),
                    // A template that leads to ECI gets a stamp with the next restart, any other first needs a mark
                    Unstamped::Missing => match self.route(side.read(), &namespace) {
                        Route::No(_) => StampFault::Unmarked,
                        Route::Certain(_) | Route::Possible(_) => {
                            StampFault::Missing(restart(&side.read().metadata))
                        }
                    },
                };
                ruling.findings.push(Finding::Stamp(fault));
                None
            }
        };
        if !ruling.read(&pod) {
            return ruling;
        }
        let call = call::create(&ruling.fields, self.configuration, self.review.namespace());
        ruling.operation = Some(call.operation);
        let Some(claims) = claims else { return ruling };
        // What the Binding brings of its own is judged together with the pod, whose own fields are those of the stamp
        let is_other = match Fields::read(side.read()) {
            Ok(own) => self.differs_from_stamp(&claims, &side, &own, &namespace),
            Err(_) => true,
        };
        if is_other {
            ruling.findings.push(Finding::Stamp(StampFault::Differs));
        }
        self.judge(&mut ruling, &call, &namespace);
        ruling.advice = Advice::on(self, &ruling, &pod, None, &namespace);
        ruling
    }
}
