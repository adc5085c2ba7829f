//! Evaluated manifests as text for people.

use std::collections::HashMap;

use serde_json::Value;

use crate::admission::offline::OfflineResult;
use crate::admission::outcome::advice::{Advice, Line};
use crate::admission::routing::route::Route;
use crate::cli::check::args::PodOperation;
use crate::cli::check::evaluated_manifest::{Checked, EvaluatedManifest};
use crate::cli::check::questions::AnsweredQuestion;
use crate::cli::manifest::{Manifest, PassedOver, PassedOverReason};
use crate::cli::palette::Palette;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::wording::listed;

/// All manifests, what is not among them, and a last line with their numbers
///
/// ```text
/// app.yaml:1: Pod tests/web: denied
///   AuthAction: ... may not create pod `tests/web`
///   k8s.aliyun.com/eci-custom-tags: "env:test"
/// 0 allowed, 1 denied, 0 of kinds that are not judged
/// ```
pub(super) fn human(operation: PodOperation, checked: &Checked, palette: Palette) -> String {
    let mut text = manifests(operation, &checked.manifests, palette);
    for failure in &checked.failures {
        text.push_str(&format!("{failure}\n"));
    }
    for warning in &checked.warnings {
        text.push_str(&format!(
            "{}:{}: {} {}\n",
            warning.file,
            warning.fault.at,
            palette.doubtful("warning:"),
            warning.fault.message
        ));
    }
    for note in checked.notes() {
        text.push_str(&format!("note: {note}\n"));
    }
    text.push_str(&passed_over(&checked.passed_over));
    text.push_str(&summary(checked));
    text
}

/// Says that a namespace is not known
pub(super) fn unknown_namespace(name: &str) -> String {
    format!(
        "namespace `{name}` was not given: give it with --objects, as its labels and annotations may decide"
    )
}

fn summary(checked: &Checked) -> String {
    let results = || checked.manifests.iter().filter_map(|one| one.result.as_ref());
    let allowed = results().filter(|result| result.allowed).count();
    let denied = results().filter(|result| !result.allowed).count();
    let others = checked
        .manifests
        .iter()
        .filter(|one| one.result.is_none())
        .count();
    let mut text = format!("{allowed} allowed, {denied} denied, {others} of kinds that are not judged");
    let failed = checked.failures.len();
    if failed > 0 {
        text.push_str(&format!(", {failed} that could not be judged"));
    }
    match checked.passed_over.len() {
        0 => {}
        1 => text.push_str(", 1 file passed over"),
        files => text.push_str(&format!(", {files} files passed over")),
    }
    text + "\n"
}

/// The files that hold no manifests, in a line for each reason
fn passed_over(files: &[PassedOver]) -> String {
    let line = |reason, words: &str| {
        let of_reason = files.iter().filter(|file| file.reason == reason);
        let names: Vec<&str> = of_reason.map(|file| file.file.as_str()).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!("{words}: {}\n", listed(&names, "and")),
        }
    };
    let helm = "passed over as Helm templates, pipe `helm template CHART` into `ramgate check -f -`";
    let kustomize =
        "passed over as patches of kustomize, pipe `kustomize build DIR` into `ramgate check -f -`";
    [
        line(
            PassedOverReason::NoManifest,
            "passed over, as no Kubernetes manifest is in them",
        ),
        line(PassedOverReason::HelmTemplate, helm),
        line(PassedOverReason::KustomizePatch, kustomize),
    ]
    .concat()
}

/// The lines of all manifests; what was said of one already refers to it
fn manifests(operation: PodOperation, manifests: &[EvaluatedManifest], palette: Palette) -> String {
    let mut said: HashMap<String, String> = HashMap::new();
    let mut text = String::new();
    for one in manifests {
        let place = format!("{}:{}", one.manifest.file, one.manifest.at().line);
        let (decision, details) = manifest(operation, one, palette);
        text.push_str(&format!("{place}: {}: {decision}", one.manifest.title()));
        let reason = anonymous(&one.manifest, &details);
        match said.get(&format!("{decision}{reason}")) {
            Some(first) => text.push_str(&format!(", as {first}\n")),
            None => {
                text.push_str(&format!("\n{details}"));
                if details.contains('\n') {
                    said.insert(format!("{decision}{reason}"), place);
                }
            }
        }
    }
    text
}

/// A text about a manifest without its kind, namespace and name
fn anonymous(manifest: &Manifest, text: &str) -> String {
    let (namespace, name) = (manifest.namespace(), manifest.name());
    text.replace(&format!("`{namespace}/{name}`"), "it")
        .replace(&format!("`{name}`"), "it")
}

/// The decision on a manifest, and the lines below it
fn manifest(operation: PodOperation, one: &EvaluatedManifest, palette: Palette) -> (String, String) {
    let Some(result) = &one.result else {
        return (not_judged(one, palette), String::new());
    };
    let (decision, mut lines) = decision(result, palette);
    let warnings = result.warnings.iter();
    lines.extend(warnings.flat_map(|warning| indented(&palette.doubtful("warning: "), warning)));
    let is_mapped = matches!(operation, PodOperation::Create | PodOperation::Update);
    if is_mapped && one.manifest.kind() != "Eviction" {
        lines.extend(mapped_annotations(&one.manifest, result));
    }
    let lines = lines.iter().map(|line| format!("{line}\n"));
    let details = lines.chain(one.questions.iter().map(AnsweredQuestion::human));
    (decision, details.collect())
}

fn not_judged(one: &EvaluatedManifest, palette: Palette) -> String {
    match &one.unlisted {
        Some(mark) => format!("{}: {}", palette.doubtful("not judged"), mark.described()),
        None => "not judged: it makes no pods that ramgate knows of".to_owned(),
    }
}

fn decision(result: &OfflineResult, palette: Palette) -> (String, Vec<String>) {
    if !result.allowed {
        return (palette.bad("denied"), denial(result, palette));
    }
    if let Some(reason) = result.response.message().filter(|_| result.is_recorded()) {
        return (palette.doubtful("allowed, and recorded"), indented("", reason));
    }
    let decision = if result.evaluated {
        format!("{}{}", palette.good("allowed"), allowed_by(result))
    } else {
        format!(
            "{}, nothing to judge{}",
            palette.good("allowed"),
            no_route(result)
        )
    };
    (decision, Vec::new())
}

/// The lines of a text under a title
fn indented(label: &str, text: &str) -> Vec<String> {
    let lines = format!("{label}{text}");
    lines.lines().map(|line| format!("  {line}")).collect()
}

/// The message of a denial, with the lines to paste that it had no room for
fn denial(result: &OfflineResult, palette: Palette) -> Vec<String> {
    let advice = result.response.evaluation.advice.as_ref();
    let lines = advice.map_or(&[][..], Advice::lines);
    let message: Vec<&str> = result.message.lines().collect();
    let is_to_paste = |text: &str| lines.iter().any(|line| line.to_string() == text);
    let shown = message.iter().map(|line| match is_to_paste(line) {
        true => format!("  {}", palette.good(line)),
        false => format!("  {line}"),
    });
    let mut text: Vec<String> = shown.collect();
    let is_said = |line: &Line| match line.value {
        Some(_) => message.contains(&line.to_string().as_str()),
        None => result.message.contains(line.annotation),
    };
    if !lines.iter().all(is_said) {
        text.extend(fix(lines, palette));
    }
    text
}

/// The annotations with which the pod would be allowed, as in a manifest
fn fix(lines: &[Line], palette: Palette) -> Vec<String> {
    let (set, removed): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.value.is_some());
    let mut text = Vec::new();
    if !set.is_empty() {
        text.push("  allowed with these annotations:".to_owned());
        text.extend(
            set.iter()
                .map(|line| format!("    {}", palette.good(&line.to_string()))),
        );
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
