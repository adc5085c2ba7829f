//! `ramgate lint`: finds errors and doubtful statements in policies and directory documents.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::analysis::lint;
use crate::analysis::lint::{AccountFacts, Warning};
use crate::cli::command_error::{CommandError, fault_json};
use crate::cli::configuration;
use crate::cli::document_files::nothing_in;
use crate::cli::exit::Exit;
use crate::cli::file_places::{FilePlaces, in_file};
use crate::cli::output::Printer;
use crate::cli::palette::Palette;
use crate::cli::progress::Progress;
use crate::cli::report::{Finding, Forms, Level, Report, Subject};
use crate::config;
use crate::config::{FaultClass, LocatedFault, NamedDocument, ParsedDocument};
use crate::wording::counted;
use ram_policy::source::Position;

/// Check policies (NAME.json) and directory documents (*.yaml), or ConfigMap manifests that hold them
///
/// A folder is checked as a whole: what its documents refer to must be in it. For single files a missing
/// reference is a warning.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Files, or folders that are searched for them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Exit with code 2 if there is any warning
    #[arg(long)]
    deny_warnings: bool,
}

/// The errors and warnings about some documents
#[derive(Default)]
struct Findings {
    errors: Vec<LocatedFault>,
    warnings: Vec<Warning>,
}

/// Whether the documents are all that the configuration has
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// A folder: every reference must resolve
    Complete,
    /// Single files: a reference may lead to another file
    Partial,
}

pub(super) fn run(args: &LintArgs, printer: Printer) -> Result<Exit, CommandError> {
    // Its time counts from here, for reading the documents takes as long as checking them
    let progress = Progress::in_format("lint: documents checked:", printer.format);
    let mut documents = Vec::new();
    for path in &args.paths {
        documents.extend(configuration::documents(path)?);
    }
    if documents.is_empty() {
        return Err(CommandError::Usage(nothing_in(
            &args.paths,
            "policy or directory document",
        )));
    }
    let extent = if args.paths.iter().any(|path| path.is_dir()) {
        Extent::Complete
    } else {
        Extent::Partial
    };
    let findings = Findings::of(&documents, extent, Timestamp::now(), &progress).in_files(&documents);
    drop(progress);
    let forms = Forms {
        human: |palette| findings.human(documents.len(), palette),
        json: || findings.as_json(documents.len()),
        report: || findings.report(&documents, args.deny_warnings),
    };
    forms.print(printer)?;
    Ok(findings.exit(args.deny_warnings))
}

impl Findings {
    /// All findings, the warnings in the order of the documents
    fn of(documents: &[NamedDocument], extent: Extent, now: Timestamp, progress: &Progress) -> Self {
        let mut findings = Self::of_each(documents, now, progress);
        // Policies alone refer to nothing; with a directory they are a configuration, or a part of one
        if documents
            .iter()
            .any(|named| matches!(named.document, ParsedDocument::Directory(_)))
        {
            let merged = Self::of_merged(documents, extent, &findings.errors);
            findings.errors.extend(merged.errors);
            findings.warnings.extend(merged.warnings);
        }
        let positions: HashMap<&str, usize> = (0..)
            .zip(documents)
            .map(|(position, named)| (named.name.as_str(), position))
            .collect();
        findings.warnings.sort_by_key(|warning| {
            let document = positions.get(warning.document.as_str()).copied();
            (document, warning.at, warning.code)
        });
        findings
    }

    /// The findings of each document alone
    fn of_each(documents: &[NamedDocument], now: Timestamp, progress: &Progress) -> Self {
        let facts = AccountFacts::of(documents.iter().map(|named| &named.document));
        let warnings = documents.iter().enumerate().flat_map(|(done, named)| {
            progress.say(done, documents.len());
            let (name, document) = (&named.name, &named.document);
            let expired = lint::expired(name, document, &facts, now);
            lint::document(name, document, &facts).into_iter().chain(expired)
        });
        Self {
            errors: documents.iter().flat_map(NamedDocument::faults).collect(),
            warnings: warnings.collect(),
        }
    }

    /// The findings of the merged documents that are not `known`
    fn of_merged(documents: &[NamedDocument], extent: Extent, known: &[LocatedFault]) -> Self {
        match config::load(documents) {
            Ok(configuration) => {
                let faults = configuration.warnings.iter();
                let references = faults.filter(|fault| fault.class == FaultClass::Reference);
                let mut warnings: Vec<Warning> = references.cloned().map(Warning::from_fault).collect();
                if extent == Extent::Complete {
                    let named = documents.iter();
                    let named = named.map(|named| (named.name.as_str(), &named.document));
                    warnings.extend(lint::configuration(named, &configuration));
                }
                Self {
                    errors: Vec::new(),
                    warnings,
                }
            }
            Err(faults) => Self::of_faults(faults, extent, known),
        }
    }

    fn of_faults(faults: Vec<LocatedFault>, extent: Extent, known: &[LocatedFault]) -> Self {
        // Merging also finds duplicates within one document
        let (mut errors, between): (Vec<_>, Vec<_>) = faults
            .into_iter()
            .filter(|fault| !known.contains(fault))
            .partition(|fault| fault.class == FaultClass::Document);
        let mut warnings = Vec::new();
        match extent {
            Extent::Complete => errors.extend(between),
            Extent::Partial => warnings.extend(between.into_iter().map(Warning::from_fault)),
        }
        Self { errors, warnings }
    }

    /// The findings with the files and the lines in them
    fn in_files(self, documents: &[NamedDocument]) -> Self {
        let places = FilePlaces::new(documents);
        let errors = self.errors.into_iter().map(|error| places.fault(error));
        let warnings = self.warnings.into_iter().map(|warning| places.warning(warning));
        Self {
            errors: errors.collect(),
            warnings: warnings.collect(),
        }
    }

    /// The findings for CI systems, with a subject for each file
    fn report(&self, documents: &[NamedDocument], denies_warnings: bool) -> Report {
        let mut report = Report {
            command: "lint",
            subjects: Vec::new(),
        };
        for document in documents {
            let (file, _) = in_file(document, Position::default());
            if report.subjects.last().is_none_or(|last| !last.is_file(&file)) {
                report.subjects.push(Subject::file(&file));
            }
        }
        let level = if denies_warnings {
            Level::Error
        } else {
            Level::Warning
        };
        for error in &self.errors {
            report.add_to_file(&error.document, Finding::of_fault(error));
        }
        for warning in &self.warnings {
            report.add_to_file(&warning.document, Finding::of_warning(warning, level));
        }
        report
    }

    fn exit(&self, denies_warnings: bool) -> Exit {
        if !self.errors.is_empty() {
            Exit::Invalid
        } else {
            Exit::good_if(!denies_warnings || self.warnings.is_empty())
        }
    }

    fn human(&self, documents: usize, palette: Palette) -> String {
        let warnings = folded(&self.warnings);
        let warnings = warnings
            .iter()
            .map(|(warning, others)| warning_text(warning, others, palette));
        let errors = self.errors.iter().map(|error| {
            let place = palette.bad(&place_text(&error.document, error.fault.at));
            format!("{place}: {}\n", error.fault.message)
        });
        let count = format!(
            "{}, {}, {}\n",
            counted(documents, "document"),
            counted(self.errors.len(), "error"),
            counted(self.warnings.len(), "warning")
        );
        warnings.chain(errors).chain([count]).collect()
    }

    fn as_json(&self, documents: usize) -> Value {
        json!({
            "documents": documents,
            "errors": self.errors.iter().map(fault_json).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(warning_json).collect::<Vec<_>>(),
        })
    }
}

/// Each warning that differs in its text, with those that say the same
fn folded(warnings: &[Warning]) -> Vec<(&Warning, Vec<&Warning>)> {
    let mut positions = HashMap::new();
    let mut folded: Vec<(&Warning, Vec<&Warning>)> = Vec::new();
    for warning in warnings {
        let next = folded.len();
        let text = (warning.code, &warning.message, &warning.advice);
        let position = *positions.entry(text).or_insert(next);
        match folded.get_mut(position) {
            Some((_, others)) => others.push(warning),
            None => folded.push((warning, Vec::new())),
        }
    }
    folded
}

/// A warning in a line, and the places of others that say the same in a second one
fn warning_text(warning: &Warning, others: &[&Warning], palette: Palette) -> String {
    let label = palette.doubtful(&format!("warning {}", warning.code));
    let place = place_text(&warning.document, warning.at);
    let places: Vec<String> = others
        .iter()
        .map(|other| place_text(&other.document, other.at))
        .collect();
    let also = match places.is_empty() {
        true => String::new(),
        false => format!("  also at {}\n", places.join(", ")),
    };
    format!(
        "{place}: {label}: {}: {}\n{also}",
        warning.message, warning.advice
    )
}

/// `FILE:LINE:COLUMN`, or the file alone
fn place_text(document: &str, at: Position) -> String {
    match at == Position::default() {
        true => document.to_owned(),
        false => format!("{document}:{at}"),
    }
}

fn warning_json(warning: &Warning) -> Value {
    json!({
        "file": warning.document,
        "line": warning.at.line,
        "column": warning.at.column,
        "code": warning.code.name(),
        "message": warning.message,
        "advice": warning.advice,
    })
}
