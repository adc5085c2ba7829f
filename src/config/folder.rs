//! Documents on disk: policies, directory documents and ConfigMap manifests.

pub(crate) mod file;
pub(crate) mod watch;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use crate::config::folder::watch::FolderSource;

use crate::config::folder::file::{File, Stamp};
use crate::config::named_document::NamedDocument;

/// How deep folders are followed; a mounted volume has one level, a repository a few
const MAX_DEPTH: usize = 8;

/// A folder or file that could not be read
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct FolderError {
    path: PathBuf,
    source: io::Error,
}

/// Reads a folder with its subfolders, or a single file
///
/// `NAME.json` is a policy, `*.yaml` and `*.yml` are directory documents; either may be a ConfigMap manifest instead.
/// Other files and hidden ones are passed over. The order is that of the paths.
///
/// # Errors
/// What cannot be read at all; a bad document is a piece like any other
pub fn read(path: &Path) -> Result<Vec<NamedDocument>, FolderError> {
    let mut folder = Folder::new(path);
    folder.scan()?;
    Ok(folder.documents().cloned().collect())
}

/// What a folder held when it was last looked at
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    files: BTreeMap<PathBuf, File>,
}

impl Folder {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            files: BTreeMap::new(),
        }
    }

    /// Looks again, reading only files that may have changed; returns whether anything is different
    fn scan(&mut self) -> Result<bool, FolderError> {
        let mut found = BTreeMap::new();
        list(&self.path, MAX_DEPTH, &mut found)?;
        let mut changed = found.len() != self.files.len();
        let mut files = BTreeMap::new();
        for (path, stamp) in found {
            let known = self.files.get(&path);
            let file = match known.filter(|known| known.is_unchanged(&stamp)) {
                Some(known) => known.clone(),
                None => {
                    let file = File::read(&path, stamp, known).map_err(|source| FolderError {
                        path: path.clone(),
                        source,
                    })?;
                    changed |= known.is_none_or(|known| !known.is_same(&file));
                    file
                }
            };
            files.insert(path, file);
        }
        self.files = files;
        Ok(changed)
    }

    fn documents(&self) -> impl Iterator<Item = &NamedDocument> {
        self.files.values().flat_map(|file| file.documents().iter())
    }

    fn shared(&self) -> Vec<Arc<[NamedDocument]>> {
        self.files.values().map(File::documents).cloned().collect()
    }
}

fn list(path: &Path, depth: usize, found: &mut BTreeMap<PathBuf, Stamp>) -> Result<(), FolderError> {
    let failed = |source| FolderError {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        found.insert(path.to_owned(), Stamp::of(&metadata));
        return Ok(());
    }
    let Some(below) = depth.checked_sub(1) else {
        return Err(failed(io::Error::other(format!(
            "folders nest deeper than {MAX_DEPTH} levels"
        ))));
    };
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A mounted volume keeps its real files in hidden folders and shows them through links
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if path.is_dir() || file::is_document(&path) {
            list(&path, below, found)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::load;

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn faults(path: &Path) -> Vec<String> {
        let documents = read(path).unwrap();
        let cut = |text: String| text.replace(&format!("{}/", path.display()), "");
        documents
            .iter()
            .flat_map(NamedDocument::faults)
            .map(|fault| cut(fault.to_string()))
            .collect()
    }

    #[test]
    fn every_form_of_document_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let manifests = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: rules, namespace: n, labels: {{ramgate.io/config: policy}}}}\ndata:\n  Q.json: |\n    {POLICY}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: more, labels: {{ramgate.io/config: directory}}}}\ndata:\n  x: |\n    users: [{{name: b, policies: [{{policy: Q}}, {{policy: R}}]}}]\n"
        );
        let json = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json", "labels": {"ramgate.io/config": "policy"}}, "data": {"R.json": POLICY}},
        ]});
        write(
            folder.path(),
            &[
                ("policies/P.json", POLICY),
                (
                    "people.yaml",
                    "account: {id: '1', region: r}\nusers: [{name: a, policies: [{policy: P}]}]\n",
                ),
                ("more.yml", "groups: [{name: g}]\n"),
                ("manifests.yaml", &manifests),
                ("list.json", &json.to_string()),
                ("README.md", "not read"),
                (".hidden/x.json", "not read"),
                ("..data.yaml", "not read"),
            ],
        );
        let documents = read(folder.path()).unwrap();
        let names: Vec<&str> = documents
            .iter()
            .map(|named| {
                named
                    .name
                    .rsplit_once(&format!("{}/", folder.path().display()))
                    .unwrap()
                    .1
            })
            .collect();
        assert_eq!(
            names,
            [
                "list.json[json/R.json]",
                "manifests.yaml[rules/Q.json]",
                "manifests.yaml[more/x]",
                "more.yml",
                "people.yaml",
                "policies/P.json"
            ]
        );
        let configuration = load(&documents).unwrap();
        assert_eq!(
            (
                configuration.documents.policies,
                configuration.documents.directories
            ),
            (3, 3)
        );
        let single = read(&folder.path().join("people.yaml")).unwrap();
        assert_eq!(single.len(), 1);
    }

    #[test]
    fn what_is_not_a_document_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let unlabelled = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
        write(
            folder.path(),
            &[
                ("a.yaml", unlabelled),
                (
                    "b.yaml",
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n",
                ),
                ("c.yaml", &format!("{unlabelled}---\nusers: []\n")),
                (
                    "d.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {ramgate.io/config: policy}}\ndata:\n  P.json: 7\n",
                ),
                (
                    "e.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {ramgate.io/config: policy}}\ndata:\n  P.json: |\n    {\n      \"Version\": 1\n    }\n",
                ),
                ("f.json", "{"),
                ("g h.json", POLICY),
                ("i.yaml", ""),
            ],
        );
        let told = faults(folder.path());
        let wanted = [
            "a.yaml[c]: ConfigMap has no label ramgate.io/config, so nothing reads it",
            "b.yaml:1:1: a Deployment is no configuration",
            "c.yaml:5:1: ConfigMap manifests and directory documents do not mix",
            "d.yaml:5:11: ",
            "e.yaml[c/P.json]:",
            "f.json:1:",
            "g h.json: `g h` is no policy name",
            "i.yaml:1:1: the document is empty",
        ];
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        for (told, wanted) in told.iter().zip(wanted) {
            assert!(told.starts_with(wanted), "{wanted} is not the start of {told}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(
            read(&missing)
                .unwrap_err()
                .to_string()
                .starts_with(&format!("cannot read {}: ", missing.display()))
        );
        let deep = folder.path().join("a/b/c/d/e/f/g/h");
        fs::create_dir_all(&deep).unwrap();
        assert!(
            read(folder.path())
                .unwrap_err()
                .to_string()
                .contains("deeper than 8")
        );
        fs::remove_dir(&deep).unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
    }

    #[test]
    fn only_a_change_of_content_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[("P.json", POLICY), ("people.yaml", "users: [{name: a}]")],
        );
        let mut watched = Folder::new(folder.path());
        assert!(watched.scan().unwrap());
        assert!(!watched.scan().unwrap());
        write(folder.path(), &[("P.json", POLICY)]);
        assert!(!watched.scan().unwrap());
        write(folder.path(), &[("people.yaml", "users: [{name: b}]")]);
        assert!(watched.scan().unwrap());
        fs::remove_file(folder.path().join("P.json")).unwrap();
        assert!(watched.scan().unwrap());
        write(folder.path(), &[("Q.json", POLICY)]);
        assert!(watched.scan().unwrap());
        assert!(!watched.scan().unwrap());
    }

    #[test]
    fn a_swapped_link_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        write(
            folder.path(),
            &[
                ("..1/x.yaml", "users: [{name: a}]"),
                ("..2/x.yaml", "users: [{name: b}]"),
            ],
        );
        let link = |target: &str| {
            let data = folder.path().join("..data");
            let _ = fs::remove_file(&data);
            std::os::unix::fs::symlink(target, data).unwrap();
        };
        link("..1");
        std::os::unix::fs::symlink("..data/x.yaml", folder.path().join("x.yaml")).unwrap();
        let mut watched = Folder::new(folder.path());
        assert!(watched.scan().unwrap());
        assert!(!watched.scan().unwrap());
        link("..2");
        assert!(watched.scan().unwrap());
    }
}
