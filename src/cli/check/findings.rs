//! Evaluated manifests as findings for CI systems.

use crate::cli::check::evaluated_manifest::{Checked, EvaluatedManifest};
use crate::cli::check::human::unknown_namespace;
use crate::cli::manifest::{Located, Manifest};
use crate::cli::report::{Finding, Level, Place, Report, Subject, UNJUDGED};
use ram_policy::source::Position;

/// Every manifest with what is against it; with `is_strict`, what is doubtful is an error
pub(super) fn findings(checked: &Checked, is_strict: bool) -> Report {
    let doubt = if is_strict { Level::Error } else { Level::Warning };
    let objects = checked.manifests.iter().map(|one| object(one, doubt));
    let mut report = Report {
        command: "check",
        subjects: objects.collect(),
    };
    for failure in &checked.failures {
        add(&mut report, failure, Level::Failure, UNJUDGED);
    }
    for warning in &checked.warnings {
        add(&mut report, warning, doubt, "Manifest");
    }
    report
        .subjects
        .extend(checked.unknown_namespaces.iter().map(|name| Subject {
            name: format!("namespace `{name}`"),
            place: None,
            findings: vec![Finding {
                level: Level::Note,
                code: "UnknownNamespace".to_owned(),
                message: unknown_namespace(name),
                place: None,
            }],
        }));
    report
        .subjects
        .extend(checked.misnamed_user.iter().map(|note| Subject {
            name: "--as".to_owned(),
            place: None,
            findings: vec![Finding {
                level: Level::Note,
                code: "MisnamedUser".to_owned(),
                message: note.clone(),
                place: None,
            }],
        }));
    report
}

/// Adds what is said about a file, or about an object that was not evaluated
fn add(report: &mut Report, located: &Located, level: Level, code: &str) {
    let finding = Finding {
        level,
        code: code.to_owned(),
        message: located.fault.message.clone(),
        place: Some(Place::new(&located.file, located.fault.at)),
    };
    match &located.object {
        Some(object) => report.subjects.push(Subject {
            name: object.clone(),
            place: finding.place.clone(),
            findings: vec![finding],
        }),
        None => report.add_to_file(&located.file, finding),
    }
}

fn object(one: &EvaluatedManifest, doubt: Level) -> Subject {
    let manifest = &one.manifest;
    Subject {
        name: manifest.title(),
        place: Some(Place::new(&manifest.file, manifest.at())),
        findings: object_findings(one, doubt),
    }
}

fn object_findings(one: &EvaluatedManifest, doubt: Level) -> Vec<Finding> {
    let finding = |level: Level, code: &str, message: &str, at: Position| Finding {
        level,
        code: code.to_owned(),
        message: message.to_owned(),
        place: Some(Place::new(&one.manifest.file, at)),
    };
    let start = one.manifest.at();
    let Some(result) = &one.result else {
        let mark = one.unlisted.iter();
        let unlisted = mark.map(|mark| {
            let at = one.manifest.position_of(&mark.path);
            finding(doubt, "UnlistedKind", &mark.described(), at)
        });
        return unlisted.collect();
    };
    let is_against = !result.allowed || result.is_recorded();
    let level = if result.allowed { doubt } else { Level::Error };
    let mut findings = Vec::new();
    if is_against {
        let causes = result.causes.iter();
        findings.extend(causes.map(|cause| {
            let at = place_of_cause(&one.manifest, cause.field.as_deref(), &result.metadata_at);
            finding(level, &cause.reason, &cause.message, at)
        }));
        if findings.is_empty() {
            let message = result.response.message().unwrap_or_default();
            findings.push(finding(level, "Denied", message, start));
        }
    }
    findings.extend(
        result
            .warnings
            .iter()
            .map(|warning| finding(doubt, "Warning", warning, start)),
    );
    findings
}

/// The annotation at fault, or the metadata of the pod in the object
fn place_of_cause(manifest: &Manifest, field: Option<&str>, metadata_at: &str) -> Position {
    match field {
        Some(field) => manifest.position_of(field),
        None => {
            let path = metadata_at.trim_start_matches('/').replace('/', ".");
            manifest.position_of(&path)
        }
    }
}
