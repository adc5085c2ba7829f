//! The keys of the stamps: one Secret that all replicas share, made by whichever needs it first.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};

use crate::cluster::api;
use crate::cluster::api::watches::Watches;
use crate::cluster::api::{ApiError, RETRY, Told, answered, won};
use crate::stamp::{Form, KeyRing, KeyRingError, Signer};

/// The namespace whose UID stands for the cluster: every cluster has one, for as long as it lives
const CLUSTER: &str = "kube-system";

/// The annotation of the Secret that says in which form stamps are written; without it the first, as older versions read
/// no other
const FORM: &str = "ramgate.io/stamp-form";

/// The name of the watch, in metrics and messages
const WATCH: &str = "stamp-keys";

/// How often the Secret is read again because a stamp names a key that is not known
const AGAIN: Duration = Duration::from_secs(1);

/// The Secret with the keys, and what is known of it
pub(crate) struct KeyStore {
    client: Client,
    secrets: Api<Secret>,
    watched: Api<Secret>,
    call_seconds: u32,
    name: String,
    manager: String,
    upgrade_after: Duration,
    signer: ArcSwapOption<Signer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the Secret held when it was last good, so that it can be restored
    data: BTreeMap<String, ByteString>,
    form: Form,
    cluster: Option<String>,
    trouble: Option<String>,
    read_again: Option<Instant>,
}

/// Why there is no seal, or no new one
#[derive(Debug, thiserror::Error)]
enum KeysError {
    #[error("Secret `{name}`: {source}")]
    Api { name: String, source: ApiError },
    #[error("Secret `{name}`: {source}; what was good before stays in use")]
    Ring { name: String, source: KeyRingError },
    #[error("the UID of namespace {CLUSTER}: {0}")]
    Cluster(String),
}

impl KeyStore {
    /// The Secret of a name in a namespace, written in the name of one pod; after some time of life it says that stamps may
    /// be written in the second form
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
        }
    }

    /// What signs and verifies; nothing before the keys were read once
    pub(crate) fn signer(&self) -> Option<Arc<Signer>> {
        self.signer.load_full()
    }

    /// Why the keys are not in step, if they are not
    pub(crate) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// Follows the Secret, and makes it where there is none, for ever
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut events = pin!(api::follow(self.watched.clone(), &self.name, self.call_seconds));
        let mut last: Option<Option<Secret>> = None;
        let mut told = Told::default();
        let mut failed = false;
        // Replicas of a version that knows the first form alone are gone by then
        let mut upgrade = pin!(tokio::time::sleep(self.upgrade_after));
        // Once is enough: whoever takes it back afterwards wants the first form
        let (mut is_due, mut is_upgraded) = (false, false);
        loop {
            let step = tokio::select! {
                Some(event) = events.next() => match event {
                    Ok(secret) => {
                        let step = self.changed(secret.as_ref()).await;
                        last = Some(secret);
                        step
                    }
                    Err(error) => Err(self.failed(error)),
                },
                () = &mut upgrade, if !is_due => {
                    is_due = true;
                    if failed {
                        continue;
                    }
                    Ok(())
                }
                () = tokio::time::sleep(RETRY), if failed => match &last {
                    Some(secret) => self.changed(secret.as_ref()).await,
                    None => continue,
                },
                else => return,
            };
            let step = match step {
                Ok(()) if is_due && !is_upgraded && self.signer().is_some() => {
                    let step = self.upgrade().await;
                    is_upgraded = step.is_ok();
                    step
                }
                step => step,
            };
            failed = step.is_err();
            self.state().trouble = step.as_ref().err().map(ToString::to_string);
            if told.is_news(&step)
                && let Err(error) = step
            {
                tracing::error!("the keys of the stamps are not in step: {error}");
            }
        }
    }

    /// Reads the Secret again, if that was not done within the last second: another replica may know a newer key
    pub(crate) async fn read_again(&self) {
        let now = Instant::now();
        let is_due = {
            let mut state = self.state();
            let is_due = state.read_again.is_none_or(|at| now.duration_since(at) >= AGAIN);
            if is_due {
                state.read_again = Some(now);
            }
            is_due
        };
        if !is_due {
            return;
        }
        match tokio::time::timeout(AGAIN, self.secrets.get(&self.name)).await {
            Ok(Ok(secret)) => {
                if let Err(error) = self.take(&secret).await {
                    tracing::warn!("the keys of the stamps were read again: {error}");
                }
            }
            Ok(Err(error)) => tracing::warn!("the keys of the stamps cannot be read again: {error}"),
            Err(_) => tracing::warn!("reading the keys of the stamps again took too long"),
        }
    }

    /// Says in the Secret that stamps are written in the second form from now on
    async fn upgrade(&self) -> Result<(), KeysError> {
        if self.signer().is_none_or(|signer| signer.form() == Form::Second) {
            return Ok(());
        }
        let annotations = [(FORM, Form::Second.version())];
        let patch = serde_json::json!({"metadata": {"annotations": BTreeMap::from(annotations)}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(&patch));
        let secret = answered(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))?
            .map_err(|error| self.failed(error))?;
        self.take(&secret).await
    }

    async fn changed(&self, secret: Option<&Secret>) -> Result<(), KeysError> {
        match secret {
            Some(secret) if secret.data.as_ref().is_some_and(|data| !data.is_empty()) => {
                self.take(secret).await
            }
            // Never there, emptied or deleted: then what this process knows is written again
            _ => match self.create().await? {
                Some(secret) => self.take(&secret).await,
                // Another replica was first, and the watch brings what it wrote
                None => Ok(()),
            },
        }
    }

    async fn create(&self) -> Result<Option<Secret>, KeysError> {
        let (mut data, mut form) = {
            let state = self.state();
            (state.data.clone(), state.form)
        };
        if data.is_empty() {
            form = Form::Second;
            let id = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
            let secret = KeyRing::generate().map_err(|source| self.broken(source))?;
            data.insert(id, ByteString(secret));
        }
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                annotations: Some([(FORM.to_owned(), form.version().to_owned())].into()),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..Secret::default()
        };
        let params = PatchParams::apply(&self.manager);
        let patch = Patch::Apply(&secret);
        won(self.secrets.patch(&self.name, &params, &patch))
            .await
            .map_err(|error| self.failed(error))
    }

    /// Puts the keys of the Secret in force
    async fn take(&self, secret: &Secret) -> Result<(), KeysError> {
        let data = secret.data.clone().unwrap_or_default();
        let keys = data.iter().map(|(id, secret)| (id.clone(), secret.0.clone()));
        let ring = KeyRing::new(keys).map_err(|source| self.broken(source))?;
        let cluster = self.cluster().await?;
        let newest = ring.newest().id().to_owned();
        let count = ring.keys().count();
        let annotations = secret.metadata.annotations.iter().flatten();
        let mut forms = annotations.filter(|(key, _)| *key == FORM).map(|(_, form)| form);
        let form = match forms.next() {
            Some(form) if form == Form::Second.version() => Form::Second,
            Some(_) | None => Form::First,
        };
        {
            let mut state = self.state();
            state.data = data;
            state.form = form;
        }
        let signer = Signer::new(ring, cluster).writing(form);
        let before = self.signer.swap(Some(Arc::new(signer)));
        let is_new = before.is_none_or(|before| {
            before.ring().newest().id() != newest
                || before.ring().keys().count() != count
                || before.form() != form
        });
        if is_new {
            let form = form.version();
            tracing::info!(
                keys = count,
                newest,
                form,
                "stamps are signed with the newest key"
            );
        }
        Ok(())
    }

    /// The UID of the cluster, which never changes
    async fn cluster(&self) -> Result<String, KeysError> {
        if let Some(cluster) = self.state().cluster.clone() {
            return Ok(cluster);
        }
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let read = answered(namespaces.get_metadata(CLUSTER)).await;
        let namespace = read
            .map_err(|error| KeysError::Cluster(error.to_string()))?
            .map_err(|error| KeysError::Cluster(ApiError::from(error).to_string()))?;
        let uid = namespace.metadata.uid.filter(|uid| !uid.is_empty());
        let uid = uid.ok_or_else(|| KeysError::Cluster("it has none".to_owned()))?;
        self.state().cluster = Some(uid.clone());
        Ok(uid)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: impl Into<ApiError>) -> KeysError {
        KeysError::Api {
            name: self.name.clone(),
            source: source.into(),
        }
    }

    fn broken(&self, source: KeyRingError) -> KeysError {
        KeysError::Ring {
            name: self.name.clone(),
            source,
        }
    }
}

/// The name alone: keys are never shown
impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::fake::{Fake, until};

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

    fn fake() -> Fake {
        let fake = Fake::default();
        fake.put(
            CLUSTER_PATH,
            json!({"metadata": {"name": "kube-system", "uid": "the-cluster"}}),
        );
        fake
    }

    fn start(fake: &Fake) -> Arc<KeyStore> {
        let keys = Arc::new(KeyStore::new(&fake.watches(), "ramgate", "stamp", "pod-1", LATER));
        tokio::spawn(Arc::clone(&keys).keep());
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
        until("the watch", || fake.watching(SECRETS) == 1).await;
        fake.tell(SECRETS, "MODIFIED", secret(&[("k1", ZEROS), ("k2", ZEROS)]));
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
        tokio::spawn(Arc::clone(&keys).keep());
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
        until("the watch", || fake.watching(SECRETS) == 1).await;
        fake.tell(SECRETS, "MODIFIED", secret(&[("k1", "AAAA")]));
        until("the trouble", || keys.trouble().is_some()).await;
        let trouble = keys.trouble().unwrap();
        assert_eq!(
            trouble,
            "Secret `stamp`: key k1 has 3 bytes, a key has 32; what was good before stays in use"
        );
        assert_eq!(newest(&keys).as_deref(), Some("k1"));
        fake.put(SECRET, secret(&[("k1", ZEROS)]));
        fake.tell(SECRETS, "DELETED", secret(&[("k1", ZEROS)]));
        until("the restored key", || {
            fake.calls().iter().any(|call| call.method == "PATCH")
        })
        .await;
        let calls = fake.calls();
        let restored = calls.iter().find(|call| call.method == "PATCH").unwrap();
        assert_eq!(restored.body["data"], json!({"k1": ZEROS}));
        // It was one of an older version, and is again
        assert_eq!(restored.body["metadata"]["annotations"], json!({FORM: "1"}));
        until("no trouble", || keys.trouble().is_none()).await;
    }

    #[tokio::test]
    async fn a_key_that_another_replica_made_is_read_at_once_but_not_again_and_again() {
        let fake = fake();
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the key", || keys.signer().is_some()).await;
        fake.put(SECRET, secret(&[("k1", ZEROS), ("k2", ZEROS)]));
        for _ in 0..5 {
            keys.read_again().await;
        }
        assert_eq!(newest(&keys).as_deref(), Some("k2"));
        let reads = fake.calls().iter().filter(|call| call.path == SECRET).count();
        assert_eq!(reads, 1);
    }

    #[tokio::test]
    async fn without_the_uid_of_the_cluster_nothing_is_signed() {
        let fake = Fake::default();
        fake.fail(CLUSTER_PATH, 403);
        fake.list(SECRETS, vec![secret(&[("k1", ZEROS)])]);
        let keys = start(&fake);
        until("the trouble", || keys.trouble().is_some()).await;
        assert_eq!(
            keys.trouble().unwrap(),
            "the UID of namespace kube-system: as the test wants it"
        );
        assert!(keys.signer().is_none());
    }
}
