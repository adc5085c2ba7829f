//! One object judged as its pods would be if they were made now.

use jiff::Timestamp;
use serde_json::Value;

use crate::admission::attribution::{OwnedObject, trusted};
use crate::admission::offline::{OfflineResult, Operation, Request};
use crate::admission::{Cause, Decision, Mode, Modes, offline};
use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::evaluated_workload::{Denial, EnforceOutcome, EvaluatedWorkload};
use crate::analysis::survey::objects::{owner, stamp_of, text};
use crate::analysis::survey::stamp_status::StampStatus;
use crate::analysis::survey::workload_kind::WorkloadKind;
use crate::config::{ClusterSettings, Configuration};
use crate::stamp::{Signer, key_id};

/// Judges what a cluster holds by a configuration
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judge<'a> {
    /// The configuration
    pub configuration: &'a Configuration,
    /// The cluster around the workloads
    pub cluster: &'a SurveyedCluster,
    /// The time
    pub now: Timestamp,
}

impl Judge<'_> {
    /// What there is to say of an object, a row for each of its templates that leads to ECI
    pub(crate) fn rows(&self, source: &WorkloadKind, object: &Value) -> Vec<EvaluatedWorkload> {
        match source.templates(object) {
            Ok(templates) => {
                let templates = templates.into_iter();
                let rows = templates.filter_map(|(at, reviewed)| self.row(source, object, at, reviewed));
                rows.collect()
            }
            Err(error) => {
                let verdict = (
                    false,
                    "unknown".to_owned(),
                    EnforceOutcome::Denied(unreadable(&error)),
                );
                vec![told(source, object, None, verdict, StampStatus::Missing)]
            }
        }
    }

    fn row(
        &self,
        source: &WorkloadKind,
        object: &Value,
        at: Option<String>,
        reviewed: &Value,
    ) -> Option<EvaluatedWorkload> {
        let (namespace, name) = (
            text(object, "/metadata/namespace"),
            text(object, "/metadata/name"),
        );
        let pod = match source {
            WorkloadKind::Pod => as_new(object),
            WorkloadKind::BuiltIn(_) | WorkloadKind::Delegated(_) => {
                source.pod_from(reviewed, namespace, name)
            }
        };
        let verdict = match self.judged(source, &pod) {
            Ok(done) if !done.judged => return None,
            Ok(done) => {
                let route = done.response.route().unwrap_or_default();
                let (certainty, mark) = route.split_once(": ").unwrap_or_default();
                (certainty == "certain", mark.to_owned(), today(done))
            }
            Err(error) => (
                false,
                "unknown".to_owned(),
                EnforceOutcome::Denied(unreadable(&error)),
            ),
        };
        let stamp = stamp(
            self.cluster.snapshot.signer.as_deref(),
            stamp_of(reviewed),
            namespace,
            &source.owned(object),
            &self.configuration.cluster,
        );
        Some(told(source, object, at, verdict, stamp))
    }

    /// What comes of a pod that a controller makes
    fn judged(&self, source: &WorkloadKind, pod: &Value) -> Result<OfflineResult, offline::OfflineError> {
        let request = Request {
            operation: Operation::Create(pod),
            subresource: "",
            user: source.user(),
            groups: &[],
        };
        let modes = Modes::everywhere(Mode::Enforce);
        let cluster = (self.cluster as _, &self.cluster.snapshot);
        offline::run_in(&request, self.configuration, cluster, &modes, self.now)
    }

    /// Whether a pod that somebody else made leads to ECI
    pub(crate) fn leads_to_eci(&self, pod: &Value) -> bool {
        self.judged(&WorkloadKind::Pod, pod)
            .map_or(true, |done| done.judged)
    }
}

/// A row, with what the object itself says of how it lives
fn told(
    source: &WorkloadKind,
    object: &Value,
    at: Option<String>,
    (is_certain, mark, today): (bool, String, EnforceOutcome),
    stamp: StampStatus,
) -> EvaluatedWorkload {
    EvaluatedWorkload {
        kind: source.clone(),
        namespace: text(object, "/metadata/namespace").to_owned(),
        name: text(object, "/metadata/name").to_owned(),
        template_path: at,
        owner: owner(object),
        is_paused: object.pointer("/spec/paused").and_then(Value::as_bool) == Some(true),
        is_bound: *source == WorkloadKind::Pod && !text(object, "/spec/nodeName").is_empty(),
        is_certain,
        mark,
        stamp,
        outcome: today,
    }
}

/// What a stamp is worth in an object of a namespace; without a seal nothing proves anything
pub(crate) fn stamp(
    signer: Option<&Signer>,
    text: Option<&str>,
    namespace: &str,
    owned: &OwnedObject,
    settings: &ClusterSettings,
) -> StampStatus {
    let Some(text) = text else {
        return StampStatus::Missing;
    };
    let key = key_id(text);
    let Some(signer) = signer else {
        return StampStatus::Broken { reason: None, key };
    };
    match (trusted(signer, text, namespace, owned, settings), key) {
        (Ok(claims), Some(key)) => StampStatus::Good {
            claims: Box::new(claims),
            key,
        },
        (Ok(_), None) => StampStatus::Broken {
            reason: None,
            key: None,
        },
        (Err(broken), key) => StampStatus::Broken {
            reason: Some(broken),
            key,
        },
    }
}

/// A stored pod as if it were made now, with the kind that lists leave out
fn as_new(pod: &Value) -> Value {
    let mut pod = pod.clone();
    if let Some(fields) = pod.as_object_mut() {
        fields.insert("apiVersion".to_owned(), "v1".into());
        fields.insert("kind".to_owned(), "Pod".into());
        fields.remove("status");
    }
    pod
}

fn today(done: OfflineResult) -> EnforceOutcome {
    let code = done.causes.first().map(|cause| cause.reason.clone());
    let sentence = done.response.denial.map(|denial| denial.sentence);
    let denied = Denial {
        code: code.unwrap_or_default(),
        sentence: sentence.unwrap_or_default(),
        causes: done.causes,
    };
    match done.response.decision {
        Decision::NotEvaluated | Decision::Allow | Decision::Audit => EnforceOutcome::Allowed,
        // Mode enforce warns of what is not certain yet
        Decision::Warn => EnforceOutcome::DeniedIfBound(denied),
        Decision::Deny => EnforceOutcome::Denied(denied),
    }
}

/// A template that ramgate itself would refuse to read
fn unreadable(error: &dyn std::fmt::Display) -> Denial {
    Denial {
        code: "Unreadable".to_owned(),
        sentence: error.to_string(),
        causes: vec![Cause {
            reason: "Unreadable".to_owned(),
            message: error.to_string(),
            field: None,
        }],
    }
}
