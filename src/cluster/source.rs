//! Configuration out of ConfigMaps: watched by label, read when they change, put in force together.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::runtime::{WatchStreamExt, watcher};
use tokio::time::{Instant, sleep_until};

use crate::cluster::api::watches::Watches;
use crate::cluster::config_maps::ConfigMaps;
use crate::cluster::follow::Patience;
use crate::cluster::report::Reports;
use crate::config::config_map::LABEL;
use crate::config::reload::{ReloadOutcome, Reloader};
use crate::config::store::Store;
use crate::config::{FaultClass, LocatedFault};

/// How long one watch call lasts at most; a connection that died silently is noticed a little later
const CALL_SECONDS: u32 = 30;
/// The name of the watch, in metrics and messages
const WATCH: &str = "configmaps";
/// How many ConfigMaps are listed at once: each may have a mebibyte
const PAGE: u32 = 8;
/// How long to wait for another change before a reload: several ConfigMaps are applied one after the other
const QUIET: Duration = Duration::from_millis(100);
/// How long a reload waits at most, however many changes come
const LONGEST: Duration = Duration::from_millis(400);
/// When to try again what could not be put in force although it is good
const AGAIN: Duration = Duration::from_secs(2);
/// How long Events may take: a repair that waits behind them must not wait for long
const TELLING: Duration = Duration::from_secs(2);

/// Configuration out of the labelled ConfigMaps of one namespace
pub(crate) struct ClusterSource {
    api: Api<ConfigMap>,
    call_seconds: u32,
    store: std::sync::Arc<Store>,
    reloader: Reloader,
    reports: Reports,
    /// The ConfigMap without whose section `cluster` no set is complete
    cluster_config: Option<String>,
}

/// When the next reload is due
#[derive(Debug, Default)]
struct Due {
    first: Option<Instant>,
    at: Option<Instant>,
}

impl ClusterSource {
    /// A source that puts what the namespace's ConfigMaps hold in force; `reporter` is the pod that Events name
    pub(crate) fn new(
        watches: &Watches,
        namespace: &str,
        reporter: String,
        store: std::sync::Arc<Store>,
        reloader: Reloader,
    ) -> Self {
        Self {
            api: Api::namespaced(watches.watch(WATCH), namespace),
            call_seconds: watches.call_seconds().min(CALL_SECONDS),
            store,
            reloader,
            reports: Reports::new(watches.client().clone(), namespace, reporter),
            cluster_config: None,
        }
    }

    /// The same, for which no set is complete without the section `cluster` of this ConfigMap
    #[must_use]
    pub(crate) fn with_cluster_config(mut self, name: Option<String>) -> Self {
        self.cluster_config = name;
        self
    }

    /// Loads, then reloads on change, until it is dropped
    pub(crate) async fn run(mut self) {
        let config = watcher::Config::default()
            .labels(LABEL)
            .timeout(self.call_seconds)
            .page_size(PAGE);
        let watch = watcher(self.api.clone(), config).backoff(Patience::default());
        let mut events = std::pin::pin!(watch);
        let mut maps = ConfigMaps::default();
        let mut due = Due::default();
        let mut listed = false;
        loop {
            let reload = async {
                match due.at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => {
                        listed |= matches!(event, watcher::Event::InitDone);
                        if maps.apply(event).await {
                            due.change(Instant::now());
                        }
                    }
                    Some(Err(error)) => {
                        tracing::warn!(kind = "configmaps", "watch is interrupted: {error}");
                        if !listed {
                            let message = format!("cannot list the ConfigMaps with label {LABEL}: {error}");
                            self.reloader.refuse(vec![LocatedFault::whole("cluster", message, FaultClass::Conflict)]);
                        }
                    }
                    None => return,
                },
                () = reload => {
                    due = Due::default();
                    if self.reload(&maps).await == ReloadOutcome::TryAgain {
                        due.at = Instant::now().checked_add(AGAIN);
                    }
                }
            }
        }
    }

    /// What is wrong if the section `cluster` is not where it was installed
    ///
    /// Without it pods would be routed by defaults: what a serverless or burst cluster sends to ECI would not be judged.
    fn incomplete(&self) -> Option<LocatedFault> {
        let name = self.cluster_config.as_deref()?;
        let sources = self.store.config_maps();
        let source = sources.iter().find(|source| &*source.name == name);
        let message = match source {
            None => format!(
                "no ConfigMap of this name with label {LABEL} is there, which holds the section `cluster`: install the chart again"
            ),
            // Its own faults say more
            Some(source)
                if source
                    .documents
                    .iter()
                    .any(|named| named.faults().next().is_some()) =>
            {
                return None;
            }
            Some(source)
                if source
                    .documents
                    .iter()
                    .any(|named| named.document.has_cluster_section()) =>
            {
                return None;
            }
            Some(_) => "it holds no section `cluster` any more: install the chart again".to_owned(),
        };
        Some(LocatedFault::whole(name, message, FaultClass::Conflict))
    }

    async fn reload(&mut self, maps: &ConfigMaps) -> ReloadOutcome {
        self.store.set_config_maps(maps.sources());
        let offered = match self.incomplete() {
            None => self.reloader.reload(maps.documents()).await,
            Some(fault) => {
                self.reloader.refuse(vec![fault.clone()]);
                ReloadOutcome::Refused(vec![fault])
            }
        };
        match &offered {
            ReloadOutcome::Accepted => self.reports.forget(),
            ReloadOutcome::Refused(faults) => {
                let tell = self
                    .reports
                    .tell(faults, |name| maps.uid(name).map(str::to_owned));
                if tokio::time::timeout(TELLING, tell).await.is_err() {
                    tracing::warn!("writing Events takes too long");
                }
            }
            ReloadOutcome::TryAgain => {}
        }
        offered
    }
}

impl Due {
    /// A change came: wait for quiet, but not for ever
    fn change(&mut self, now: Instant) {
        let first = *self.first.get_or_insert(now);
        let latest = first.checked_add(LONGEST);
        self.at = now.checked_add(QUIET).min(latest);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake::Fake;
    use crate::cluster::{Surroundings, View};
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
        fake: Fake,
        store: Arc<Store>,
        view: Arc<View>,
    }

    impl Setup {
        fn start(text: &str) -> Self {
            Self::start_with(text, None)
        }

        fn start_with(text: &str, cluster_config: Option<&str>) -> Self {
            let fake = Fake::default();
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
            let view = Arc::new(View::new(
                fake.client(),
                Arc::clone(&store),
                crate::cluster::Followed::default(),
            ));
            let mut surroundings = Surroundings::new(fake.watches(), Arc::clone(&view));
            surroundings.patience = Duration::from_millis(500);
            let reloader = Reloader::new(Arc::clone(&store), Some(surroundings));
            let source = ClusterSource::new(
                &fake.watches(),
                "ramgate",
                "pod-1".into(),
                Arc::clone(&store),
                reloader,
            );
            let source = source.with_cluster_config(cluster_config.map(str::to_owned));
            tokio::spawn(source.run());
            Self { fake, store, view }
        }

        /// The cluster as the configuration in force sees it
        fn seen<T>(&self, look: impl FnOnce(&dyn Cluster) -> T) -> T {
            look(&*self.view)
        }

        fn node_kind(&self, name: &str) -> NodeKind {
            let configuration = self.store.current().expect("a configuration is in force");
            NodeKind::of_name(name, &*self.view, &configuration.cluster)
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
            self.fake.tell(MAPS, "MODIFIED", config_map(version, text));
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
            setup.seen(|seen| seen.namespace("a")).unwrap().labels["eci"],
            "true"
        );
        assert!(
            setup
                .seen(|seen| seen.namespace("a"))
                .unwrap()
                .annotations
                .is_empty()
        );
        assert_eq!(setup.fake.watching("/api/v1/serviceaccounts"), 0);
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
        setup.fake.tell(MAPS, "DELETED", config_map(4, ACCOUNT));
        setup.until(|status| status.last_reload == Some(false)).await;
        assert_eq!(setup.store.current().unwrap().generation, 2);
        assert!(setup.store.config_maps().is_empty());
    }

    #[tokio::test]
    async fn a_set_without_the_installed_section_cluster_waits_and_leaves_the_last_good_one_in_force() {
        let cluster = |version: u32, text: &str| {
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
            .tell(MAPS, "ADDED", cluster(2, "cluster: {serverless: true}"));
        setup.until(|status| status.generation == 1).await;
        for (event, version, text) in [
            ("DELETED", 3, "cluster: {serverless: true}"),
            ("ADDED", 4, "users: []"),
        ] {
            setup.fake.tell(MAPS, event, cluster(version, text));
            setup.until(|status| status.last_reload == Some(false)).await;
            assert!(setup.store.current().unwrap().cluster.serverless);
            setup.fake.tell(
                MAPS,
                "MODIFIED",
                cluster(version + 10, "cluster: {serverless: true}"),
            );
            setup.until(|status| status.last_reload == Some(true)).await;
        }
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
        let namespace = setup.seen(|seen| seen.namespace("a")).unwrap();
        assert_eq!(
            namespace.annotations.iter().collect::<Vec<_>>(),
            [(&"rg".to_owned(), &"rg-a".to_owned())]
        );
        assert_eq!(
            setup.seen(|seen| seen.service_account("a", "s")).unwrap().labels["role"],
            "R"
        );
        let new = json!({"metadata": {"name": "new", "namespace": "a", "labels": {"role": "N"}}});
        setup.fake.put("/api/v1/namespaces/a/serviceaccounts/new", new);
        assert!(setup.seen(|seen| seen.service_account("a", "new")).is_none());
        setup.view.read_service_account("a", "new").await;
        assert_eq!(
            setup
                .seen(|seen| seen.service_account("a", "new"))
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
            .eventually(|setup| setup.seen(|seen| seen.service_account("a", "s")).is_none())
            .await;
        setup
            .eventually(|setup| setup.fake.watching("/api/v1/serviceaccounts") == 0)
            .await;
        assert_eq!(setup.called("/api/v1/namespaces"), 2);
        setup.view.read_service_account("a", "other").await;
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
        assert!(setup.seen(|seen| seen.service_account("a", "s")).is_some());
    }

    #[tokio::test]
    async fn without_lists_there_is_nothing_in_force() {
        let fake = Fake::default();
        fake.fail(MAPS, 403);
        let store = Arc::new(Store::default());
        let reloader = Reloader::new(Arc::clone(&store), None);
        tokio::spawn(
            ClusterSource::new(
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

    #[tokio::test]
    async fn many_changes_wait_for_quiet_but_not_for_ever() {
        let mut due = Due::default();
        let start = Instant::now();
        due.change(start);
        assert_eq!(due.at, Some(start + QUIET));
        due.change(start + Duration::from_millis(90));
        assert_eq!(due.at, Some(start + Duration::from_millis(190)));
        due.change(start + Duration::from_millis(390));
        assert_eq!(due.at, Some(start + LONGEST));
    }
}
