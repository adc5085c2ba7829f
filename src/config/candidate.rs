//! The candidate configuration, which is judged beside the one in force and decides nothing.

use std::sync::Arc;

use jiff::Timestamp;

use crate::config::configuration::{Configuration, Interest};
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::named_document::{NamedDocument, load_after};
use crate::config::overlay::{additions, overlay};
use crate::config::store::{ConfigMapDocuments, Store};

/// The most faults that are kept; the others are counted
const MAX_FAULTS: usize = 20;

/// The name of faults that belong to no document
const WHOLE: &str = "candidate";

/// The candidates that are stored, and what became of them
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidate {
    /// The ConfigMaps with the label, in order of their names
    pub(crate) config_maps: Vec<ConfigMapDocuments>,
    /// Whether they make a set
    pub(crate) state: CandidateState,
    /// The generation of the live set that it was made for, if one was in force
    pub(crate) live_generation: Option<u64>,
    /// Since when this is so; `None` if there is no candidate
    pub(crate) since: Option<Timestamp>,
}

/// The state of the candidate
#[derive(Clone, Debug, Default)]
pub(crate) enum CandidateState {
    /// There is no candidate
    #[default]
    None,
    /// Reviews are judged by it
    Loaded(Arc<CandidateSet>),
    /// It cannot be judged by
    Faulty(CandidateFaults),
}

/// Why there is no candidate set
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CandidateFaults {
    /// The first twenty
    pub(crate) faults: Arc<[LocatedFault]>,
    /// The number of all
    pub(crate) count: usize,
}

/// The set of live documents with candidates in place of those of the same name
#[derive(Debug)]
pub(crate) struct CandidateSet {
    /// The set, compiled
    pub(crate) configuration: Configuration,
    /// The generation of the live set that it was made from
    pub(crate) live_generation: u64,
    /// What it adds, because nothing live has its name
    pub(crate) additions: Vec<String>,
    /// What it reads of cluster objects that the live set does not keep
    pub(crate) unkept: UnkeptMetadata,
}

/// Kinds of objects of which a candidate reads keys that nothing keeps for the live set
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnkeptMetadata {
    pub(crate) namespaces: bool,
    pub(crate) nodes: bool,
    pub(crate) service_accounts: bool,
}

/// Makes the candidate set from the documents in force and the candidates, unless neither changed
pub(crate) async fn reload(
    store: &Store,
    in_force: &[ConfigMapDocuments],
    candidates: Vec<ConfigMapDocuments>,
) {
    let before = store.candidate();
    let live = store.current();
    let live_generation = live.as_ref().map(|live| live.generation);
    if before.is_made_from(&candidates, live_generation) {
        return;
    }
    let state = match live {
        _ if candidates.is_empty() => CandidateState::None,
        None => CandidateState::failed("no configuration is in force yet that it could be compared with"),
        Some(live) => {
            let (documents, candidates) = (in_force.to_vec(), candidates.clone());
            let load = move || CandidateSet::new(&live, all(&documents), all(&candidates));
            // As long as loading what is live, and reviews go on meanwhile
            match tokio::task::spawn_blocking(load).await {
                Ok(Ok(set)) => CandidateState::Loaded(Arc::new(set)),
                Ok(Err(faults)) => CandidateState::faulty(&faults),
                // A panic, whose text is printed already, or the end of the process
                Err(error) => CandidateState::failed(format!("loading failed: {error}")),
            }
        }
    };
    let candidate = Candidate {
        since: (!candidates.is_empty()).then(Timestamp::now),
        config_maps: candidates,
        live_generation,
        state,
    };
    candidate.log_change(&before);
    store.set_candidate(candidate);
}

/// The documents of all ConfigMaps
fn all(config_maps: &[ConfigMapDocuments]) -> impl Iterator<Item = &NamedDocument> {
    config_maps.iter().flat_map(|one| one.documents.iter())
}

impl Candidate {
    /// Whether it was made from these ConfigMaps for the live set of this generation
    pub(crate) fn is_made_from(&self, config_maps: &[ConfigMapDocuments], live: Option<u64>) -> bool {
        let is_same = |(one, other): (&ConfigMapDocuments, &ConfigMapDocuments)| {
            one.name == other.name && Arc::ptr_eq(&one.documents, &other.documents)
        };
        let are_same = self.config_maps.len() == config_maps.len()
            && self.config_maps.iter().zip(config_maps).all(is_same);
        are_same && (config_maps.is_empty() || self.live_generation == live)
    }

    /// Writes what became of the candidates into the log, unless it was the same before
    pub(crate) fn log_change(&self, before: &Self) {
        match (&self.state, &before.state) {
            (CandidateState::None, CandidateState::None) => {}
            (CandidateState::None, _) => tracing::info!("there is no candidate any more"),
            (CandidateState::Loaded(set), _) => tracing::info!(
                config_maps = self.names(),
                live_generation = set.live_generation,
                "reviews are judged by the candidate as well, which decides nothing"
            ),
            (CandidateState::Faulty(now), CandidateState::Faulty(then)) if now == then => {}
            (CandidateState::Faulty(now), _) => {
                for fault in now.faults.iter() {
                    tracing::warn!(document = fault.document, "candidate is not loaded: {fault}");
                }
            }
        }
    }

    /// The names of the ConfigMaps
    fn names(&self) -> String {
        let names = self.config_maps.iter().map(|one| &*one.name);
        names.collect::<Vec<_>>().join(", ")
    }
}

impl CandidateState {
    /// Its name, as metrics and `/candidate` have it
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Loaded(_) => "loaded",
            Self::Faulty(_) => "faulty",
        }
    }

    /// The state of a candidate with these faults
    pub(crate) fn faulty(faults: &[LocatedFault]) -> Self {
        Self::Faulty(CandidateFaults {
            faults: faults.iter().take(MAX_FAULTS).cloned().collect(),
            count: faults.len(),
        })
    }

    /// The state of a candidate that cannot be judged by, for a reason that is in no document
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::faulty(&[LocatedFault::whole(WHOLE, message, FaultClass::Conflict)])
    }
}

impl CandidateSet {
    /// The set of these live documents, which are those of `live`, with the candidates in place of those of the same name
    ///
    /// # Errors
    /// Every fault of the candidates, or between them and the live documents
    pub(crate) fn new<'a>(
        live: &Configuration,
        documents: impl IntoIterator<Item = &'a NamedDocument>,
        candidates: impl IntoIterator<Item = &'a NamedDocument>,
    ) -> Result<Self, Vec<LocatedFault>> {
        let documents: Vec<&NamedDocument> = documents.into_iter().collect();
        let candidates: Vec<&NamedDocument> = candidates.into_iter().collect();
        let set = overlay(documents.iter().copied(), candidates.iter().copied())?;
        let configuration = load_after(set.iter().copied(), Some(live))?;
        Ok(Self {
            unkept: UnkeptMetadata::of(&configuration.interest(), &live.interest()),
            configuration,
            live_generation: live.generation,
            additions: additions(documents, candidates),
        })
    }
}

impl UnkeptMetadata {
    fn of(candidate: &Interest, live: &Interest) -> Self {
        Self {
            namespaces: !candidate
                .namespace_annotations
                .is_subset(&live.namespace_annotations),
            nodes: !candidate.node_labels.is_subset(&live.node_labels),
            service_accounts: !candidate
                .service_account_labels
                .is_subset(&live.service_account_labels)
                || !candidate
                    .service_account_annotations
                    .is_subset(&live.service_account_annotations),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;
    use crate::config::parsed_document::ParsedDocument;

    const LIVE: &str = "account: {id: '1', region: r}\nusers: [{name: a}]";

    fn directory(name: &str, text: &str) -> NamedDocument {
        NamedDocument::new(name, ParsedDocument::directory(text.as_bytes()))
    }

    fn set(text: &str) -> Result<CandidateSet, Vec<LocatedFault>> {
        let live = [directory("people/x", LIVE)];
        let mut configuration = load(&live).unwrap();
        configuration.generation = 7;
        CandidateSet::new(&configuration, &live, &[directory("next/y", text)])
    }

    #[test]
    fn a_set_is_made_from_one_live_set_and_knows_what_nobody_keeps_for_it() {
        let plain = set("users: [{name: b}]").unwrap();
        assert_eq!(
            (plain.live_generation, plain.unkept),
            (7, UnkeptMetadata::default())
        );
        assert_eq!(plain.configuration.policies.principals().len(), 2);
        let mapping = "mapping: {ramRoleName: {from: {serviceAccountLabel: role}, mode: default}, \
            resourceGroupId: {from: {namespaceAnnotation: rg}, mode: default}}\n\
            cluster: {acsNodes: [{matchLabels: {acs: 'true'}}]}";
        let all = UnkeptMetadata {
            namespaces: true,
            nodes: true,
            service_accounts: true,
        };
        assert_eq!(set(mapping).unwrap().unkept, all);
    }

    #[test]
    fn faults_are_those_of_the_whole_set() {
        let faults = set("users: [{name: a}]").unwrap_err();
        assert_eq!(
            faults[0].to_string(),
            "next/y:1:16: user `a` is defined twice, first in people/x:2:16"
        );
        let CandidateState::Faulty(kept) = CandidateState::faulty(&vec![faults[0].clone(); 30]) else {
            panic!()
        };
        assert_eq!((kept.faults.len(), kept.count), (MAX_FAULTS, 30));
    }
}
