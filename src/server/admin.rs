//! The admin port with `/live`, `/ready`, `/metrics` and `/candidate`, and the port of the probes without metrics; plain HTTP.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use crate::server::http_response;
use crate::server::shutdown::{Phase, Phases};
use crate::telemetry::metrics::Metrics;

/// Reports whether everything is there that reviews need
pub trait Readiness: Send + Sync + 'static {
    /// The present state
    fn report(&self) -> ReadinessReport;
}

/// Reports what the candidate configuration would change
pub trait CandidateView: Send + Sync + 'static {
    /// The content of `/candidate`, JSON
    ///
    /// # Errors
    /// It cannot be written as JSON.
    fn json(&self) -> Result<Vec<u8>, serde_json::Error>;
}

/// The content of `/ready`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadinessReport {
    /// What is missing, a sentence each; the server is ready if nothing is
    pub missing: Vec<String>,
    /// What the cluster's owner should repair although reviews are answered, a sentence each
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub concerns: Vec<String>,
    /// Generation of the configuration in force
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// Why the newest documents are not in force; empty if they are
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub last_reload_errors: Vec<String>,
    /// The state of the candidate configuration, if there is one; it has no say in whether the server is ready
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<&'static str>,
    /// Why nothing is judged by the candidate
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidate_errors: Vec<String>,
}

/// What the admin port reports
pub struct Admin {
    /// Whether the server is ready
    pub readiness: Arc<dyn Readiness>,
    /// Whether the server is stopping
    pub phases: Phases,
    /// All metrics
    pub metrics: Arc<Metrics>,
    /// The candidate configuration, if this server may have one
    pub candidate: Option<Arc<dyn CandidateView>>,
}

/// The routes of the admin port
pub fn router(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/live", get(async || http_response::text(StatusCode::OK, "live")))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/candidate", get(candidate))
        .fallback(async || {
            let here = "here are /live, /ready, /metrics and /candidate";
            http_response::text(StatusCode::NOT_FOUND, here)
        })
        .with_state(admin)
}

/// The routes of the probes' port
pub(crate) fn probes(admin: Arc<Admin>) -> Router {
    Router::new()
        .route("/live", get(async || http_response::text(StatusCode::OK, "live")))
        .route("/ready", get(ready))
        .fallback(async || http_response::text(StatusCode::NOT_FOUND, "here are /live and /ready"))
        .with_state(admin)
}

/// The body of `/ready`
#[derive(Serialize)]
struct ReadyBody {
    ready: bool,
    #[serde(flatten)]
    report: ReadinessReport,
}

async fn ready(State(admin): State<Arc<Admin>>) -> Response {
    let mut report = admin.readiness.report();
    if admin.phases.now() != Phase::Serving {
        report.missing.push("the server is stopping".into());
    }
    let ready = ReadyBody {
        ready: report.missing.is_empty(),
        report,
    };
    let status = if ready.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    match serde_json::to_vec(&ready) {
        Ok(body) => http_response::typed(status, "application/json", body.into()),
        Err(error) => http_response::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn candidate(State(admin): State<Arc<Admin>>) -> Response {
    match admin.candidate.as_ref().map(|candidate| candidate.json()) {
        Some(Ok(body)) => http_response::typed(StatusCode::OK, "application/json", body.into()),
        Some(Err(error)) => http_response::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        None => http_response::text(StatusCode::NOT_FOUND, "this server has no candidate"),
    }
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    match admin.metrics.text() {
        Ok(text) => http_response::typed(StatusCode::OK, prometheus::TEXT_FORMAT, text.into()),
        Err(error) => http_response::text(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
