//! Where the configurations come from, and when they change.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::time::{MissedTickBehavior, interval};

use crate::analysis::survey::live::{ApiClient, read_config_maps};
use crate::cli::command_error::CommandError;
use crate::cli::explore::ExploreArgs;
use crate::cli::explore::differences::Comparison;
use crate::cli::explore::routes::Explorer;
use crate::cli::explore::snapshot::{Side, Snapshot};
use crate::cli::live_cluster::{kube_config, no_connection};
use crate::config::config_map::{self, sided_documents};
use crate::config::folder::{Folder, Scan};
use crate::config::overlay::overlay;
use crate::config::{FaultClass, LocatedFault, NamedDocument};

/// The time between two scans of a folder: whoever saves a file sees it on the page at once
const INTERVAL: Duration = Duration::from_secs(1);

/// The scans of folders for each read of a cluster, which is a request to its API server
const SCANS_PER_READ: u32 = 10;

/// Both origins and what came of them so far
pub(super) struct Origins {
    live: Origin,
    candidate: Option<FolderOrigin>,
    snapshot: Arc<Snapshot>,
}

enum Origin {
    Folder(FolderOrigin),
    Cluster(ClusterOrigin),
}

/// A folder of documents
struct FolderOrigin {
    path: PathBuf,
    folder: Folder,
    unreadable: Option<String>,
}

/// The ConfigMaps of a cluster
struct ClusterOrigin {
    client: ApiClient,
    namespace: String,
    read: Result<ConfigMaps, String>,
    /// Stands for the ConfigMaps, to see whether they changed
    hash: u64,
}

/// The documents of ConfigMaps
#[derive(Default)]
struct ConfigMaps {
    live: Vec<NamedDocument>,
    candidates: Vec<NamedDocument>,
}

impl Origins {
    /// The origins that the command line names
    ///
    /// # Errors
    ///
    /// There is no way to the cluster.
    pub(super) async fn open(args: &ExploreArgs) -> Result<Self, CommandError> {
        let live = match &args.config_dir {
            Some(path) => Origin::Folder(FolderOrigin::new(path.clone(), config_map::Side::Live)),
            None => {
                let config = kube_config(args.context.clone()).await?;
                Origin::Cluster(ClusterOrigin {
                    client: ApiClient::new(Client::try_from(config).map_err(no_connection)?),
                    namespace: args.namespace.clone(),
                    read: Ok(ConfigMaps::default()),
                    hash: 0,
                })
            }
        };
        let candidate = args.candidate.clone();
        Ok(Self {
            live,
            candidate: candidate.map(|path| FolderOrigin::new(path, config_map::Side::Candidate)),
            snapshot: Arc::new(Snapshot {
                revision: 0,
                live: Side::default(),
                candidate: None,
                comparison: Comparison::default(),
            }),
        })
    }

    /// Reads everything for the first time
    ///
    /// # Errors
    ///
    /// A folder or the cluster cannot be read, or the live configuration is invalid. A candidate may be invalid: the page
    /// shows its faults.
    pub(super) async fn first_snapshot(&mut self) -> Result<Arc<Snapshot>, CommandError> {
        if let Origin::Cluster(cluster) = &mut self.live {
            cluster.read().await;
        }
        self.scan();
        let documents = self.live.documents().map_err(|fault| unreadable(&fault))?;
        if let (Origin::Cluster(cluster), true) = (&self.live, documents.is_empty()) {
            return Err(CommandError::Usage(format!(
                "there is no configuration in namespace {}, no ConfigMap with label ramgate.io/config: --namespace is \
                 where ramgate is installed, and --config-dir reads a folder instead",
                cluster.namespace
            )));
        }
        if let Some(candidate) = &self.candidate {
            candidate.documents().map_err(|fault| unreadable(&fault))?;
        }
        let snapshot = self.next_snapshot();
        if snapshot.live.loaded.is_none() {
            return Err(CommandError::Invalid(snapshot.live.faults.clone()));
        }
        Ok(snapshot)
    }

    /// Puts every change before the page, until the process ends
    pub(super) async fn watch(&mut self, explorer: &Explorer) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut scans: u32 = 0;
        loop {
            ticks.tick().await;
            scans = scans.wrapping_add(1);
            let mut is_changed = false;
            if let (Origin::Cluster(cluster), 0) = (&mut self.live, scans % SCANS_PER_READ) {
                is_changed = cluster.read().await;
            }
            tokio::task::block_in_place(|| {
                if self.scan() || is_changed {
                    explorer.replace(self.next_snapshot());
                }
            });
        }
    }

    /// Scans the folders; returns whether one of them changed
    fn scan(&mut self) -> bool {
        let candidate = self.candidate.as_mut().is_some_and(FolderOrigin::scan);
        let live = match &mut self.live {
            Origin::Folder(folder) => folder.scan(),
            Origin::Cluster(_) => false,
        };
        live || candidate
    }

    /// The documents of the candidate; `None` if there is none
    fn candidates(&self) -> Option<Result<Vec<NamedDocument>, LocatedFault>> {
        match (&self.candidate, &self.live) {
            (Some(folder), _) => Some(folder.documents()),
            (None, Origin::Cluster(cluster)) => {
                let own = cluster.read.as_ref().ok().map(|maps| &maps.candidates);
                own.filter(|own| !own.is_empty()).cloned().map(Ok)
            }
            (None, Origin::Folder(_)) => None,
        }
    }

    fn next_snapshot(&mut self) -> Arc<Snapshot> {
        let documents = self.live.documents();
        let live = documents.as_deref().map_err(|fault| vec![fault.clone()]);
        let last = self.snapshot.candidate.clone().unwrap_or_default();
        let candidate = self.candidates().map(|own| match &documents {
            Ok(live) => last.after(over(live, own).as_deref().map_err(Clone::clone)),
            // What the candidate changes is unknown while there is nothing to change
            Err(_) => last,
        });
        let live = self.snapshot.live.after(live);
        self.snapshot = Arc::new(Snapshot {
            revision: self.snapshot.revision.saturating_add(1),
            live,
            candidate,
            comparison: Comparison::default(),
        });
        Arc::clone(&self.snapshot)
    }
}

/// The live documents with those of a candidate in place of those of the same name
fn over(
    live: &[NamedDocument],
    own: Result<Vec<NamedDocument>, LocatedFault>,
) -> Result<Vec<NamedDocument>, Vec<LocatedFault>> {
    let own = own.map_err(|fault| vec![fault])?;
    let all = overlay(live, &own)?;
    Ok(all.into_iter().cloned().collect())
}

fn unreadable(fault: &LocatedFault) -> CommandError {
    CommandError::Usage(fault.fault.message.clone())
}

impl Origin {
    fn documents(&self) -> Result<Vec<NamedDocument>, LocatedFault> {
        match self {
            Self::Folder(folder) => folder.documents(),
            Self::Cluster(cluster) => match &cluster.read {
                Ok(maps) => Ok(maps.live.clone()),
                Err(message) => {
                    let name = format!("namespace {}", cluster.namespace);
                    Err(LocatedFault::whole(name, message, FaultClass::Document))
                }
            },
        }
    }
}

impl FolderOrigin {
    fn new(path: PathBuf, side: config_map::Side) -> Self {
        Self {
            folder: Folder::new(&path, side),
            path,
            unreadable: None,
        }
    }

    /// Reads what changed; returns whether anything did
    fn scan(&mut self) -> bool {
        let (is_changed, unreadable) = match self.folder.scan() {
            Ok(scan) => (scan == Scan::Changed, None),
            Err(error) => (false, Some(error.to_string())),
        };
        let is_changed = is_changed || unreadable != self.unreadable;
        self.unreadable = unreadable;
        is_changed
    }

    fn documents(&self) -> Result<Vec<NamedDocument>, LocatedFault> {
        if let Some(message) = &self.unreadable {
            let path = self.path.display().to_string();
            return Err(LocatedFault::whole(path, message, FaultClass::Document));
        }
        let files = self.folder.documents();
        Ok(files.flat_map(|file| file.iter()).cloned().collect())
    }
}

impl ClusterOrigin {
    /// Reads the ConfigMaps; returns whether they changed
    async fn read(&mut self) -> bool {
        let maps = read_config_maps(&self.client, &self.namespace).await;
        let maps = maps.map_err(|error| CommandError::from(error).to_string());
        let mut hasher = DefaultHasher::new();
        format!("{maps:?}").hash(&mut hasher);
        self.read = maps.map(|maps| {
            let mut all = ConfigMaps::default();
            for map in &maps {
                match sided_documents(map) {
                    (config_map::Side::Live, documents) => all.live.extend(documents),
                    (config_map::Side::Candidate, documents) => all.candidates.extend(documents),
                }
            }
            all
        });
        let hash = hasher.finish();
        std::mem::replace(&mut self.hash, hash) != hash
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;

    use axum::body::Body;
    use axum::http::{Request, Response};
    use serde_json::{Value, json};

    use super::*;

    const ACCOUNT: &str = "account: {id: '123', region: cn-hangzhou}\n";

    fn config_map(directory: &str) -> Value {
        json!({"metadata": {"name": "people", "namespace": "ramgate-system", "labels": {"ramgate.io/config": "directory"}},
            "data": {"directory.yaml": directory}})
    }

    /// The ConfigMaps of an API server that gives these lists one after the other
    fn cluster(lists: Vec<Vec<Value>>) -> ClusterOrigin {
        let lists = Arc::new(Mutex::new(lists));
        let service = tower::service_fn(move |_: Request<kube::client::Body>| {
            let items = lists.lock().unwrap().remove(0);
            let body = Body::from(json!({"metadata": {}, "items": items}).to_string());
            async move { Ok::<_, Infallible>(Response::new(body)) }
        });
        ClusterOrigin {
            client: ApiClient::new(Client::new(service, "default")),
            namespace: "ramgate-system".to_owned(),
            read: Ok(ConfigMaps::default()),
            hash: 0,
        }
    }

    fn origins(live: Origin, candidate: Option<FolderOrigin>) -> Origins {
        Origins {
            live,
            candidate,
            snapshot: Arc::new(Snapshot {
                revision: 0,
                live: Side::default(),
                candidate: None,
                comparison: Comparison::default(),
            }),
        }
    }

    fn people(side: &Side) -> usize {
        side.loaded.as_ref().map_or(0, |loaded| loaded.people.len())
    }

    #[tokio::test]
    async fn the_config_maps_of_a_cluster_are_read_again_and_only_changes_count() {
        let one = || config_map(&format!("{ACCOUNT}users: [{{name: a}}]"));
        let two = config_map(&format!("{ACCOUNT}users: [{{name: a}}, {{name: b}}]"));
        let live = Origin::Cluster(cluster(vec![vec![one()], vec![one()], vec![two], Vec::new()]));
        let mut origins = origins(live, None);
        assert_eq!(people(&origins.first_snapshot().await.unwrap().live), 1);
        let mut read = async || match &mut origins.live {
            Origin::Cluster(cluster) => cluster.read().await,
            Origin::Folder(_) => false,
        };
        assert!(!read().await);
        assert!(read().await);
        assert_eq!(people(&origins.next_snapshot().live), 2);
    }

    #[tokio::test]
    async fn the_candidates_of_a_cluster_are_the_candidate_without_a_folder() {
        let live = || config_map(&format!("{ACCOUNT}users: [{{name: a}}]"));
        let mut candidate = config_map(&format!("{ACCOUNT}users: [{{name: a}}, {{name: b}}]"));
        candidate["metadata"]["name"] = "people-next".into();
        candidate["metadata"]["labels"]["ramgate.io/candidate"] = "true".into();
        let lists = vec![vec![live(), candidate], vec![live()]];
        let mut origins = origins(Origin::Cluster(cluster(lists)), None);
        let first = origins.first_snapshot().await.unwrap();
        assert_eq!(
            (people(&first.live), people(first.candidate.as_ref().unwrap())),
            (1, 2)
        );
        if let Origin::Cluster(cluster) = &mut origins.live {
            assert!(cluster.read().await);
        }
        assert!(origins.next_snapshot().candidate.is_none());
    }

    #[tokio::test]
    async fn a_cluster_without_configuration_is_an_error_at_the_start() {
        let mut origins = origins(Origin::Cluster(cluster(vec![Vec::new()])), None);
        let error = origins.first_snapshot().await.unwrap_err().to_string();
        assert!(
            error.contains("no configuration in namespace ramgate-system"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn documents_of_the_candidate_stand_in_for_those_of_their_name() {
        let [live, next] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let write = |folder: &tempfile::TempDir, name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write(&live, "account.yaml", ACCOUNT);
        write(&live, "users.yaml", "users: [{name: a}]");
        write(&next, "users.yaml", "users: [{name: b}, {name: c}]");
        let folder =
            |folder: &tempfile::TempDir| FolderOrigin::new(folder.path().to_owned(), config_map::Side::Live);
        let mut origins = origins(Origin::Folder(folder(&live)), Some(folder(&next)));
        let first = origins.first_snapshot().await.unwrap();
        assert_eq!(
            (people(&first.live), people(first.candidate.as_ref().unwrap())),
            (1, 2)
        );
        assert!(!origins.scan());

        write(&next, "users.yaml", "users: [{nam: b}]");
        assert!(origins.scan());
        let second = origins.next_snapshot();
        let candidate = second.candidate.as_ref().unwrap();
        assert_eq!((people(candidate), candidate.faults.len()), (2, 1));
        assert!(second.live.faults.is_empty());

        std::fs::remove_dir_all(live.path()).unwrap();
        assert!(origins.scan());
        let third = origins.next_snapshot();
        assert_eq!((people(&third.live), third.live.faults.len()), (1, 1));
        assert_eq!(people(third.candidate.as_ref().unwrap()), 2);
        assert!(!origins.scan(), "a folder that stays away is said once");
    }

    #[tokio::test]
    async fn a_bad_configuration_at_the_start_is_an_error_and_a_bad_candidate_is_not() {
        let [live, next] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        std::fs::write(live.path().join("a.yaml"), "users: [").unwrap();
        std::fs::write(next.path().join("a.yaml"), "users: [").unwrap();
        let folder =
            |folder: &tempfile::TempDir| FolderOrigin::new(folder.path().to_owned(), config_map::Side::Live);
        let mut bad = origins(Origin::Folder(folder(&live)), None);
        assert!(matches!(
            bad.first_snapshot().await,
            Err(CommandError::Invalid(_))
        ));
        std::fs::write(live.path().join("a.yaml"), ACCOUNT).unwrap();
        let mut good = origins(Origin::Folder(folder(&live)), Some(folder(&next)));
        assert_eq!(
            good.first_snapshot()
                .await
                .unwrap()
                .candidate
                .as_ref()
                .unwrap()
                .faults
                .len(),
            1
        );
        let missing = FolderOrigin::new(live.path().join("missing"), config_map::Side::Candidate);
        let mut none = origins(Origin::Folder(folder(&live)), Some(missing));
        assert!(matches!(none.first_snapshot().await, Err(CommandError::Usage(_))));
    }
}
