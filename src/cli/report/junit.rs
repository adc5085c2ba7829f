//! JUnit's XML: a test suite for each file, and a test case for whatever was examined in it.

use std::collections::BTreeMap;

use crate::cli::report::{Finding, Level, Report, Subject};

/// The number of test cases, and of those that failed or could not be run
#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
}

/// The report as one XML document
///
/// ```text
/// <testsuites name="ramgate check" tests="1" failures="1" errors="0">
///   <testsuite name="app.yaml" tests="1" failures="1" errors="0">
///     <testcase classname="app.yaml" name="Pod tests/web" file="app.yaml" line="1">
///       <failure type="ImplicitDeny" message="...">app.yaml:7:5: ImplicitDeny: ...</failure>
/// ```
pub(super) fn junit(report: &Report) -> String {
    let all = Counts::of(report.subjects.iter());
    let mut suites: BTreeMap<&str, Vec<&Subject>> = BTreeMap::new();
    for subject in &report.subjects {
        let file = subject.place.as_ref().map_or(report.command, |place| &place.file);
        suites.entry(file).or_default().push(subject);
    }
    let suites: String = suites
        .iter()
        .map(|(file, subjects)| suite(file, subjects))
        .collect();
    let name = format!("ramgate {}", report.command);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {}>\n{suites}</testsuites>\n",
        escaped(&name),
        all.attributes()
    )
}

impl Counts {
    fn of<'a>(subjects: impl Iterator<Item = &'a Subject>) -> Self {
        let mut counts = Self::default();
        for subject in subjects {
            counts.tests = counts.tests.saturating_add(1);
            if subject.has(Level::Failure) {
                counts.errors = counts.errors.saturating_add(1);
            } else if subject.has(Level::Error) {
                counts.failures = counts.failures.saturating_add(1);
            }
        }
        counts
    }

    fn attributes(self) -> String {
        let Self {
            tests,
            failures,
            errors,
        } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"")
    }
}

impl Subject {
    fn has(&self, level: Level) -> bool {
        self.findings.iter().any(|finding| finding.level == level)
    }
}

fn suite(file: &str, subjects: &[&Subject]) -> String {
    let counts = Counts::of(subjects.iter().copied()).attributes();
    let cases: String = subjects.iter().map(|subject| case(file, subject)).collect();
    format!(
        "  <testsuite name=\"{}\" {counts}>\n{cases}  </testsuite>\n",
        escaped(file)
    )
}

/// A test case: its worst findings are its failure, since readers take only one, and the others its output
fn case(file: &str, subject: &Subject) -> String {
    let mut attributes = format!(
        "classname=\"{0}\" name=\"{1}\"",
        escaped(file),
        escaped(&subject.name)
    );
    if let Some(place) = &subject.place {
        attributes.push_str(&format!(" file=\"{}\"", escaped(&place.file)));
        if let Some(line) = place.line() {
            attributes.push_str(&format!(" line=\"{line}\""));
        }
    }
    let is_bad = |finding: &&Finding| matches!(finding.level, Level::Failure | Level::Error);
    let (bad, others): (Vec<&Finding>, Vec<&Finding>) = subject.findings.iter().partition(is_bad);
    let element = if subject.has(Level::Failure) {
        "error"
    } else {
        "failure"
    };
    let first = bad.first().map(|first| {
        let message = first.message.lines().next().unwrap_or_default();
        let lines: Vec<String> = bad.iter().map(|finding| line(finding)).collect();
        format!(
            "      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n",
            escaped(&first.code),
            escaped(message),
            escaped(&lines.join("\n"))
        )
    });
    let output = (!others.is_empty()).then(|| {
        let lines: Vec<String> = others.iter().map(|finding| line(finding)).collect();
        format!("      <system-out>{}</system-out>\n", escaped(&lines.join("\n")))
    });
    match (first, output) {
        (None, None) => format!("    <testcase {attributes}/>\n"),
        (first, output) => {
            let inside: String = first.into_iter().chain(output).collect();
            format!("    <testcase {attributes}>\n{inside}    </testcase>\n")
        }
    }
}

fn line(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Failure | Level::Error => "",
        Level::Warning => "warning: ",
        Level::Note => "note: ",
    };
    let place = finding.place.as_ref().map(|place| format!("{}: ", place.text()));
    format!(
        "{}{level}{}: {}",
        place.unwrap_or_default(),
        finding.code,
        finding.message
    )
}

/// Text for an attribute or an element; XML 1.0 has no way to write most control characters
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
