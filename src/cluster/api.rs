//! Requests about single objects of the Kubernetes API: watched by name, read and written within a bounded time.

pub(crate) mod watches;

use std::fmt;
use std::fmt::Debug;
use std::future::ready;
use std::time::Duration;

use futures::{Stream, StreamExt};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

/// The HTTP status of a write that another writer preceded
const CONFLICT: u16 = 409;

/// The wait before a retry: short enough that nobody looks for a fault, long enough for an overloaded API server
pub(crate) const RETRY: Duration = Duration::from_secs(3);

/// How long one watch call lasts for objects on which no decision depends; a connection that died silently is noticed a little later
pub(crate) const CALL_SECONDS: u32 = 60;

/// How long a request may take: longer than any working API server needs for one small object
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The state of an object now, then after each change; `None` while it does not exist
///
/// One call of the watch lasts `call_seconds`.
///
/// ```text
/// the object exists, changes, is deleted -> Ok(Some(old)), Ok(Some(new)), Ok(None)
/// the watch is refused                   -> Err, and another try after RETRY
/// ```
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

/// Always waits [`RETRY`]: there are few such watches
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

/// Waits for a request, for a bounded time
///
/// # Errors
/// The API server gives no answer in time. Its answer may be an error too.
pub(crate) async fn in_time<T>(
    request: impl Future<Output = Result<T, kube::Error>>,
) -> Result<Result<T, kube::Error>, ApiError> {
    let late = |_| {
        ApiError(format!(
            "no answer from the API server within {} s",
            REQUEST_TIMEOUT.as_secs()
        ))
    };
    tokio::time::timeout(REQUEST_TIMEOUT, request).await.map_err(late)
}

/// Waits for a write, for a bounded time; returns `None` if another writer was first
///
/// # Errors
/// The API server refuses the write, or gives no answer in time.
pub(crate) async fn unless_conflict<T>(
    write: impl Future<Output = Result<T, kube::Error>>,
) -> Result<Option<T>, ApiError> {
    match in_time(write).await? {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == CONFLICT => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A request that the API server refused or did not answer in time
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

/// The last error of something that is tried again and again, so that each error is logged once
#[derive(Debug, Default)]
pub(crate) struct LastError(Option<String>);

impl LastError {
    /// Records an outcome; returns its error if the outcome before was not the same error
    pub(crate) fn new_error<'a, T, E: fmt::Display>(&mut self, outcome: &'a Result<T, E>) -> Option<&'a E> {
        let error = outcome.as_ref().err();
        let text = error.map(ToString::to_string);
        let is_new = text != self.0;
        self.0 = text;
        error.filter(|_| is_new)
    }
}
