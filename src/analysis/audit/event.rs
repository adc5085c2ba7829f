//! Events on the owners of what mode enforce would deny, so that `kubectl describe` shows it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::analysis::audit::audited_object::AuditedObject;
use crate::analysis::audit::collector::Audit;
use crate::analysis::audit::report::reference;
use crate::analysis::audit::row::AuditRow;
use crate::analysis::audit::state::AuditState;
use crate::wording::{bounded, cut};

/// The most Events of a run in one namespace
const MAX_IN_NAMESPACE: usize = 20;

/// The most Events of a run: they are for people who look at an object, and the Reports have everything
const MAX_EVENTS: usize = 500;

/// The longest note in bytes; the API server takes 1,024
const NOTE: usize = 1000;

/// The longest part of an Event's name that comes from its object: with the hash it fits into 253 characters
const NAME: usize = 200;

/// An Event to create
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AuditEvent {
    /// The namespace of the Event and of the object that it regards
    pub namespace: String,
    /// The Event
    pub object: Value,
}

/// The Events of an audit, and how many more there would be without bounds
pub(crate) fn events(audit: &Audit, now: Timestamp) -> (Vec<AuditEvent>, usize) {
    let (mut events, mut left_out) = (Vec::new(), 0_usize);
    for (namespace, rows) in audit.namespaces() {
        let (mut names, mut count) = (BTreeSet::new(), 0_usize);
        let denied = rows
            .iter()
            .filter(|row| matches!(row.verdict.state, AuditState::Denied | AuditState::DeniedIfBound));
        for row in denied {
            let (name, note) = (event_name(row), note(row));
            if !names.insert(name.clone()) {
                continue;
            }
            if count >= MAX_IN_NAMESPACE || events.len() >= MAX_EVENTS {
                left_out = left_out.saturating_add(1);
                continue;
            }
            count = count.saturating_add(1);
            events.push(AuditEvent {
                namespace: namespace.to_owned(),
                object: event(row, &name, &note, now),
            });
        }
    }
    (events, left_out)
}

/// The object on which people look for the Event: a pod's workload
fn regarded(row: &AuditRow) -> &AuditedObject {
    row.owner.as_ref().unwrap_or(&row.object)
}

fn event(row: &AuditRow, name: &str, note: &str, now: Timestamp) -> Value {
    json!({
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": &*row.namespace},
        // The resolution of the API server's MicroTime
        "eventTime": format!("{now:.6}"),
        "type": "Warning",
        "reason": "WouldBeDenied",
        "action": "Audit",
        "regarding": reference(regarded(row), &row.namespace),
        "reportingController": "ramgate.io/ramgate",
        "reportingInstance": "ramgate-audit",
        "note": note,
    })
}

/// The reasons; of a pod whose workload has another verdict also which pod it is
fn note(row: &AuditRow) -> String {
    let subject = if row.owner.is_some() {
        "such a pod as"
    } else {
        "pods of"
    };
    let condition = match row.verdict.state {
        AuditState::DeniedIfBound => " that go to a virtual node",
        _ => "",
    };
    let start = format!("mode enforce would deny {subject} {}{condition}", row.title());
    let reasons = row
        .verdict
        .reasons
        .iter()
        .map(|reason| format!("{}: {}", reason.code, reason.with_fix()));
    let reasons: Vec<String> = reasons.collect();
    let room = NOTE.saturating_sub(start.len());
    cut(&format!("{start}: {}", bounded(&reasons, "; ", room)), NOTE).to_owned()
}

/// The name of an Event, by the object that it regards and the codes
///
/// The API server refuses a second one of the same name, so an object has at most one while the API server keeps it, which is
/// an hour by default. Pods of one workload share one.
fn event_name(row: &AuditRow) -> String {
    let regarded = regarded(row);
    let codes: Vec<&str> = row.verdict.reasons.iter().map(|reason| reason.code).collect();
    let mut hasher = DefaultHasher::new();
    (&*regarded.uid, &*regarded.kind, codes).hash(&mut hasher);
    format!("{}.{:016x}", cut(&regarded.name, NAME), hasher.finish())
}
