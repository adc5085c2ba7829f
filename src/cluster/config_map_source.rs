//! Loads the configuration from ConfigMaps: watches them by label, and puts all of them in force together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::runtime::{WatchStreamExt, watcher};

use crate::cluster::api::watches::Watches;
use crate::cluster::config_map_cache::{CacheChange, ConfigMapCache};
use crate::cluster::config_map_events::EventWriter;
use crate::cluster::reload_timer::ReloadTimer;
use crate::cluster::watch_backoff::WatchBackoff;
use crate::config::candidate;
use crate::config::config_map::{LABEL, Side};
use crate::config::reload::{ReloadOutcome, Reloader};
use crate::config::store::{ConfigMapDocuments, Store};
use crate::config::{FaultClass, LocatedFault};

/// How long one watch call lasts at most; a connection that died silently is noticed a little later
const CALL_SECONDS: u32 = 30;
/// The name of the watch, in metrics and messages
const WATCH: &str = "configmaps";
/// How many ConfigMaps are listed at once: each may have a mebibyte
const PAGE: u32 = 8;
/// How long writing Events may take: a repaired configuration waits meanwhile
const EVENT_TIMEOUT: Duration = Duration::from_secs(2);

/// Loads the configuration from the labelled ConfigMaps of one namespace
pub(crate) struct ConfigMapSource {
    api: Api<ConfigMap>,
    call_seconds: u32,
    store: Arc<Store>,
    reloader: Reloader,
    events: EventWriter,
    /// The ConfigMap that must hold the section `cluster`
    cluster_config: Option<String>,
    /// The ConfigMaps of the set in force
    in_force: Vec<ConfigMapDocuments>,
    /// The losses that annotations accepted when that set came into force, by ConfigMap: they accept no other
    spent: BTreeMap<Arc<str>, usize>,
}

impl ConfigMapSource {
    /// A source for the ConfigMaps of a namespace; `reporter` is the pod that Events name
    pub(crate) fn new(
        watches: &Watches,
        namespace: &str,
        reporter: String,
        store: Arc<Store>,
        reloader: Reloader,
    ) -> Self {
        Self {
            api: Api::namespaced(watches.watch(WATCH), namespace),
            call_seconds: watches.call_seconds().min(CALL_SECONDS),
            store,
            reloader,
            events: EventWriter::new(watches.client().clone(), namespace, reporter),
            cluster_config: None,
            in_force: Vec::new(),
            spent: BTreeMap::new(),
        }
    }

    /// Requires that this ConfigMap holds the section `cluster`
    #[must_use]
    pub(crate) fn with_cluster_config(mut self, name: Option<String>) -> Self {
        self.cluster_config = name;
        self
    }

    /// Loads the configuration, and reloads it after each change, until the future is dropped
    pub(crate) async fn run(mut self) {
        let config = watcher::Config::default()
            .labels(LABEL)
            .timeout(self.call_seconds)
            .page_size(PAGE);
        let watch = watcher(self.api.clone(), config).backoff(WatchBackoff::default());
        let mut events = std::pin::pin!(watch);
        let mut cache = ConfigMapCache::default();
        let mut timer = ReloadTimer::default();
        let mut is_live_due = false;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        let change = cache.apply(event).await;
                        is_live_due |= change == CacheChange::Changed;
                        if change != CacheChange::Unchanged {
                            timer.change(tokio::time::Instant::now());
                        }
                        self.store.set_sync(cache.sync());
                    }
                    Some(Err(error)) => self.watch_failed(&error, &cache),
                    None => return,
                },
                () = timer.due() => {
                    timer = ReloadTimer::default();
                    // What is live is not loaded again for the sake of a candidate
                    if is_live_due {
                        is_live_due = self.reload(&cache).await == ReloadOutcome::TryAgain;
                    }
                    if is_live_due {
                        timer = ReloadTimer::retry();
                    }
                    self.load_candidate(&cache).await;
                }
            }
        }
    }

    /// Logs an error of the watch; before the first list it is a fault of the configuration
    fn watch_failed(&mut self, error: &watcher::Error, cache: &ConfigMapCache) {
        tracing::warn!(kind = "configmaps", "watch is interrupted: {error}");
        if !cache.is_complete() {
            let message = format!("cannot list the ConfigMaps with label {LABEL}: {error}");
            let fault = LocatedFault::whole("cluster", message, FaultClass::Conflict);
            self.reloader.refuse(vec![fault]);
        }
    }

    /// Offers all documents to the reloader, and writes Events about faults
    async fn reload(&mut self, cache: &ConfigMapCache) -> ReloadOutcome {
        let config_maps = self.config_maps(cache);
        let accepted = config_maps.iter().filter_map(|one| one.accepted_loss?.unspent());
        let accepted: Vec<usize> = accepted.collect();
        self.store.set_config_maps(config_maps);
        let outcome = match self.missing_cluster_section() {
            None => self.reloader.reload(cache.documents(), &accepted).await,
            Some(fault) => {
                self.reloader.refuse(vec![fault.clone()]);
                ReloadOutcome::Refused(vec![fault])
            }
        };
        match &outcome {
            ReloadOutcome::Accepted => {
                self.spent = cache.accepted_losses();
                let config_maps = self.config_maps(cache);
                self.in_force.clone_from(&config_maps);
                self.store.set_config_maps(config_maps);
                self.events.forget_faults();
            }
            ReloadOutcome::Refused(faults) => self.write_events(faults, cache).await,
            ReloadOutcome::Held(change) => {
                let names = self.changed_since_in_force();
                let faults = names
                    .into_iter()
                    .map(|name| LocatedFault::whole(&*name, change.held_text(), FaultClass::Conflict));
                let faults: Vec<LocatedFault> = faults.collect();
                self.write_events(&faults, cache).await;
            }
            ReloadOutcome::TryAgain => {}
        }
        outcome
    }

    /// Makes the candidate set from the documents in force and the candidates, if either changed
    async fn load_candidate(&mut self, cache: &ConfigMapCache) {
        let candidates = cache.config_maps(Side::Candidate);
        candidate::reload(&self.store, &self.in_force, candidates).await;
    }

    /// The ConfigMaps, with what is spent of their annotations; one that was taken away and set again is not spent
    fn config_maps(&mut self, cache: &ConfigMapCache) -> Vec<ConfigMapDocuments> {
        let now = cache.accepted_losses();
        self.spent.retain(|name, count| now.get(name) == Some(count));
        let mut config_maps = cache.config_maps(Side::Live);
        for one in &mut config_maps {
            if let Some(accepted) = &mut one.accepted_loss {
                accepted.is_spent = self.spent.contains_key(&one.name);
            }
        }
        config_maps
    }

    async fn write_events(&mut self, faults: &[LocatedFault], cache: &ConfigMapCache) {
        let uid = |name: &str| cache.uid(name).map(str::to_owned);
        let write = self.events.write_faults(faults, uid);
        if tokio::time::timeout(EVENT_TIMEOUT, write).await.is_err() {
            tracing::warn!("writing Events takes too long");
        }
    }

    /// The ConfigMaps that are new or changed; the first of all if one is gone and none changed
    fn changed_since_in_force(&self) -> Vec<Arc<str>> {
        let now = self.store.config_maps();
        let is_in_force = |one: &&ConfigMapDocuments| {
            let mut known = self.in_force.iter();
            known.any(|each| each.name == one.name && Arc::ptr_eq(&each.documents, &one.documents))
        };
        let changed = now.iter().filter(|one| !is_in_force(one));
        let changed: Vec<Arc<str>> = changed.map(|one| Arc::clone(&one.name)).collect();
        if changed.is_empty() {
            return now.first().map(|one| Arc::clone(&one.name)).into_iter().collect();
        }
        changed
    }

    /// A fault if the section `cluster` is not in the ConfigMap in which the chart installed it
    ///
    /// Without the section, defaults would route pods: those that a serverless or burst cluster sends to ECI would not be
    /// evaluated.
    fn missing_cluster_section(&self) -> Option<LocatedFault> {
        let name = self.cluster_config.as_deref()?;
        let config_maps = self.store.config_maps();
        let message = match config_maps.iter().find(|config_map| &*config_map.name == name) {
            None => format!(
                "no ConfigMap of this name with label {LABEL} is there, which holds the section `cluster`: install the chart again"
            ),
            Some(config_map) => {
                let mut documents = config_map.documents.iter();
                // The faults of a document say more than that it has no section
                let has_section_or_fault = documents
                    .any(|named| named.document.has_cluster_section() || named.faults().next().is_some());
                if has_section_or_fault {
                    return None;
                }
                "it holds no section `cluster` any more: install the chart again".to_owned()
            }
        };
        Some(LocatedFault::whole(name, message, FaultClass::Conflict))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::*;
    use crate::analysis::rights;
    use crate::cluster::fake_api_server::FakeApiServer;
    use crate::cluster::{MetadataWatchSet, WatchedCluster};
    use crate::config::Status;
    use crate::kubernetes::cluster::Cluster;
    use crate::kubernetes::node_kind::NodeKind;

    const MAPS: &str = "/api/v1/namespaces/ramgate/configmaps";
    const EVENTS: &str = "/apis/events.k8s.io/v1/namespaces/ramgate/events";
    const ACCOUNT: &str = "account: {id: '1', region: r}\n";

    fn config_map(version: u32, text: &str) -> Value {
        json!({"metadata": {"name": "people", "uid": "u", "resourceVersion": version.to_string(),
            "labels": {LABEL: "directory"}}, "data": {"x": text}})
    }

    struct Setup {
        fake: FakeApiServer,
        store: Arc<Store>,
        cluster: Arc<WatchedCluster>,
    }

    impl Setup {
        fn start(text: &str) -> Self {
            Self::start_with(text, None)
        }

        fn start_with(text: &str, cluster_config: Option<&str>) -> Self {
            let fake = FakeApiServer::default();
            fake.list(MAPS, vec![config_map(1, text)]);
            fake.list(
                "/api/v1/namespaces",
                vec![json!({"metadata": {"name": "a", "labels": {"eci": "true"},
                "annotations": {"rg": "rg-a", "other": "x"}}})],
            );
            fake.list("/api/v1/nodes", vec![
                json!({"metadata": {"name": "vk", "labels": {"type": "virtual-kubelet", "zone": "z"}}}),
                json!({"metadata": {"name": "acs", "labels": {"type": "virtual-kubelet", "acs": "true"}}}),
                json!({"metadata": {"name": "real", "labels": {"zone": "z"}}}),
            ]);
            fake.list(
                "/api/v1/serviceaccounts",
                vec![json!({"metadata": {"name": "s", "namespace": "a",
                "labels": {"role": "R"}}})],
            );
            fake.put(EVENTS, json!({"metadata": {"name": "e"}}));
            let store = Arc::new(Store::default());
            let cluster = Arc::new(WatchedCluster::new(
                fake.client(),
                Arc::clone(&store),
                crate::cluster::FollowedObjects::default(),
            ));
            let mut watch_set = MetadataWatchSet::new(fake.watches(), Arc::clone(&cluster));
            watch_set.list_timeout = Duration::from_millis(500);
            let reloader = Reloader::new(Arc::clone(&store), Some(Box::new(watch_set)), rights::compare);
            let source = ConfigMapSource::new(
                &fake.watches(),
                "ramgate",
                "pod-1".into(),
                Arc::clone(&store),
                reloader,
            );
            let source = source.with_cluster_config(cluster_config.map(str::to_owned));
            tokio::spawn(source.run());
            Self { fake, store, cluster }
        }

        /// Looks something up in the watched cluster
        fn lookup<T>(&self, look_up: impl FnOnce(&dyn Cluster) -> T) -> T {
            look_up(&*self.cluster)
        }

        fn node_kind(&self, name: &str) -> NodeKind {
            let configuration = self.store.current().expect("a configuration is in force");
            NodeKind::of_name(name, &*self.cluster, &configuration.cluster)
        }

        async fn until(&self, wanted: impl Fn(&Status) -> bool) {
            let mut status = self.store.subscribe();
            let waited =
                tokio::time::timeout(Duration::from_secs(20), status.wait_for(|status| wanted(status)));
            waited.await.expect("the set is loaded in time").unwrap();
        }

        async fn eventually(&self, holds: impl Fn(&Self) -> bool) {
            let waited = tokio::time::timeout(Duration::from_secs(20), async {
                while !holds(self) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            });
            waited.await.expect("it holds in time");
        }

        fn apply(&self, version: u32, text: &str) {
            self.fake.send_event(MAPS, "MODIFIED", config_map(version, text));
        }

        fn called(&self, path: &str) -> usize {
            self.fake
                .calls()
                .iter()
                .filter(|call| call.path == path && !call.query.contains("watch=true"))
                .count()
        }
    }

    #[tokio::test]
    async fn a_change_is_in_force_well_within_a_second() {
        let setup = Setup::start(&format!(
            "{ACCOUNT}cluster: {{acsNodes: [{{matchLabels: {{acs: 'true'}}}}]}}"
        ));
        setup.until(|status| status.generation == 1).await;
        assert_eq!(setup.node_kind("vk"), NodeKind::Virtual);
        assert_eq!(
            (setup.node_kind("acs"), setup.node_kind("real")),
            (NodeKind::Real, NodeKind::Real)
        );
        assert_eq!(setup.node_kind("gone"), NodeKind::Unknown);
        assert_eq!(
            setup.lookup(|cluster| cluster.namespace("a")).unwrap().labels["eci"],
            "true"
        );
        assert!(
            setup
                .lookup(|cluster| cluster.namespace("a"))
                .unwrap()
                .annotations
                .is_empty()
        );
        assert_eq!(setup.fake.open_watches("/api/v1/serviceaccounts"), 0);
        let calls = setup.fake.calls();
        let maps = calls.iter().find(|call| call.path == MAPS).unwrap();
        assert!(
            maps.query.contains("labelSelector=ramgate.io%2Fconfig"),
            "{maps:?}"
        );
        let nodes = calls.iter().find(|call| call.path == "/api/v1/nodes").unwrap();
        assert!(nodes.accept.contains("PartialObjectMetadataList"), "{nodes:?}");

        let changed = Instant::now();
        setup.apply(2, "account: {id: '2', region: r}");
        setup.until(|status| status.generation == 2).await;
        assert!(
            changed.elapsed() < Duration::from_millis(900),
            "{:?}",
            changed.elapsed()
        );
        assert_eq!(setup.store.current().unwrap().policies.account(), "2");
        // Without the selector the node is nothing but virtual
        assert_eq!(setup.node_kind("acs"), NodeKind::Virtual);
    }

    #[tokio::test]
    async fn a_bad_change_is_told_and_a_repair_comes_into_force() {
        let setup = Setup::start(ACCOUNT);
        setup.until(|status| status.generation == 1).await;
        setup.apply(2, "account: {id: x, region: r}");
        setup.until(|status| status.last_reload == Some(false)).await;
        assert_eq!(setup.store.current().unwrap().generation, 1);
        setup.eventually(|setup| setup.called(EVENTS) == 1).await;
        setup.apply(3, ACCOUNT);
        setup.until(|status| status.generation == 2).await;
        assert_eq!(setup.store.config_maps().len(), 1);
        setup.fake.send_event(MAPS, "DELETED", config_map(4, ACCOUNT));
        setup.until(|status| status.last_reload == Some(false)).await;
        assert_eq!(setup.store.current().unwrap().generation, 2);
        assert!(setup.store.config_maps().is_empty());
    }

    #[tokio::test]
    async fn a_set_without_the_installed_section_cluster_waits_and_leaves_the_last_good_one_in_force() {
        let cluster_map = |version: u32, text: &str| {
            json!({"metadata": {"name": "gate-cluster", "uid": "c", "resourceVersion": version.to_string(),
                "labels": {LABEL: "directory"}}, "data": {"cluster.yaml": text}})
        };
        let setup = Setup::start_with(ACCOUNT, Some("gate-cluster"));
        setup.until(|status| status.last_reload == Some(false)).await;
        let fault = setup.store.status().faults[0].to_string();
        assert!(
            fault.starts_with("gate-cluster: no ConfigMap of this name"),
            "{fault}"
        );
        assert_eq!(setup.store.status().generation, 0);
        setup
            .fake
            .send_event(MAPS, "ADDED", cluster_map(2, "cluster: {serverless: true}"));
        setup.until(|status| status.generation == 1).await;
        for (event, version, text) in [
            ("DELETED", 3, "cluster: {serverless: true}"),
            ("ADDED", 4, "users: []"),
        ] {
            setup.fake.send_event(MAPS, event, cluster_map(version, text));
            setup.until(|status| status.last_reload == Some(false)).await;
            assert!(setup.store.current().unwrap().cluster.serverless);
            setup.fake.send_event(
                MAPS,
                "MODIFIED",
                cluster_map(version + 10, "cluster: {serverless: true}"),
            );
            setup.until(|status| status.last_reload == Some(true)).await;
        }
    }

    #[tokio::test]
    async fn a_mass_loss_is_told_on_the_config_map_and_comes_into_force_once_it_is_accepted() {
        let people = |count: u32| {
            let users: String = (0..count)
                .map(|number| format!("{{name: u{number}, policies: [{{policy: AliyunECIFullAccess}}]}}, "))
                .collect();
            format!("{ACCOUNT}users: [{users}]")
        };
        let setup = Setup::start(&people(9));
        setup.until(|status| status.generation == 1).await;
        setup.apply(2, &people(3));
        setup.until(|status| status.held_loss == 6).await;
        assert_eq!(setup.store.current().unwrap().policies.principals().len(), 9);
        setup.eventually(|setup| setup.called(EVENTS) == 1).await;
        let mut accepted = config_map(3, &people(3));
        accepted["metadata"]["annotations"] = json!({"ramgate.io/accept-loss": "6"});
        setup.fake.send_event(MAPS, "MODIFIED", accepted);
        setup.until(|status| status.generation == 2).await;
        assert_eq!(setup.store.status().held_loss, 0);
    }

    #[tokio::test]
    async fn an_annotation_that_stays_accepts_no_other_loss() {
        let people = |from: u32, to: u32| {
            let users: String = (from..to)
                .map(|number| format!("{{name: u{number}, policies: [{{policy: AliyunECIFullAccess}}]}}, "))
                .collect();
            format!("{ACCOUNT}users: [{users}]")
        };
        let annotated = |version: u32, text: &str, count: &str| {
            let mut config_map = config_map(version, text);
            config_map["metadata"]["annotations"] = json!({"ramgate.io/accept-loss": count});
            config_map
        };
        let setup = Setup::start(&people(0, 18));
        setup.until(|status| status.generation == 1).await;
        // With the change itself, an annotation counts
        setup
            .fake
            .send_event(MAPS, "MODIFIED", annotated(2, &people(6, 18), "6"));
        setup.until(|status| status.generation == 2).await;
        // It is still there, and six others would lose
        setup
            .fake
            .send_event(MAPS, "MODIFIED", annotated(3, &people(12, 18), "6"));
        setup.until(|status| status.held_loss == 6).await;
        assert_eq!(setup.store.current().unwrap().policies.principals().len(), 12);
        // Taken away and set again, it counts
        setup.apply(4, &people(12, 18));
        setup.until(|status| status.failed_reloads == 2).await;
        setup
            .fake
            .send_event(MAPS, "MODIFIED", annotated(5, &people(12, 18), "6"));
        setup.until(|status| status.generation == 3).await;
    }

    #[tokio::test]
    async fn an_event_that_hangs_does_not_hold_up_a_repair() {
        let setup = Setup::start(ACCOUNT);
        setup.until(|status| status.generation == 1).await;
        setup.fake.hang(EVENTS);
        setup.apply(2, "account: {id: x, region: r}");
        setup.until(|status| status.last_reload == Some(false)).await;
        setup.apply(3, ACCOUNT);
        setup.until(|status| status.generation == 2).await;
    }

    #[tokio::test]
    async fn what_mapping_reads_is_there_before_the_mapping_is_in_force() {
        let setup = Setup::start(ACCOUNT);
        setup.until(|status| status.generation == 1).await;
        let mapping = format!(
            "{ACCOUNT}mapping: {{resourceGroupId: {{from: {{namespaceAnnotation: rg}}, mode: default}}, ramRoleName: {{from: {{serviceAccountLabel: role}}, mode: default}}}}"
        );
        setup.apply(2, &mapping);
        setup.until(|status| status.generation == 2).await;
        let namespace = setup.lookup(|cluster| cluster.namespace("a")).unwrap();
        assert_eq!(
            namespace.annotations.iter().collect::<Vec<_>>(),
            [(&"rg".to_owned(), &"rg-a".to_owned())]
        );
        assert_eq!(
            setup
                .lookup(|cluster| cluster.service_account("a", "s"))
                .unwrap()
                .labels["role"],
            "R"
        );
        let new = json!({"metadata": {"name": "new", "namespace": "a", "labels": {"role": "N"}}});
        setup.fake.put("/api/v1/namespaces/a/serviceaccounts/new", new);
        assert!(
            setup
                .lookup(|cluster| cluster.service_account("a", "new"))
                .is_none()
        );
        setup.cluster.read_service_account("a", "new").await;
        assert_eq!(
            setup
                .lookup(|cluster| cluster.service_account("a", "new"))
                .unwrap()
                .labels["role"],
            "N"
        );
        assert_eq!(
            (setup.called("/api/v1/namespaces"), setup.called("/api/v1/nodes")),
            (2, 1)
        );
        setup.apply(3, ACCOUNT);
        setup.until(|status| status.generation == 3).await;
        setup
            .eventually(|setup| {
                setup
                    .lookup(|cluster| cluster.service_account("a", "s"))
                    .is_none()
            })
            .await;
        setup
            .eventually(|setup| setup.fake.open_watches("/api/v1/serviceaccounts") == 0)
            .await;
        assert_eq!(setup.called("/api/v1/namespaces"), 2);
        setup.cluster.read_service_account("a", "other").await;
        assert_eq!(setup.called("/api/v1/namespaces/a/serviceaccounts/other"), 0);
    }

    #[tokio::test]
    async fn a_set_that_reads_what_cannot_be_listed_waits() {
        let setup = Setup::start(ACCOUNT);
        setup.until(|status| status.generation == 1).await;
        setup.fake.fail("/api/v1/serviceaccounts", 403);
        setup.apply(
            2,
            &format!(
                "{ACCOUNT}mapping: {{ramRoleName: {{from: {{serviceAccountLabel: role}}, mode: default}}}}"
            ),
        );
        setup.until(|status| status.last_reload == Some(false)).await;
        let fault = setup.store.status().faults[0].to_string();
        assert!(
            fault.starts_with("cluster: cannot list serviceaccounts: "),
            "{fault}"
        );
        assert_eq!(setup.store.current().unwrap().generation, 1);
        setup.fake.heal("/api/v1/serviceaccounts");
        setup.until(|status| status.generation == 2).await;
        assert!(
            setup
                .lookup(|cluster| cluster.service_account("a", "s"))
                .is_some()
        );
    }

    #[tokio::test]
    async fn without_lists_there_is_nothing_in_force() {
        let fake = FakeApiServer::default();
        fake.fail(MAPS, 403);
        let store = Arc::new(Store::default());
        let reloader = Reloader::new(Arc::clone(&store), None, rights::compare);
        tokio::spawn(
            ConfigMapSource::new(
                &fake.watches(),
                "ramgate",
                "p".into(),
                Arc::clone(&store),
                reloader,
            )
            .run(),
        );
        let mut status = store.subscribe();
        status
            .wait_for(|status| status.last_reload == Some(false))
            .await
            .unwrap();
        assert!(
            store.status().faults[0]
                .to_string()
                .contains("cannot list the ConfigMaps with label")
        );
        fake.heal(MAPS);
        fake.list(MAPS, vec![config_map(1, ACCOUNT)]);
        status.wait_for(|status| status.generation == 1).await.unwrap();
    }
}
