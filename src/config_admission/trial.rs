//! What becomes of the candidate if a ConfigMap with the candidates' label is stored.

use crate::analysis::lint;
use crate::analysis::lint::AccountFacts;
use crate::analysis::rights;
use crate::config::Configuration;
use crate::config::located_fault::LocatedFault;
use crate::config::merge::{check, merge};
use crate::config::named_document::NamedDocument;
use crate::config::overlay::{additions, overlay};
use crate::config::parsed_document::ParsedDocument;
use crate::config::store::ConfigMapDocuments;
use crate::config_admission::mode_warnings::mode_warnings;
use crate::config_admission::{KnownNamespaces, MAX_WARNING, StoredConfigMaps, limited, named, without_name};

/// The candidate set with a new ConfigMap
pub(super) struct Trial {
    /// The faults by which the ConfigMap is refused: it names what it replaces in two ways
    pub(super) ambiguities: Vec<LocatedFault>,
    /// What keeps the set as a whole from being judged by; other ConfigMaps may repair it
    faults: Vec<LocatedFault>,
    /// What the lint of its documents has to know of the others
    facts: AccountFacts,
}

impl Trial {
    /// The set of live documents with all candidates in their place, this ConfigMap among them
    pub(super) fn new(name: &str, documents: &[NamedDocument], stored: StoredConfigMaps<'_>) -> Self {
        let live = others(name, stored.live).flat_map(|one| one.documents.iter());
        // Last, so that of two candidates of one name it is this one that is refused
        let candidates = others(name, stored.candidates).flat_map(|one| one.documents.iter());
        match overlay(live, candidates.chain(documents)) {
            Ok(set) => {
                let set: Vec<(&str, &ParsedDocument)> = set
                    .iter()
                    .map(|named| (named.name.as_str(), &named.document))
                    .collect();
                Self {
                    ambiguities: Vec::new(),
                    faults: check(set.iter().copied()),
                    facts: AccountFacts::of(set.iter().map(|(_, document)| *document)),
                }
            }
            Err(faults) => {
                let is_own = |fault: &LocatedFault| is_about(fault, name);
                let (ambiguities, faults) = faults.into_iter().partition(is_own);
                Self {
                    ambiguities,
                    faults,
                    facts: AccountFacts::of(documents.iter().map(|named| &named.document)),
                }
            }
        }
    }

    /// The warnings to whoever stores the ConfigMap
    pub(super) fn warnings(
        &self,
        name: &str,
        documents: &[NamedDocument],
        live: &[ConfigMapDocuments],
        (in_force, known): (Option<&Configuration>, &KnownNamespaces<'_>),
    ) -> Vec<String> {
        let mut lines = removal(name, live, (in_force, known));
        let kept = live.iter().flat_map(|one| one.documents.iter());
        let added = additions(kept, documents).into_iter();
        lines.extend(
            added.map(|added| {
                format!("it adds {added} and replaces nothing by it: nothing live has this name")
            }),
        );
        let findings = documents
            .iter()
            .flat_map(|named| lint::document(&named.name, &named.document, &self.facts));
        lines.extend(findings.map(|warning| without_name(&warning.into_fault(), name)));
        if !self.faults.is_empty() {
            let head = "stored, but no review is judged by the candidate as long as it does not load:";
            lines.push(head.to_owned());
            lines.extend(self.faults.iter().map(ToString::to_string));
        }
        limited(lines)
    }
}

/// What leaves the live set, if the ConfigMap is live until now
fn removal(
    name: &str,
    live: &[ConfigMapDocuments],
    (in_force, known): (Option<&Configuration>, &KnownNamespaces<'_>),
) -> Vec<String> {
    if !live.iter().any(|one| &*one.name == name) {
        return Vec::new();
    }
    let mut lines = vec![format!(
        "ConfigMap {name} is live now: with this label its documents are not any more"
    )];
    let rest: Vec<(&str, &ParsedDocument)> =
        others(name, live).flat_map(|one| named(&one.documents)).collect();
    match (merge(rest.iter().copied()), in_force) {
        (Ok(rest), Some(in_force)) => {
            let change = rights::compare(in_force, &rest);
            if change.is_mass_loss() {
                lines.push(format!("the rest is not put in force: {change}"));
            }
            lines.extend(mode_warnings(&[], (Some(in_force), &rest), known, MAX_WARNING));
        }
        (Ok(_), None) => {}
        (Err(faults), _) => {
            lines.extend(
                faults
                    .first()
                    .map(|fault| format!("the rest is not put in force: {fault}")),
            );
        }
    }
    lines
}

/// The ConfigMaps of other names
fn others<'a>(
    name: &'a str,
    config_maps: &'a [ConfigMapDocuments],
) -> impl Iterator<Item = &'a ConfigMapDocuments> {
    config_maps.iter().filter(move |one| &*one.name != name)
}

/// Whether a fault is in a document of this ConfigMap
fn is_about(fault: &LocatedFault, name: &str) -> bool {
    let document = fault.document.strip_prefix(name);
    document.is_some_and(|rest| rest.starts_with('/'))
}
