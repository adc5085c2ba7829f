//! All rows of a cluster, put together object by object so that no object has to be kept.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use crate::analysis::survey::judge::Judge;
use crate::analysis::survey::row::Row;
use crate::analysis::survey::source::{Owner, Source, owner, stamp_of, text};
use crate::kubernetes::workload::Workload;
use crate::stamp::{Ring, key_id};

/// How many examples are kept of what is only counted
const EXAMPLES: usize = 3;

/// What was found in a cluster
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    rows: Vec<Row>,
    keys: BTreeMap<String, usize>,
    makers: BTreeMap<(String, String), Counted>,
    exempt: BTreeMap<String, Counted>,
    owners: HashMap<(&'static str, String, String), Digest>,
    /// Older templates that StatefulSets still make pods of, by namespace and name
    revisions: HashSet<(String, String)>,
    hasher: RandomState,
}

/// How many there are of something, and some of them
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// How many
    pub count: usize,
    /// Some of them
    pub examples: Vec<String>,
}

/// Kinds that are made of others' templates, each with its owner's kind
const OWNERS: [(Workload, Workload); 3] = [
    (Workload::ReplicaSet, Workload::Deployment),
    (Workload::Job, Workload::CronJob),
    (Workload::ControllerRevision, Workload::StatefulSet),
];

/// What of an owner's rows its own must differ in to be worth showing
type Digest = u64;

/// How much a key is used
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyUse {
    /// The key's id
    pub id: String,
    /// How many workloads carry stamps that it signed
    pub stamps: usize,
    /// Whether the Secret holds it
    pub is_known: bool,
    /// Whether it signs
    pub is_newest: bool,
}

impl Counted {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count = self.count.saturating_add(1);
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }
}

impl Inventory {
    /// Judges one more object; owners have to come before what they own
    pub(crate) fn take(&mut self, judge: &Judge<'_>, source: &Source, object: &Value) {
        let owner = owner(object);
        if source.is_idle(object) {
            return;
        }
        let namespace = text(object, "/metadata/namespace");
        match (source, &owner) {
            (Source::Pod, Some(owner)) => return self.take_made(judge, object, owner),
            (Source::Workload(Workload::StatefulSet), _) => self.note_revision(object),
            (Source::Workload(Workload::ControllerRevision), _) => {
                let key = (namespace.to_owned(), text(object, "/metadata/name").to_owned());
                if !self.revisions.contains(&key) {
                    return;
                }
            }
            _ => {}
        }
        let rows = judge.rows(source, object);
        let place = || format!("{}/{namespace}/{}", source.kind(), text(object, "/metadata/name"));
        if judge.cluster.is_exempt(namespace) {
            if !rows.is_empty() {
                self.exempt.entry(namespace.to_owned()).or_default().add(place);
            }
            return;
        }
        let digest = self.digest(&rows);
        if self.repeats_owner(source, namespace, owner.as_ref(), digest) {
            return;
        }
        if let Source::Workload(workload) = source
            && OWNERS.iter().any(|(_, owner)| owner == workload)
        {
            let key = (
                workload.kind(),
                namespace.to_owned(),
                text(object, "/metadata/name").to_owned(),
            );
            self.owners.insert(key, digest);
        }
        if let Some(owner) = owner.filter(|_| !rows.is_empty()) {
            self.note_maker(judge, owner, place);
        }
        self.count_keys(source, object);
        self.rows.extend(rows);
    }

    /// Notes a pod of a controller: it is its template's, but its stamp counts until it is bound
    fn take_made(&mut self, judge: &Judge<'_>, pod: &Value, owner: &Owner) {
        let namespace = text(pod, "/metadata/namespace");
        if judge.cluster.is_exempt(namespace) {
            return;
        }
        if text(pod, "/spec/nodeName").is_empty()
            && let Some(key) = stamp_of(pod).and_then(key_id)
        {
            self.count_key(&key);
        }
        if is_stranger(judge, owner) && judge.leads_to_eci(pod) {
            let place = || format!("Pod/{namespace}/{}", text(pod, "/metadata/name"));
            self.note_maker(judge, owner.clone(), place);
        }
    }

    fn note_maker(&mut self, judge: &Judge<'_>, owner: Owner, example: impl FnOnce() -> String) {
        if is_stranger(judge, &owner) {
            let key = (owner.group, owner.kind);
            self.makers.entry(key).or_default().add(example);
        }
    }

    /// Counts the stamps that may count one day, whether or not their pods go to ECI now
    fn count_keys(&mut self, source: &Source, object: &Value) {
        let is_bound = *source == Source::Pod && !text(object, "/spec/nodeName").is_empty();
        let templates = source.templates(object).unwrap_or_default();
        let stamps = templates
            .into_iter()
            .filter_map(|(_, reviewed)| stamp_of(reviewed));
        for key in stamps.filter(|_| !is_bound).filter_map(key_id) {
            self.count_key(&key);
        }
    }

    fn count_key(&mut self, key: &str) {
        let count = self.keys.entry(key.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Whether an object says the same as its owner, which is shown
    fn repeats_owner(&self, source: &Source, namespace: &str, owner: Option<&Owner>, digest: Digest) -> bool {
        let (Source::Workload(workload), Some(owner)) = (source, owner) else {
            return false;
        };
        let mut owners = OWNERS.iter();
        let is_its = |(owned, of): &&(Workload, Workload)| owned == workload && of.kind() == owner.kind;
        owners.find(is_its).is_some_and(|(_, of)| {
            let key = (of.kind(), namespace.to_owned(), owner.name.clone());
            self.owners.get(&key) == Some(&digest)
        })
    }

    /// Notes the older template of a StatefulSet that rolls out, of which it may still make pods
    fn note_revision(&mut self, stateful_set: &Value) {
        let (current, update) = (
            text(stateful_set, "/status/currentRevision"),
            text(stateful_set, "/status/updateRevision"),
        );
        let number = |pointer: &str| {
            stateful_set
                .pointer(pointer)
                .and_then(Value::as_u64)
                .unwrap_or_default()
        };
        let keeps_identity = number("/status/currentReplicas") > 0
            || number("/spec/updateStrategy/rollingUpdate/partition") > 0;
        // Under OnDelete every new pod is of the newest template, and this stays as it was for ever
        let rolls = text(stateful_set, "/spec/updateStrategy/type") != "OnDelete";
        if current != update && !current.is_empty() && keeps_identity && rolls {
            let namespace = text(stateful_set, "/metadata/namespace").to_owned();
            self.revisions.insert((namespace, current.to_owned()));
        }
    }

    /// Whether objects of this kind can matter, after those that were taken so far
    pub(crate) fn wants(&self, source: &Source) -> bool {
        *source != Source::Workload(Workload::ControllerRevision) || !self.revisions.is_empty()
    }

    fn digest(&self, rows: &[Row]) -> Digest {
        let what = rows.iter().map(|row| {
            let claims = row.stamp.claims();
            let who = claims.map(|claims| (claims.user.clone(), claims.principal.clone()));
            (
                row.stamp.name(),
                row.stamp.key(),
                who,
                row.today.name(),
                row.is_certain,
            )
        });
        self.hasher.hash_one(what.collect::<Vec<_>>())
    }

    /// All rows, by namespace, kind and name
    pub(crate) fn into_rows(mut self) -> Vec<Row> {
        sort(&mut self.rows);
        self.rows
    }

    /// All rows so far
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Kinds that are not known as makers of pods, and what of ECI they make
    pub(crate) fn makers(&self) -> &BTreeMap<(String, String), Counted> {
        &self.makers
    }

    /// What leads to ECI in namespaces that are never judged
    pub(crate) fn exempt(&self) -> &BTreeMap<String, Counted> {
        &self.exempt
    }

    /// How much each key is used, those of the Secret included that nothing carries
    pub(crate) fn keys(&self, ring: Option<&Ring>) -> Vec<KeyUse> {
        let known: Vec<&str> = ring
            .iter()
            .flat_map(|ring| ring.keys())
            .map(|key| key.id())
            .collect();
        let used = self.keys.keys().map(String::as_str);
        let ids: BTreeSet<&str> = used.chain(known.iter().copied()).collect();
        let uses = ids.into_iter().rev().map(|id| KeyUse {
            id: id.to_owned(),
            stamps: self.keys.get(id).copied().unwrap_or_default(),
            is_known: known.contains(&id),
            is_newest: known.first() == Some(&id),
        });
        uses.collect()
    }
}

fn sort(rows: &mut [Row]) {
    rows.sort_by(|one, other| {
        let key = |row: &Row| {
            (
                row.namespace.clone(),
                row.source.kind().to_owned(),
                row.name.clone(),
            )
        };
        key(one).cmp(&key(other))
    });
}

/// Whether an owner is of a kind of which nobody knows who makes its pods
fn is_stranger(judge: &Judge<'_>, owner: &Owner) -> bool {
    let settings = &judge.configuration.cluster;
    let is_built_in = Workload::of_kind(&owner.kind).is_some_and(|one| one.group() == owner.group);
    let is_listed = settings
        .carriers
        .iter()
        .any(|carrier| carrier.group == owner.group && carrier.kind == owner.kind);
    let is_node = owner.group.is_empty() && owner.kind == "Node";
    !is_built_in && !is_listed && !is_node
}
