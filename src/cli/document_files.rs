//! Finds YAML and JSON files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::cli::command_error::CommandError;

/// The number of folder levels that are searched
const MAX_DEPTH: usize = 16;

/// The path that means standard input
const STANDARD_INPUT: &str = "-";

/// Whether a path means standard input
pub(super) fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// The bytes of a file or of standard input, `longest` at most
///
/// # Errors
///
/// It cannot be read.
pub(super) fn bytes(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_standard_input(path) {
        io::stdin().lock().take(longest).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(longest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A file itself, whatever its ending, or the YAML and JSON files below a folder, sorted by path
///
/// ```text
/// app.txt -> app.txt
/// -       -> -, standard input
/// apps/   -> apps/a.yaml, apps/b/c.json, apps/d.yml
/// ```
///
/// # Errors
///
/// A folder cannot be read, or folders nest too deep.
pub(super) fn find(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if is_standard_input(path) {
        return Ok(vec![path.to_owned()]);
    }
    find_within(path, MAX_DEPTH)
}

/// What to say of paths in which there is nothing of what was wanted
///
/// ```text
/// empty.yaml: no manifest in it
/// apps, base: no manifest (*.yaml, *.yml, *.json) in them
/// ```
pub(super) fn nothing_in(paths: &[PathBuf], wanted: &str) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let endings = if paths.iter().any(|path| path.is_dir()) {
        " (*.yaml, *.yml, *.json)"
    } else {
        ""
    };
    let them = if paths.len() == 1 { "it" } else { "them" };
    format!("{}: no {wanted}{endings} in {them}", names.join(", "))
}

fn find_within(path: &Path, depth: usize) -> Result<Vec<PathBuf>, CommandError> {
    let failed = |error| CommandError::io(path.display().to_string(), error);
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let Some(depth_below) = depth.checked_sub(1) else {
        return Err(CommandError::Usage(format!(
            "{}: folders nest deeper than {MAX_DEPTH} levels",
            path.display()
        )));
    };
    let entries = std::fs::read_dir(path).map_err(failed)?;
    let mut entries: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() || has_document_ending(&entry) {
            files.extend(find_within(&entry, depth_below)?);
        }
    }
    Ok(files)
}

fn has_document_ending(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_found_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().display();
        let paths = [PathBuf::from("empty.yaml"), folder.path().to_owned()];
        assert_eq!(
            nothing_in(&paths[..1], "case file"),
            "empty.yaml: no case file in it"
        );
        assert_eq!(
            nothing_in(&paths, "manifest"),
            format!("empty.yaml, {name}: no manifest (*.yaml, *.yml, *.json) in them")
        );
    }
}
