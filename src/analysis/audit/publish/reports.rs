//! Applies the Reports of an audit, and deletes those of namespaces that have nothing left.

use std::collections::BTreeSet;

use kube::core::params::{ListParams, Preconditions};
use serde_json::Value;

use crate::analysis::audit::collector::Audit;
use crate::analysis::audit::report;
use crate::analysis::survey::live::{ApiClient, ListRequest, ReadError, Scope};
use crate::analysis::survey::objects::text;

/// The API group, version and resource
const GROUP: &str = "/apis/openreports.io/v1alpha1";

/// What was done with the Reports
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PublishedReports {
    /// Reports that were created or changed
    pub written: usize,
    /// Reports that said the same already
    pub unchanged: usize,
    /// Reports of namespaces in which nothing leads to ECI any more
    pub deleted: usize,
    /// The refusals, each with its Report
    pub refused: Vec<String>,
}

/// Brings the Reports in `scope` in line with an audit of that scope
///
/// A Report is written only if it says something else than before. A namespace without rows loses its Report. That is safe,
/// because it goes by the fixed name and ramgate's label, because an audit that could not read everything never gets here,
/// and because the Report must still be the one that was listed.
///
/// # Errors
///
/// The API server does not know Reports or does not answer, or the caller may not read them.
pub(crate) async fn publish_reports(
    client: &ApiClient,
    audit: &Audit,
    scope: &Scope,
) -> Result<PublishedReports, ReadError> {
    let mut published = PublishedReports::default();
    // The list comes first: it fails where there are no Reports at all, before anything is written
    let stored = stored_reports(client, scope).await?;
    let mut audited = BTreeSet::new();
    for (namespace, rows) in audit.namespaces() {
        audited.insert(namespace);
        let wanted = report::report(namespace, rows);
        let (what, path) = (what(namespace), path(Some(namespace)));
        let before = client.get(&what, &path, report::NAME).await?;
        if before.is_some_and(|before| report::is_same(&before, &wanted)) {
            published.unchanged = published.unchanged.saturating_add(1);
            continue;
        }
        let response = client.apply(&what, &path, report::NAME, &wanted).await?;
        match response.result {
            Ok(_) => published.written = published.written.saturating_add(1),
            Err(refusal) if is_namespace_gone(response.status, &refusal) => {}
            Err(refusal) => published.refused.push(format!("{what}: {refusal}")),
        }
    }
    let left = stored
        .iter()
        .filter(|one| !audited.contains(one.namespace.as_str()));
    for report in left {
        let what = what(&report.namespace);
        let unchanged = Preconditions {
            uid: Some(report.uid.clone()),
            resource_version: Some(report.resource_version.clone()),
        };
        let path = path(Some(&report.namespace));
        let response = client.delete(&what, &path, report::NAME, unchanged).await?;
        match response.result {
            Ok(_) => published.deleted = published.deleted.saturating_add(1),
            // Somebody was faster, and the next run sees what is there then
            Err(_) if matches!(response.status, 404 | 409) => {}
            Err(refusal) => published.refused.push(format!("{what}: {refusal}")),
        }
    }
    Ok(published)
}

/// One of the audit's own Reports
struct StoredReport {
    namespace: String,
    uid: String,
    resource_version: String,
}

/// The audit's own Reports. Selected by name, so that rights to this name alone are enough
async fn stored_reports(client: &ApiClient, scope: &Scope) -> Result<Vec<StoredReport>, ReadError> {
    let path = match scope {
        Scope::AllNamespaces => path(None),
        Scope::Namespace(namespace) => path(Some(namespace)),
    };
    let list = ListRequest {
        params: ListParams::default().fields(&format!("metadata.name={}", report::NAME)),
        ..ListRequest::metadata("reports.openreports.io", &path)
    };
    let mut stored = Vec::new();
    let take = |object: Value| {
        if report::is_own(&object) {
            let field = |pointer| text(&object, pointer).to_owned();
            stored.push(StoredReport {
                namespace: field("/metadata/namespace"),
                uid: field("/metadata/uid"),
                resource_version: field("/metadata/resourceVersion"),
            });
        }
    };
    match client.list(&list, take).await {
        Err(error) if error.is_not_found() => Err(ReadError::new(
            list.what,
            "the API server does not know them: install OpenReports' CRDs, or leave out --write-reports",
        )),
        listed => listed.map(|()| stored),
    }
}

/// Whether a write was refused because its namespace goes or is gone
fn is_namespace_gone(status: u16, refusal: &str) -> bool {
    status == 404 || status == 403 && refusal.contains("because it is being terminated")
}

fn what(namespace: &str) -> String {
    format!("Report {namespace}/{}", report::NAME)
}

fn path(namespace: Option<&str>) -> String {
    let namespace = namespace.map_or_else(String::new, |namespace| format!("/namespaces/{namespace}"));
    format!("{GROUP}{namespace}/reports")
}
