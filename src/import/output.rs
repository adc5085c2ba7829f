//! The files of an import: their names, their texts, and the marker that says which files an import wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::config::name_rules;
use crate::import::documents::{Documents, Section};
use crate::import::ram_data::Source;
use crate::import::written::quoted;

/// The file that lists the files of an import: JSON, and without an ending, so that neither ramgate nor `kubectl apply -f` reads it
pub(crate) const MARKER: &str = ".ramgate-import";

/// The directory document of a folder
const DIRECTORY: &str = "ram.yaml";

/// The manifests of ConfigMaps
const MANIFESTS: &str = "ram-configmaps.yaml";

/// The most text in a ConfigMap. `kubectl apply` keeps the whole object in an annotation, for which there are 256 KiB, as JSON.
const MOST_IN_CONFIG_MAP: usize = 160 * 1024;

/// The form in which an import is written
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// A file for each policy, and ram.yaml
    Folder,
    /// Manifests of ConfigMaps in ram-configmaps.yaml
    Configmaps,
}

/// Which files of a folder an import wrote
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Marker {
    files: BTreeSet<String>,
}

impl Marker {
    /// A marker for some files
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = &'a String>) -> Self {
        Self {
            files: files.into_iter().cloned().collect(),
        }
    }

    /// Reads a marker
    ///
    /// # Errors
    /// It is no marker, or it names files that no import writes
    pub(crate) fn read(text: &[u8]) -> Result<Self, String> {
        let marker: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        match marker.files.iter().find(|file| !is_file_of_an_import(file)) {
            Some(file) => Err(format!("{} is no file that an import writes", quoted(file))),
            None => Ok(marker),
        }
    }

    /// The marker as it is written
    pub(crate) fn text(&self) -> String {
        format!("{:#}\n", json!({"files": self.files}))
    }

    /// The names of the files
    pub(crate) fn files(&self) -> &BTreeSet<String> {
        &self.files
    }
}

/// Whether a name is one that an import gives, so that a marker that somebody changed leads to no other file
fn is_file_of_an_import(name: &str) -> bool {
    let policy = name.strip_suffix(".json");
    [DIRECTORY, MANIFESTS].contains(&name)
        || policy.is_some_and(|policy| name_rules::POLICY.refusal(policy).is_none())
}

/// The files with their texts
pub fn files(documents: &Documents, form: Form, namespace: &str) -> BTreeMap<String, String> {
    match form {
        Form::Folder => folder(documents),
        Form::Configmaps => BTreeMap::from([(MANIFESTS.to_owned(), manifests(documents, namespace))]),
    }
}

/// What stands at the head of a file that people may open
fn head(source: Source) -> &'static str {
    match source {
        Source::Aliyun => {
            "# Written by `ramgate import aliyun`, which replaces this file: put what is yours into files of your own.\n"
        }
        Source::Terraform => {
            "# Written by `ramgate import terraform`, which replaces this file: put what is yours into files of your own.\n# PARTIAL: it holds what Terraform manages, not the whole account.\n"
        }
    }
}

fn folder(documents: &Documents) -> BTreeMap<String, String> {
    let policies = documents.policies.iter();
    let mut files: BTreeMap<String, String> = policies
        .map(|(name, text)| (format!("{name}.json"), text.clone()))
        .collect();
    let mut directory = head(documents.source).to_owned();
    for document in directories(documents, usize::MAX) {
        directory.push_str(&document);
    }
    files.insert(DIRECTORY.to_owned(), directory);
    files
}

/// The entries as directory documents of limited length
pub(crate) fn directories(documents: &Documents, longest: usize) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = String::new();
    if let Some(account) = &documents.account {
        open.push_str(&format!("account: {account}\n"));
    }
    for Section { name, entries } in &documents.sections {
        let mut is_headed = false;
        for entry in entries {
            let needed = entry.len().saturating_add(name.len()).saturating_add(8);
            if open.len().saturating_add(needed) > longest && !open.is_empty() {
                all.push(std::mem::take(&mut open));
                is_headed = false;
            }
            if !is_headed {
                open.push_str(&format!("{name}:\n"));
                is_headed = true;
            }
            open.push_str(&format!("  - {entry}\n"));
        }
    }
    if all.is_empty() && open.is_empty() {
        // A document without a section is none
        open.push_str("users: []\n");
    }
    if !open.is_empty() {
        all.push(open);
    }
    all
}

fn manifests(documents: &Documents, namespace: &str) -> String {
    let mut text = head(documents.source).to_owned();
    let mut number: usize = 0;
    let mut open: Vec<(String, &str)> = Vec::new();
    let mut length: usize = 0;
    for (name, policy) in &documents.policies {
        let added = policy.len().saturating_add(name.len());
        if length.saturating_add(added) > MOST_IN_CONFIG_MAP && !open.is_empty() {
            number = number.saturating_add(1);
            text.push_str(&manifest("policy", number, namespace, &std::mem::take(&mut open)));
            length = 0;
        }
        length = length.saturating_add(added);
        open.push((format!("{name}.json"), policy));
    }
    if !open.is_empty() {
        text.push_str(&manifest("policy", number.saturating_add(1), namespace, &open));
    }
    for (number, directory) in (1..).zip(directories(documents, MOST_IN_CONFIG_MAP)) {
        let data = [(DIRECTORY.to_owned(), directory.as_str())];
        text.push_str(&manifest("directory", number, namespace, &data));
    }
    text
}

/// A ConfigMap whose values are blocks of text, so that changes can be reviewed line by line
fn manifest(kind: &str, number: usize, namespace: &str, data: &[(String, &str)]) -> String {
    let mut text = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ramgate-ram-{kind}-{number}\n  namespace: {}\n  labels: {{ramgate.io/config: {kind}, ramgate.io/imported: \"true\"}}\ndata:\n",
        quoted(namespace)
    );
    for (key, value) in data {
        text.push_str(&text_entry(key, value));
    }
    text
}

/// A key of a ConfigMap's data with its text, as a block if it stays as it is in one
pub(crate) fn text_entry(key: &str, value: &str) -> String {
    let key = if is_file_name(key) {
        key.to_owned()
    } else {
        quoted(key)
    };
    if !is_block(value) {
        return format!("  {key}: {}\n", quoted(value));
    }
    let lines = value.lines().map(|line| format!("    {line}\n"));
    std::iter::once(format!("  {key}: |\n")).chain(lines).collect()
}

/// Whether a key of a ConfigMap is a name that no version of YAML takes for a number, a boolean, a date or a mark of its own
fn is_file_name(key: &str) -> bool {
    let has_ending = [".json", ".yaml", ".yml"]
        .iter()
        .any(|ending| key.ends_with(ending));
    has_ending
        && key.starts_with(|c: char| c.is_ascii_alphanumeric())
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether a text stays as it is as a YAML block: its lines are visible and begin with no blank that would count as indentation
fn is_block(text: &str) -> bool {
    let plain =
        |c: char| c == '\n' || !(c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}'..));
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_leads_to_no_other_file() {
        let read = |name: &str| Marker::read(json!({"files": [name]}).to_string().as_bytes());
        for name in ["ram.yaml", "ram-configmaps.yaml", "EciTestOnly.json"] {
            assert!(read(name).is_ok(), "{name}");
        }
        for name in [
            "../ram.yaml",
            "a/b.json",
            "/etc/passwd",
            "people.yaml",
            ".json",
            "..json",
            "a_b.json",
            MARKER,
        ] {
            assert!(read(name).is_err(), "{name}");
        }
        assert!(Marker::read(b"{}").is_err());
        let marker = Marker::new(&["P.json".to_owned()]);
        assert_eq!(Marker::read(marker.text().as_bytes()).unwrap(), marker);
    }
}
