//! Differences as findings for CI systems.

use crate::analysis::diff::{Change, Difference, Report, SettingChange};
use crate::cli::diff::approvals::Approved;
use crate::cli::diff::human;
use crate::cli::diff::side::Sides;
use crate::cli::diff::terraform::opaque_text;
use crate::cli::report::{self, Finding, Level, Place, Subject};

/// Every difference; what is newly allowed, or may be, is an error unless it is approved
pub(super) fn findings(report: &Report, approved: &Approved<'_>, sides: &Sides) -> report::Report {
    let differences = report.differences.iter().zip(&approved.differences);
    let differences = differences.map(|(each, reason)| accepted(difference(each, sides), reason.as_deref()));
    let settings = report.setting_changes.iter().zip(&approved.settings);
    let settings = settings.map(|(each, reason)| accepted(setting(each), reason.as_deref()));
    let opaque = sides.opaque.iter().map(|change| {
        let level = if change.may_allow() {
            Level::Error
        } else {
            Level::Note
        };
        subject(
            change.what.to_string(),
            level,
            "NotCompared",
            opaque_text(std::slice::from_ref(change)),
        )
    });
    let unmatched = approved.unmatched.iter().map(|unmatched| {
        let place = Some(Place::new(unmatched.file, unmatched.at));
        let subject = subject(
            unmatched.what.to_owned(),
            Level::Warning,
            "UnmatchedApproval",
            unmatched.message(),
        );
        at(subject, place)
    });
    let incomplete = report.incomplete.iter().map(|principal| {
        let message = "its policies tell too many requests apart: not searched to the end".to_owned();
        subject(principal.to_string(), Level::Error, "NotSearched", message)
    });
    let subjects = differences
        .chain(settings)
        .chain(incomplete)
        .chain(unmatched)
        .chain(opaque)
        .collect();
    report::Report::of("diff", subjects, "no difference")
}

fn difference(difference: &Difference, sides: &Sides) -> Subject {
    let Sides { old, new, .. } = sides;
    let after = difference.after.statement.as_ref().and_then(|id| new.place(id));
    // What is no longer allowed may be so because a statement is gone
    let place = after.or_else(|| old.place(difference.before.statement.as_ref()?));
    let (level, code) = match difference.change {
        Change::Allowed => (Level::Error, "NewlyAllowed"),
        Change::Denied => (Level::Note, "NewlyDenied"),
    };
    let message = format!(
        "{}\nbefore: {}\nafter: {}",
        human::what(difference),
        human::decision(&difference.before),
        human::decision(&difference.after)
    );
    at(subject(human::what(difference), level, code, message), place)
}

/// The subject and its findings at a place
fn at(mut subject: Subject, place: Option<Place>) -> Subject {
    for finding in &mut subject.findings {
        finding.place.clone_from(&place);
    }
    Subject { place, ..subject }
}

/// The subject as a note with the reason, if it is approved
fn accepted(mut subject: Subject, reason: Option<&str>) -> Subject {
    let Some(reason) = reason else { return subject };
    for finding in &mut subject.findings {
        finding.level = Level::Note;
        finding.code = "Approved".to_owned();
        finding.message = format!("approved: {reason}\n{}", finding.message);
    }
    subject
}

fn setting(change: &SettingChange) -> Subject {
    let (level, code) = match change.may_allow {
        true => (Level::Error, "MayAllow"),
        false => (Level::Note, "SettingChanged"),
    };
    let name = format!("{}: {}", change.section, change.entry);
    subject(name, level, code, human::setting(change))
}

fn subject(name: String, level: Level, code: &str, message: String) -> Subject {
    Subject::of(name, Finding::new(level, code, message))
}
