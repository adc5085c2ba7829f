//! Collects the rows of an audit object by object.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde_json::Value;

use crate::analysis::audit::audited_object::AuditedObject;
use crate::analysis::audit::row::AuditRow;
use crate::analysis::audit::summary::AuditSummary;
use crate::analysis::audit::verdict::Verdict;
use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::object_sink::{ListedKind, ObjectSink};
use crate::analysis::survey::objects::{Owner, is_bound, owner, text};
use crate::analysis::survey::preflight::{Finding, unjudged_kinds};
use crate::analysis::survey::{EvaluatedWorkload, WorkloadEvaluator, WorkloadKind};

/// Collects the rows of an audit; the inventory decides which objects matter
#[derive(Debug, Default)]
pub(crate) struct AuditCollector {
    inventory: Inventory,
    rows: Vec<AuditRow>,
    /// The rows of each object, by a hash of namespace, kind and name; of an object that repeats its owner the owner's
    places: HashMap<u64, Place>,
    texts: HashSet<Arc<str>>,
    verdicts: HashSet<Arc<Verdict>>,
    hasher: RandomState,
}

/// The rows of one object, which come one after the other
#[derive(Clone, Copy, Debug)]
struct Place {
    first: usize,
    count: usize,
}

/// An audit: rows sorted by namespace, kind and name
#[derive(Debug, Default)]
pub(crate) struct Audit {
    rows: Vec<AuditRow>,
    /// Kinds that make pods on ECI and whose authors ramgate does not know
    pub unjudged: Vec<Finding>,
}

impl AuditCollector {
    /// The audit of all objects so far
    pub(crate) fn finish(mut self) -> Audit {
        self.rows
            .sort_unstable_by(|one, other| one.sort_key().cmp(&other.sort_key()));
        Audit {
            rows: self.rows,
            unjudged: unjudged_kinds(&self.inventory),
        }
    }

    fn add_rows(&mut self, listed: &ListedKind<'_>, object: &Value, workloads: &[EvaluatedWorkload]) {
        let kind = (listed.kind.group(), listed.kind.name());
        let key = self.key(kind, object, text(object, "/metadata/name"));
        if workloads.is_empty() {
            let place = owner(object).and_then(|owner| self.place_of_owner(object, &owner));
            self.places.extend(place.map(|place| (key, place)));
            return;
        }
        let place = Place {
            first: self.rows.len(),
            count: workloads.len(),
        };
        self.places.insert(key, place);
        for workload in workloads {
            self.add_row(listed, object, workload, None);
        }
    }

    fn add_row(
        &mut self,
        listed: &ListedKind<'_>,
        object: &Value,
        workload: &EvaluatedWorkload,
        owner: Option<AuditedObject>,
    ) {
        let row = AuditRow {
            namespace: self.shared_text(&workload.namespace),
            object: AuditedObject {
                api_version: self.shared_text(listed.api_version),
                kind: self.shared_text(listed.kind.name()),
                name: workload.name.as_str().into(),
                uid: text(object, "/metadata/uid").into(),
            },
            template_path: workload.template_path.as_deref().map(Into::into),
            is_certain: workload.is_certain,
            running_pods: usize::from(workload.is_bound),
            owner,
            verdict: self.shared_verdict(Verdict::of(workload)),
        };
        self.rows.push(row);
    }

    /// Judges a pod of a controller: it counts with its workload if the verdict is the same, and else has its own row
    fn add_controlled_pod(
        &mut self,
        evaluator: &WorkloadEvaluator<'_>,
        listed: &ListedKind<'_>,
        pod: &Value,
        owner: &Owner,
    ) {
        let place = self.place_of_owner(pod, owner);
        for workload in evaluator.evaluate(listed.kind, pod) {
            let rows = place.and_then(|place| {
                let end = place.first.checked_add(place.count)?;
                self.rows.get_mut(place.first..end)
            });
            let mut rows = rows.into_iter().flatten();
            match rows.find(|row| row.verdict.covers(&workload)) {
                Some(row) => row.running_pods = row.running_pods.saturating_add(usize::from(is_bound(pod))),
                None => {
                    let owner = self.known_owner(place, pod);
                    self.add_row(listed, pod, &workload, owner);
                }
            }
        }
    }

    /// The workload to which a pod belongs, or else its controller by the pod's own owner reference
    fn known_owner(&mut self, place: Option<Place>, pod: &Value) -> Option<AuditedObject> {
        let row = place.and_then(|place| self.rows.get(place.first));
        if let Some(row) = row {
            return Some(row.object.clone());
        }
        let references = pod.pointer("/metadata/ownerReferences")?.as_array()?;
        let is_controller = |one: &&Value| one.get("controller").and_then(Value::as_bool) == Some(true);
        let reference = references.iter().find(is_controller)?;
        Some(AuditedObject {
            api_version: self.shared_text(text(reference, "/apiVersion")),
            kind: self.shared_text(text(reference, "/kind")),
            name: text(reference, "/name").into(),
            uid: text(reference, "/uid").into(),
        })
    }

    fn place_of_owner(&self, object: &Value, owner: &Owner) -> Option<Place> {
        let key = self.key((&owner.group, &owner.kind), object, &owner.name);
        self.places.get(&key).copied()
    }

    /// A hash of a kind, the namespace of `object`, and a name; its seed is random, so that nobody can choose names that meet
    fn key(&self, kind: (&str, &str), object: &Value, name: &str) -> u64 {
        let namespace = text(object, "/metadata/namespace");
        self.hasher.hash_one((kind, namespace, name))
    }

    fn shared_text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn shared_verdict(&mut self, verdict: Verdict) -> Arc<Verdict> {
        if let Some(known) = self.verdicts.get(&verdict) {
            return Arc::clone(known);
        }
        let verdict = Arc::new(verdict);
        self.verdicts.insert(Arc::clone(&verdict));
        verdict
    }
}

impl ObjectSink for AuditCollector {
    fn needs(&self, kind: &WorkloadKind) -> bool {
        self.inventory.needs(kind)
    }

    fn add(&mut self, evaluator: &WorkloadEvaluator<'_>, listed: &ListedKind<'_>, object: &Value) {
        self.inventory.add(evaluator, listed, object);
        let workloads = self.inventory.take_workloads();
        let is_out =
            listed.kind.is_idle(object) || evaluator.cluster.is_exempt(text(object, "/metadata/namespace"));
        match owner(object).filter(|_| *listed.kind == WorkloadKind::Pod) {
            _ if is_out => {}
            Some(owner) => self.add_controlled_pod(evaluator, listed, object, &owner),
            None => self.add_rows(listed, object, &workloads),
        }
    }

    fn add_unlisted(&mut self, evaluator: &WorkloadEvaluator<'_>, kind: &WorkloadKind, object: &Value) {
        self.inventory.add_unlisted(evaluator, kind, object);
    }
}

#[cfg(test)]
impl Audit {
    /// An audit of these rows
    pub(super) fn of_rows(rows: Vec<AuditRow>) -> Self {
        Self {
            rows,
            unjudged: Vec::new(),
        }
    }
}

impl Audit {
    /// The rows of each namespace, sorted
    pub(crate) fn namespaces(&self) -> impl Iterator<Item = (&str, &[AuditRow])> {
        let groups = self.rows.chunk_by(|one, next| one.namespace == next.namespace);
        groups.filter_map(|rows| Some((&*rows.first()?.namespace, rows)))
    }

    /// The numbers of all rows
    pub(crate) fn summary(&self) -> AuditSummary {
        AuditSummary::of(&self.rows)
    }
}
