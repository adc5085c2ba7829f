//! The result for CI systems.

use crate::analysis::audit::{AuditRow, AuditState};
use crate::cli::audit::FinishedAudit;
use crate::cli::report::{Finding, Level, Report, Subject};

/// Every workload and running pod with the reasons against it; `fails` says whether a denial is an error
pub(super) fn findings(finished: &FinishedAudit, fails: bool) -> Report {
    let rows = finished.audit.namespaces().flat_map(|(_, rows)| rows);
    let rows = rows.map(|row| subject(row, fails));
    let unjudged = finished.audit.unjudged.iter().map(|one| Subject {
        name: one.subject.clone(),
        place: None,
        findings: vec![finding(
            Level::Warning,
            one.check.name(),
            format!("{}: {}", one.problem, one.advice),
        )],
    });
    let notes = finished.notes.iter().map(|note| Subject {
        name: "cluster".to_owned(),
        place: None,
        findings: vec![finding(Level::Note, "Note", note.clone())],
    });
    let refusal = finished.published.refusal().map(|refusal| Subject {
        name: "ramgate audit".to_owned(),
        place: None,
        findings: vec![Finding::failure(refusal)],
    });
    let subjects = rows.chain(unjudged).chain(notes).chain(refusal).collect();
    Report::of("audit", subjects, "cluster")
}

fn subject(row: &AuditRow, fails: bool) -> Subject {
    let verdict = &row.verdict;
    let level = match verdict.state {
        AuditState::Excused => Level::Note,
        _ if fails => Level::Error,
        _ => Level::Warning,
    };
    let reasons = verdict.reasons.iter();
    Subject {
        name: format!("{}/{}", row.namespace, row.title()),
        place: None,
        findings: reasons
            .map(|reason| finding(level, reason.code, reason.with_fix()))
            .collect(),
    }
}

fn finding(level: Level, code: &str, message: String) -> Finding {
    Finding {
        level,
        code: code.to_owned(),
        message,
        place: None,
    }
}
