//! Workflow commands of GitHub Actions: each finding annotates a line of a change.

use crate::cli::report::{Finding, Level, Report, Subject};
use crate::wording::counted;

/// One command a finding, and a last line for whoever reads the log
///
/// ```text
/// ::error file=app.yaml,line=7,col=5,title=ImplicitDeny::Deployment tests/web: tag `env` must be `test`
/// ```
pub(super) fn github(report: &Report) -> String {
    let commands = report
        .findings()
        .map(|(subject, finding)| command(subject, finding));
    let count = format!(
        "ramgate {}: {} examined, {}\n",
        report.command,
        report.subjects.len(),
        counted(report.findings().count(), "finding")
    );
    commands.chain([count]).collect()
}

fn command(subject: &Subject, finding: &Finding) -> String {
    let name = match finding.level {
        Level::Failure | Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.place {
        properties.push(format!("file={}", property(&place.file)));
        if let Some(line) = place.line() {
            properties.push(format!("line={line},col={}", place.at.column));
        }
    }
    properties.push(format!("title={}", property(&finding.code)));
    let is_file = finding
        .place
        .as_ref()
        .is_some_and(|place| place.file == subject.name);
    let message = if is_file || finding.message.starts_with(&subject.name) {
        finding.message.clone()
    } else {
        format!("{}: {}", subject.name, finding.message)
    };
    format!("::{name} {}::{}\n", properties.join(","), data(&message))
}

/// The message of a command: a line break would end it, and whatever follows would be a command of its own
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a command
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::report::Place;
    use ram_policy::source::Position;

    #[test]
    fn nothing_in_a_finding_ends_a_command_or_starts_one() {
        let finding = Finding {
            level: Level::Warning,
            code: "A,b:c".to_owned(),
            message: "100%: one\r\n::error file=x::two".to_owned(),
            place: Some(Place::new("./a,b:c%.yaml", Position { line: 3, column: 5 })),
        };
        let report = Report {
            command: "check",
            subjects: vec![Subject {
                name: "Pod n/p".to_owned(),
                place: None,
                findings: vec![finding],
            }],
        };
        assert_eq!(
            github(&report),
            "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=5,title=A%2Cb%3Ac::Pod n/p: 100%25: one%0D%0A::error file=x::two\n\
             ramgate check: 1 examined, 1 finding\n"
        );
    }

    #[test]
    fn a_finding_without_a_place_is_of_the_whole_run() {
        let report = Report {
            command: "diff",
            subjects: vec![Subject {
                name: "old".to_owned(),
                place: None,
                findings: vec![Finding::failure("gone".to_owned())],
            }],
        };
        assert!(github(&report).starts_with("::error title=Unjudged::old: gone\n"));
    }
}
