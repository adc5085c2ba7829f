//! The admin port: `/live`, `/ready` and `/metrics`, plain HTTP; and the port of the probes, which has no metrics.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use crate::server::reply;
use crate::server::shutdown::{Phase, Phases};
use crate::telemetry::metrics::Metrics;

/// Says whether everything that judging needs is there
pub trait Readiness: Send + Sync + 'static {
    /// The state right now
    fn report(&self) -> Report;
}

/// What `/ready` shows
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What is not there yet, a sentence each; ready means none
    pub missing: Vec<String>,
    /// What the cluster's owner should put right though reviews are judged, a sentence each
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
    /// Generation of the configuration in force
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Why the newest documents are not in force; nothing when they are
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_reload_errors: Vec<String>,
}

/// What the admin port knows
pub struct Admin {
    /// Whether the server may be asked
    pub readiness: Arc<dyn Readiness>,
    /// Whether the server is leaving
    pub phases: Phases,
    /// The counters
    pub metrics: Arc<Metrics>,
}

/// The routes of the admin port
pub fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/live", get(async || reply::text(StatusCode::OK, "live")))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(async || reply::text(StatusCode::NOT_FOUND, "here are /live, /ready and /metrics"))
        .with_state(admin)
}

/// The routes of the probes' port
pub(crate) fn probes(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/live", get(async || reply::text(StatusCode::OK, "live")))
        .route("/ready", get(ready))
        .fallback(async || reply::text(StatusCode::NOT_FOUND, "here are /live and /ready"))
        .with_state(admin)
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    #[serde(flatten)]
    report: Report,
}

async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    let mut report = admin.readiness.report();
    if admin.phases.now() != Phase::Serving {
        report.missing.push("the server is stopping".into());
    }
    let ready = Ready {
        ready: report.missing.is_empty(),
        report,
    };
    let status = if ready.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    match serde_json::to_vec(&ready) {
        Ok(body) => reply::with(status, "application/json", body.into()),
        Err(error) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    match admin.metrics.text() {
        Ok(text) => reply::with(StatusCode::OK, prometheus::TEXT_FORMAT, text.into()),
        Err(error) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
