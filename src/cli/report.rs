//! Findings of a command in the terms that the formats of CI systems share.

mod github;
mod junit;
mod sarif;

use crate::analysis::lint::Warning;
use crate::cli::command_error::CommandError;
use crate::cli::output::{Format, Printer, json_text, print, print_serialized};
use crate::cli::palette::Palette;
use crate::config::LocatedFault;
use ram_policy::source::Position;
use serde::Serialize;
use serde_json::json;

/// The code of a document that is no valid policy, directory or case file
pub(super) const INVALID: &str = "Invalid";

/// The code of whatever a command could not read or judge
pub(super) const UNJUDGED: &str = "Unjudged";

/// What a command examined and what it found
#[derive(Debug, Default)]
pub(super) struct Report {
    /// The command, such as `check`
    pub(super) command: &'static str,
    pub(super) subjects: Vec<Subject>,
}

/// Something that a command examined: an object, a document, a case
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) place: Option<Place>,
    pub(super) findings: Vec<Finding>,
}

/// One thing that is wrong or doubtful
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// Its kind: the code of a denial or of a warning
    pub(super) code: String,
    pub(super) message: String,
    pub(super) place: Option<Place>,
}

/// How much a finding counts
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Something could not be examined
    Failure,
    /// It lets the command fail
    Error,
    /// It is doubtful
    Warning,
    /// It is good to know
    Note,
}

/// A place in a file
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    file: String,
    /// The position; line 0 is the file as a whole
    at: Position,
}

/// A result in the forms that a command can print
pub(super) struct Forms<H, J, R> {
    pub(super) human: H,
    pub(super) json: J,
    pub(super) report: R,
}

impl<H, J, R, T> Forms<H, J, R>
where
    H: FnOnce(Palette) -> String,
    J: FnOnce() -> T,
    R: FnOnce() -> Report,
    T: Serialize,
{
    /// The result as text
    pub(super) fn text(self, printer: Printer) -> String {
        match printer.format {
            Format::Human => (self.human)(printer.palette),
            Format::Json => json_text(&json!((self.json)())),
            Format::Junit => junit::junit(&(self.report)()),
            Format::Sarif => json_text(&json!(sarif::sarif(&(self.report)()))),
            Format::Github => github::github(&(self.report)()),
        }
    }

    /// Prints the result
    ///
    /// # Errors
    ///
    /// Not all of it could be written.
    pub(super) fn print(self, printer: Printer) -> Result<(), CommandError> {
        match printer.format {
            Format::Json => print_serialized(&(self.json)()),
            Format::Sarif => print_serialized(&sarif::sarif(&(self.report)())),
            Format::Human | Format::Junit | Format::Github => print(&self.text(printer)),
        }
    }
}

impl Report {
    /// The report of a command that found these; `nothing` names the subject if there are none
    ///
    /// A report without any test case counts as broken in some CI systems.
    pub(super) fn of(command: &'static str, subjects: Vec<Subject>, nothing: &str) -> Self {
        let mut subjects = subjects;
        if subjects.is_empty() {
            subjects.push(Subject {
                name: nothing.to_owned(),
                place: None,
                findings: Vec::new(),
            });
        }
        Self { command, subjects }
    }

    /// What is wrong with documents, with a subject for each file
    pub(super) fn of_faults(command: &'static str, faults: &[LocatedFault]) -> Self {
        let mut report = Self {
            command,
            subjects: Vec::new(),
        };
        for fault in faults {
            report.add_to_file(&fault.document, Finding::of_fault(fault));
        }
        report
    }

    /// Adds a finding to the subject that is a file as a whole
    pub(super) fn add_to_file(&mut self, file: &str, finding: Finding) {
        match self.subjects.iter_mut().find(|subject| subject.is_file(file)) {
            Some(subject) => subject.findings.push(finding),
            None => self.subjects.push(Subject {
                findings: vec![finding],
                ..Subject::file(file)
            }),
        }
    }

    /// All findings, each with its subject
    fn findings(&self) -> impl Iterator<Item = (&Subject, &Finding)> {
        let subjects = self.subjects.iter();
        subjects.flat_map(|subject| subject.findings.iter().map(move |finding| (subject, finding)))
    }
}

impl Subject {
    /// Whether it is a file as a whole
    pub(super) fn is_file(&self, file: &str) -> bool {
        self.name == in_working_directory(file)
    }

    /// A file as a whole, without findings
    pub(super) fn file(file: &str) -> Self {
        Self {
            name: in_working_directory(file).to_owned(),
            place: Some(Place::new(file, Position::default())),
            findings: Vec::new(),
        }
    }
}

impl Subject {
    /// Something with one finding, in no file
    pub(super) fn of(name: impl Into<String>, finding: Finding) -> Self {
        Self {
            name: name.into(),
            place: None,
            findings: vec![finding],
        }
    }
}

impl Finding {
    /// A finding in no file
    pub(super) fn new(level: Level, code: &str, message: String) -> Self {
        Self {
            level,
            code: code.to_owned(),
            message,
            place: None,
        }
    }

    /// What is wrong with a document
    pub(super) fn of_fault(fault: &LocatedFault) -> Self {
        Self {
            level: Level::Error,
            code: INVALID.to_owned(),
            message: fault.fault.message.clone(),
            place: Some(Place::new(&fault.document, fault.fault.at)),
        }
    }

    /// A warning of `lint`
    pub(super) fn of_warning(warning: &Warning, level: Level) -> Self {
        Self {
            level,
            code: warning.code.name().to_owned(),
            message: format!("{}: {}", warning.message, warning.advice),
            place: Some(Place::new(&warning.document, warning.at)),
        }
    }

    /// What could not be read or examined, wherever it is
    pub(super) fn failure(message: String) -> Self {
        Self {
            level: Level::Failure,
            code: UNJUDGED.to_owned(),
            message,
            place: None,
        }
    }
}

impl Place {
    /// A position in a file
    pub(super) fn new(file: &str, at: Position) -> Self {
        Self {
            file: in_working_directory(file).to_owned(),
            at,
        }
    }

    /// The line, if the place is one
    fn line(&self) -> Option<u32> {
        (self.at.line > 0).then_some(self.at.line)
    }

    /// The place as messages show it: `FILE:LINE:COLUMN`
    fn text(&self) -> String {
        match self.line() {
            Some(_) => format!("{}:{}", self.file, self.at),
            None => self.file.clone(),
        }
    }
}

/// The path without `./`, as CI systems compare it with the paths of a change
fn in_working_directory(file: &str) -> &str {
    file.strip_prefix("./").unwrap_or(file)
}
