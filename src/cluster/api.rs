//! Single objects of the Kubernetes API: followed by name, written within a bounded time.

pub(crate) mod watches;

use std::fmt::Debug;
use std::future::ready;
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

/// HTTP status of a lost race
const CONFLICT: u16 = 409;

/// Soon enough that nobody looks for a fault, seldom enough not to burden a server that is in trouble
pub(crate) const RETRY: Duration = Duration::from_secs(3);

/// How long one watch call lasts where nobody judges by it; a connection that died silently is noticed a little later
pub(crate) const CALL_SECONDS: u32 = 60;

/// Longer than any API server that works takes for one small object
const PATIENCE: Duration = Duration::from_secs(10);

/// An object as it is now, then at each change; nothing while it does not exist
///
/// One call of the watch lasts `call_seconds`.
pub(crate) fn watch_object<K>(
    api: Api<K>,
    name: &str,
    call_seconds: u32,
) -> impl Stream<Item = Result<Option<K>, ApiError>> + use<K>
where
    K: Resource + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let config = watcher::Config::default()
        .fields(&format!("metadata.name={name}"))
        .timeout(call_seconds);
    let mut listed = false;
    watcher(api, config)
        .backoff(FixedBackoff)
        .filter_map(move |event| {
            ready(match event {
                Ok(Event::Init) => {
                    listed = false;
                    None
                }
                Ok(Event::InitApply(object)) => {
                    listed = true;
                    Some(Ok(Some(object)))
                }
                Ok(Event::InitDone) => (!listed).then_some(Ok(None)),
                Ok(Event::Apply(object)) => Some(Ok(Some(object))),
                Ok(Event::Delete(_)) => Some(Ok(None)),
                Err(error) => Some(Err(error.into())),
            })
        })
}

/// The same wait each time: there are few watches
struct FixedBackoff;

impl Iterator for FixedBackoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        Some(RETRY)
    }
}

impl Backoff for FixedBackoff {
    fn reset(&mut self) {}
}

/// The result of a request, which is given a bounded time
pub(crate) async fn in_time<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<Result<T, kube::Error>, ApiError> {
    let late = |_| {
        ApiError(format!(
            "no answer from the API server within {} s",
            PATIENCE.as_secs()
        ))
    };
    tokio::time::timeout(PATIENCE, request).await.map_err(late)
}

/// The result of a write that is given a bounded time; nothing if another writer was first
pub(crate) async fn unless_conflict<T>(
    write: impl Future<Output = Result<T, kube::Error>>,
) -> Result<Option<T>, ApiError> {
    match in_time(write).await? {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == CONFLICT => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A request that the API server refused or never answered
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ApiError(String);

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            // Its own text repeats the whole status
            kube::Error::Api(status) => Self(status.message),
            other => Self(other.to_string()),
        }
    }
}

impl From<watcher::Error> for ApiError {
    fn from(error: watcher::Error) -> Self {
        match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => error.into(),
            watcher::Error::WatchError(status) => Self(status.message),
            error @ watcher::Error::NoResourceVersion => Self(error.to_string()),
        }
    }
}

/// Remembers the last failure, so that one which is tried again and again is told once
#[derive(Debug, Default)]
pub(crate) struct LastError(Option<String>);

impl LastError {
    /// Whether this outcome is a failure that was not the last one too
    pub(crate) fn is_new<T, E: std::fmt::Display>(&mut self, outcome: &Result<T, E>) -> bool {
        let text = outcome.as_ref().err().map(ToString::to_string);
        let news = text.is_some() && text != self.0;
        self.0 = text;
        news
    }
}
