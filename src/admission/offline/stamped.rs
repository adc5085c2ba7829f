//! Objects as they are after somebody has written them: what a case file has stamped before its request.

use crate::admission::offline::{
    Extra, OfflineError, Operation, Pointers, Request, listed, patch, send, workload,
};
use crate::admission::{Mode, Modes, Webhook};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::config::{ClusterSettings, Configuration, DelegatedController};
use crate::kubernetes::cluster::Cluster;
use crate::kubernetes::eci_annotations::{ECI_FIELDS, texts_of};
use crate::kubernetes::metadata::Metadata;
use crate::kubernetes::owned_object::OwnedObject;
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::kubernetes::workload::Workload;
use crate::stamp::{Claims, REQUESTED_BY, StampedObject, unverified};

/// An object as it is after somebody has written it, or what controls it: mapped, and stamped for its controller owner if it
/// names one
///
/// # Errors
///
/// The manifest is not what its kind says.
pub fn stamped(
    object: &Value,
    (user, groups, extra): (&str, &[String], Option<&Extra>),
    configuration: &Configuration,
    objects: &ClusterSnapshot,
    now: Timestamp,
) -> Result<Value, OfflineError> {
    let request = Request {
        operation: Operation::Create(object),
        subresource: "",
        user,
        groups,
        extra,
    };
    let settings = &configuration.cluster;
    let modes = Modes::everywhere(Mode::Audit);
    let answer = send(
        Webhook::Mutating,
        &request,
        configuration,
        (objects, objects),
        &modes,
        now,
    )?;
    let mut object = object.clone();
    if let Some(patch) = patch(&answer.body)? {
        json_patch::patch(&mut object, &patch)?;
    }
    if let Some(owner) = owner(&object) {
        // A controller copies what was written into its owner
        change_stamp(&mut object, settings, objects, |claims, _| {
            claims.object = Some(owner)
        });
    }
    Ok(object)
}

/// A stored object with the fields of ECI that a case gives it, and a stamp for these
///
/// Other mapping rules than those of today may have written them. Mapping adds only what the case leaves out.
#[must_use]
pub(crate) fn with_given_fields(
    given: &Value,
    mut stamped: Value,
    settings: &ClusterSettings,
    objects: &ClusterSnapshot,
) -> Value {
    let pointer = format!("{}/annotations", Pointers::of(&stamped, settings).metadata);
    let text = |key: &str| given.pointer(&pointer).and_then(|all| all.get(key)).cloned();
    let written: Vec<(&str, Value)> = ECI_FIELDS
        .into_iter()
        .filter_map(|key| Some((key, text(key)?)))
        .collect();
    let annotations = stamped.pointer_mut(&pointer).and_then(Value::as_object_mut);
    let Some(annotations) = annotations else {
        return stamped;
    };
    annotations.extend(written.into_iter().map(|(key, value)| (key.to_owned(), value)));
    change_stamp(&mut stamped, settings, objects, |claims, annotations| {
        claims.fields = texts_of(|key| annotations.get(key).and_then(Value::as_str));
    });
    stamped
}

/// Signs the stamp of an object again, with other claims
fn change_stamp(
    object: &mut Value,
    settings: &ClusterSettings,
    objects: &ClusterSnapshot,
    change: impl FnOnce(&mut Claims, &Map<String, Value>),
) {
    let pointer = format!("{}/annotations", Pointers::of(object, settings).metadata);
    let Some(annotations) = object.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
        return;
    };
    let stamp = annotations.get(REQUESTED_BY).and_then(Value::as_str);
    if let (Some(mut claims), Some(signer)) = (stamp.and_then(unverified), objects.signer()) {
        change(&mut claims, annotations);
        if let Some(stamp) = signer.sign(&claims) {
            annotations.insert(REQUESTED_BY.to_owned(), stamp.into());
        }
    }
}

/// The object that controls this one
fn owner(object: &Value) -> Option<StampedObject> {
    let text = object.get("metadata")?.to_string();
    let metadata: Metadata<'_> = serde_json::from_str(&text).ok()?;
    OwnedObject::new("", "", &metadata).owner_object()
}

/// An object with the controller owner that this controller always writes, where the manifest names no owner at all; an API
/// version in which there is no such kind is corrected
#[must_use]
pub(crate) fn owned(object: &Value, user: &str, settings: &ClusterSettings) -> Value {
    let mut object = object.clone();
    let owners = object
        .pointer_mut("/metadata/ownerReferences")
        .and_then(Value::as_array_mut);
    owners
        .into_iter()
        .flatten()
        .for_each(|owner| correct_api_version(owner, settings));
    let is_owned = object.pointer("/metadata/ownerReferences").is_some();
    let Some((version, kind)) = written_by(user, &object, settings).filter(|_| !is_owned) else {
        return object;
    };
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let name = match text("/metadata/name") {
        "" => text("/metadata/generateName").trim_end_matches('-'),
        name => name,
    };
    let reference =
        json!([{"apiVersion": version, "kind": kind, "name": name, "uid": "", "controller": true}]);
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("ownerReferences".to_owned(), reference);
    }
    object
}

/// Corrects the API version of an owner, if its kind does not exist in that version and exists in another
fn correct_api_version(owner: &mut Value, settings: &ClusterSettings) {
    let text = |field: &str| owner.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let mut listed = settings.carriers.iter().filter(|carrier| carrier.kind == kind);
    let is_known = Workload::of_group_kind(group, kind).is_some()
        || listed.clone().any(|carrier| carrier.group == group);
    let right = match (is_known, Workload::of_kind(kind), listed.next()) {
        (true, ..) | (false, None, None) => return,
        (false, Some(workload), _) => version_of(workload.group()),
        (false, None, Some(carrier)) => version_of(&carrier.group),
    };
    if let Some(fields) = owner.as_object_mut() {
        fields.insert("apiVersion".to_owned(), right.into());
    }
}

fn version_of(group: &str) -> String {
    match group {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    }
}

/// API version and kind of the owner that a controller writes into what it makes
fn written_by(user: &str, object: &Value, settings: &ClusterSettings) -> Option<(String, String)> {
    let mut own = settings.carriers.iter().filter(|carrier| carrier.user == user);
    if let Some(first) = own.clone().next() {
        // An object of a listed kind has an owner of another listed kind
        let made = listed(object, settings);
        let is_other = |carrier: &&DelegatedController| made.is_none_or(|made| made.kind != carrier.kind);
        let owner = own.find(is_other).unwrap_or(first);
        return Some((version_of(&owner.group), owner.kind.clone()));
    }
    let manager = match workload(object) {
        Some(Workload::ReplicaSet) => Workload::Deployment,
        Some(Workload::Job) => Workload::CronJob,
        Some(Workload::ControllerRevision) => Workload::StatefulSet,
        Some(_) => return None,
        None => Workload::ReplicaSet,
    };
    let owner = match user.strip_prefix("system:serviceaccount:kube-system:") {
        None if user == "system:kube-controller-manager" => manager,
        Some("cronjob-controller") => Workload::CronJob,
        Some("daemon-set-controller") => Workload::DaemonSet,
        Some("deployment-controller") if manager == Workload::Deployment => Workload::Deployment,
        Some("job-controller") => Workload::Job,
        Some("replicaset-controller") => Workload::ReplicaSet,
        Some("replication-controller") => Workload::ReplicationController,
        Some("statefulset-controller") => Workload::StatefulSet,
        Some(_) | None => return None,
    };
    Some((version_of(owner.group()), owner.kind().to_owned()))
}

/// Applies the case's change to the stamped object, as a patch would: what stamping and mapping wrote stays, unless the
/// change concerns it
pub(crate) fn rebase(unstamped: &Value, stamped: &Value, object: &mut Value, settings: &ClusterSettings) {
    let base = format!("{}/annotations", Pointers::of(object, settings).metadata);
    let empty = Value::Object(Default::default());
    let (before, after) = (
        unstamped.pointer(&base).unwrap_or(&empty),
        stamped.pointer(&base).unwrap_or(&empty),
    );
    let keys: Vec<&String> = [before, after]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|map| map.keys())
        .filter(|key| before.get(key) != after.get(key))
        .collect();
    let Some(metadata) = base
        .strip_suffix("/annotations")
        .and_then(|metadata| object.pointer_mut(metadata))
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    let annotations = metadata.entry("annotations").or_insert_with(|| empty.clone());
    let Some(annotations) = annotations.as_object_mut() else {
        return;
    };
    for key in keys {
        if annotations.get(key) == before.get(key) {
            match after.get(key) {
                Some(value) => annotations.insert(key.clone(), value.clone()),
                None => annotations.remove(key),
            };
        }
    }
}
