//! Evaluated manifests as text for people.

use crate::admission::routing::route::Route;
use serde_json::Value;

use crate::admission::offline::OfflineResult;
use crate::admission::outcome::advice::{Advice, Line};
use crate::cli::check::args::PodOperation;
use crate::cli::check::evaluated_manifest::EvaluatedManifest;
use crate::cli::check::questions::AnsweredQuestion;
use crate::cli::manifest::Manifest;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};

/// All manifests, and a last line with their numbers
///
/// ```text
/// Pod tests/web: denied
///   AuthAction: ... may not create pod `tests/web`
///   allowed with these annotations:
///     k8s.aliyun.com/eci-custom-tags: env:test
/// 0 allowed, 1 denied, 0 of kinds that are not judged
/// ```
pub(super) fn human(operation: PodOperation, manifests: &[EvaluatedManifest]) -> String {
    let text: String = manifests.iter().map(|one| manifest(operation, one)).collect();
    let results = || manifests.iter().filter_map(|one| one.result.as_ref());
    let allowed = results().filter(|result| result.allowed).count();
    let denied = results().filter(|result| !result.allowed).count();
    let others = manifests.iter().filter(|one| one.result.is_none()).count();
    format!("{text}{allowed} allowed, {denied} denied, {others} of kinds that are not judged\n")
}

fn manifest(operation: PodOperation, one: &EvaluatedManifest) -> String {
    let title = title(&one.manifest);
    if let Some(mark) = &one.unlisted {
        return format!("{title}: not judged: {}\n", mark.described());
    }
    let Some(result) = &one.result else {
        return format!("{title}: not judged, no pods come of it that ramgate knows of\n");
    };
    let mut lines = decision(&title, result);
    let warnings = result.warnings.iter();
    lines.extend(warnings.flat_map(|warning| indented("warning: ", warning)));
    if matches!(operation, PodOperation::Create | PodOperation::Update) {
        lines.extend(mapped_annotations(&one.manifest, result));
    }
    let lines = lines.iter().map(|line| format!("{line}\n"));
    lines
        .chain(one.questions.iter().map(AnsweredQuestion::human))
        .collect()
}

fn decision(title: &str, result: &OfflineResult) -> Vec<String> {
    if !result.allowed {
        let mut lines = vec![format!("{title}: denied")];
        lines.extend(indented("", &result.message));
        lines.extend(fix(result));
        return lines;
    }
    vec![if result.evaluated {
        format!("{title}: allowed{}", allowed_by(result))
    } else {
        format!("{title}: allowed, nothing to judge{}", no_route(result))
    }]
}

/// The lines of a text under a title
fn indented(label: &str, text: &str) -> Vec<String> {
    let lines = format!("{label}{text}");
    lines.lines().map(|line| format!("  {line}")).collect()
}

fn title(manifest: &Manifest) -> String {
    let namespace = manifest.text("/metadata/namespace");
    let name = manifest.name();
    match (manifest.is_namespaced(), namespace) {
        (true, _) => format!("{} {}/{name}", manifest.kind(), manifest.namespace()),
        (false, "") => format!("{} {name}", manifest.kind()),
        (false, namespace) => format!("{} {namespace}/{name}", manifest.kind()),
    }
}

/// The annotations with which the pod would be allowed, as in a manifest
fn fix(result: &OfflineResult) -> Vec<String> {
    let lines = result
        .response
        .evaluation
        .advice
        .as_ref()
        .map_or(&[][..], Advice::lines);
    let (set, removed): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.value.is_some());
    let mut text = Vec::new();
    if !set.is_empty() {
        text.push("  allowed with these annotations:".to_owned());
        text.extend(set.iter().map(|line| format!("    {line}")));
    }
    if !removed.is_empty() {
        text.push("  allowed without these annotations:".to_owned());
        text.extend(removed.iter().map(|line| format!("    {}", line.annotation)));
    }
    text
}

/// The principal, the action and the statements that allow it
fn allowed_by(result: &OfflineResult) -> String {
    let response = &result.response;
    let action = response.action().map(|action| format!(", {action}"));
    let principal = response.principal();
    let principal = principal.map(|principal| format!(" as {principal}"));
    let allowed_by = response.allowed_by();
    let statements = (!allowed_by.is_empty()).then(|| format!(" by {}", allowed_by.join(", ")));
    [action, principal, statements].into_iter().flatten().collect()
}

/// The reason why the pod does not go to ECI
fn no_route(result: &OfflineResult) -> String {
    match &result.response.evaluation.route {
        Some(Route::No(reason)) => format!(": {reason}"),
        _ => String::new(),
    }
}

/// The annotations that mapping changed
fn mapped_annotations(manifest: &Manifest, result: &OfflineResult) -> Vec<String> {
    let annotations = format!("{}/annotations", result.metadata_at);
    let annotations = manifest.object.pointer(&annotations);
    let written = |key: &str| annotations?.get(key).and_then(Value::as_str);
    let is_changed = |key: &&str| written(key) != result.annotations.get(*key).map(String::as_str);
    let line = |key: &str| match result.annotations.get(key) {
        Some(value) => format!("  mapped {key}: {value}"),
        None => format!("  mapped {key}: taken away"),
    };
    [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME]
        .into_iter()
        .filter(is_changed)
        .map(line)
        .collect()
}
