//! The list as text for people.

use crate::analysis::survey::inventory::KeyUse;
use crate::analysis::survey::{EnforceOutcome, EvaluatedWorkload, StampStatus};
use crate::cli::live_cluster::note_lines;
use crate::cli::stamp::list::listing::Listing;
use crate::cli::stamp::text_table::table;
use crate::stamp::Form;
use crate::wording::clipped;

/// The longest text of a cell
const CELL: usize = 64;

const HEADING: [&str; 8] = [
    "NAMESPACE",
    "WORKLOAD",
    "ROUTE",
    "STAMP",
    "REQUESTER",
    "PRINCIPAL",
    "KEY",
    "TODAY",
];

/// The notes, a table of all workloads, the reason for each denial, the keys, and a last line with numbers
pub(super) fn human(listing: &Listing) -> String {
    let workloads = &listing.workloads;
    let rows: Vec<_> = workloads.iter().map(cells).collect();
    let table = if rows.is_empty() {
        String::new()
    } else {
        table(HEADING, &rows)
    };
    let is_told = |one: &&EvaluatedWorkload| one.would_be_denied() || one.exception().is_some();
    let denied = workloads.iter().filter(is_told);
    let denied = denied.map(|workload| format!("{}\n", denial(workload)));
    let keys = listing.keys.iter();
    let keys = keys.map(|key| format!("  {}\n", key_line(listing, key)));
    [
        note_lines(&listing.notes),
        table,
        under("\n", denied.collect()),
        under(&format!("\nkeys of Secret {}:\n", listing.secret), keys.collect()),
        summary(listing),
    ]
    .concat()
}

/// Text under a heading; empty if there is no text
fn under(heading: &str, text: String) -> String {
    if text.is_empty() {
        text
    } else {
        format!("{heading}{text}")
    }
}

fn summary(listing: &Listing) -> String {
    let is_stamped_and_denied = |one: &EvaluatedWorkload| {
        one.stamp.claims().is_some() && one.outcome.denial().is_some() && one.exception().is_none()
    };
    format!(
        "\n{} lead to ECI: {} good, {} denied with a good stamp, {} without a stamp, {} with a broken one\n",
        listing.workloads.len(),
        listing.count(EvaluatedWorkload::is_good),
        listing.count(is_stamped_and_denied),
        listing.count(|one| one.stamp == StampStatus::Missing),
        listing.count(|one| matches!(one.stamp, StampStatus::Broken { .. })),
    )
}

fn cells(workload: &EvaluatedWorkload) -> [String; 8] {
    let claims = workload.stamp.claims();
    let or_dash = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| clipped(&text, CELL));
    let principal = claims.map(|claims| match &claims.principal {
        Some(principal) => principal.to_string(),
        None => "(nobody)".to_owned(),
    });
    let route = if workload.is_certain {
        "certain"
    } else {
        "possible"
    };
    let stamp = match workload.stamp.form() {
        Some(Form::First) => format!("{}, form 1", workload.stamp.name()),
        Some(Form::Second) | None => workload.stamp.name().to_owned(),
    };
    [
        clipped(&workload.namespace, CELL),
        clipped(&workload.title(), CELL),
        route.to_owned(),
        stamp,
        or_dash(claims.map(|claims| claims.user.clone())),
        or_dash(principal),
        or_dash(workload.stamp.key().map(str::to_owned)),
        today(workload).to_owned(),
    ]
}

fn today(workload: &EvaluatedWorkload) -> &'static str {
    match (workload.is_bound, &workload.outcome) {
        (true, EnforceOutcome::Allowed | EnforceOutcome::Excused(..)) => "runs",
        (false, EnforceOutcome::Excused(..)) => "excused",
        (true, EnforceOutcome::Denied(_) | EnforceOutcome::DeniedIfBound(_)) => "runs, next denied",
        (false, EnforceOutcome::Allowed) => "allowed",
        (false, EnforceOutcome::Denied(_)) => "denied",
        (false, EnforceOutcome::DeniedIfBound(_)) => "denied if bound",
    }
}

/// Every reason for a denial, and what to do
fn denial(workload: &EvaluatedWorkload) -> String {
    let exception = workload.exception();
    let exception = exception.map_or_else(String::new, |one| format!(" (allowed by exception {one})"));
    let title = format!("{}{exception}", workload.full_title());
    let obstacles = workload.obstacles.iter().map(|obstacle| {
        let fix = obstacle.fix.as_ref();
        let fix = fix.filter(|fix| !obstacle.message.contains(fix.as_str()));
        let fix = fix.map_or_else(String::new, |fix| format!(": {fix}"));
        let person = workload.judged_for(obstacle);
        format!("{title}: {person}{}{fix}", obstacle.message)
    });
    obstacles.collect::<Vec<_>>().join("\n")
}

fn key_line(listing: &Listing, key: &KeyUse) -> String {
    let stamps = match key.stamps {
        1 => "1 stamp".to_owned(),
        count => format!("{count} stamps"),
    };
    let state = if !key.is_known {
        ", is not in the Secret"
    } else if key.is_newest {
        ", signs"
    } else if listing.is_retirable(key) {
        ", can be taken out of the Secret"
    } else {
        ""
    };
    format!("{}: {stamps}{state}", clipped(&key.id, CELL))
}
