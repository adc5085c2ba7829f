//! What puts a candidate in force: the live ConfigMaps with its documents in place, and new ones for new documents.
//!
//! ```text
//! live rules: {P.json, Q.json}    candidate next: {P.json, R.json}
//!   -> rules: {P.json of next, Q.json}, next-promoted: {R.json}
//! ```
//!
//! A later candidate of the same name finds `next-promoted` live: what it adds goes into that ConfigMap.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cli::candidate::document_texts::{DocumentTexts, identity, name};
use crate::cli::command_error::CommandError;
use crate::config::config_map::{CANDIDATE, LABEL, Side, sided_documents};
use crate::config::overlay::overlay;
use crate::config::{NamedDocument, load};
use crate::import::output::text_entry;
use crate::import::written::quoted;

/// Added to the name of a candidate, for its new documents: the candidate itself is deleted afterwards
///
/// The candidate without its label would do as well, but `kubectl apply` takes away only labels that an apply has set.
const SUFFIX: &str = "-promoted";

/// The longest name of a ConfigMap
pub(super) const LONGEST_NAME: usize = 253;

/// The annotation in which kubectl keeps what was applied last
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The label of objects that Helm writes
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The annotation of ConfigMaps that `ramgate sync` writes
const SYNCED: &str = "ramgate.io/synced-at";

/// A ConfigMap with its side and its documents
type Sided = (Side, ConfigMap, Vec<NamedDocument>);

/// What puts a candidate in force
#[derive(Debug)]
pub(super) struct Promotion {
    namespace: String,
    config_maps: Vec<ConfigMap>,
    candidates: Vec<String>,
    notes: Vec<String>,
}

impl Promotion {
    /// The promotion of the candidates among these ConfigMaps
    ///
    /// # Errors
    ///
    /// There is no candidate, the set would be faulty, or an apply would leave another set than this.
    pub(super) fn of(namespace: &str, config_maps: Vec<ConfigMap>) -> Result<Self, CommandError> {
        let read = config_maps.into_iter().map(|map| {
            let (side, documents) = sided_documents(&map);
            (side, map, documents)
        });
        let (live, candidates): (Vec<_>, Vec<_>) = read.partition(|(side, ..)| *side == Side::Live);
        if candidates.is_empty() {
            return Err(CommandError::Usage(format!(
                "there is no candidate in namespace {namespace}, no ConfigMap with label {CANDIDATE}: \"true\""
            )));
        }
        let documents = |side: &[Sided]| -> Vec<NamedDocument> {
            side.iter()
                .flat_map(|(_, _, documents)| documents.clone())
                .collect()
        };
        let (live_documents, candidate_documents) = (documents(&live), documents(&candidates));
        let set = overlay(&live_documents, &candidate_documents).map_err(CommandError::Invalid)?;
        load(set.iter().copied()).map_err(CommandError::Invalid)?;

        let mut promotion = Self {
            namespace: namespace.to_owned(),
            config_maps: Vec::new(),
            candidates: candidates
                .iter()
                .map(|(_, map, _)| name(map).to_owned())
                .collect(),
            notes: Vec::new(),
        };
        let mut texts = Texts::of(&candidates);
        for (_, map, documents) in &live {
            promotion.replace_in(map, documents, &mut texts);
        }
        for (_, map, documents) in &candidates {
            promotion.add_new(map, documents, &live, &mut texts)?;
        }
        let maps: Vec<&ConfigMap> = live.iter().chain(&candidates).map(|(_, map, _)| map).collect();
        let wanted = DocumentTexts::of_set(&set, &maps);
        let found = DocumentTexts::after(&promotion.text(), &promotion.candidates, &maps);
        wanted.compare(&found).map_err(CommandError::Usage)?;
        Ok(promotion)
    }

    /// Adds a live ConfigMap with the candidates' texts, if they replace any document in it
    fn replace_in(&mut self, map: &ConfigMap, documents: &[NamedDocument], texts: &mut Texts) {
        let data = texts.take_all(documents);
        if !data.is_empty() {
            self.add_to_live(map, data);
        }
    }

    /// Adds a ConfigMap with the documents of a candidate that replace none, or adds them to the live one of its name
    fn add_new(
        &mut self,
        map: &ConfigMap,
        documents: &[NamedDocument],
        live: &[Sided],
        texts: &mut Texts,
    ) -> Result<(), CommandError> {
        let data = texts.take_all(documents);
        if data.is_empty() {
            return Ok(());
        }
        let promoted = self.promoted_name(map)?;
        let kind = kind(map).unwrap_or_default();
        let known = live.iter().find(|(_, live, _)| name(live) == promoted);
        if let Some((_, known, _)) = known {
            if self::kind(known) != Some(kind) {
                let message = format!(
                    "ConfigMap {promoted} is live and not of kind {kind}, so the new documents of candidate {} have no \
                     place in it: give the candidate another name",
                    name(map)
                );
                return Err(CommandError::Usage(message));
            }
            self.add_to_live(known, data);
            return Ok(());
        }
        self.config_maps.push(ConfigMap {
            metadata: ObjectMeta {
                name: Some(promoted),
                namespace: Some(self.namespace.clone()),
                // Other marks of a candidate, such as an accepted loss or the owner that a tool writes, were not meant for this one
                labels: Some(BTreeMap::from([(LABEL.to_owned(), kind.to_owned())])),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..ConfigMap::default()
        });
        Ok(())
    }

    /// The name of the ConfigMap for a candidate's new documents
    fn promoted_name(&self, candidate: &ConfigMap) -> Result<String, CommandError> {
        let promoted = format!("{}{SUFFIX}", name(candidate));
        if promoted.len() > LONGEST_NAME {
            let message = format!("{promoted} is too long for a name: give the candidate a shorter one");
            return Err(CommandError::Usage(message));
        }
        if self.candidates.contains(&promoted) {
            let message = format!(
                "ConfigMap {promoted} is a candidate as well, so the new documents of candidate {} would be deleted with it: \
                 give one of them another name",
                name(candidate)
            );
            return Err(CommandError::Usage(message));
        }
        Ok(promoted)
    }

    /// Puts texts into a live ConfigMap, which is printed once however often it is changed
    fn add_to_live(&mut self, live: &ConfigMap, data: BTreeMap<String, String>) {
        let known = self.config_maps.iter_mut().find(|map| name(map) == name(live));
        if let Some(known) = known {
            known.data.get_or_insert_default().extend(data);
            return;
        }
        self.note_writers(live);
        let mut written = written(live, &self.namespace);
        written.data.get_or_insert_default().extend(data);
        self.config_maps.push(written);
    }

    /// Notes who else writes a ConfigMap
    fn note_writers(&mut self, map: &ConfigMap) {
        let value = |map: &Option<BTreeMap<String, String>>, key: &str| {
            map.as_ref().and_then(|map| map.get(key)).cloned()
        };
        if value(&map.metadata.labels, MANAGED_BY).as_deref() == Some("Helm") {
            self.notes.push(format!(
                "Helm writes ConfigMap {}: change its values as well",
                name(map)
            ));
        }
        if value(&map.metadata.annotations, SYNCED).is_some() {
            self.notes.push(format!(
                "ramgate sync writes ConfigMap {}: change RAM as well",
                name(map)
            ));
        }
    }

    /// The names of the ConfigMaps that are not live
    pub(super) fn new_names(&self) -> impl Iterator<Item = &str> {
        let new = |map: &&ConfigMap| map.metadata.resource_version.is_none();
        self.config_maps.iter().filter(new).map(name)
    }

    /// The YAML for kubectl apply
    pub(super) fn text(&self) -> String {
        let mut text = String::from("# The candidate in force, for: kubectl apply -f -\n");
        for line in self.next_steps().lines() {
            text.push_str(&format!("# {line}\n"));
        }
        for map in &self.config_maps {
            text.push_str(&manifest(map));
        }
        text
    }

    /// What is to be done after the apply, a line each
    pub(super) fn next_steps(&self) -> String {
        let notes = self.notes.iter().map(|note| format!("note: {note}\n"));
        let delete = format!(
            "then: kubectl delete configmap {} --namespace {}\n",
            self.candidates.join(" "),
            self.namespace
        );
        notes.chain([delete]).collect()
    }
}

/// The texts of the candidates' documents, each of which is used once
struct Texts(BTreeMap<String, String>);

impl Texts {
    fn of(candidates: &[Sided]) -> Self {
        let mut texts = BTreeMap::new();
        for (_, map, documents) in candidates {
            for named in documents {
                let key = named.name.split_once('/').map(|(_, key)| key);
                let text = key.and_then(|key| map.data.as_ref()?.get(key));
                texts.extend(text.map(|text| (identity(named), text.clone())));
            }
        }
        Self(texts)
    }

    /// The texts of the candidates with the identities of documents, by the keys of these
    fn take_all(&mut self, documents: &[NamedDocument]) -> BTreeMap<String, String> {
        let taken = documents.iter().filter_map(|named| {
            let (_, key) = named.name.split_once('/')?;
            Some((key.to_owned(), self.0.remove(&identity(named))?))
        });
        taken.collect()
    }
}

fn kind(map: &ConfigMap) -> Option<&str> {
    map.metadata.labels.as_ref()?.get(LABEL).map(String::as_str)
}

/// A live ConfigMap with what a person writes, and its version: the API server refuses it if somebody changed it since
fn written(map: &ConfigMap, namespace: &str) -> ConfigMap {
    let mut annotations = map.metadata.annotations.clone().unwrap_or_default();
    annotations.remove(LAST_APPLIED);
    ConfigMap {
        metadata: ObjectMeta {
            name: map.metadata.name.clone(),
            namespace: Some(namespace.to_owned()),
            labels: map.metadata.labels.clone(),
            annotations: (!annotations.is_empty()).then_some(annotations),
            resource_version: map.metadata.resource_version.clone(),
            ..ObjectMeta::default()
        },
        data: map.data.clone(),
        ..ConfigMap::default()
    }
}

/// A ConfigMap in YAML, whose texts are blocks where they can be
fn manifest(map: &ConfigMap) -> String {
    let metadata = &map.metadata;
    let mut text = String::from("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n");
    let mut field = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("  {name}: {}\n", quoted(value)));
        }
    };
    field("name", &metadata.name);
    field("namespace", &metadata.namespace);
    field("resourceVersion", &metadata.resource_version);
    for (name, entries) in [
        ("labels", &metadata.labels),
        ("annotations", &metadata.annotations),
    ] {
        let Some(entries) = entries else { continue };
        text.push_str(&format!("  {name}:\n"));
        for (key, value) in entries {
            text.push_str(&format!("    {}: {}\n", quoted(key), quoted(value)));
        }
    }
    text.push_str("data:\n");
    for (key, value) in map.data.iter().flatten() {
        text.push_str(&text_entry(key, value));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::yaml;

    const BASE: &str =
        "account: {id: '1', region: r}\nusers: [{name: a, policies: [{policy: P}, {policy: Q}]}]\n";

    fn policy(action: &str) -> String {
        format!(
            "{{\n  \"Version\": \"1\",\n  \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"{action}\", \"Resource\": \"*\"}}]\n}}\n"
        )
    }

    fn map(name: &str, kind: &str, more: Value, data: Value) -> ConfigMap {
        let mut map = json!({"metadata": {"name": name, "namespace": "ramgate-system", "resourceVersion": "7", "uid": "u",
            "managedFields": [{}], "labels": {"ramgate.io/config": kind}, "annotations": {LAST_APPLIED: "{}", "why": "because"}},
            "data": data});
        map["metadata"]["labels"]
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(map).unwrap()
    }

    fn live() -> [ConfigMap; 2] {
        [
            map(
                "people",
                "directory",
                json!({MANAGED_BY: "Helm"}),
                json!({"x": BASE}),
            ),
            map(
                "rules",
                "policy",
                json!({}),
                json!({"P.json": policy("eci:*"), "Q.json": policy("eci:Describe*")}),
            ),
        ]
    }

    fn candidate(name: &str, kind: &str, data: Value) -> ConfigMap {
        map(name, kind, json!({CANDIDATE: "true"}), data)
    }

    #[test]
    fn documents_are_put_in_place_and_new_ones_into_a_config_map_of_their_own() {
        let next = candidate(
            "next",
            "policy",
            json!({"P.json": policy("eci:Create*"), "R.json": policy("eci:Delete*")}),
        );
        let people = candidate(
            "next-people",
            "directory",
            json!({"x": BASE.replace("name: a", "name: b")}),
        );
        let promotion =
            Promotion::of("ramgate-system", [live().to_vec(), vec![next, people]].concat()).unwrap();
        let text = promotion.text();
        let maps: Vec<ConfigMap> = yaml::parse(&text)
            .unwrap()
            .iter()
            .map(|node| node.read().unwrap())
            .collect();
        let names: Vec<&str> = maps.iter().map(name).collect();
        assert_eq!(names, ["people", "rules", "next-promoted"]);
        let data = |at: usize| maps[at].data.clone().unwrap();
        assert_eq!(data(0)["x"], BASE.replace("name: a", "name: b"));
        assert_eq!(data(1)["P.json"], policy("eci:Create*"));
        assert_eq!(data(1)["Q.json"], policy("eci:Describe*"));
        assert_eq!(
            data(2),
            BTreeMap::from([("R.json".to_owned(), policy("eci:Delete*"))])
        );
        assert_eq!(maps[1].metadata.resource_version.as_deref(), Some("7"));
        assert_eq!(maps[1].metadata.annotations.clone().unwrap().len(), 1);
        let labels = maps[2].metadata.labels.clone().unwrap();
        assert_eq!(labels.len(), 1, "{labels:?}");
        assert_eq!(maps[2].metadata.resource_version, None);
        assert!(text.contains("  P.json: |\n    {\n"), "{text}");
        assert!(!text.contains("managedFields") && !text.contains("uid"), "{text}");
        assert_eq!(
            promotion.next_steps(),
            "note: Helm writes ConfigMap people: change its values as well\n\
             then: kubectl delete configmap next next-people --namespace ramgate-system\n"
        );
        // What it prints is the set that was judged
        let documents: Vec<NamedDocument> = maps.iter().flat_map(|map| sided_documents(map).1).collect();
        assert_eq!(load(&documents).unwrap().documents.policies, 3);
    }

    #[test]
    fn a_text_that_is_no_block_stays_as_it_is() {
        let odd = format!("  {}\t", policy("eci:Create*").trim_end());
        let next = candidate("next", "policy", json!({"P.json": odd.clone()}));
        let promotion = Promotion::of("n", [live().to_vec(), vec![next]].concat()).unwrap();
        let maps: Vec<ConfigMap> = yaml::parse(&promotion.text())
            .unwrap()
            .iter()
            .map(|node| node.read().unwrap())
            .collect();
        assert_eq!(maps[0].data.clone().unwrap()["P.json"], odd);
    }

    #[test]
    fn a_faulty_candidate_or_none_is_not_promoted() {
        let promoted = |candidates: Vec<ConfigMap>| {
            Promotion::of("n", [live().to_vec(), candidates].concat()).unwrap_err()
        };
        assert!(promoted(vec![]).to_string().contains("there is no candidate"));
        for bad in [
            candidate("next", "policy", json!({"P.json": "{"})),
            candidate("next", "directory", json!({"y": "users: [{name: a}]"})),
        ] {
            assert!(matches!(promoted(vec![bad]), CommandError::Invalid(_)));
        }
    }

    fn of(maps: &[Vec<ConfigMap>]) -> Result<Promotion, CommandError> {
        Promotion::of("ramgate-system", maps.concat())
    }

    /// The printed ConfigMaps, as kubectl reads them
    fn printed(promotion: &Promotion) -> Vec<ConfigMap> {
        let manifests = yaml::parse_manifests(&promotion.text()).unwrap();
        assert_eq!(manifests.warnings, []);
        let maps = manifests.documents.iter();
        maps.map(|node| node.read().unwrap()).collect()
    }

    fn promoted_before() -> ConfigMap {
        map(
            "next-promoted",
            "directory",
            json!({"team": "a"}),
            json!({"modes.yaml": "modes: {team-a: enforce}\n"}),
        )
    }

    #[test]
    fn a_second_promotion_of_a_name_keeps_what_the_first_one_added() {
        let more = "users: [{name: b, policies: [{policy: P}]}]\n";
        let softer = "modes: {team-a: warn}\n";
        for data in [
            json!({"more.yaml": more}),
            json!({"more.yaml": more, "modes.yaml": softer}),
        ] {
            let next = candidate("next", "directory", data.clone());
            let promotion = of(&[live().to_vec(), vec![promoted_before(), next]]).unwrap();
            let maps = printed(&promotion);
            let [map] = maps.as_slice() else {
                panic!("{}", promotion.text())
            };
            assert_eq!(name(map), "next-promoted");
            assert_eq!(map.metadata.resource_version.as_deref(), Some("7"));
            assert_eq!(map.metadata.labels.as_ref().unwrap()["team"], "a");
            let modes = data["modes.yaml"]
                .as_str()
                .unwrap_or("modes: {team-a: enforce}\n");
            let wanted = [("modes.yaml", modes), ("more.yaml", more)];
            let wanted = wanted.map(|(key, text)| (key.to_owned(), text.to_owned()));
            assert_eq!(map.data, Some(BTreeMap::from(wanted)));
        }
    }

    #[test]
    fn a_name_that_holds_something_else_is_refused() {
        let more = json!({"R.json": policy("eci:Delete*")});
        let next = candidate("next", "policy", more);
        let other_kind = of(&[live().to_vec(), vec![promoted_before(), next.clone()]]);
        let message = other_kind.unwrap_err().to_string();
        assert!(
            message.contains("next-promoted") && message.contains("another name"),
            "{message}"
        );
        // The candidate of this name is deleted afterwards, and with it what was promoted
        let twin = candidate("next-promoted", "policy", json!({"P.json": policy("eci:List*")}));
        let message = of(&[live().to_vec(), vec![next, twin]]).unwrap_err().to_string();
        assert!(
            message.contains("next-promoted") && message.contains("another name"),
            "{message}"
        );
    }

    #[test]
    fn a_new_config_map_has_only_the_label_of_its_kind() {
        let mut next = candidate(
            "next",
            "policy",
            json!({"R.json": policy("eci:Delete*"), "P.json": policy("eci:List*")}),
        );
        let metadata = &mut next.metadata;
        for marks in [&mut metadata.labels, &mut metadata.annotations] {
            marks.get_or_insert_default().extend(
                ["ramgate.io/accept-loss", "argocd.argoproj.io/instance"]
                    .map(|key| (key.to_owned(), "9".to_owned())),
            );
        }
        let maps = printed(&of(&[live().to_vec(), vec![next]]).unwrap());
        let new = maps.iter().find(|map| name(map) == "next-promoted").unwrap();
        let label = ("ramgate.io/config".to_owned(), "policy".to_owned());
        assert_eq!(new.metadata.labels, Some(BTreeMap::from([label])));
        assert_eq!(new.metadata.annotations, None);
        let replaced = maps.iter().find(|map| name(map) == "rules").unwrap();
        let annotations = replaced.metadata.annotations.as_ref().unwrap();
        assert_eq!(annotations.keys().collect::<Vec<_>>(), ["why"]);
    }

    #[test]
    fn keys_that_yaml_takes_for_something_else_stay_what_they_are() {
        let keys = [
            "yes",
            "1.10",
            "0x10",
            "1e3",
            "null",
            "-",
            "---",
            "...",
            "2001-01-01",
            ".inf",
            "no",
            "~",
        ];
        let data: BTreeMap<&str, String> = keys
            .iter()
            .zip('b'..)
            .map(|(key, user)| (*key, format!("users: [{{name: {user}}}]\n")))
            .collect();
        let next = candidate("next", "directory", json!(data));
        let maps = printed(&of(&[live().to_vec(), vec![next]]).unwrap());
        let found: Vec<&str> = maps[0]
            .data
            .as_ref()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(found, data.keys().copied().collect::<Vec<_>>());
    }
}
