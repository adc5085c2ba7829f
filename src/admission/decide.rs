//! From a review to a ruling: the mutating half maps, the validating half judges.
//!
//! ```text
//! mutate:   route -> fields -> mapping -> changes
//! validate: route -> fields -> nothing left to map? -> principal -> call -> RAM
//! ```

use std::sync::Arc;

use jiff::Timestamp;

use super::annotation::same_fields;
use super::call;
use super::cluster::{Cluster, Meta, NodeKind};
use super::finding::{Deed, Finding};
use super::fix::Advice;
use super::lookalike;
use super::mapping::{self, Mapped, MappingError, Scope, Sources};
use super::patch::Change;
use super::pod::{Pod, same_spec};
use super::principal::{claimed_controller, is_control_plane};
use super::review::{Operation, Resource, Review};
use super::route::{Route, route};
use super::ruling::{Asked, Ruling};
use super::update::{Both, readable};
use crate::directory::Configuration;
use crate::eci::{self, Call, Failure};
use crate::ram::Principal;

/// A review with everything that it is judged by
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The review
    pub review: &'a Review<'a>,
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster
    pub cluster: &'a dyn Cluster,
    /// The time
    pub now: Timestamp,
}

impl Case<'_> {
    /// What the pod shall become; only what is malformed speaks against it here
    pub fn mutate(&self) -> Ruling {
        let Some(namespace) = self.namespace() else {
            return Ruling::default();
        };
        match (self.review.operation(), self.review.pod(), self.review.old_pod()) {
            (Operation::Create, Some(pod), _) => {
                let mut ruling = self.routed(self.route(pod, &namespace), Deed::Create);
                if ruling.leads_to_eci() {
                    self.map_into(&mut ruling, pod, &namespace, Scope::ALL);
                }
                ruling
            }
            (Operation::Update, Some(new), Some(old)) => {
                let both = Both { old, new };
                if !self.is_judged(both) {
                    return Ruling::default();
                }
                let mut ruling = self.routed(self.route_both(both, &namespace), Deed::Update);
                if ruling.leads_to_eci() {
                    self.map_into(&mut ruling, new, &namespace, both.scope());
                }
                ruling
            }
            _ => Ruling::default(),
        }
    }

    /// Whether the request may pass as it is now
    pub fn validate(&self) -> Ruling {
        match (
            self.review.resource(),
            self.review.subresource(),
            self.review.operation(),
        ) {
            (Resource::Pods, "", Operation::Create) => self.create(),
            (Resource::Pods, "", Operation::Update) => self.update(),
            (Resource::Pods, "", Operation::Delete) => self.delete(),
            (Resource::Pods, subresource, Operation::Connect) => match subresource {
                "exec" => self.connect(Deed::Exec),
                "attach" => self.connect(Deed::Attach),
                "portforward" => self.connect(Deed::PortForward),
                "proxy" => self.connect(Deed::Proxy),
                _ => Ruling::default(),
            },
            _ => Ruling::default(),
        }
        .sorted()
    }

    fn create(&self) -> Ruling {
        let Some(pod) = self.review.pod() else {
            return Ruling::default();
        };
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(pod, Deed::Create);
        };
        let mut ruling = self.routed(self.route(pod, &namespace), Deed::Create);
        if !ruling.leads_to_eci() {
            return ruling;
        }
        ruling.warnings = lookalike::warnings(pod);
        if !self.expect_mapped(&mut ruling, pod, &namespace, Scope::ALL) {
            return ruling;
        }
        let call = call::create(&ruling.fields, self.configuration, self.review.namespace());
        if self.asks_for_control_plane() {
            ruling.operation = Some(call.operation);
            ruling.findings.push(Finding::Controller {
                owner: claimed_controller(pod),
            });
            return ruling;
        }
        self.judge(&mut ruling, &call, &namespace);
        ruling.advice = Advice::on(self, &ruling, pod, None, &namespace);
        // A service account that nobody bound and that says it controls the pod is most likely a controller
        if let (Some(owner), true) = (
            claimed_controller(pod),
            self.review.user().starts_with("system:serviceaccount:"),
        ) {
            for finding in ruling
                .findings
                .iter_mut()
                .filter(|finding| **finding == Finding::Unbound)
            {
                *finding = Finding::Controller {
                    owner: Some(owner.clone()),
                };
            }
        }
        ruling
    }

    fn update(&self) -> Ruling {
        let (Some(new), Some(old)) = (self.review.pod(), self.review.old_pod()) else {
            return Ruling::default();
        };
        let both = Both { old, new };
        if !self.is_judged(both) {
            return Ruling::default();
        }
        let Some(namespace) = self.namespace() else {
            return self.namespace_missing(new, Deed::Update);
        };
        let mut ruling = self.routed(self.route_both(both, &namespace), Deed::Update);
        if !ruling.leads_to_eci() {
            return ruling;
        }
        ruling.warnings = lookalike::warnings(new);
        // A pod that only may reach ECI was not asked for yet, so there is nothing to change
        let is_mapped = self.expect_mapped(&mut ruling, new, &namespace, both.scope());
        if !is_mapped || ruling.is_tentative {
            return ruling;
        }
        let stored = readable(old, &mut ruling.warnings);
        let (call, refusals) = call::update(
            &stored,
            &ruling.fields,
            self.configuration,
            self.review.namespace(),
        );
        ruling.findings.extend(refusals.into_iter().map(Finding::Refused));
        self.judge(&mut ruling, &call, &namespace);
        ruling.advice = Advice::on(self, &ruling, new, Some((both, &stored)), &namespace);
        ruling
    }

    fn delete(&self) -> Ruling {
        let Some(pod) = self.review.old_pod() else {
            return Ruling::default();
        };
        if self.asks_for_control_plane() {
            return Ruling::default();
        }
        self.by_id(pod, Deed::Delete, eci::Operation::DeleteContainerGroup)
    }

    fn connect(&self, deed: Deed) -> Ruling {
        let json = self.cluster.pod(self.review.namespace(), self.review.name());
        match json.as_deref().map(Pod::parse) {
            Some(Ok(pod)) => self.by_id(&pod, deed, eci::Operation::ExecContainerCommand),
            Some(Err(_)) | None => Ruling {
                deed: Some(deed),
                findings: vec![Finding::UnknownPod],
                ..Ruling::default()
            },
        }
    }

    fn by_id(&self, pod: &Pod<'_>, deed: Deed, operation: eci::Operation) -> Ruling {
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

    fn namespace(&self) -> Option<Arc<Meta>> {
        self.cluster.namespace(self.review.namespace())
    }

    /// Without the namespace's labels only a real node shows that a pod does not go to ECI
    fn namespace_missing(&self, pod: &Pod<'_>, deed: Deed) -> Ruling {
        let is_elsewhere = pod
            .node()
            .is_some_and(|node| self.cluster.node(node) == NodeKind::Real);
        let finding = (!is_elsewhere).then_some(Finding::UnknownNamespace);
        Ruling {
            deed: Some(deed),
            findings: finding.into_iter().collect(),
            ..Ruling::default()
        }
    }

    fn route(&self, pod: &Pod<'_>, namespace: &Meta) -> Route {
        route(pod, namespace, &self.configuration.cluster, self.cluster)
    }

    /// The surer of the two sides' routes, so that taking a mark away hides nothing
    fn route_both(&self, both: Both<'_>, namespace: &Meta) -> Route {
        let sureness = |route: &Route| match route {
            Route::Certain(_) => 2,
            Route::Possible(_) => 1,
            Route::No(_) => 0,
        };
        let (new, old) = (self.route(both.new, namespace), self.route(both.old, namespace));
        if sureness(&old) > sureness(&new) { old } else { new }
    }

    fn routed(&self, route: Route, deed: Deed) -> Ruling {
        let is_tentative = matches!(route, Route::Possible(_));
        let binding = self
            .configuration
            .bindings
            .principal(self.review.user(), self.review.groups());
        Ruling {
            route: Some(route),
            deed: Some(deed),
            principal: binding.map(|binding| binding.principal.clone()),
            is_tentative,
            ..Ruling::default()
        }
    }

    /// Whether an update is anybody's business: it is not if it changes neither spec nor ECI fields, and not if the
    /// control plane changes the spec of what was judged before
    fn is_judged(&self, both: Both<'_>) -> bool {
        if !same_fields(both.old, both.new) {
            return true;
        }
        let same = same_spec(
            self.review.old_object().unwrap_or_default(),
            self.review.object().unwrap_or_default(),
        );
        !same && !self.asks_for_control_plane()
    }

    fn asks_for_control_plane(&self) -> bool {
        let settings = &self.configuration.cluster;
        is_control_plane(self.review.user(), self.review.groups(), settings)
    }

    pub(super) fn service_account(&self, pod: &Pod<'_>) -> Option<Arc<Meta>> {
        self.cluster
            .service_account(self.review.namespace(), pod.service_account())
    }

    fn mapped(
        &self,
        ruling: &Ruling,
        pod: &Pod<'_>,
        namespace: &Meta,
        scope: Scope,
    ) -> Result<Mapped, MappingError> {
        let account = self.service_account(pod);
        let sources = Sources {
            pod,
            namespace,
            service_account: account.as_deref(),
        };
        mapping::map(
            &ruling.fields,
            &self.configuration.mapping,
            &sources,
            scope,
            self.configuration.cluster.max_custom_tags,
        )
    }

    fn map_into(&self, ruling: &mut Ruling, pod: &Pod<'_>, namespace: &Meta, scope: Scope) {
        if !ruling.read(pod) {
            return;
        }
        match self.mapped(ruling, pod, namespace, scope) {
            Ok(mapped) => {
                ruling
                    .warnings
                    .extend(mapped.overruled.iter().map(ToString::to_string));
                ruling.changes = mapped.changes;
                ruling.fields = mapped.fields;
            }
            Err(error) => ruling.findings.push(Finding::Unmappable(error)),
        }
    }

    /// Reads the fields and holds them against the mapping rules; says whether they can be judged
    fn expect_mapped(&self, ruling: &mut Ruling, pod: &Pod<'_>, namespace: &Meta, scope: Scope) -> bool {
        if !ruling.read(pod) {
            return false;
        }
        match self.mapped(ruling, pod, namespace, scope) {
            Ok(mapped) => {
                let not_mapped = |(annotation, change): (&'static str, &Change)| Finding::NotMapped {
                    annotation,
                    wanted: match change {
                        Change::Set(value) => Some(value.clone()),
                        Change::Remove => None,
                    },
                    found: pod.annotation(annotation).map(str::to_owned),
                };
                ruling.findings.extend(mapped.changes.iter().map(not_mapped));
                true
            }
            Err(error) => {
                ruling.findings.push(Finding::Unmappable(error));
                false
            }
        }
    }

    /// Asks for the requester, and for every boundary of the namespace
    fn judge(&self, ruling: &mut Ruling, call: &Call, namespace: &Meta) {
        ruling.operation = Some(call.operation);
        let Some(requester) = ruling.principal.clone() else {
            ruling.findings.push(Finding::Unbound);
            return;
        };
        for principal in self.principals(&requester, namespace) {
            self.ask(ruling, call, &principal, principal != requester);
        }
    }

    /// Everybody who must be allowed: the requester, and the boundaries of the namespace
    pub(super) fn principals(&self, requester: &Principal, namespace: &Meta) -> Vec<Principal> {
        let boundaries = self.configuration.boundaries.iter();
        let here = boundaries.filter(|boundary| boundary.namespaces.matches(&namespace.labels));
        let others = here.map(|boundary| boundary.principal.clone());
        std::iter::once(requester.clone())
            .chain(others.filter(|principal| principal != requester))
            .collect()
    }

    fn ask(&self, ruling: &mut Ruling, call: &Call, principal: &Principal, boundary: bool) {
        let Configuration {
            policies, account, ..
        } = self.configuration;
        let judgement = eci::judge(policies, account, principal, call, self.now);
        ruling.allowed.extend(judgement.allowed);
        ruling.asked.push(Asked {
            principal: principal.clone(),
            boundary,
            questions: judgement.questions,
        });
        for failure in judgement.failures {
            let finding = match failure {
                Failure::Refused(refusal) => Finding::Refused(refusal),
                Failure::Denied(denial) => Finding::Denied {
                    denial,
                    principal: principal.clone(),
                    boundary,
                },
            };
            // ECI refuses the same for everybody
            if !ruling.findings.contains(&finding) {
                ruling.findings.push(finding);
            }
        }
    }
}
