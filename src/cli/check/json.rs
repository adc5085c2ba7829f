//! Evaluated manifests as JSON for programs.

use serde_json::{Map, Value, json};

use crate::admission::offline::OfflineResult;
use crate::admission::outcome::advice::Advice;
use crate::cli::check::args::CheckArgs;
use crate::cli::check::evaluated_manifest::{Checked, EvaluatedManifest};
use crate::cli::check::questions::AnsweredQuestion;
use crate::cli::manifest::{Located, PassedOver, PassedOverReason};
use crate::cli::workload_json::exception_json;
use crate::stamp::REQUESTED_BY;

/// All manifests, what is not among them, and whether all are allowed
pub(in crate::cli) fn as_json(args: &CheckArgs, checked: &Checked) -> Value {
    let objects: Vec<Value> = checked.manifests.iter().map(|one| object(args, one)).collect();
    json!({
        "allowed": checked.is_allowed(),
        "objects": objects,
        "failures": checked.failures.iter().map(located).collect::<Vec<Value>>(),
        "warnings": checked.warnings.iter().map(located).collect::<Vec<Value>>(),
        "passedOver": checked.passed_over.iter().map(passed_over).collect::<Vec<Value>>(),
        "notes": checked.notes(),
    })
}

fn located(located: &Located) -> Value {
    json!({
        "file": located.file,
        "line": located.fault.at.line,
        "column": located.fault.at.column,
        "object": located.object,
        "message": located.fault.message,
    })
}

fn passed_over(file: &PassedOver) -> Value {
    let reason = match file.reason {
        PassedOverReason::NoManifest => "NoManifest",
        PassedOverReason::HelmTemplate => "HelmTemplate",
        PassedOverReason::KustomizePatch => "KustomizePatch",
    };
    json!({"file": file.file, "reason": reason})
}

fn object(args: &CheckArgs, one: &EvaluatedManifest) -> Value {
    let manifest = &one.manifest;
    let mut object = json!({
        "file": manifest.file,
        "line": manifest.at().line,
        "kind": manifest.kind(),
        "namespace": manifest.text("/metadata/namespace"),
        "name": manifest.name(),
        "judged": false,
    });
    if let (Some(fields), Some(mark)) = (object.as_object_mut(), &one.unlisted) {
        let unlisted = json!({"path": mark.path, "mark": mark.mark, "preset": mark.preset});
        fields.insert("unlisted".to_owned(), unlisted);
    }
    let (Some(fields), Some(result)) = (object.as_object_mut(), &one.result) else {
        return object;
    };
    fields.insert("namespace".to_owned(), manifest.namespace().into());
    fields.insert("operation".to_owned(), args.operation.name().into());
    fields.extend(result_fields(result));
    if args.explain {
        let questions = one.questions.iter().map(AnsweredQuestion::as_json);
        fields.insert("questions".to_owned(), questions.collect());
    }
    object
}

fn result_fields(result: &OfflineResult) -> Map<String, Value> {
    let response = &result.response;
    // The stamp is left out: no cluster accepts it
    let annotations = result.annotations.iter();
    let annotations = annotations.filter(|(key, _)| *key != REQUESTED_BY);
    let annotations: Map<String, Value> = annotations
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let fields = json!({
        "judged": result.evaluated,
        "allowed": result.allowed,
        "message": response.message(),
        "causes": result.causes,
        "warnings": result.warnings,
        "annotations": annotations,
        "route": response.route(),
        "principal": response.principal(),
        "action": response.action(),
        "allowedBy": response.allowed_by(),
        "exception": exception_json(response.exception()),
        "fix": response.evaluation.advice.as_ref().map(fix),
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// The outcome of the search for a fix, and the annotations that it found
fn fix(advice: &Advice) -> Value {
    let outcome = match advice {
        Advice::Write(_) => "found",
        Advice::Nothing | Advice::Withheld => "none",
        Advice::GaveUp => "unknown",
    };
    let annotations = advice.lines().iter();
    let annotations: Map<String, Value> = annotations
        .map(|line| (line.annotation.to_owned(), json!(line.value)))
        .collect();
    json!({"outcome": outcome, "annotations": annotations})
}
