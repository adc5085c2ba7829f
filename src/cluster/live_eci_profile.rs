//! The live eci-profile of ACK: a ConfigMap that is watched by its name.

use std::fmt::Display;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::cluster::api;
use crate::cluster::api::LastError;
use crate::cluster::api::watches::Watches;
use crate::cluster::config_map_events::{ConfigMapEvent, EventWriter, MAX_NOTE};
use crate::config::store::Store;
use crate::kubernetes::eci_profile::{NAME, NAMESPACE, Profile};
use crate::wording::bounded;

/// The name of the watch, in metrics and messages
const WATCH: &str = "eci-profile";

/// The eci-profile as it was last good; empty if there is none
#[derive(Debug, Default)]
pub(crate) struct LiveEciProfile {
    current: ArcSwap<Profile>,
    last_error: Mutex<Option<String>>,
}

impl LiveEciProfile {
    /// The profile in force
    pub(crate) fn current(&self) -> Arc<Profile> {
        self.current.load_full()
    }

    /// Why the profile in force is not the one in the ConfigMap; `None` if it is
    pub(crate) fn last_error(&self) -> Option<String> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits for a configuration that reads the eci-profile, then follows the ConfigMap for ever
    ///
    /// `reporter` is the pod that Events name.
    pub(crate) async fn run(self: Arc<Self>, watches: Watches, store: Arc<Store>, reporter: String) {
        let mut changes = store.subscribe();
        let is_read = || {
            let configuration = store.current();
            configuration.is_some_and(|configuration| configuration.cluster.eci_profile)
        };
        while !is_read() {
            if changes.changed().await.is_err() {
                return;
            }
        }
        let maps: Api<ConfigMap> = Api::namespaced(watches.watch(WATCH), NAMESPACE);
        let mut events = pin!(api::watch_object(maps, NAME, watches.call_seconds()));
        let mut writer = EventWriter::new(watches.client().clone(), NAMESPACE, reporter);
        let mut reported = LastError::default();
        while let Some(event) = events.next().await {
            let (read, uid) = match event {
                Ok(map) => {
                    let map = map.unwrap_or_default();
                    let read = Profile::parse(&map.data.unwrap_or_default());
                    (read.map_err(|error| error.to_string()), map.metadata.uid)
                }
                Err(error) => (
                    Err(format!("ConfigMap {NAMESPACE}/{NAME} cannot be read: {error}")),
                    None,
                ),
            };
            if let Some(error) = reported.new_error(&read) {
                tracing::error!("the eci-profile of before stays in use: {error}");
                if let Some(uid) = &uid {
                    write_event(&mut writer, uid, error).await;
                }
            }
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = read.as_ref().err().cloned();
            if let Ok(profile) = read {
                tracing::info!(selectors = profile.selectors().len(), "eci-profile");
                self.current.store(Arc::new(profile));
            }
        }
    }
}

/// Writes an Event on the ConfigMap, which says why it is not followed
async fn write_event(writer: &mut EventWriter, uid: &str, error: &impl Display) {
    let sentence = format!("not followed, the profile of before stays in use: {error}");
    let note = bounded(&[sentence], "", MAX_NOTE);
    let event = ConfigMapEvent {
        config_map: NAME,
        uid,
        reason: "NotLoaded",
        action: "Load",
        note: &note,
    };
    if let Err(error) = writer.write(&event).await {
        tracing::warn!(config_map = NAME, "cannot write an Event: {error}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};
    use crate::config::{ParsedDocument, merge};
    use crate::yaml;

    const MAPS: &str = "/api/v1/namespaces/kube-system/configmaps";
    const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/kube-system/events";

    fn map(selectors: &str) -> Value {
        json!({"metadata": {"name": "eci-profile", "uid": "u", "resourceVersion": "2"}, "data": {"selectors": selectors}})
    }

    fn configured(cluster: &str) -> Arc<Store> {
        let text = format!("account: {{id: '1', region: r}}\ncluster: {cluster}\n");
        let document = ParsedDocument::directory_node(&yaml::parse(&text).unwrap().remove(0));
        let store = Arc::new(Store::default());
        store.accept(merge([("directory", &document)]).unwrap());
        store
    }

    #[tokio::test]
    async fn the_last_good_profile_stays_in_use() {
        let fake = FakeApiServer::default();
        fake.list(MAPS, vec![map(r#"[{"name": "a"}]"#)]);
        let profile = Arc::new(LiveEciProfile::default());
        tokio::spawn(Arc::clone(&profile).run(fake.watches(), configured("{}"), "pod-1".to_owned()));
        let names = || -> Vec<String> {
            let current = profile.current();
            current.selectors().iter().map(|one| one.name.clone()).collect()
        };
        until("the profile", || names() == ["a"]).await;
        until("the watch", || fake.open_watches(MAPS) == 1).await;
        fake.put(EVENTS, json!({"metadata": {"name": "x"}}));
        let slip = r#"[{"name": "b", "objectSelector": {"matchLables": {"app": "b"}}}]"#;
        fake.send_event(MAPS, "MODIFIED", map(slip));
        until("the error", || profile.last_error().is_some()).await;
        assert!(
            profile
                .last_error()
                .unwrap()
                .starts_with("key `selectors` of ConfigMap kube-system/eci-profile")
        );
        assert_eq!(names(), ["a"]);
        let written = || fake.calls().into_iter().find(|call| call.path == EVENTS);
        until("the Event", || written().is_some()).await;
        let event = written().unwrap().body;
        assert_eq!(event["regarding"]["name"], "eci-profile");
        assert_eq!(event["regarding"]["uid"], "u");
        assert!(
            event["note"]
                .as_str()
                .unwrap()
                .contains("unknown field `matchLables`"),
            "{event}"
        );
        fake.send_event(MAPS, "MODIFIED", map(r#"[{"name": "b"}]"#));
        until("the repaired profile", || names() == ["b"]).await;
        assert_eq!(profile.last_error(), None);
        fake.send_event(MAPS, "DELETED", map("[]"));
        until("no profile", || names().is_empty()).await;
    }

    #[tokio::test]
    async fn a_cluster_that_does_not_read_it_never_asks_for_it() {
        let fake = FakeApiServer::default();
        let profile = Arc::new(LiveEciProfile::default());
        tokio::spawn(Arc::clone(&profile).run(
            fake.watches(),
            configured("{eciProfile: false}"),
            "pod-1".to_owned(),
        ));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(fake.calls().is_empty());
    }
}
