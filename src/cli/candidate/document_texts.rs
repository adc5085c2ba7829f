//! What a promotion leaves in force, for comparison with what was judged.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use crate::config::NamedDocument;
use crate::config::config_map::{Side, sided_documents};
use crate::config::overlay::DocumentIdentity;
use crate::yaml;

/// The texts of a set of documents by their identities, several if a set holds one identity twice
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DocumentTexts(BTreeMap<String, Vec<String>>);

impl DocumentTexts {
    /// The texts of a set of documents of these ConfigMaps
    pub(super) fn of_set(set: &[&NamedDocument], maps: &[&ConfigMap]) -> Self {
        let maps: BTreeMap<&str, &ConfigMap> = maps.iter().map(|map| (name(map), *map)).collect();
        let mut texts = Self::default();
        for named in set {
            let map = named.name.split_once('/').and_then(|(map, _)| maps.get(map));
            texts.add(named, map.copied());
        }
        texts
    }

    /// The texts that are live after an apply of printed ConfigMaps and the deletion of the candidates
    pub(super) fn after(printed: &str, candidates: &[String], maps: &[&ConfigMap]) -> Self {
        let mut result: BTreeMap<String, ConfigMap> = maps
            .iter()
            .map(|map| (name(map).to_owned(), (*map).clone()))
            .collect();
        // What kubectl could not read, it would not apply: its documents are missing then
        let printed = yaml::parse_manifests(printed).map_or_else(|_| Vec::new(), |read| read.documents);
        for map in printed.iter().filter_map(|node| node.read::<ConfigMap>().ok()) {
            result.insert(name(&map).to_owned(), map);
        }
        result.retain(|name, _| !candidates.contains(name));
        let mut texts = Self::default();
        for map in result.values() {
            let (side, documents) = sided_documents(map);
            for named in documents.iter().filter(|_| side == Side::Live) {
                texts.add(named, Some(map));
            }
        }
        texts
    }

    fn add(&mut self, named: &NamedDocument, map: Option<&ConfigMap>) {
        let key = named.name.split_once('/').map(|(_, key)| key);
        let text = key.zip(map).and_then(|(key, map)| map.data.as_ref()?.get(key));
        let texts = self.0.entry(identity(named)).or_default();
        texts.push(text.cloned().unwrap_or_default());
        texts.sort();
    }

    /// Compares what was judged with what would be live
    ///
    /// # Errors
    /// What differs
    pub(super) fn compare(&self, found: &Self) -> Result<(), String> {
        let identities = self.0.keys().chain(found.0.keys());
        let mut differing: Vec<&str> = identities
            .filter(|identity| self.0.get(*identity) != found.0.get(*identity))
            .map(String::as_str)
            .collect();
        differing.sort_unstable();
        differing.dedup();
        if differing.is_empty() {
            return Ok(());
        }
        Err(format!(
            "nothing is promoted: an apply would not put in force what was judged, since {} would be different: give the \
             candidate another name, or change the live ConfigMaps yourself",
            differing.join(", ")
        ))
    }
}

/// The identity of a document as a text
pub(super) fn identity(named: &NamedDocument) -> String {
    match DocumentIdentity::of(named) {
        DocumentIdentity::Policy(name) => format!("policy {name}"),
        DocumentIdentity::Directory(key) => format!("directory document {key}"),
    }
}

pub(super) fn name(map: &ConfigMap) -> &str {
    map.metadata.name.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(name: &str, data: serde_json::Value) -> ConfigMap {
        let metadata = json!({"name": name, "labels": {"ramgate.io/config": "directory"}});
        serde_json::from_value(json!({"metadata": metadata, "data": data})).unwrap()
    }

    #[test]
    fn what_an_apply_would_lose_add_twice_or_change_is_named() {
        let live = map(
            "live",
            json!({"a": "users: [{name: a}]\n", "b": "users: [{name: b}]\n"}),
        );
        let (_, documents) = sided_documents(&live);
        let wanted = DocumentTexts::of_set(&documents.iter().collect::<Vec<_>>(), &[&live]);
        let compare = |printed: serde_json::Value, candidates: &[String]| {
            let found = DocumentTexts::after(&printed.to_string(), candidates, &[&live]);
            wanted.compare(&found)
        };
        let printed = |map: ConfigMap| serde_json::to_value(map).unwrap();
        assert_eq!(compare(printed(live.clone()), &["next".to_owned()]), Ok(()));
        for (found, differing) in [
            (
                map("live", json!({"a": "users: [{name: a}]\n"})),
                "document b would",
            ),
            (
                map("more", json!({"a": "users: [{name: a}]\n"})),
                "document a would",
            ),
            (
                map(
                    "live",
                    json!({"a": "users: [{name: c}]\n", "b": "users: [{name: b}]\n"}),
                ),
                "document a would",
            ),
        ] {
            let message = compare(printed(found), &[]).unwrap_err();
            assert!(message.contains(differing), "{message}");
        }
        let deleted = compare(printed(live.clone()), &["live".to_owned()]).unwrap_err();
        assert!(
            deleted.contains("document a, directory document b would"),
            "{deleted}"
        );
    }
}
