//! `ramgate lint`: says what is wrong with policies and directory documents, and where.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::analysis::lint;
use crate::analysis::lint::{AccountFacts, Warning};
use crate::cli::configuration;
use crate::cli::report::{Exit, Output, Problem, fault_json, print, print_json};
use crate::config;
use crate::config::{FaultClass, LocatedFault, NamedDocument, ParsedDocument};

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

/// What there is to say of documents
#[derive(Default)]
struct Findings {
    errors: Vec<LocatedFault>,
    warnings: Vec<Warning>,
}

pub(super) fn run(args: &LintArgs, output: Output) -> Result<Exit, Problem> {
    let mut documents = Vec::new();
    for path in &args.paths {
        documents.extend(configuration::documents(path)?);
    }
    if documents.is_empty() {
        return Err(Problem::Usage(
            "no policy (NAME.json) or directory document (*.yaml) is there".to_owned(),
        ));
    }
    let whole = args.paths.iter().any(|path| path.is_dir());
    let findings = Findings::of(&documents, whole);
    match output {
        Output::Human => print(&findings.human(documents.len())),
        Output::Json => print_json(&json!({
            "documents": documents.len(),
            "errors": findings.errors.iter().map(fault_json).collect::<Vec<_>>(),
            "warnings": findings.warnings.iter().map(warning_json).collect::<Vec<_>>(),
        })),
    }
    Ok(if !findings.errors.is_empty() {
        Exit::Invalid
    } else if args.deny_warnings && !findings.warnings.is_empty() {
        Exit::Denied
    } else {
        Exit::Good
    })
}

impl Findings {
    /// What makes the documents invalid, and what their author should look at
    fn of(documents: &[NamedDocument], whole: bool) -> Self {
        let facts = AccountFacts::of(documents.iter().map(|named| &named.document));
        let mut findings = Self {
            errors: documents.iter().flat_map(NamedDocument::faults).collect(),
            warnings: documents
                .iter()
                .flat_map(|named| lint::document(&named.name, &named.document, &facts))
                .collect(),
        };
        // Policies alone refer to nothing; with a directory among them they are a configuration, or a part of one.
        if documents
            .iter()
            .any(|named| matches!(named.document, ParsedDocument::Directory(_)))
        {
            findings.connect(documents, whole);
        }
        let order: HashMap<&str, usize> = (0..)
            .zip(documents)
            .map(|(at, named)| (named.name.as_str(), at))
            .collect();
        let place = |warning: &Warning| {
            (
                order.get(warning.document.as_str()).copied(),
                warning.at,
                warning.code,
            )
        };
        findings.warnings.sort_by_key(place);
        findings
    }

    /// What shows only when the documents are put together
    fn connect(&mut self, documents: &[NamedDocument], whole: bool) {
        match config::load(documents) {
            Ok(configuration) => {
                let references = configuration
                    .warnings
                    .iter()
                    .filter(|fault| fault.class == FaultClass::Reference);
                self.warnings.extend(references.cloned().map(Warning::from_fault));
                if whole {
                    let named = documents
                        .iter()
                        .map(|named| (named.name.as_str(), &named.document));
                    self.warnings.extend(lint::configuration(named, &configuration));
                }
            }
            Err(faults) => {
                // What a document says twice shows only when it is merged, if only with itself.
                let (own, between): (Vec<_>, Vec<_>) = faults
                    .into_iter()
                    .filter(|fault| !self.errors.contains(fault))
                    .partition(|fault| fault.class == FaultClass::Document);
                self.errors.extend(own);
                match whole {
                    true => self.errors.extend(between),
                    false => self.warnings.extend(between.into_iter().map(Warning::from_fault)),
                }
            }
        }
    }

    fn human(&self, documents: usize) -> String {
        let warned = self.warnings.iter().map(|warning| format!("{warning}\n"));
        let refused = self.errors.iter().map(|error| format!("{error}\n"));
        let count = format!(
            "{documents} documents, {} errors, {} warnings\n",
            self.errors.len(),
            self.warnings.len()
        );
        warned.chain(refused).chain([count]).collect()
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
