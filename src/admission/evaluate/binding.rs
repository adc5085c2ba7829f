//! The binding of a pod to a node: where it becomes certain that a pod is ECI's, and who asked for it is asked about.

use crate::admission::attribution::OwnedObject;
use crate::admission::evaluate::{Case, call};
use crate::admission::fields::changes::Changes;
use crate::admission::fields::patch::Patch;
use crate::admission::fields::reading::{Fields, texts};
use crate::admission::outcome::advice::Advice;
use crate::admission::outcome::evaluation::Evaluation;
use crate::admission::outcome::finding::Finding;
use crate::admission::outcome::mode::{Mode, StampContents};
use crate::admission::outcome::stamp_fault::StampFault;
use crate::admission::outcome::verb::Verb;
use crate::admission::review::Binding;
use crate::admission::routing::lookalike;
use crate::admission::routing::lookalike::is_eci_annotation;
use crate::admission::routing::route::Route;
use crate::kubernetes::cluster::{Meta, NodeKind};
use crate::kubernetes::eci_annotations::ECI_FIELDS;
use crate::kubernetes::pod_template::PodTemplate;
use crate::stamp::REQUESTED_BY;

impl Case<'_> {
    /// Ties a Binding to the pod as it is now: what is judged and what is bound shall be the same
    pub(crate) fn pin(&self) -> Evaluation {
        let Some(binding) = self.review.binding() else {
            return Evaluation::default();
        };
        let mut evaluation = Evaluation::default();
        // Denied where the mode is enforce, and taken away elsewhere: it would be stored in the pod, wherever that goes
        if self.mode != Mode::Enforce && binding.metadata.annotations.value(REQUESTED_BY).is_some() {
            evaluation.patch = Patch::unstamped_binding();
            evaluation.warnings.push(TAKEN.to_owned());
        }
        let Some(Ok(template)) = self.review.pod().map(PodTemplate::pod) else {
            return evaluation;
        };
        let metadata = &template.read().metadata;
        let (uid, version) = (&metadata.uid, &metadata.resource_version);
        // What the Binding asks for itself stands, and is held against the pod when it is judged
        if let (Some(uid), Some(version), true) = (uid, version, binding.metadata.resource_version.is_empty())
            && (binding.metadata.uid.is_empty() || binding.metadata.uid == *uid)
        {
            evaluation.patch.append(Patch::pin(uid, version));
        }
        evaluation
    }

    pub(crate) fn bind(&self) -> Evaluation {
        let Some(binding) = self.review.binding() else {
            return Evaluation::default();
        };
        let refused = |finding| Evaluation {
            verb: Some(Verb::Create),
            findings: vec![finding],
            ..Evaluation::default()
        };
        // Nothing of the pod is needed to see that it stays off ECI; a serverless cluster has no other nodes
        let is_real = NodeKind::of_name(&binding.target.name, self.cluster, &self.configuration.cluster)
            == NodeKind::Real;
        if is_real && !self.configuration.cluster.serverless {
            return match binding.metadata.annotations.value(REQUESTED_BY) {
                Some(_) => refused(Finding::Stamp(StampFault::Changed)),
                None => Evaluation::default(),
            };
        }
        let Some(Ok(template)) = self.review.pod().map(PodTemplate::pod) else {
            return refused(Finding::UnknownPod);
        };
        let uid = template.read().metadata.uid.as_deref().unwrap_or_default();
        if !binding.metadata.uid.is_empty() && uid != &*binding.metadata.uid {
            return refused(Finding::UnknownPod);
        }
        let version = template.read().metadata.resource_version.as_deref();
        let is_pinned = version.unwrap_or_default() == &*binding.metadata.resource_version;
        let Some(namespace) = self.namespace() else {
            return refused(Finding::UnknownNamespace);
        };
        let pod = template
            .read()
            .with(
                binding.metadata.labels.iter(),
                binding.metadata.annotations.iter(),
                true,
            )
            .on_node(binding.target.name.clone());
        let mut evaluation = self.routed(self.route(&pod, &namespace), Verb::Create);
        evaluation.principal = None;
        if !matches!(evaluation.route, Some(Route::Certain(_))) {
            return evaluation;
        }
        if !is_pinned {
            evaluation.findings.push(Finding::PodChanged);
        }
        evaluation.warnings = lookalike::warnings(&pod);
        let written = binding.metadata.annotations.value(REQUESTED_BY);
        if written.is_some_and(|stamp| template.stamp() != Some(stamp)) {
            evaluation.findings.push(Finding::Stamp(StampFault::Changed));
        }
        let owned = OwnedObject::new("", "Pod", &template.read().metadata);
        let claims = match self.trusted(&template, &owned, &template.read().metadata) {
            Ok(claims) => {
                self.act_for(&mut evaluation, &claims);
                Some(claims)
            }
            Err(fault) => {
                // A template that leads to ECI gets a stamp with the next restart, any other first needs a mark
                let is_unmarked = matches!(fault, StampFault::Missing(_))
                    && matches!(self.route(template.read(), &namespace), Route::No(_));
                let fault = if is_unmarked { StampFault::Unmarked } else { fault };
                evaluation.findings.push(Finding::Stamp(fault));
                None
            }
        };
        if !evaluation.read(&pod) {
            return evaluation;
        }
        let call = call::create(&evaluation.fields, self.configuration, self.review.namespace());
        evaluation.operation = Some(call.operation);
        let brought = self.brought(binding, &template, &evaluation.fields, &namespace);
        if let Brought::Foreign(annotation) = &brought {
            evaluation
                .findings
                .push(Finding::BindingAnnotation(annotation.clone()));
        }
        let Some(claims) = claims else { return evaluation };
        let is_other = match Fields::read(template.read()) {
            Ok(own) => self.differs_from_stamp(&claims, &template, &own, &namespace),
            Err(_) => true,
        };
        if is_other {
            evaluation.findings.push(Finding::Stamp(StampFault::FieldsDiffer));
        }
        if self.contents == StampContents::Refuse {
            self.expect_contents(&mut evaluation, &claims, &template);
        }
        self.judge(&mut evaluation, &call, &namespace);
        if brought == Brought::Expected && !self.asks_for_control_plane() {
            // Whoever brings fields asks for them, beside the person whose pod it is
            let mut sender = Evaluation {
                principal: self.requester(),
                ..Evaluation::default()
            };
            self.judge(&mut sender, &call, &namespace);
            evaluation.questions.extend(sender.questions);
            if evaluation.findings.is_empty() && !sender.findings.is_empty() {
                // One sentence is about one of them
                evaluation.findings = sender.findings;
                evaluation.principal = sender.principal;
                evaluation.stamped = None;
            }
        }
        evaluation.advice = Advice::on(self, &evaluation, &pod, None, &namespace);
        evaluation
    }

    /// What ECI reads of the annotations that a Binding would write on its pod
    fn brought(
        &self,
        binding: &Binding<'_>,
        template: &PodTemplate<'_>,
        merged: &Fields,
        namespace: &Meta,
    ) -> Brought {
        let pod = template.read();
        let mut written = binding
            .metadata
            .annotations
            .iter()
            .filter(|(key, value)| is_eci_annotation(key) && pod.annotation(key) != Some(value))
            .map(|(key, _)| key)
            .peekable();
        if written.peek().is_none() {
            return Brought::Nothing;
        }
        let own = texts(pod, &Changes::default());
        match written.find(|key| !ECI_FIELDS.contains(key)) {
            Some(key) => Brought::Foreign(key.to_owned()),
            None if self.may_become(&own, merged, pod, namespace) => Brought::Expected,
            None => {
                let keys = ECI_FIELDS.into_iter();
                let annotations = &binding.metadata.annotations;
                let mut changed = keys.filter(|key| {
                    annotations
                        .value(key)
                        .is_some_and(|value| pod.annotation(key) != Some(value))
                });
                Brought::Foreign(changed.next().unwrap_or_default().to_owned())
            }
        }
    }
}

/// Told to whoever writes a stamp into a Binding
const TAKEN: &str = "annotation ramgate.io/requested-by of the Binding was taken away: ramgate alone writes it, and not there";

/// What a Binding brings of what ECI reads
#[derive(Clone, Debug, PartialEq, Eq)]
enum Brought {
    /// Nothing that its pod does not have
    Nothing,
    /// What the mapping rules or eci-profile write on such a pod
    Expected,
    /// Anything else: the first annotation of it
    Foreign(String),
}
