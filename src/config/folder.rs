//! Documents on disk: policies, directory documents and ConfigMap manifests.

pub(crate) mod cached_file;
pub(crate) mod document_file;
pub(crate) mod manifest;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::config_map::Side;
use crate::config::folder::cached_file::{CachedFile, FileStat};
use crate::config::folder::document_file::{is_document, is_kustomization};
use crate::config::named_document::NamedDocument;
use crate::config::store::ConfigMapDocuments;
use ram_policy::Interner;

/// The most levels of subfolders that are read: a mounted volume has one, a repository a few
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
/// `NAME.json` is a policy, `*.yaml` and `*.yml` are directory documents; each of them may be a ConfigMap manifest instead.
/// Hidden files, kustomizations and files of other names are skipped. The documents are in the order of their paths.
///
/// # Errors
/// The first folder or file that cannot be read. A bad document is no error: it is returned with its faults.
pub fn read(path: &Path) -> Result<Vec<NamedDocument>, FolderError> {
    read_side(path, Side::Live)
}

/// The same for a folder of this side: one of candidates may hold ConfigMaps with the label of candidates, and others
///
/// # Errors
/// The first folder or file that cannot be read
pub(crate) fn read_side(path: &Path, side: Side) -> Result<Vec<NamedDocument>, FolderError> {
    let mut folder = Folder::new(path, side);
    folder.scan()?;
    Ok(folder.documents().flat_map(|file| file.iter()).cloned().collect())
}

/// Whether a scan of a folder found other contents than the one before
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    Changed,
    Unchanged,
}

/// A folder with the files that its last scan found
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    side: Side,
    files: BTreeMap<PathBuf, CachedFile>,
    /// Statements of the files, each once
    interner: Box<Interner>,
}

impl Folder {
    /// A folder before its first scan
    pub(crate) fn new(path: &Path, side: Side) -> Self {
        Self {
            path: path.to_owned(),
            side,
            files: BTreeMap::new(),
            interner: Box::default(),
        }
    }

    /// Scans the folder; reads only the files that may have changed
    ///
    /// # Errors
    /// The first folder or file that cannot be read
    pub(crate) fn scan(&mut self) -> Result<Scan, FolderError> {
        let found = list(&self.path, MAX_DEPTH)?;
        let mut is_changed = found.len() != self.files.len();
        let mut files = BTreeMap::new();
        for (path, stat) in found {
            let cached = self.files.get(&path);
            let file = match cached.filter(|cached| cached.is_current(&stat)) {
                Some(cached) => cached.clone(),
                None => {
                    let file = CachedFile::read(&path, stat, cached, self.side, &mut self.interner).map_err(
                        |source| FolderError {
                            path: path.clone(),
                            source,
                        },
                    )?;
                    is_changed |= cached.is_none_or(|cached| !cached.has_content_of(&file));
                    file
                }
            };
            files.insert(path, file);
        }
        self.files = files;
        if is_changed {
            self.interner.forget_rare();
        }
        Ok(if is_changed {
            Scan::Changed
        } else {
            Scan::Unchanged
        })
    }

    /// The documents of each file by its path, as those of ConfigMaps
    pub(crate) fn config_maps(&self) -> Vec<ConfigMapDocuments> {
        let files = self.files.iter();
        files
            .map(|(path, file)| ConfigMapDocuments {
                name: path.display().to_string().into(),
                documents: Arc::clone(file.documents()),
                accepted_loss: None,
            })
            .collect()
    }

    /// The documents of each file, in the order of their paths
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Arc<[NamedDocument]>> {
        self.files.values().map(CachedFile::documents)
    }
}

/// The files of documents in a folder and its subfolders
fn list(path: &Path, depth: usize) -> Result<BTreeMap<PathBuf, FileStat>, FolderError> {
    let failed = |source| FolderError {
        path: path.to_owned(),
        source,
    };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        return Ok(BTreeMap::from([(path.to_owned(), FileStat::new(&metadata))]));
    }
    let Some(depth) = depth.checked_sub(1) else {
        let message = format!("folders nest deeper than {MAX_DEPTH} levels");
        return Err(failed(io::Error::other(message)));
    };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A mounted volume keeps its real files in hidden folders and links to them
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let path = entry.path();
        if path.is_dir() || is_document(&path) && !is_kustomization(&path) {
            files.extend(list(&path, depth)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::load;
    use ram_policy::source::Position;

    const POLICY: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    /// Some of what the chart of ramgate renders
    const CHART: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: ramgate-cluster, labels: {helm.sh/chart: ramgate-0.1.0, ramgate.io/config: directory}}
data: {cluster.yaml: "cluster: {}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ramgate-installed, labels: {helm.sh/chart: ramgate-0.1.0}}
data: {webhooks.json: "{}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ramgate, labels: {helm.sh/chart: ramgate-0.1.0}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ramgate-system}}
"#;

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
                (
                    "kustomization.yaml",
                    "configMapGenerator: [{name: p, files: [policies/P.json]}]\n",
                ),
                ("overlay/kustomization.yml", "resources: [../manifests.yaml]\n"),
                ("chart.yaml", CHART),
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
                "chart.yaml[ramgate-cluster/cluster.yaml]",
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
            (3, 4)
        );
        let single = read(&folder.path().join("people.yaml")).unwrap();
        assert_eq!(single.len(), 1);
    }

    #[test]
    fn a_file_without_a_document_is_a_fault() {
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
                (
                    "j.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {helm.sh/chart: ramgate-policies-1.0.0}}\n",
                ),
                (
                    "k.yaml",
                    "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
                ),
                (
                    "l.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {ramgate.io/config: policy, ramgate.io/candidate: 'true'}}\ndata: {}\n",
                ),
                (
                    "n.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels:\n    ramgate.io/config: policy\n    ramgate.io/candidate: true\n",
                ),
                (
                    "o.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, annotations: {a: 7}, labels: {ramgate.io/config: directory}}\n",
                ),
                (
                    "p.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {ramgate.io/config: directory}}\ndata:\n  modes.yaml:\n    modes: {shop: warn}\n",
                ),
                (
                    "m.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {ramgate.io/config: policy, ramgate.io/candidate: 'no'}}\ndata: {}\n",
                ),
            ],
        );
        let found = faults(folder.path());
        let expected = [
            "a.yaml[c]: ConfigMap has no label ramgate.io/config, so nothing reads it",
            "b.yaml:1:1: a Deployment is no configuration",
            "c.yaml:5:1: ConfigMap manifests and directory documents do not mix",
            "d.yaml:5:11: data key `P.json` must be text: write `P.json: |` and the text below it",
            "e.yaml[c/P.json]:",
            "f.json:1:",
            "g h.json: `g h` is no policy name",
            "i.yaml:1:1: the document is empty",
            "j.yaml[c]: ConfigMap has no label ramgate.io/config",
            "k.yaml:1:1: a kustomization is no document: give the folder with its documents, or",
            "l.yaml[c]: ConfigMap is a candidate by its label ramgate.io/candidate, and this folder is read as what is live",
            "m.yaml[c]: label ramgate.io/candidate is `no`",
            "n.yaml:7:27: label `ramgate.io/candidate` must be text: write \"true\" in quotes",
            "o.yaml:3:38: annotation `a` must be text: write \"7\" in quotes",
            "p.yaml:6:5: data key `modes.yaml` must be text: write `modes.yaml: |` and the text below it",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (fault, expected) in found.iter().zip(expected) {
            assert!(
                fault.starts_with(expected),
                "{expected} is not the start of {fault}"
            );
        }
    }

    #[test]
    fn a_candidate_among_what_is_live_says_how_to_see_it_where_its_label_stands() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels:\n    ramgate.io/config: policy\n    ramgate.io/candidate: 'true'\n";
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("c.yaml", text)]);
        let found = faults(folder.path());
        assert!(
            found[0].ends_with(
                "keep candidates in a folder of their own, and see them with `ramgate explore --config-dir LIVE \
                 --candidate FOLDER`"
            ),
            "{found:?}"
        );
        let documents = read(folder.path()).unwrap();
        let at = documents[0]
            .origin
            .as_ref()
            .unwrap()
            .position(Position::default());
        assert_eq!(at, Position { line: 7, column: 5 });
    }

    #[test]
    fn a_kustomization_that_is_named_itself_says_what_to_give() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &[("kustomization.yaml", "resources: [a.yaml]\n")]);
        let found = faults(&folder.path().join("kustomization.yaml"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a kustomization is no document"), "{found:?}");
    }

    #[test]
    fn an_unreadable_folder_is_an_error() {
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
        let mut watched = Folder::new(folder.path(), Side::Live);
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
        assert_eq!(watched.scan().unwrap(), Scan::Unchanged);
        write(folder.path(), &[("P.json", POLICY)]);
        assert_eq!(watched.scan().unwrap(), Scan::Unchanged);
        write(folder.path(), &[("people.yaml", "users: [{name: b}]")]);
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
        fs::remove_file(folder.path().join("P.json")).unwrap();
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
        write(folder.path(), &[("Q.json", POLICY)]);
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
        assert_eq!(watched.scan().unwrap(), Scan::Unchanged);
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
        let mut watched = Folder::new(folder.path(), Side::Live);
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
        assert_eq!(watched.scan().unwrap(), Scan::Unchanged);
        link("..2");
        assert_eq!(watched.scan().unwrap(), Scan::Changed);
    }
}
