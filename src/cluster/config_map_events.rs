//! Events on ConfigMaps that were not loaded or do not fit what is live, so that `kubectl describe` shows why.

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

/// The longest note that the API server takes is 1,024 bytes
pub(crate) const MAX_NOTE: usize = 1000;
/// What every note starts with
const HEAD: &str = "not loaded: ";

/// What an Event says of a ConfigMap
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConfigMapEvent<'a> {
    pub(crate) config_map: &'a str,
    pub(crate) uid: &'a str,
    pub(crate) reason: &'static str,
    pub(crate) action: &'static str,
    pub(crate) note: &'a str,
}

/// Writes Events, each once for one state of one ConfigMap
#[derive(Debug)]
pub(crate) struct EventWriter {
    events: Api<Event>,
    namespace: String,
    reporter: String,
    /// The note that was last written for each ConfigMap
    told: HashMap<String, String>,
    /// How often each Event was written
    counts: HashMap<String, i32>,
}

impl EventWriter {
    pub(crate) fn new(client: Client, namespace: &str, reporter: String) -> Self {
        Self {
            events: Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
            reporter,
            told: HashMap::new(),
            counts: HashMap::new(),
        }
    }

    /// Everything is loaded: what goes wrong from now on is told again
    pub(crate) fn forget(&mut self) {
        self.told.clear();
    }

    /// Tells each ConfigMap's faults on it, unless the same was told last; `uid` finds its UID
    pub(crate) async fn tell(&mut self, faults: &[LocatedFault], uid: impl Fn(&str) -> Option<String>) {
        for (name, note) in notes(faults) {
            let Some(uid) = uid(&name) else { continue };
            if self.told.get(&name) == Some(&note) {
                continue;
            }
            let notice = ConfigMapEvent {
                config_map: &name,
                uid: &uid,
                reason: "NotLoaded",
                action: "Load",
                note: &note,
            };
            match self.write(&notice).await {
                Ok(()) => {
                    self.told.insert(name, note);
                }
                Err(error) => tracing::warn!(config_map = name, "cannot write an Event: {error}"),
            }
        }
    }

    /// The name follows from ConfigMap and note, so that replicas and repetitions meet in one Event
    pub(crate) async fn write(&mut self, notice: &ConfigMapEvent<'_>) -> kube::Result<()> {
        let ConfigMapEvent {
            config_map: name,
            uid,
            reason,
            action,
            note,
        } = *notice;
        let mut hasher = DefaultHasher::new();
        (uid, note).hash(&mut hasher);
        let event_name = format!("{name}.{:016x}", hasher.finish());
        let now = MicroTime(Timestamp::now());
        let event = Event {
            metadata: ObjectMeta {
                name: Some(event_name.clone()),
                ..ObjectMeta::default()
            },
            regarding: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("ConfigMap".to_owned()),
                name: Some(name.to_owned()),
                namespace: Some(self.namespace.clone()),
                uid: Some(uid.to_owned()),
                ..ObjectReference::default()
            }),
            reason: Some(reason.to_owned()),
            action: Some(action.to_owned()),
            type_: Some("Warning".to_owned()),
            note: Some(note.to_owned()),
            event_time: Some(now.clone()),
            reporting_controller: Some("ramgate.io/ramgate".to_owned()),
            reporting_instance: Some(self.reporter.clone()),
            ..Event::default()
        };
        if self.counts.len() > MAX_COUNTS {
            self.counts.clear();
        }
        let count = self.counts.entry(event_name.clone()).or_insert(0);
        *count = count.saturating_add(1);
        match self.events.create(&PostParams::default(), &event).await {
            Err(kube::Error::Api(status)) if status.code == 409 => {
                let series = json!({"series": {"count": (*count).max(2), "lastObservedTime": now}});
                self.events
                    .patch(&event_name, &PatchParams::default(), &Patch::Merge(series))
                    .await
                    .map(drop)
            }
            created => created.map(drop),
        }
    }
}

/// How many Events are counted at once; a longer history is of no use
const MAX_COUNTS: usize = 1024;

/// One note for each ConfigMap that has faults; what belongs to none is in the log and in /ready
fn notes(faults: &[LocatedFault]) -> BTreeMap<String, String> {
    let mut lines: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for fault in faults {
        let name = fault.document.split('/').next().unwrap_or_default();
        lines.entry(name).or_default().push(fault.to_string());
    }
    // One line, because kubectl cuts a table's cell at the first break
    let note = |lines: Vec<String>| {
        let text = bounded(&lines, "; ", MAX_NOTE.saturating_sub(HEAD.len()));
        format!("{HEAD}{text}")
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
    async fn a_fault_is_told_once_on_its_config_map() {
        let fake = FakeApiServer::default();
        fake.put(EVENTS, json!({"metadata": {"name": "x"}}));
        let mut reports = EventWriter::new(fake.client(), "ramgate", "pod-1".to_owned());
        let known = |name: &str| (name != "configuration").then(|| format!("uid-{name}"));
        let faults = [
            fault("people/a", "bad"),
            fault("people/b", "worse"),
            fault("rules", "no"),
            fault("configuration", "no account"),
        ];
        reports.tell(&faults, known).await;
        reports.tell(&faults, known).await;
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
        reports.tell(&[fault("rules", "other")], known).await;
        assert_eq!(fake.calls().len(), 3);
        reports.forget();
        reports.tell(&[fault("rules", "other")], known).await;
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
        let mut reports = EventWriter::new(fake.client(), "ramgate", "pod-1".to_owned());
        reports
            .tell(&[fault("people/a", "bad")], |_| Some("u".to_owned()))
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
