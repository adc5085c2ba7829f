//! Events on ConfigMaps that were not loaded or that do not match the live state, so that `kubectl describe` shows why.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::config::LocatedFault;
use crate::wording::bounded;

/// The longest note in bytes; the API server takes 1,024
pub(crate) const MAX_NOTE: usize = 1000;
/// The beginning of every note about faults
const PREFIX: &str = "not loaded: ";
/// How many Events are counted at once; a longer history is of no use
const MAX_COUNTS: usize = 1024;

/// The content of an Event on a ConfigMap
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfigMapEvent<'a> {
    pub(crate) config_map: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) reason: &'static str,
    pub(crate) action: &'static str,
    pub(crate) note: &'a str,
}

/// Writes Events, and counts repetitions
#[derive(Debug)]
pub(crate) struct EventWriter {
    events: Api<Event>,
    namespace: String,
    reporter: String,
    /// The last note about faults of each ConfigMap
    last_notes: HashMap<String, String>,
    /// How often each Event was written, by its name
    counts: HashMap<String, i32>,
}

impl EventWriter {
    pub(crate) fn new(client: Client, namespace: &str, reporter: String) -> Self {
        Self {
            events: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
            reporter,
            last_notes: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// Forgets the last faults, since all ConfigMaps are loaded: a fault that comes back is written again
    pub(crate) fn forget_faults(&mut self) {
        self.last_notes.clear();
    }

    /// Writes an Event on each ConfigMap with faults, unless its last note was equal; `uid` finds its UID
    pub(crate) async fn write_faults(
        &mut self,
        faults: &[LocatedFault],
        uid: impl Fn(&str) -> Option<String>,
    ) {
        for (name, note) in notes(faults) {
            let Some(uid) = uid(&name) else { continue };
            if self.last_notes.get(&name) == Some(&note) {
                continue;
            }
            let event = ConfigMapEvent {
                config_map: &name,
                uid: &uid,
                reason: "NotLoaded",
                action: "Load",
                note: &note,
            };
            match self.write(&event).await {
                Ok(()) => {
                    self.last_notes.insert(name, note);
                }
                Err(error) => tracing::warn!(config_map = name, "cannot write an Event: {error}"),
            }
        }
    }

    /// Writes an Event, or counts one more occurrence if it exists
    ///
    /// # Errors
    /// The API server refuses the Event.
    pub(crate) async fn write(&mut self, content: &ConfigMapEvent<'_>) -> kube::Result<()> {
        let now = MicroTime(Timestamp::now());
        let name = content.event_name();
        let event = self.event(&name, content, now.clone());
        let count = self.count(&name);
        match self.events.create(&PostParams::default(), &event).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {
                let series = json!({"series": {"count": count.max(2), "lastObservedTime": now}});
                let (params, patch) = (PatchParams::default(), Patch::Merge(series));
                self.events.patch(&name, &params, &patch).await.map(drop)
            }
            created => created.map(drop),
        }
    }

    fn event(&self, name: &str, content: &ConfigMapEvent<'_>, time: MicroTime) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                ..ObjectMeta::default()
            },
            regarding: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("ConfigMap".to_owned()),
                name: Some(content.config_map.to_owned()),
                namespace: Some(self.namespace.clone()),
                uid: Some(content.uid.to_owned()),
                ..ObjectReference::default()
            }),
            reason: Some(content.reason.to_owned()),
            action: Some(content.action.to_owned()),
            type_: Some("Warning".to_owned()),
            note: Some(content.note.to_owned()),
            event_time: Some(time),
            reporting_controller: Some("ramgate.io/ramgate".to_owned()),
            reporting_instance: Some(self.reporter.clone()),
            ..Event::default()
        }
    }

    /// Counts one more write of an Event; returns how many there were
    fn count(&mut self, name: &str) -> i32 {
        if self.counts.len() > MAX_COUNTS {
            self.counts.clear();
        }
        let count = self.counts.entry(name.to_owned()).or_insert(0);
        *count = count.saturating_add(1);
        *count
    }
}

impl ConfigMapEvent<'_> {
    /// The name of the Event; it follows from ConfigMap and note, so that all replicas and repetitions share one Event
    fn event_name(&self) -> String {
        let mut hasher = DefaultHasher::new();
        (self.uid, self.note).hash(&mut hasher);
        format!("{}.{:016x}", self.config_map, hasher.finish())
    }
}

/// One note for each ConfigMap with faults; the log and `/ready` show those that belong to no ConfigMap
///
/// ```text
/// people/a: bad, people/b: worse -> people: "not loaded: people/a: bad; people/b: worse"
/// ```
fn notes(faults: &[LocatedFault]) -> BTreeMap<String, String> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for fault in faults {
        let name = fault.document.split('/').next().unwrap_or_default();
        lines.entry(name).or_default().push(fault.to_string());
    }
    // One line, because kubectl cuts a cell of a table at the first line break
    let note = |lines: Vec<String>| {
        let text = bounded(&lines, "; ", MAX_NOTE.saturating_sub(PREFIX.len()));
        format!("{PREFIX}{text}")
    };
    lines
        .into_iter()
        .map(|(name, lines)| (name.to_owned(), note(lines)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::fake_api_server::FakeApiServer;
    use crate::config::FaultClass;

    const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/ramgate/events";

    fn fault(document: &str, message: &str) -> LocatedFault {
        LocatedFault::whole(document, message, FaultClass::Document)
    }

    #[tokio::test]
    async fn a_fault_is_written_once_on_its_config_map() {
        let fake = FakeApiServer::default();
        fake.put(EVENTS, json!({"metadata": {"name": "x"}}));
        let mut writer = EventWriter::new(fake.client(), "ramgate", "pod-1".to_owned());
        let known = |name: &str| (name != "configuration").then(|| format!("uid-{name}"));
        let faults = [
            fault("people/a", "bad"),
            fault("people/b", "worse"),
            fault("rules", "no"),
            fault("configuration", "no account"),
        ];
        writer.write_faults(&faults, known).await;
        writer.write_faults(&faults, known).await;
        let calls = fake.calls();
        assert_eq!(calls.len(), 2, "{calls:?}");
        let event = &calls[0].body;
        assert_eq!(event["note"], "not loaded: people/a: bad; people/b: worse");
        assert_eq!(
            (&event["regarding"]["name"], &event["regarding"]["uid"]),
            (&json!("people"), &json!("uid-people"))
        );
        assert_eq!(
            (&event["reason"], &event["type"], &event["reportingInstance"]),
            (&json!("NotLoaded"), &json!("Warning"), &json!("pod-1"))
        );
        writer.write_faults(&[fault("rules", "other")], known).await;
        assert_eq!(fake.calls().len(), 3);
        writer.forget_faults();
        writer.write_faults(&[fault("rules", "other")], known).await;
        let names: Vec<_> = fake
            .calls()
            .iter()
            .map(|call| call.body["metadata"]["name"].clone())
            .collect();
        assert_eq!((names.len(), &names[2]), (4, &names[3]));
    }

    #[tokio::test]
    async fn an_event_that_is_there_gets_a_series() {
        let fake = FakeApiServer::default();
        fake.fail(EVENTS, 409);
        let mut writer = EventWriter::new(fake.client(), "ramgate", "pod-1".to_owned());
        writer
            .write_faults(&[fault("people/a", "bad")], |_| Some("u".to_owned()))
            .await;
        let calls = fake.calls();
        assert_eq!(
            (calls[1].method.as_str(), &calls[1].body["series"]["count"]),
            ("PATCH", &json!(2))
        );
        assert!(calls[1].path.starts_with(&format!("{EVENTS}/people.")));
    }

    #[test]
    fn notes_hold_their_limit() {
        let faults: Vec<LocatedFault> = (0..500)
            .map(|index| fault("people/a", &format!("fault {index}")))
            .collect();
        let notes = notes(&faults);
        assert!(notes["people"].len() <= MAX_NOTE, "{}", notes["people"].len());
        assert!(notes["people"].ends_with(" more"), "{}", notes["people"]);
    }
}
