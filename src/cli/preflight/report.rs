//! The result for CI systems.

use crate::analysis::survey::preflight;
use crate::cli::report::{Finding, Level, Report, Subject};

/// Every finding about its object in the cluster; what could not be read is a note
pub(super) fn report(findings: &[preflight::Finding], notes: &[String]) -> Report {
    let found = findings.iter().map(|finding| {
        let message = format!("{}: {}", finding.problem, finding.advice);
        let name = &*finding.subject;
        Subject::of(name, Finding::new(Level::Error, finding.check.name(), message))
    });
    let notes = notes
        .iter()
        .map(|note| Subject::of("cluster", Finding::new(Level::Note, "Note", note.clone())));
    let subjects = found.chain(notes).collect();
    Report::of("preflight", subjects, "cluster")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::survey::preflight::Check;

    #[test]
    fn findings_are_errors_and_notes_are_not() {
        let finding = preflight::Finding {
            check: Check::Stamp,
            subject: "Deployment a/b".to_owned(),
            problem: "no stamp".to_owned(),
            advice: "restart it".to_owned(),
        };
        let report = report(&[finding], &["no nodes".to_owned()]);
        let levels: Vec<Level> = report
            .subjects
            .iter()
            .map(|subject| subject.findings[0].level)
            .collect();
        assert_eq!(levels, [Level::Error, Level::Note]);
        assert_eq!(report.subjects[0].findings[0].code, "stamp");
        assert_eq!(super::report(&[], &[]).subjects.len(), 1);
    }
}
