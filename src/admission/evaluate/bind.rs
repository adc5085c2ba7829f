//! The Binding of a pod to a node. Here it becomes certain that a pod goes to ECI, and RAM is asked about its requester.

use crate::admission::evaluate::advise::advice;
use crate::admission::evaluate::{EvaluationContext, call};
use crate::admission::fields::changes::Changes;
use crate::admission::fields::patch::Patch;
use crate::admission::fields::reading::{Fields, texts};
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::{Mode, OnDifference};
use crate::admission::outcome::origin::Origins;
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::outcome::warning::Warning;
use crate::admission::review::PodBinding;
use crate::admission::routing::lookalike;
use crate::admission::routing::lookalike::is_eci_annotation;
use crate::admission::routing::route::Route;
use crate::kubernetes::eci_annotations::ECI_FIELDS;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::node_kind::NodeKind;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::pod::Pod;
use crate::kubernetes::pod_template::PodTemplate;
use crate::kubernetes::string_map::OnConflict;
use crate::stamp::{Claims, REQUESTED_BY};
use eci_calls::Call;

impl EvaluationContext<'_> {
    /// In mode enforce, ties a Binding to the current version of the pod, so that the pod that is evaluated is the pod that is
    /// bound
    ///
    /// A Binding that is tied fails if the pod changes meanwhile, and the other modes let nothing fail.
    pub(super) fn mutate_binding(&self) -> Option<Evaluation> {
        let binding = self.review.binding()?;
        let mut evaluation = Evaluation::default();
        // Mode enforce denies the Binding. In other modes the stamp must not reach the pod, wherever the pod goes
        if self.mode != Mode::Enforce && stamp_of(binding).is_some() {
            evaluation.patch = Patch::unstamped_binding();
            evaluation = evaluation.with_warnings([Warning::BindingStampRemoved]);
        }
        if self.mode == Mode::Enforce
            && let Some(Ok(template)) = self.review.pod().map(PodTemplate::pod)
        {
            evaluation.patch.append(pin(binding, &template));
        }
        Some(evaluation)
    }

    pub(super) fn validate_binding(&self) -> Option<Evaluation> {
        let binding = self.review.binding()?;
        let refused = |finding| Some(Evaluation::of_finding(Verb::Create, finding));
        let settings = &self.configuration.cluster;
        let kind = NodeKind::of_name(&binding.target.name, self.cluster, settings);
        // A pod on a real node stays off ECI, whatever it is; a serverless cluster has no real nodes
        if kind == NodeKind::Real && !settings.serverless {
            stamp_of(binding)?;
            return refused(Finding::Stamp(StampFault::Changed));
        }
        let Some(Ok(template)) = self.review.pod().map(PodTemplate::pod) else {
            return refused(Finding::UnknownPod);
        };
        let uid = template.read().metadata.uid.as_deref().unwrap_or_default();
        if !binding.metadata.uid.is_empty() && uid != &*binding.metadata.uid {
            return refused(Finding::UnknownPod);
        }
        let Some(namespace) = self.namespace() else {
            return refused(Finding::UnknownNamespace);
        };
        Some(self.bound(binding, &template, &namespace))
    }

    /// The pod as the Binding leaves it, evaluated for the user in its stamp
    fn bound(&self, binding: &PodBinding<'_>, template: &PodTemplate<'_>, namespace: &Meta) -> Evaluation {
        let annotations = &binding.metadata.annotations;
        let pod = template
            .read()
            .with(
                binding.metadata.labels.iter(),
                annotations.iter(),
                OnConflict::Replace,
            )
            .on_node(binding.target.name.clone());
        let evaluation = Evaluation {
            stamped: None,
            principal: None,
            ..self.new_evaluation(self.route(&pod, namespace), Verb::Create)
        };
        let is_restamped = stamp_of(binding).is_some_and(|stamp| template.stamp() != Some(stamp));
        let restamped = is_restamped.then_some(StampFault::Changed);
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation.with_stamp_fault(restamped);
        }
        let version = template.read().metadata.resource_version.as_deref();
        let wanted = &*binding.metadata.resource_version;
        let is_unpinned_on_purpose = self.mode != Mode::Enforce && wanted.is_empty();
        let is_pinned = is_unpinned_on_purpose || version.unwrap_or_default() == wanted;
        let warnings = lookalike::warnings(&pod);
        let evaluation = evaluation
            .with_findings((!is_pinned).then_some(Finding::PodChanged))
            .with_warnings(warnings.into_iter().map(Warning::Lookalike))
            .with_stamp_fault(restamped);
        self.evaluate_bound(evaluation, binding, template, &pod, namespace)
    }

    /// The pod on its virtual node, for the user in its stamp
    fn evaluate_bound(
        &self,
        evaluation: Evaluation,
        binding: &PodBinding<'_>,
        template: &PodTemplate<'_>,
        pod: &Pod<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let claims = self.bound_claims(template, namespace);
        let evaluation = match &claims {
            Ok(claims) => evaluation.on_behalf_of(self.stamped_user(claims)),
            Err(fault) => evaluation.with_stamp_fault([fault.clone()]),
        };
        let fields = match Fields::read(pod) {
            Ok(fields) => fields,
            Err(malformed) => return evaluation.with_malformed(malformed),
        };
        let call = call::create(&fields, self.configuration, self.review.namespace());
        let binding_fields = self.binding_fields(binding, template, &fields, namespace);
        let evaluation = Evaluation {
            operation: Some(call.operation),
            fields,
            ..evaluation
        }
        .with_findings(binding_fields.finding());
        let Ok(claims) = claims else {
            return evaluation;
        };
        let evaluation = self.compared_with_stamp(evaluation, &claims, template, namespace);
        let mut evaluation = self.evaluate_call(evaluation, &call, namespace);
        if binding_fields == BindingFields::Expected && !self.is_from_control_plane() {
            evaluation = self.evaluate_sender(evaluation, &call, namespace);
        }
        let advice = advice(self, &evaluation, pod, None, namespace);
        let origins = match evaluation.findings.as_slice() {
            [] => Origins::default(),
            _ => self.origins(template.read(), &evaluation.fields, namespace, Some(binding)),
        };
        Evaluation {
            advice,
            origins,
            ..evaluation
        }
    }

    /// The claims of the pod's stamp
    fn bound_claims(&self, template: &PodTemplate<'_>, namespace: &Meta) -> Result<Claims, StampFault> {
        let metadata = &template.read().metadata;
        let owned = OwnedObject::new("", "Pod", metadata);
        let claims = self.trusted_claims(template, &owned, metadata);
        claims.map_err(|fault| {
            // A template that leads to ECI gets a stamp at its next restart; any other template needs a mark first
            let is_unmarked = matches!(fault, StampFault::Missing(_))
                && matches!(self.route(template.read(), namespace), Route::No(_));
            match fault {
                _ if is_unmarked => StampFault::Unmarked,
                StampFault::Missing(None) if metadata.controller().is_none() => StampFault::BarePod(None),
                StampFault::NoKey(broken, None) if metadata.controller().is_none() => {
                    StampFault::BarePod(Some(broken))
                }
                fault => fault,
            }
        })
    }

    fn compared_with_stamp(
        &self,
        evaluation: Evaluation,
        claims: &Claims,
        template: &PodTemplate<'_>,
        namespace: &Meta,
    ) -> Evaluation {
        let differs = match Fields::read(template.read()) {
            Ok(own) => self.differs_from_stamp(claims, template, &own, namespace),
            Err(_) => true,
        };
        let evaluation = evaluation.with_stamp_fault(differs.then_some(StampFault::FieldsDiffer));
        if self.on_difference == OnDifference::Refuse {
            evaluation.with_differences(self.container_differences(claims, template), self.on_difference)
        } else {
            evaluation
        }
    }

    /// Evaluates the sender of a Binding, beside the pod's requester, for the ECI fields that the Binding adds
    fn evaluate_sender(&self, evaluation: Evaluation, call: &Call, namespace: &Meta) -> Evaluation {
        let sender = Evaluation {
            principal: self.requester(),
            ..Evaluation::default()
        };
        let sender = self.evaluate_call(sender, call, namespace);
        let mut evaluation = evaluation;
        evaluation.questions.extend(sender.questions);
        evaluation.is_denied_besides = !evaluation.findings.is_empty() && !sender.findings.is_empty();
        if evaluation.findings.is_empty() && !sender.findings.is_empty() {
            // A message is about one of the two
            evaluation.findings = sender.findings;
            evaluation.principal = sender.principal;
            evaluation.stamped = self.person_of_spawner();
        }
        evaluation
    }

    /// The ECI fields that a Binding adds to its pod
    fn binding_fields(
        &self,
        binding: &PodBinding<'_>,
        template: &PodTemplate<'_>,
        merged: &Fields,
        namespace: &Meta,
    ) -> BindingFields {
        let pod = template.read();
        let annotations = &binding.metadata.annotations;
        let mut written = annotations
            .iter()
            .filter(|(key, value)| is_eci_annotation(key) && pod.annotation(key) != Some(value))
            .map(|(key, _)| key)
            .peekable();
        if written.peek().is_none() {
            return BindingFields::None;
        }
        let own = texts(pod, &Changes::default());
        match written.find(|key| !ECI_FIELDS.contains(key)) {
            Some(key) => BindingFields::Foreign(key.to_owned()),
            None if self.may_become(&own, merged, pod, namespace) => BindingFields::Expected,
            None => BindingFields::Foreign(first_changed(binding, pod)),
        }
    }
}

/// The first of ECI's fields that a Binding changes
fn first_changed(binding: &PodBinding<'_>, pod: &Pod<'_>) -> String {
    let annotations = &binding.metadata.annotations;
    let is_changed = |key: &&str| {
        let value = annotations.value(key);
        value.is_some_and(|value| pod.annotation(key) != Some(value))
    };
    let changed = ECI_FIELDS.into_iter().find(is_changed);
    changed.unwrap_or_default().to_owned()
}

/// The patch that ties a Binding to the version of its pod; empty if the Binding names a version itself
fn pin(binding: &PodBinding<'_>, template: &PodTemplate<'_>) -> Patch {
    let metadata = &template.read().metadata;
    // The validating webhook compares with the pod what the Binding itself asks for
    if let (Some(uid), Some(version), true) = (
        &metadata.uid,
        &metadata.resource_version,
        binding.metadata.resource_version.is_empty(),
    ) && (binding.metadata.uid.is_empty() || binding.metadata.uid == *uid)
    {
        Patch::pin(uid, version)
    } else {
        Patch::default()
    }
}

fn stamp_of<'b>(binding: &'b PodBinding<'_>) -> Option<&'b str> {
    binding.metadata.annotations.value(REQUESTED_BY)
}

/// The ECI fields that a Binding adds to its pod
#[derive(Clone, Debug, PartialEq, Eq)]
enum BindingFields {
    /// None: the pod has them all
    None,
    /// Those that mapping or eci-profile write on such a pod
    Expected,
    /// Others; the first of their annotations
    Foreign(String),
}

impl BindingFields {
    fn finding(&self) -> Option<Finding> {
        match self {
            Self::Foreign(annotation) => Some(Finding::BindingAnnotation(annotation.clone())),
            Self::None | Self::Expected => None,
        }
    }
}
