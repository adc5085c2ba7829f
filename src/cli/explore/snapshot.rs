//! What all answers are made from: both configurations as of one moment, replaced as a whole.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::command_error::{CommandError, fault_json};
use crate::cli::configuration;
use crate::cli::explore::differences::Comparison;
use crate::cli::explore::person::{Person, people};
use crate::cli::explore::places::Places;
use crate::cli::explore::reply::Complaint;
use crate::config::{Configuration, FaultClass, LocatedFault, NamedDocument};

/// The most faults that are shown; the others are counted
const MAX_FAULTS: usize = 50;

/// The configuration in question
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SideName {
    Live,
    Candidate,
}

/// Both configurations as of one moment
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Rises with every change, so that the page knows when to ask again
    pub(super) revision: u64,
    pub(super) live: Side,
    /// `None` without `--candidate`
    pub(super) candidate: Option<Side>,
    /// What the candidate changes, once somebody asks
    pub(super) comparison: Comparison,
}

/// One configuration: the last good one, and what is wrong with the newest documents
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    pub(super) loaded: Option<Arc<Loaded>>,
    pub(super) faults: Vec<LocatedFault>,
}

/// A good configuration, with what is looked up in it
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) configuration: Configuration,
    pub(super) people: Vec<Person>,
    pub(super) places: Places,
    loaded_at: Timestamp,
}

impl Snapshot {
    /// The configuration of a side
    ///
    /// # Errors
    ///
    /// There is no such side, or none of its configurations was good.
    pub(super) fn side(&self, name: SideName) -> Result<&Arc<Loaded>, Complaint> {
        let side = match name {
            SideName::Live => Some(&self.live),
            SideName::Candidate => self.candidate.as_ref(),
        };
        let loaded = side.and_then(|side| side.loaded.as_ref());
        loaded.ok_or_else(|| Complaint::about("side", "this configuration is not there, or not valid"))
    }

    /// All sides that can be asked, the live one first
    pub(super) fn sides(&self) -> impl Iterator<Item = (SideName, &Arc<Loaded>)> {
        let live = [(SideName::Live, Some(&self.live))];
        let all = live
            .into_iter()
            .chain([(SideName::Candidate, self.candidate.as_ref())]);
        all.filter_map(|(name, side)| Some((name, side?.loaded.as_ref()?)))
    }
}

impl SideName {
    /// Its name in answers
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Candidate => "candidate",
        }
    }
}

impl Side {
    /// The side after its documents changed: with the last good configuration if the new one is bad
    pub(super) fn after(&self, documents: Result<&[NamedDocument], Vec<LocatedFault>>) -> Self {
        let loaded = match documents {
            Ok(documents) => configuration::load_documents(documents)
                .map(|configuration| Loaded::new(configuration, documents))
                .map_err(faults_of),
            Err(faults) => Err(faults),
        };
        match loaded {
            Ok(loaded) => Self {
                loaded: Some(Arc::new(loaded)),
                faults: Vec::new(),
            },
            Err(faults) => Self {
                loaded: self.loaded.clone(),
                faults,
            },
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let faults = self.faults.iter().take(MAX_FAULTS).map(fault_json);
        let loaded = self.loaded.as_ref().map(|loaded| {
            let configuration = &loaded.configuration;
            json!({
                "since": format!("{:.0}", loaded.loaded_at),
                "account": configuration.policies.account(),
                "region": configuration.account.region,
                "defaultGroup": configuration.account.default_group(),
                "policies": configuration.documents.policies,
                "people": loaded.people.len(),
            })
        });
        json!({
            "loaded": loaded,
            "faults": faults.collect::<Vec<_>>(),
            "faultCount": self.faults.len(),
        })
    }
}

fn faults_of(error: CommandError) -> Vec<LocatedFault> {
    match error {
        CommandError::Invalid(faults) => faults,
        other => vec![LocatedFault::whole(
            "configuration",
            other.to_string(),
            FaultClass::Document,
        )],
    }
}

impl Loaded {
    pub(super) fn new(configuration: Configuration, documents: &[NamedDocument]) -> Self {
        Self {
            people: people(&configuration),
            places: Places::of(documents),
            configuration,
            loaded_at: Timestamp::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ParsedDocument, folder};

    fn documents(directory: &str) -> Vec<NamedDocument> {
        let directory = ParsedDocument::directory(directory.as_bytes());
        vec![NamedDocument::new("directory.yaml", directory)]
    }

    #[test]
    fn a_bad_configuration_keeps_the_last_good_one_and_says_where_it_is_bad() {
        let good = documents("account: {id: '123', region: cn-hangzhou}\nusers: [{name: bob}]");
        let first = Side::default().after(Ok(&good));
        assert!(first.faults.is_empty());
        let bad = documents("account: {id: '123', region: cn-hangzhou}\nusers: [{nam: bob}]");
        let second = first.after(Ok(&bad));
        assert_eq!(second.loaded.as_ref().unwrap().people.len(), 1);
        let json = second.as_json();
        assert_eq!(json["faults"][0]["file"], "directory.yaml");
        assert_eq!(json["faults"][0]["line"], 2);
        let third = second.after(Ok(&good));
        assert!(third.faults.is_empty());
    }

    #[test]
    fn a_folder_that_is_gone_is_a_fault() {
        let error = folder::read(std::path::Path::new("/nonexistent/ramgate")).unwrap_err();
        let fault = LocatedFault::whole("x", error.to_string(), FaultClass::Document);
        let side = Side::default().after(Err(vec![fault]));
        assert!(side.loaded.is_none());
        assert_eq!(side.as_json()["faultCount"], 1);
    }
}
