//! Errors of the Kubernetes API in words that fit on a log line.

use std::time::Duration;

use kube::runtime::watcher;

/// HTTP status of a lost race
const CONFLICT: u16 = 409;

/// Soon enough that nobody looks for a fault, seldom enough not to burden a server that is in trouble
pub(super) const RETRY: Duration = Duration::from_secs(3);

/// A request that the API server refused or never answered
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ApiError(String);

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

/// Nothing if another writer was first
pub(super) fn won<T>(written: Result<T, kube::Error>) -> Result<Option<T>, ApiError> {
    match written {
        Ok(object) => Ok(Some(object)),
        Err(kube::Error::Api(status)) if status.code == CONFLICT => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Remembers the last failure, so that one which is tried again and again is told once
#[derive(Debug, Default)]
pub(super) struct Told(Option<String>);

impl Told {
    /// Whether this outcome is a failure that was not the last one too
    pub(super) fn is_news<T, E: std::fmt::Display>(&mut self, outcome: &Result<T, E>) -> bool {
        let text = outcome.as_ref().err().map(ToString::to_string);
        let news = text.is_some() && text != self.0;
        self.0 = text;
        news
    }
}
