//! Reads the files of a dump.

use std::io;
use std::path::Path;

use crate::cli::command_error::CommandError;
use crate::import::InputFile;

/// `GetPolicy/Custom/NAME.json` is the deepest
const MAX_DEPTH: usize = 3;

/// The most bytes of all files together: 10,000 users and as many policies are about 30 MB
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// The JSON files of a folder, by their paths from the folder, in order
///
/// # Errors
/// A folder or file cannot be read, or there is too much
pub(super) fn read(folder: &Path) -> Result<Vec<InputFile>, CommandError> {
    let mut files = Vec::new();
    let mut left = MAX_BYTES;
    add(folder, "", MAX_DEPTH, &mut left, &mut files)?;
    if files.is_empty() {
        let message = format!("{}: no file of a dump (ACTION.json) is there", folder.display());
        return Err(CommandError::Usage(message));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn add(
    folder: &Path,
    prefix: &str,
    depth: usize,
    left: &mut u64,
    files: &mut Vec<InputFile>,
) -> Result<(), CommandError> {
    let failed = |path: &Path, error| CommandError::io(path.display().to_string(), error);
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let entry = entry.map_err(|error| failed(folder, error))?;
        let path = entry.path();
        let name = entry.file_name();
        // At the top a hidden file is the script's own; below, a name of RAM may begin with a dot
        let Some(name) = name
            .to_str()
            .filter(|name| !prefix.is_empty() || !name.starts_with('.'))
        else {
            continue;
        };
        let name = format!("{prefix}{name}");
        let metadata = std::fs::metadata(&path).map_err(|error| failed(&path, error))?;
        if metadata.is_dir() {
            if let Some(depth) = depth.checked_sub(1).filter(|depth| *depth > 0) {
                add(&path, &format!("{name}/"), depth, left, files)?;
            }
            continue;
        }
        if !name.ends_with(".json") {
            continue;
        }
        *left = left.checked_sub(metadata.len()).ok_or_else(|| {
            failed(
                &path,
                io::Error::other(format!("the dump has more than {MAX_BYTES} bytes")),
            )
        })?;
        let bytes = std::fs::read(&path).map_err(|error| failed(&path, error))?;
        files.push(InputFile { path: name, bytes });
    }
    Ok(())
}
