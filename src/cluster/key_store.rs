//! The keys of the stamps: one Secret that all replicas share, created by the first replica that needs it.

mod stamp_secret;

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};

use crate::cluster::api;
use crate::cluster::api::watches::Watches;
use crate::cluster::api::{ApiError, LastError, RETRY, in_time, unless_conflict};
use crate::cluster::key_store::stamp_secret::{FORM, StampSecret};
use crate::stamp::{Form, KeyRing, KeyRingError, Signer};

/// The namespace whose UID identifies the cluster: every cluster has one, for as long as it lives
const CLUSTER: &str = "kube-system";

/// The name of the watch, in metrics and messages
const WATCH: &str = "stamp-keys";

/// The shortest time between two reads of the Secret for stamps with an unknown key
const READ_INTERVAL: Duration = Duration::from_millis(200);
/// The longest time that such a read takes
const READ_LIMIT: Duration = Duration::from_secs(1);

/// The keys of the Secret as they were last good
pub(crate) struct KeyStore {
    client: Client,
    secrets: Api<Secret>,
    watched: Api<Secret>,
    call_seconds: u32,
    name: String,
    /// The field manager: the pod
    manager: String,
    upgrade_after: Duration,
    signer: ArcSwapOption<Signer>,
    state: Mutex<State>,
    /// Held by the call whose turn it is to read the Secret for a stamp with an unknown key
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// The Secret as it was last watched, read or written: `Some(None)` if it is missing, `None` if nothing is known yet
    latest: Option<Option<Secret>>,
    /// The content when it was last good, so that it can be restored
    good: StampSecret,
    /// The UID of the cluster
    cluster: Option<String>,
    last_error: Option<String>,
    /// When the last read of the Secret for a stamp with an unknown key began
    read_at: Option<Instant>,
}

/// The step from the first form of stamps to the second, which is done once
///
/// An administrator who sets the first form afterwards keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    /// Replicas of a version that only knows the first form may still run
    NotDue,
    Due,
    Done,
}

/// Why there are no keys, or not the newest
#[derive(Debug, thiserror::Error)]
enum KeyStoreError {
    #[error("Secret `{name}`: {source}")]
    Api { name: String, source: ApiError },
    #[error("Secret `{name}`: {source}; what was good before stays in use")]
    KeyRing { name: String, source: KeyRingError },
    #[error("the UID of namespace {CLUSTER}: {0}")]
    Cluster(String),
}

impl KeyStore {
    /// The Secret of a name in a namespace; `pod` is its field manager
    ///
    /// After running for `upgrade_after`, the store lets all replicas write stamps in the second form.
    pub(crate) fn new(
        watches: &Watches,
        namespace: &str,
        name: &str,
        pod: &str,
        upgrade_after: Duration,
    ) -> Self {
        let client = watches.client().clone();
        Self {
            secrets: Api::namespaced(client.clone(), namespace),
            watched: Api::namespaced(watches.watch(WATCH), namespace),
            call_seconds: watches.call_seconds(),
            client,
            name: name.to_owned(),
            manager: pod.to_owned(),
            upgrade_after,
            signer: ArcSwapOption::empty(),
            state: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Signs and verifies stamps; `None` until the keys were read once
    pub(crate) fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.load_full()
    }

    /// The error of the last step, if it failed
    pub(crate) fn last_error(&self) -> Option<String> {
        self.state().last_error.clone()
    }

    /// Follows the Secret, and creates it if it is missing, for ever
    pub(crate) async fn run(self: Arc<Self>) {
        let secrets = self.watched.clone();
        let mut events = pin!(api::watch_object(secrets, &self.name, self.call_seconds));
        let mut upgrade_time = pin!(tokio::time::sleep(self.upgrade_after));
        let mut upgrade = Upgrade::NotDue;
        let mut reported = LastError::default();
        let mut failed = false;
        loop {
            let step = tokio::select! {
                Some(event) = events.next() => match event {
                    Ok(secret) => self.apply(secret).await,
                    Err(error) => Err(self.api_error(error)),
                },
                () = &mut upgrade_time, if upgrade == Upgrade::NotDue => {
                    upgrade = Upgrade::Due;
                    if failed {
                        continue;
                    }
                    Ok(())
                }
                () = tokio::time::sleep(RETRY), if failed => {
                    let Some(latest) = self.latest() else { continue };
                    self.apply(latest).await
                }
                else => return,
            };
            let step = match step {
                Ok(()) if upgrade == Upgrade::Due && self.signer().is_some() => self.upgrade().await,
                step => step.map(|()| upgrade),
            };
            failed = step.is_err();
            self.state().last_error = step.as_ref().err().map(ToString::to_string);
            if let Some(error) = reported.new_error(&step) {
                tracing::error!("the keys of the stamps are not in step: {error}");
            }
            upgrade = step.unwrap_or(upgrade);
        }
    }

    /// Reads the Secret, because a stamp has a key that is unknown here: another replica may have written a newer one
    ///
    /// Calls take turns. Whoever finds that the key has come meanwhile, or that a read began after its own call, needs none. So
    /// nobody who brings invented keys makes others miss a new one, and there are five reads a second at most.
    pub(crate) async fn read_again(&self, is_known: impl Fn(&KeyRing) -> bool) {
        let asked = Instant::now();
        let _reading = self.reading.lock().await;
        let last = self.state().read_at;
        if self.signer().is_some_and(|signer| is_known(signer.ring()))
            || last.is_some_and(|last| last >= asked)
        {
            return;
        }
        if let Some(due) = last.and_then(|last| last.checked_add(READ_INTERVAL)) {
            tokio::time::sleep_until(due.into()).await;
        }
        self.state().read_at = Some(Instant::now());
        match tokio::time::timeout(READ_LIMIT, self.secrets.get(&self.name)).await {
            Ok(Ok(secret)) => {
                if let Err(error) = self.take(secret).await {
                    tracing::warn!("the keys of the stamps were read again: {error}");
                }
            }
            Ok(Err(error)) => tracing::warn!("the keys of the stamps cannot be read again: {error}"),
            Err(_) => tracing::warn!("reading the keys of the stamps again took too long"),
        }
    }

    /// Sets the second form in the Secret, unless it is set already
    async fn upgrade(&self) -> Result<Upgrade, KeyStoreError> {
        if self.signer().is_none_or(|signer| signer.form() == Form::Second) {
            return Ok(Upgrade::Done);
        }
        let annotations = BTreeMap::from([(FORM, Form::Second.version())]);
        let patch = serde_json::json!({"metadata": {"annotations": annotations}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(&patch));
        let secret = in_time(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.api_error(error))?
            .map_err(|error| self.api_error(error))?;
        self.take(secret).await.map(|()| Upgrade::Done)
    }

    /// Puts the keys in force, and creates the Secret if it is missing or empty
    async fn apply(&self, secret: Option<Secret>) -> Result<(), KeyStoreError> {
        if let Some(secret) = secret.filter(|secret| !StampSecret::read(secret).is_empty()) {
            return self.take(secret).await;
        }
        self.state().latest = Some(None);
        match self.create().await? {
            Some(secret) => self.take(secret).await,
            // Another replica was first; the watch brings what it wrote
            None => Ok(()),
        }
    }

    /// Writes the Secret with the last good keys, or with a new key; `None` if another replica wrote it first
    async fn create(&self) -> Result<Option<Secret>, KeyStoreError> {
        let good = self.state().good.clone();
        let content = if good.is_empty() {
            StampSecret::generate().map_err(|source| self.ring_error(source))?
        } else {
            good
        };
        let secret = content.into_secret(&self.name);
        let params = PatchParams::apply(&self.manager);
        let patch = Patch::Apply(&secret);
        unless_conflict(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.api_error(error))
    }

    /// Puts the keys of a Secret in force
    ///
    /// # Errors
    /// The keys are malformed, or the UID of the cluster cannot be read.
    async fn take(&self, secret: Secret) -> Result<(), KeyStoreError> {
        let content = StampSecret::read(&secret);
        self.state().latest = Some(Some(secret));
        let ring = content.ring().map_err(|source| self.ring_error(source))?;
        let cluster = self.cluster().await?;
        let form = content.form;
        self.state().good = content;
        let signer = Arc::new(Signer::new(ring, cluster).writing(form));
        let before = self.signer.swap(Some(Arc::clone(&signer)));
        let state = |signer: &Signer| {
            let ring = signer.ring();
            (ring.newest().id().to_owned(), ring.keys().count(), signer.form())
        };
        let (newest, keys, _) = state(&signer);
        if before.is_none_or(|before| state(&before) != state(&signer)) {
            let form = form.version();
            tracing::info!(keys, newest, form, "stamps are signed with the newest key");
        }
        Ok(())
    }

    /// The UID of the cluster, which never changes
    async fn cluster(&self) -> Result<String, KeyStoreError> {
        if let Some(cluster) = self.state().cluster.clone() {
            return Ok(cluster);
        }
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let read = in_time(namespaces.get_metadata(CLUSTER)).await;
        let namespace = read
            .map_err(|error| KeyStoreError::Cluster(error.to_string()))?
            .map_err(|error| KeyStoreError::Cluster(ApiError::from(error).to_string()))?;
        let uid = namespace.metadata.uid.filter(|uid| !uid.is_empty());
        let uid = uid.ok_or_else(|| KeyStoreError::Cluster("it has none".to_owned()))?;
        self.state().cluster = Some(uid.clone());
        Ok(uid)
    }

    fn latest(&self) -> Option<Option<Secret>> {
        self.state().latest.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn api_error(&self, source: impl Into<ApiError>) -> KeyStoreError {
        KeyStoreError::Api {
            name: self.name.clone(),
            source: source.into(),
        }
    }

    fn ring_error(&self, source: KeyRingError) -> KeyStoreError {
        KeyStoreError::KeyRing {
            name: self.name.clone(),
            source,
        }
    }
}

/// Shows the name alone: keys are secret
impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake_api_server::{FakeApiServer, until};
    use crate::cluster::key_store::stamp_secret::FORM;

    const SECRETS: &str = "/api/v1/namespaces/ramgate/secrets";
    const SECRET: &str = "/api/v1/namespaces/ramgate/secrets/stamp";
    const LATER: Duration = Duration::from_secs(900);
    const CLUSTER_PATH: &str = "/api/v1/namespaces/kube-system";
    /// 32 bytes of zeros
    const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn secret(keys: &[(&str, &str)]) -> Value {
        let data: serde_json::Map<String, Value> = keys
            .iter()
            .map(|(id, key)| ((*id).to_owned(), json!(key)))
            .collect();
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "stamp", "uid": "s", "resourceVersion": "5"}, "data": data})
    }

    fn fake() -> FakeApiServer {
        let fake = FakeApiServer::default();
        fake.put(
            CLUSTER_PATH,
            json!({"metadata": {"name": "kube-system", "uid": "the-cluster"}}),
        );
        fake
    }

    fn start(fake: &FakeApiServer) -> Arc<KeyStore> {
        let keys = Arc::new(KeyStore::new(&fake.watches(), "ramgate", "stamp", "pod-1", LATER));
        tokio::spawn(Arc::clone(&keys).run());
        keys
    }

    fn newest(keys: &KeyStore) -> Option<String> {
        keys.signer().map(|signer| signer.ring().newest().id().to_owned())
    }

    #[tokio::test]
    async fn the_secret_is_followed_and_its_newest_key_signs() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        assert!(
            keys.signer().is_none(),
            "nothing is signed before the keys are there"
        );
        until("the key", || newest(&keys).as_deref() == Some("k1")).await;
        assert_eq!(keys.signer().unwrap().cluster(), "the-cluster");
        until("the watch", || fake.open_watches(SECRETS) == 1).await;
        fake.send_event(SECRETS, "MODIFIED", secret(&[("k1", ZEROS), ("k2", ZEROS)]));
        until("the newer key", || newest(&keys).as_deref() == Some("k2")).await;
        assert!(keys.signer().unwrap().ring().key("k1").is_some(), "all verify");
    }

    #[tokio::test]
    async fn a_missing_secret_is_made_with_a_key_of_its_own() {
        let fake = fake();
        fake.list(SECRETS, vec![]);
        fake.put(SECRET, secret(&[("made", ZEROS)]));
        let keys = start(&fake);
        until("the key", || newest(&keys).as_deref() == Some("made")).await;
        let calls = fake.calls();
        let made = calls.iter().find(|call| call.method == "PATCH").unwrap();
        assert!(
            made.query.contains("fieldManager=pod-1") && !made.query.contains("force"),
            "{made:?}"
        );
        let data = made.body["data"].as_object().unwrap();
        let (id, key) = data.iter().next().unwrap();
        assert_eq!(
            (data.len(), id.len(), key.as_str().unwrap().len()),
            (1, 16, 44),
            "{data:?}"
        );
        assert_ne!(key, ZEROS);
        assert_eq!(made.body["metadata"]["annotations"], json!({FORM: "2"}));
    }

    #[tokio::test]
    async fn the_secret_of_an_older_version_keeps_its_form_until_all_replicas_know_the_next() {
        let fake = fake();
        let old = secret(&[("k1", ZEROS)]);
        fake.list(SECRETS, vec![old.clone()]);
        let mut new = old;
        new["metadata"]["annotations"] = json!({FORM: "2"});
        fake.put(SECRET, new);
        let soon = Duration::from_millis(200);
        let keys = Arc::new(KeyStore::new(&fake.watches(), "ramgate", "stamp", "pod-1", soon));
        tokio::spawn(Arc::clone(&keys).run());
        until("the key", || keys.signer().is_some()).await;
        assert_eq!(keys.signer().unwrap().form(), Form::First);
        until("the second form", || {
            keys.signer().unwrap().form() == Form::Second
        })
        .await;
        let calls = fake.calls();
        let patch = calls.iter().find(|call| call.method == "PATCH").unwrap();
        assert_eq!(patch.body, json!({"metadata": {"annotations": {FORM: "2"}}}));
    }

    #[tokio::test]
    async fn what_was_good_stays_when_the_secret_is_broken_and_is_written_back_when_it_is_gone() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the key", || keys.signer().is_some()).await;
        until("the watch", || fake.open_watches(SECRETS) == 1).await;
        fake.send_event(SECRETS, "MODIFIED", secret(&[("k1", "AAAA")]));
        until("the error", || keys.last_error().is_some()).await;
        let error = keys.last_error().unwrap();
        assert_eq!(
            error,
            "Secret `stamp`: key k1 has 3 bytes, a key has 32; what was good before stays in use"
        );
        assert_eq!(newest(&keys).as_deref(), Some("k1"));
        fake.put(SECRET, secret(&[("k1", ZEROS)]));
        fake.send_event(SECRETS, "DELETED", secret(&[("k1", ZEROS)]));
        until("the restored key", || {
            fake.calls().iter().any(|call| call.method == "PATCH")
        })
        .await;
        let calls = fake.calls();
        let restored = calls.iter().find(|call| call.method == "PATCH").unwrap();
        assert_eq!(restored.body["data"], json!({"k1": ZEROS}));
        // It was one of an older version, and is again
        assert_eq!(restored.body["metadata"]["annotations"], json!({FORM: "1"}));
        until("no error", || keys.last_error().is_none()).await;
    }

    #[tokio::test]
    async fn a_key_that_another_replica_made_is_read_at_once_but_not_again_and_again() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the key", || keys.signer().is_some()).await;
        fake.put(SECRET, secret(&[("k1", ZEROS)]));
        let knows = |id: &'static str| move |ring: &KeyRing| ring.key(id).is_some();
        let reads = || fake.calls().iter().filter(|call| call.path == SECRET).count();
        // Somebody invents keys, and each of them has to wait
        let begun = Instant::now();
        for _ in 0..3 {
            keys.read_again(knows("invented")).await;
        }
        assert_eq!(reads(), 3);
        assert!(begun.elapsed() >= READ_INTERVAL.saturating_mul(2));
        // That does not hide a key that comes a moment later
        fake.put(SECRET, secret(&[("k1", ZEROS), ("k2", ZEROS)]));
        let invented = tokio::spawn({
            let keys = Arc::clone(&keys);
            async move { keys.read_again(knows("invented")).await }
        });
        tokio::join!(keys.read_again(knows("k2")), keys.read_again(knows("k2")));
        assert_eq!(newest(&keys).as_deref(), Some("k2"));
        keys.read_again(knows("k2")).await;
        invented.await.unwrap();
        assert!(reads() <= 5, "{}", reads());
    }

    #[tokio::test]
    async fn who_comes_while_the_keys_are_read_again_waits_for_the_answer_and_no_longer() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the key", || keys.signer().is_some()).await;
        fake.hang(SECRET);
        let reads = || fake.calls().iter().filter(|call| call.path == SECRET).count();
        let begun = Instant::now();
        let first = tokio::spawn({
            let keys = Arc::clone(&keys);
            async move { keys.read_again(|_| false).await }
        });
        until("the read", || reads() == 1).await;
        tokio::join!(keys.read_again(|_| false), keys.read_again(|_| false));
        assert!(begun.elapsed() >= READ_LIMIT);
        assert!(begun.elapsed() < READ_LIMIT.saturating_mul(5));
        first.await.unwrap();
        // The first read began before the others came, so it may have missed their key
        assert_eq!(reads(), 2);
    }

    #[tokio::test]
    async fn a_retry_after_a_failed_watch_keeps_keys_that_were_read_in_between() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the key", || keys.signer().is_some()).await;
        until("the watch", || fake.open_watches(SECRETS) == 1).await;
        fake.put(SECRET, secret(&[("k1", ZEROS), ("k2", ZEROS)]));
        keys.read_again(|_| false).await;
        assert_eq!(newest(&keys).as_deref(), Some("k2"));
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "busy", "code": 500});
        fake.send_event(SECRETS, "ERROR", status);
        until("the error", || keys.last_error().is_some()).await;
        until("the retry", || keys.last_error().is_none()).await;
        assert_eq!(newest(&keys).as_deref(), Some("k2"));
    }

    #[tokio::test]
    async fn without_the_uid_of_the_cluster_nothing_is_signed() {
        let fake = FakeApiServer::default();
        fake.fail(CLUSTER_PATH, 403);
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the error", || keys.last_error().is_some()).await;
        assert_eq!(
            keys.last_error().unwrap(),
            "the UID of namespace kube-system: as the test wants it"
        );
        assert!(keys.signer().is_none());
    }
}
