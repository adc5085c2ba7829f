//! The OpenReports `Report` of a namespace.

use serde_json::{Map, Value, json};

use crate::analysis::audit::audited_object::AuditedObject;
use crate::analysis::audit::row::AuditRow;
use crate::analysis::audit::state::AuditState;
use crate::analysis::audit::summary::AuditSummary;
use crate::analysis::survey::objects::text;
use crate::wording::fitted;

/// The API version of Reports
pub(crate) const API_VERSION: &str = "openreports.io/v1alpha1";

/// The name of every Report of the audit: rights can be limited to it
pub(crate) const NAME: &str = "ramgate-audit";

/// The label that tells the Reports of the audit
pub(crate) const LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "ramgate");

/// The source of all results
const SOURCE: &str = "ramgate";

/// The most results in a Report; readers look at the first screens, and the summary counts all
const MAX_RESULTS: usize = 1000;

/// The most bytes of all results: the API server and etcd take objects up to 1.5 MiB
const MAX_BYTES: usize = 1024 * 1024;

/// The most bytes of a message: the longest denials fit
const MESSAGE: usize = 1024;

/// The most bytes of any other text
const TEXT: usize = 512;

/// The order of results: what has to be put right comes first, and stays if not all results fit
const ORDER: [AuditState; 5] = [
    AuditState::Denied,
    AuditState::DeniedIfBound,
    AuditState::NoStamp,
    AuditState::Excused,
    AuditState::Allowed,
];

/// The Report of a namespace, as it is applied
pub(crate) fn report(namespace: &str, rows: &[AuditRow]) -> Value {
    let summary = AuditSummary::of(rows);
    let count = |state: AuditState| summary.workloads(state);
    let (label, owner) = LABEL;
    json!({
        "apiVersion": API_VERSION,
        "kind": "Report",
        "metadata": {"name": NAME, "namespace": namespace, "labels": {label: owner}},
        "source": SOURCE,
        "scope": {"apiVersion": "v1", "kind": "Namespace", "name": namespace},
        "configuration": {"limits": {"maxResults": MAX_RESULTS}},
        "summary": {
            "pass": count(AuditState::Allowed),
            "fail": count(AuditState::Denied),
            "warn": count(AuditState::DeniedIfBound),
            "error": count(AuditState::NoStamp),
            "skip": count(AuditState::Excused),
        },
        "results": results(rows),
    })
}

/// Whether a stored Report says the same as one that would be applied
///
/// Only the fields that ramgate writes count. Others may have labels and annotations of their own on it.
pub(crate) fn is_same(stored: &Value, wanted: &Value) -> bool {
    let fields = ["source", "scope", "configuration", "summary", "results"];
    fields.iter().all(|field| stored.get(field) == wanted.get(field)) && is_own(stored)
}

/// Whether a stored Report is one of the audit's own
pub(crate) fn is_own(stored: &Value) -> bool {
    let labels = stored.pointer("/metadata/labels");
    let label = labels
        .and_then(|labels| labels.get(LABEL.0))
        .and_then(Value::as_str);
    text(stored, "/metadata/name") == NAME && label == Some(LABEL.1)
}

fn results(rows: &[AuditRow]) -> Vec<Value> {
    let mut bytes = 0_usize;
    let sorted = ORDER
        .iter()
        .flat_map(|state| rows.iter().filter(move |row| row.verdict.state == *state));
    let results = sorted.take(MAX_RESULTS).map(result).take_while(|result| {
        bytes = bytes.saturating_add(result.to_string().len());
        bytes <= MAX_BYTES
    });
    results.collect()
}

/// The result of one row; it has no time, so that a Report changes only if a result does
fn result(row: &AuditRow) -> Value {
    let verdict = &row.verdict;
    let first = verdict.reasons.first();
    let messages: Vec<&str> = verdict.reasons.iter().map(|reason| &*reason.message).collect();
    let fixes: Vec<&str> = verdict
        .reasons
        .iter()
        .filter_map(|reason| reason.fix.as_deref())
        .collect();
    let message = if first.is_some() {
        messages.join("; ")
    } else {
        "RAM allows it".to_owned()
    };
    let result = json!({
        "source": SOURCE,
        "policy": NAME,
        "category": "ECI",
        "result": verdict.state.result(),
        "scored": true,
        "resources": [reference(&row.object, &row.namespace)],
        "message": fitted(&message, MESSAGE),
        "properties": properties(row, &fixes),
    });
    with_rule(result, first.map(|reason| reason.code))
}

/// The result with its rule; a schema without null takes none
fn with_rule(mut result: Value, rule: Option<&str>) -> Value {
    if let (Some(fields), Some(rule)) = (result.as_object_mut(), rule) {
        fields.insert("rule".to_owned(), rule.into());
    }
    result
}

fn properties(row: &AuditRow, fixes: &[&str]) -> Value {
    let verdict = &row.verdict;
    let fix = (!fixes.is_empty()).then(|| fixes.join("; "));
    let all = [
        ("state", Some(verdict.state.name().to_owned())),
        ("stamp", Some(verdict.stamp.to_owned())),
        ("user", verdict.user.as_deref().map(str::to_owned)),
        ("principal", verdict.principal.as_ref().map(ToString::to_string)),
        ("template", row.template_path.as_deref().map(str::to_owned)),
        ("fix", fix),
    ];
    let given = all
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), fitted(&value?, TEXT).into())));
    Value::Object(given.collect::<Map<_, _>>())
}

/// An object reference
pub(super) fn reference(object: &AuditedObject, namespace: &str) -> Value {
    json!({
        "apiVersion": &*object.api_version,
        "kind": &*object.kind,
        "namespace": namespace,
        "name": &*object.name,
        "uid": &*object.uid,
    })
}
