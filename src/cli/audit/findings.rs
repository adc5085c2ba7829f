//! The result for CI systems.

use crate::analysis::audit::{AuditRow, AuditState};
use crate::cli::audit::FinishedAudit;
use crate::cli::report::{Finding, Level, Report, Subject};

/// Every workload and running pod with the reasons against it; `fails` says whether a denial is an error
pub(super) fn findings(finished: &FinishedAudit, fails: bool) -> Report {
    let rows = finished.audit.namespaces().flat_map(|(_, rows)| rows);
    let rows = rows.map(|row| subject(row, fails));
    let unjudged = finished.audit.unjudged.iter().map(|one| {
        let message = format!("{}: {}", one.problem, one.advice);
        let finding = Finding::new(Level::Warning, one.check.name(), message);
        Subject::of(&*one.subject, finding)
    });
    let notes = finished.notes.iter();
    let notes = notes.map(|note| Subject::of("cluster", Finding::new(Level::Note, "Note", note.clone())));
    let refusal = finished.published.refusal();
    let refusal = refusal.map(|refusal| Subject::of("ramgate audit", Finding::failure(refusal)));
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
            .map(|reason| Finding::new(level, reason.code, reason.with_fix()))
            .collect(),
    }
}
