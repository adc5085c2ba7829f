//! The audit as lines for people: by namespace, what is to be put right; what is allowed is only counted.

use std::io::{self, Write};

use crate::analysis::audit::{AuditRow, AuditState, AuditSummary};
use crate::cli::audit::FinishedAudit;
use crate::cli::live_cluster::note_lines;
use crate::wording::{NAME_LENGTH, clipped, described, leading, quoted};

/// Longer than any name of an object
const TITLE: usize = 256;

pub(super) fn write(out: &mut impl Write, finished: &FinishedAudit) -> io::Result<()> {
    write!(out, "{}", note_lines(&finished.notes))?;
    for finding in &finished.audit.unjudged {
        writeln!(out, "{finding}")?;
    }
    for (namespace, rows) in finished.audit.namespaces() {
        writeln!(out, "{namespace}: {}", numbers(&AuditSummary::of(rows)))?;
        let mut shown = rows.iter().filter(|row| row.verdict.state != AuditState::Allowed);
        shown.try_for_each(|row| write_row(out, row))?;
    }
    writeln!(out, "all: {}", numbers(&finished.audit.summary()))?;
    let lines = finished.published.lines();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// ```text
/// 12 workloads and bare pods on ECI (31 pods run): 9 allowed, 2 denied, 1 without a stamp
/// ```
fn numbers(summary: &AuditSummary) -> String {
    let counts = AuditState::ALL.iter().filter_map(|state| {
        let count = summary.workloads(*state);
        let words = match state {
            AuditState::Allowed => "allowed",
            AuditState::Denied => "denied",
            AuditState::DeniedIfBound => "denied on a virtual node",
            AuditState::NoStamp => "without a stamp",
            AuditState::Excused => "allowed by an exception",
        };
        (count > 0).then(|| format!("{count} {words}"))
    });
    let counts: Vec<String> = counts.collect();
    let counts = if counts.is_empty() {
        String::new()
    } else {
        format!(": {}", counts.join(", "))
    };
    format!(
        "{} to ECI ({}){counts}",
        leading(summary.all_workloads()),
        match summary.all_pods() {
            1 => "1 pod runs".to_owned(),
            pods => format!("{pods} pods run"),
        }
    )
}

fn write_row(out: &mut impl Write, row: &AuditRow) -> io::Result<()> {
    let verdict = &row.verdict;
    let condition = match verdict.state {
        AuditState::DeniedIfBound => ", if it goes to a virtual node",
        _ => "",
    };
    let runs = match row.running_pods {
        0 => String::new(),
        1 => ", 1 pod runs".to_owned(),
        count => format!(", {count} pods run"),
    };
    let owner = row.owner.as_ref();
    let owner = owner.map_or_else(String::new, |owner| format!(" of {}/{}", owner.kind, owner.name));
    writeln!(
        out,
        "  {}{owner}{}{runs}{condition}",
        clipped(&row.title(), TITLE),
        person(row)
    )?;
    for reason in &verdict.reasons {
        writeln!(out, "    {}: {}", reason.code, reason.message)?;
        let fix = reason.fix.as_deref();
        if let Some(fix) = fix.filter(|fix| !reason.message.contains(fix)) {
            writeln!(out, "      {fix}")?;
        }
    }
    Ok(())
}

/// The person for whom it was judged
fn person(row: &AuditRow) -> String {
    let Some(user) = &row.verdict.user else {
        return String::new();
    };
    let principal = row.verdict.principal.as_ref();
    let principal = principal.map_or_else(
        || " (bound to nobody)".to_owned(),
        |one| format!(" ({})", described(one)),
    );
    format!(", for {}{principal}", quoted(user, NAME_LENGTH))
}
