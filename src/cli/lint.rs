//! `ramgate lint`: says what is wrong with policies and directory documents, and where.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::configuration;
use super::report::{Exit, Output, Problem, fault_json, print, print_json};
use crate::directory::{FaultClass, LocatedFault, Piece};
use crate::store::{self, NamedPiece};

/// Check policies (NAME.json) and directory documents (*.yaml), or ConfigMap manifests that hold them
///
/// A folder is checked as a whole: what its documents refer to must be in it. For single files a missing
/// reference is a warning.
#[derive(Debug, Args)]
pub(super) struct LintArgs {
    /// Files, or folders that are searched for them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

pub(super) fn run(args: &LintArgs, output: Output) -> Result<Exit, Problem> {
    let mut pieces = Vec::new();
    for path in &args.paths {
        pieces.extend(configuration::documents(path)?);
    }
    if pieces.is_empty() {
        return Err(Problem::Usage(
            "no policy (NAME.json) or directory document (*.yaml) is there".to_owned(),
        ));
    }
    let whole = args.paths.iter().any(|path| path.is_dir());
    let (errors, warnings) = findings(&pieces, whole);
    match output {
        Output::Human => print(&human(&errors, &warnings, pieces.len())),
        Output::Json => print_json(&json!({
            "documents": pieces.len(),
            "errors": errors.iter().map(fault_json).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(fault_json).collect::<Vec<_>>(),
        })),
    }
    Ok(if errors.is_empty() {
        Exit::Good
    } else {
        Exit::Invalid
    })
}

/// What makes the documents invalid, and what their author should look at
fn findings(pieces: &[NamedPiece], whole: bool) -> (Vec<LocatedFault>, Vec<LocatedFault>) {
    let mut errors: Vec<LocatedFault> = pieces.iter().flat_map(NamedPiece::faults).collect();
    let mut warnings: Vec<LocatedFault> = pieces.iter().flat_map(NamedPiece::warnings).collect();
    // Policies alone refer to nothing; with a directory among them they are a configuration, or a part of one.
    let connected = pieces
        .iter()
        .any(|named| matches!(named.piece, Piece::Directory(_)));
    if connected && let Err(faults) = store::load(pieces) {
        // What a document says twice shows only when it is merged, if only with itself.
        let (own, between): (Vec<_>, Vec<_>) = faults
            .into_iter()
            .filter(|fault| !errors.contains(fault))
            .partition(|fault| fault.class == FaultClass::Document);
        errors.extend(own);
        if whole { &mut errors } else { &mut warnings }.extend(between);
    }
    (errors, warnings)
}

fn human(errors: &[LocatedFault], warnings: &[LocatedFault], documents: usize) -> String {
    let warned = warnings.iter().map(|warning| format!("{warning} (warning)\n"));
    let refused = errors.iter().map(|error| format!("{error}\n"));
    let count = format!(
        "{documents} documents, {} errors, {} warnings\n",
        errors.len(),
        warnings.len()
    );
    warned.chain(refused).chain([count]).collect()
}
