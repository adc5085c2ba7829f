//! The audit as JSON for programs, written row by row.

use std::io::{self, Write};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::analysis::audit::{AuditRow, AuditState, AuditSummary};
use crate::analysis::survey::preflight::Finding;
use crate::cli::audit::FinishedAudit;

pub(super) fn write(out: &mut impl Write, finished: &FinishedAudit) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, finished)?;
    writeln!(out)
}

impl Serialize for FinishedAudit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unjudged: Vec<_> = self.audit.unjudged.iter().map(UnjudgedKind::of).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("time", &self.time.to_string())?;
        map.serialize_entry("summary", &Summary(&self.audit.summary()))?;
        map.serialize_entry("namespaces", &Namespaces(self))?;
        map.serialize_entry("unjudged", &unjudged)?;
        map.serialize_entry("reports", &self.published.reports.as_ref().map(Reports::of))?;
        map.serialize_entry("events", &self.published.events.as_ref().map(Events::of))?;
        map.serialize_entry("notes", &self.notes)?;
        map.end()
    }
}

struct Namespaces<'a>(&'a FinishedAudit);

impl Serialize for Namespaces<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for (namespace, rows) in self.0.audit.namespaces() {
            list.serialize_element(&Namespace { namespace, rows })?;
        }
        list.end()
    }
}

struct Namespace<'a> {
    namespace: &'a str,
    rows: &'a [AuditRow],
}

impl Serialize for Namespace<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("namespace", self.namespace)?;
        map.serialize_entry("summary", &Summary(&AuditSummary::of(self.rows)))?;
        map.serialize_entry("workloads", &Rows(self.rows))?;
        map.end()
    }
}

struct Rows<'a>(&'a [AuditRow]);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Row::of))
    }
}

/// The numbers of workloads and of running pods in each state
struct Summary<'a>(&'a AuditSummary);

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("workloads", &States(|state| self.0.workloads(state)))?;
        map.serialize_entry("pods", &States(|state| self.0.pods(state)))?;
        map.end()
    }
}

struct States<F>(F);

impl<F: Fn(AuditState) -> usize> Serialize for States<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(AuditState::ALL.map(|state| (state.name(), (self.0)(state))))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    kind: &'a str,
    group: &'a str,
    name: &'a str,
    uid: &'a str,
    template: Option<&'a str>,
    owner: Option<Owner<'a>>,
    state: &'static str,
    certain: bool,
    running_pods: usize,
    stamp: &'static str,
    user: Option<&'a str>,
    principal: Option<String>,
    reasons: Vec<Reason<'a>>,
}

#[derive(Serialize)]
struct Owner<'a> {
    group: &'a str,
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'static str,
    message: &'a str,
    fix: Option<&'a str>,
}

#[derive(Serialize)]
struct UnjudgedKind<'a> {
    place: &'a str,
    what: &'a str,
    advice: &'a str,
}

#[derive(Serialize)]
struct Reports<'a> {
    written: usize,
    unchanged: usize,
    deleted: usize,
    refused: &'a [String],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Events<'a> {
    created: usize,
    known: usize,
    left_out: usize,
    refused: usize,
    first_refusal: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(row: &'a AuditRow) -> Self {
        let (object, verdict) = (&row.object, &row.verdict);
        let owner = row.owner.as_ref().map(|owner| Owner {
            group: owner.group(),
            kind: &owner.kind,
            name: &owner.name,
        });
        let reasons = verdict.reasons.iter().map(|reason| Reason {
            code: reason.code,
            message: &reason.message,
            fix: reason.fix.as_deref(),
        });
        Self {
            kind: &object.kind,
            group: object.group(),
            name: &object.name,
            uid: &object.uid,
            template: row.template_path.as_deref(),
            owner,
            state: verdict.state.name(),
            certain: row.is_certain,
            running_pods: row.running_pods,
            stamp: verdict.stamp,
            user: verdict.user.as_deref(),
            principal: verdict.principal.as_ref().map(ToString::to_string),
            reasons: reasons.collect(),
        }
    }
}

impl<'a> UnjudgedKind<'a> {
    fn of(finding: &'a Finding) -> Self {
        Self {
            place: &finding.subject,
            what: &finding.problem,
            advice: &finding.advice,
        }
    }
}

impl<'a> Reports<'a> {
    fn of(reports: &'a crate::analysis::audit::publish::PublishedReports) -> Self {
        Self {
            written: reports.written,
            unchanged: reports.unchanged,
            deleted: reports.deleted,
            refused: &reports.refused,
        }
    }
}

impl<'a> Events<'a> {
    fn of(events: &'a crate::analysis::audit::publish::PublishedEvents) -> Self {
        Self {
            created: events.created,
            known: events.known,
            left_out: events.left_out,
            refused: events.refused,
            first_refusal: events.first_refusal.as_deref(),
        }
    }
}
