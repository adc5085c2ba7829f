//! The directory to which an import writes, or with which it is compared.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::command_error::CommandError;
use crate::cli::configuration;
use crate::cli::import::no_marker;
use crate::cli::import::written_files::{WrittenFiles, write_file};
use crate::config::folder::document_file;
use crate::config::{self, FaultClass, LocatedFault, NamedDocument, ParsedDocument};
use crate::import::OwnDocuments;
use crate::import::output::{MARKER, Marker};

/// A directory with what an import wrote there before, and what others did
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) own: OwnDocuments,
    marker: Marker,
    own_documents: Vec<NamedDocument>,
    imported_documents: Vec<NamedDocument>,
}

impl Target {
    /// Reads a folder, which need not be there yet
    ///
    /// # Errors
    /// It cannot be read, or its marker is none
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let documents = match path.exists() {
            true => configuration::documents(path)?,
            false => Vec::new(),
        };
        let marker_path = path.join(MARKER);
        let marker = match fs::read(&marker_path) {
            Ok(text) => Marker::read(&text)
                .map_err(|message| CommandError::Usage(format!("{}: {message}", marker_path.display())))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => no_marker(),
            Err(error) => return Err(CommandError::io(marker_path.display().to_string(), error)),
        };
        let is_imported = |named: &NamedDocument| {
            marker.files().iter().any(|file| {
                let file = path.join(file).display().to_string();
                let rest = named.name.strip_prefix(&file);
                // A document in a manifest is called `PATH[CONFIGMAP/KEY]`
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
            })
        };
        let (imported_documents, own_documents): (Vec<_>, Vec<_>) =
            documents.into_iter().partition(is_imported);
        Ok(Self {
            path: path.to_owned(),
            own: OwnDocuments::new(&own_documents),
            marker,
            own_documents,
            imported_documents,
        })
    }

    /// All documents
    pub(super) fn documents(&self) -> impl Iterator<Item = &NamedDocument> {
        self.own_documents.iter().chain(&self.imported_documents)
    }

    /// Checks that no file of somebody else has the name of a file to be written
    ///
    /// # Errors
    /// One has
    pub(super) fn check_room(&self, files: &BTreeMap<String, String>) -> Result<(), CommandError> {
        self.check_case(files)?;
        let taken = files.keys().filter(|file| {
            !self.marker.files().contains(*file) && fs::symlink_metadata(self.path.join(file)).is_ok()
        });
        let message =
            "an import would write this file, and did not write the one that is there: move or rename yours";
        let faults: Vec<LocatedFault> = taken
            .map(|file| {
                let path = self.path.join(file).display().to_string();
                LocatedFault::whole(path, message, FaultClass::Conflict)
            })
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(CommandError::Invalid(faults)),
        }
    }

    /// Checks that no two files are one on this disk
    ///
    /// # Errors
    /// Two are: the second would overwrite the first
    fn check_case(&self, files: &BTreeMap<String, String>) -> Result<(), CommandError> {
        let pairs = alike_but_for_case(files.keys());
        if pairs.is_empty() || !self.ignores_case()? {
            return Ok(());
        }
        let faults = pairs.into_iter().map(|(first, second)| {
            let path = self.path.join(first).display().to_string();
            let message = format!(
                "this and `{second}` are one file on this disk, which ignores case: import with --format configmaps, or onto \
                 another disk"
            );
            LocatedFault::whole(path, message, FaultClass::Conflict)
        });
        Err(CommandError::Invalid(faults.collect()))
    }

    /// Whether the disk of the directory ignores the case of names
    fn ignores_case(&self) -> Result<bool, CommandError> {
        const PROBE: &str = ".ramgate-case";
        let probe = self.path.join(PROBE);
        let failed = |error| CommandError::io(probe.display().to_string(), error);
        fs::create_dir_all(&self.path).map_err(failed)?;
        fs::write(&probe, "").map_err(failed)?;
        let ignores_case = self.path.join(PROBE.to_uppercase()).exists();
        fs::remove_file(&probe).map_err(failed)?;
        Ok(ignores_case)
    }

    /// The documents in the files of an import
    pub(super) fn parsed(&self, files: &BTreeMap<String, String>) -> Vec<NamedDocument> {
        let documents = files.iter().flat_map(|(file, text)| {
            let path = self.path.join(file);
            document_file::documents(&path, text.as_bytes())
        });
        documents.collect()
    }

    /// Checks that the files, together with the documents of the user's own, are a configuration
    ///
    /// # Errors
    /// They are none, as when a binding names a user who left
    pub(super) fn check_whole(&self, files: &BTreeMap<String, String>) -> Result<(), CommandError> {
        let imported = self.parsed(files);
        let all: Vec<(&str, &ParsedDocument)> = self
            .own_documents
            .iter()
            .chain(&imported)
            .map(|named| (named.name.as_str(), &named.document))
            .collect();
        match config::check(all.iter().copied()) {
            faults if faults.is_empty() => Ok(()),
            faults => Err(CommandError::Invalid(faults)),
        }
    }

    /// Writes the files, and removes those that an import wrote before and does not write now
    ///
    /// Whenever it ends, the marker names every file that an import wrote.
    ///
    /// # Errors
    /// A file cannot be written or removed
    pub(super) fn write(&self, files: &BTreeMap<String, String>) -> Result<WrittenFiles, CommandError> {
        let failed = |path: &Path, error| CommandError::io(path.display().to_string(), error);
        fs::create_dir_all(&self.path).map_err(|error| failed(&self.path, error))?;
        let marker_path = self.path.join(MARKER);
        let both = Marker::new(self.marker.files().iter().chain(files.keys()));
        write_file(&marker_path, &both.text())?;
        let mut written = WrittenFiles::default();
        // Before the files are written: on a disk that ignores case, one that differs by case alone is the new one
        self.remove_stale(files, &mut written)?;
        for (file, text) in files {
            let path = self.path.join(file);
            let is_same = fs::read(&path).is_ok_and(|found| found == text.as_bytes());
            if is_same {
                written.unchanged = written.unchanged.saturating_add(1);
                continue;
            }
            write_file(&path, text)?;
            written.changed.push(file.clone());
        }
        write_file(&marker_path, &Marker::new(files.keys()).text())?;
        Ok(written)
    }

    /// Removes the files that an import wrote before and does not write now
    fn remove_stale(
        &self,
        files: &BTreeMap<String, String>,
        written: &mut WrittenFiles,
    ) -> Result<(), CommandError> {
        for file in self
            .marker
            .files()
            .iter()
            .filter(|file| !files.contains_key(*file))
        {
            let path = self.path.join(file);
            match fs::remove_file(&path) {
                Ok(()) => written.removed.push(file.clone()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(CommandError::io(path.display().to_string(), error)),
            }
        }
        Ok(())
    }
}

/// The pairs of names that differ by case alone
fn alike_but_for_case<'f>(files: impl IntoIterator<Item = &'f String>) -> Vec<(&'f str, &'f str)> {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    let mut pairs = Vec::new();
    for file in files {
        match known.get(&file.to_lowercase()) {
            Some(first) => pairs.push((*first, file.as_str())),
            None => {
                known.insert(file.to_lowercase(), file);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_by_case_alone_are_found() {
        let files = ["A.json", "B.json", "a.json", "b.yaml"].map(str::to_owned);
        assert_eq!(alike_but_for_case(&files), [("A.json", "a.json")]);
    }

    #[test]
    fn a_disk_that_tells_names_apart_takes_both() {
        let folder = tempfile::tempdir().unwrap();
        let target = Target::read(folder.path()).unwrap();
        let files = ["policies/A.json", "policies/a.json"].map(|name| (name.to_owned(), String::new()));
        // The disks of the tests do
        assert!(!target.ignores_case().unwrap());
        assert!(target.check_room(&files.into()).is_ok());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "the probe is gone"
        );
    }
}
