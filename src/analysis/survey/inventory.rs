//! All evaluated workloads of a cluster, collected object by object: no object is kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use crate::admission::routing::unlisted_mark::unlisted_mark;
use crate::analysis::survey::evaluated_workload::EvaluatedWorkload;
use crate::analysis::survey::object_sink::{ListedKind, ObjectSink};
use crate::analysis::survey::objects::{Owner, is_bound, number, owner, stamp_of, text};
use crate::analysis::survey::workload_evaluator::{WorkloadEvaluator, stamp};
use crate::analysis::survey::workload_kind::WorkloadKind;
use crate::kubernetes::template_place::Shape;
use crate::kubernetes::workload::Workload;
use crate::stamp::{KeyRing, key_id};

/// The number of examples that are kept with a count
const EXAMPLES: usize = 3;

/// The evaluated workloads of a cluster, and counts of what is not listed
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    workloads: Vec<EvaluatedWorkload>,
    stamps_by_key: BTreeMap<String, usize>,
    unknown_controllers: BTreeMap<GroupKind, CountWithExamples>,
    /// Objects of kinds that nobody lists, with marks of ECI
    unlisted: BTreeMap<GroupKind, CountWithExamples>,
    /// The written paths of listed kinds, and whether any object has something there
    paths: BTreeMap<(String, String, String), bool>,
    exempt: BTreeMap<String, CountWithExamples>,
    /// Namespaces in which a controller that nobody knows has pods or objects for ECI
    other_namespaces: BTreeSet<String>,
    owners: HashMap<ObjectKey, Digest>,
    /// The older templates from which StatefulSets still make pods, by namespace and name
    older_revisions: HashSet<(String, String)>,
    hasher: RandomState,
}

/// An API group and a kind
type GroupKind = (String, String);

/// The kind, namespace and name of a built-in workload
type ObjectKey = (&'static str, String, String);

/// A hash of what the survey shows of an object: an owned object that equals its owner in this is left out
type Digest = u64;

/// A number of objects, and some of their names
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CountWithExamples {
    /// The number
    pub count: usize,
    /// Up to [`EXAMPLES`] names
    pub examples: Vec<String>,
}

/// The use of one key
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyUse {
    /// The key's id
    pub id: String,
    /// The number of workloads that carry a stamp signed with it
    pub stamps: usize,
    /// Whether the Secret holds it
    pub is_known: bool,
    /// Whether it signs new stamps
    pub is_newest: bool,
}

impl ObjectSink for Inventory {
    fn needs(&self, kind: &WorkloadKind) -> bool {
        // Revisions show nothing without a StatefulSet that makes pods from an older one
        *kind != WorkloadKind::BuiltIn(Workload::ControllerRevision) || !self.older_revisions.is_empty()
    }

    fn add(&mut self, evaluator: &WorkloadEvaluator<'_>, listed: &ListedKind<'_>, object: &Value) {
        self.add_object(evaluator, listed.kind, object);
    }

    fn add_unlisted(&mut self, evaluator: &WorkloadEvaluator<'_>, kind: &WorkloadKind, object: &Value) {
        let is_exempt = evaluator.cluster.is_exempt(text(object, "/metadata/namespace"));
        if !is_exempt && unlisted_mark(object, &evaluator.configuration.cluster).is_some() {
            let key = (kind.group().to_owned(), kind.name().to_owned());
            self.unlisted.entry(key).or_default().add(title(kind, object));
            self.other_namespaces.insert(namespace_and_name(object).0);
        }
    }
}

/// Kinds that controllers make from the template of another kind, each with the kind of its owner
const OWNED_KINDS: [(Workload, Workload); 3] = [
    (Workload::ReplicaSet, Workload::Deployment),
    (Workload::Job, Workload::CronJob),
    (Workload::ControllerRevision, Workload::StatefulSet),
];

impl CountWithExamples {
    fn add(&mut self, example: String) {
        self.count = self.count.saturating_add(1);
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }
}

impl Inventory {
    /// Evaluates one more object; owners have to come before what they own
    pub(crate) fn add_object(
        &mut self,
        evaluator: &WorkloadEvaluator<'_>,
        kind: &WorkloadKind,
        object: &Value,
    ) {
        self.note_paths(kind, object);
        if kind.is_idle(object) {
            return;
        }
        match (kind, owner(object)) {
            (WorkloadKind::Pod, Some(owner)) => self.add_controlled_pod(evaluator, object, owner),
            (WorkloadKind::BuiltIn(Workload::ControllerRevision), _)
                if !self.older_revisions.contains(&namespace_and_name(object)) => {}
            (_, owner) => self.add_workload(evaluator, kind, object, owner),
        }
    }

    /// Notes which written paths of a listed kind lead somewhere; those of a preset are known to
    fn note_paths(&mut self, kind: &WorkloadKind, object: &Value) {
        let WorkloadKind::Delegated(delegated) = kind else {
            return;
        };
        let json = object.to_string();
        for place in delegated
            .templates
            .iter()
            .filter(|place| place.shape == Shape::Any)
        {
            let leads = place.fields().all(&json).is_ok_and(|found| !found.is_empty());
            let key = (
                delegated.group.clone(),
                delegated.kind.clone(),
                place.path.clone(),
            );
            let known = self.paths.entry(key).or_default();
            *known = *known || leads;
        }
    }

    /// Adds a workload, or a pod without a controller
    fn add_workload(
        &mut self,
        evaluator: &WorkloadEvaluator<'_>,
        kind: &WorkloadKind,
        object: &Value,
        owner: Option<Owner>,
    ) {
        if *kind == WorkloadKind::BuiltIn(Workload::StatefulSet) {
            self.older_revisions.extend(older_revision(object));
        }
        let workloads = evaluator.evaluate(kind, object);
        let namespace = text(object, "/metadata/namespace");
        if evaluator.cluster.is_exempt(namespace) {
            if !workloads.is_empty() {
                let exempt = self.exempt.entry(namespace.to_owned()).or_default();
                exempt.add(title(kind, object));
            }
            return;
        }
        let digest = self.digest(&workloads);
        if self.repeats_owner(kind, namespace, owner.as_ref(), digest) {
            return;
        }
        self.owners
            .extend(owner_key(kind, object).map(|key| (key, digest)));
        if let Some(owner) = owner.filter(|_| !workloads.is_empty()) {
            self.count_unknown_controller(evaluator, owner, title(kind, object));
        }
        if *kind != WorkloadKind::Pod || !is_bound(object) {
            self.count_keys(kind, object);
        }
        self.workloads.extend(workloads);
    }

    /// Adds a pod of a controller: it has no entry beside its template, but its key is in use until it is bound
    fn add_controlled_pod(&mut self, evaluator: &WorkloadEvaluator<'_>, pod: &Value, owner: Owner) {
        if evaluator.cluster.is_exempt(text(pod, "/metadata/namespace")) {
            return;
        }
        if !is_bound(pod)
            && let Some(key) = stamp_of(pod).and_then(key_id)
        {
            self.count_key(key);
        }
        if has_unknown_kind(evaluator, &owner)
            && !is_spawned(evaluator, pod, &owner)
            && evaluator.leads_to_eci(pod)
        {
            self.count_unknown_controller(evaluator, owner, title(&WorkloadKind::Pod, pod));
            self.other_namespaces.insert(namespace_and_name(pod).0);
        }
    }

    fn count_unknown_controller(&mut self, evaluator: &WorkloadEvaluator<'_>, owner: Owner, example: String) {
        if has_unknown_kind(evaluator, &owner) {
            let controllers = self.unknown_controllers.entry((owner.group, owner.kind));
            controllers.or_default().add(example);
        }
    }

    /// Counts the keys of all stamps in an object, even if its pods do not go to ECI now
    fn count_keys(&mut self, kind: &WorkloadKind, object: &Value) {
        let templates = kind.templates(object).unwrap_or_default().into_iter();
        let stamps = templates.filter_map(|found| stamp_of(&found.template).map(str::to_owned));
        stamps
            .filter_map(|stamp| key_id(&stamp))
            .for_each(|key| self.count_key(key));
    }

    fn count_key(&mut self, key: String) {
        let count = self.stamps_by_key.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Whether an object shows nothing that its owner does not show already
    fn repeats_owner(
        &self,
        kind: &WorkloadKind,
        namespace: &str,
        owner: Option<&Owner>,
        digest: Digest,
    ) -> bool {
        let (WorkloadKind::BuiltIn(workload), Some(owner)) = (kind, owner) else {
            return false;
        };
        let mut pairs = OWNED_KINDS.iter();
        let is_pair = |(owned, of): &&(Workload, Workload)| owned == workload && of.kind() == owner.kind;
        pairs.find(is_pair).is_some_and(|(_, of)| {
            let key = (of.kind(), namespace.to_owned(), owner.name.clone());
            self.owners.get(&key) == Some(&digest)
        })
    }

    fn digest(&self, workloads: &[EvaluatedWorkload]) -> Digest {
        let shown = workloads.iter().map(|workload| {
            let claims = workload.stamp.claims();
            let requester = claims.map(|claims| (claims.user.clone(), claims.principal.clone()));
            (
                workload.stamp.name(),
                workload.stamp.key(),
                requester,
                workload.outcome.name(),
                workload.is_certain,
            )
        });
        self.hasher.hash_one(shown.collect::<Vec<_>>())
    }

    /// All workloads, sorted by namespace, kind and name
    pub(crate) fn into_workloads(mut self) -> Vec<EvaluatedWorkload> {
        self.workloads
            .sort_by(|one, other| sort_key(one).cmp(&sort_key(other)));
        self.workloads
    }

    /// Takes out the workloads so far, in the order in which they were added
    pub(crate) fn take_workloads(&mut self) -> Vec<EvaluatedWorkload> {
        std::mem::take(&mut self.workloads)
    }

    /// All workloads so far, in the order in which they were added
    pub(crate) fn workloads(&self) -> &[EvaluatedWorkload] {
        &self.workloads
    }

    /// Kinds that own pods or workloads for ECI and are neither built in nor listed in `cluster.carriers`
    pub(crate) fn unknown_controllers(&self) -> &BTreeMap<GroupKind, CountWithExamples> {
        &self.unknown_controllers
    }

    /// Kinds that nobody lists and that have objects with marks of ECI
    pub(crate) fn unlisted(&self) -> &BTreeMap<GroupKind, CountWithExamples> {
        &self.unlisted
    }

    /// Written paths of listed kinds at which no object has anything: group, kind and path
    pub(crate) fn dead_paths(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let dead = self.paths.iter().filter(|(_, leads)| !**leads);
        dead.map(|((group, kind, path), _)| (group.as_str(), kind.as_str(), path.as_str()))
    }

    /// The namespaces, exempt ones left out, that have pods or workloads for ECI
    pub(crate) fn namespaces(&self) -> BTreeSet<&str> {
        let workloads = self.workloads.iter();
        let namespaces = workloads.map(|workload| workload.namespace.as_str());
        let others = self.other_namespaces.iter().map(String::as_str);
        namespaces.chain(others).collect()
    }

    /// Workloads and pods that lead to ECI from exempt namespaces, by namespace
    pub(crate) fn exempt(&self) -> &BTreeMap<String, CountWithExamples> {
        &self.exempt
    }

    /// The use of all keys, the newest first: those that stamps name, and those of the Secret
    pub(crate) fn key_uses(&self, ring: Option<&KeyRing>) -> Vec<KeyUse> {
        let keys = ring.iter().flat_map(|ring| ring.keys());
        let known: Vec<&str> = keys.map(|key| key.id()).collect();
        let used = self.stamps_by_key.keys().map(String::as_str);
        let ids: BTreeSet<&str> = used.chain(known.iter().copied()).collect();
        let uses = ids.into_iter().rev().map(|id| KeyUse {
            id: id.to_owned(),
            stamps: self.stamps_by_key.get(id).copied().unwrap_or_default(),
            is_known: known.contains(&id),
            is_newest: known.first() == Some(&id),
        });
        uses.collect()
    }
}

fn sort_key(workload: &EvaluatedWorkload) -> (&str, &str, &str) {
    (&workload.namespace, workload.kind.name(), &workload.name)
}

fn namespace_and_name(object: &Value) -> (String, String) {
    let text = |pointer| text(object, pointer).to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

/// The key of an object that may own others
fn owner_key(kind: &WorkloadKind, object: &Value) -> Option<ObjectKey> {
    let WorkloadKind::BuiltIn(workload) = kind else {
        return None;
    };
    let (namespace, name) = namespace_and_name(object);
    let is_owner = OWNED_KINDS.iter().any(|(_, owner)| owner == workload);
    is_owner.then(|| (workload.kind(), namespace, name))
}

/// `KIND/NAMESPACE/NAME`
fn title(kind: &WorkloadKind, object: &Value) -> String {
    let (namespace, name) = namespace_and_name(object);
    format!("{}/{namespace}/{name}", kind.name())
}

/// The older revision from which a StatefulSet may still make pods while it rolls out, by namespace and name
fn older_revision(stateful_set: &Value) -> Option<(String, String)> {
    let current = text(stateful_set, "/status/currentRevision");
    let is_changing = !current.is_empty() && current != text(stateful_set, "/status/updateRevision");
    let makes_older_pods = number(stateful_set, "/status/currentReplicas") > 0
        || number(stateful_set, "/spec/updateStrategy/rollingUpdate/partition") > 0;
    // Under OnDelete every new pod has the newest template, and the current revision never changes
    let rolls_out = text(stateful_set, "/spec/updateStrategy/type") != "OnDelete";
    (is_changing && makes_older_pods && rolls_out).then(|| {
        let namespace = text(stateful_set, "/metadata/namespace");
        (namespace.to_owned(), current.to_owned())
    })
}

/// Whether nobody knows which controller acts for an owner's kind
/// Whether a pod was made by another pod in the name of the person in its stamp
fn is_spawned(evaluator: &WorkloadEvaluator<'_>, pod: &Value, owner: &Owner) -> bool {
    let namespace = text(pod, "/metadata/namespace");
    let settings = &evaluator.configuration.cluster;
    let status = || {
        let signer = evaluator.cluster.snapshot.signer.as_deref();
        stamp(
            signer,
            stamp_of(pod),
            namespace,
            &WorkloadKind::Pod.owned(pod),
            settings,
        )
    };
    owner.group.is_empty() && owner.kind == "Pod" && status().claims().is_some()
}

fn has_unknown_kind(evaluator: &WorkloadEvaluator<'_>, owner: &Owner) -> bool {
    let is_built_in = Workload::of_group_kind(&owner.group, &owner.kind).is_some();
    let mut carriers = evaluator.configuration.cluster.carriers.iter();
    let is_delegated = carriers.any(|carrier| carrier.group == owner.group && carrier.kind == owner.kind);
    let is_node = owner.group.is_empty() && owner.kind == "Node";
    !is_built_in && !is_delegated && !is_node
}
