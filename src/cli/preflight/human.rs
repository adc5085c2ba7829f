//! The result for people: counts first, then workloads by namespace and owner, then all else.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::survey::preflight::{
    Check, Finding, GroupOwner, PreflightInput, SubjectCounts, SubjectRow, WorkloadCounts, WorkloadGroup,
    groups, unlisted_subjects,
};
use crate::analysis::survey::{EvaluatedWorkload, Need};
use crate::cli::live_cluster::note_lines;
use crate::wording::{NAME_LENGTH, clipped, described, leading, quoted};

/// Longer than any name of an object
const TITLE: usize = 256;

/// The most permissions that are listed for a group: workloads of a team mostly ask for the same
const NEEDS: usize = 8;

pub(super) fn human(input: &PreflightInput<'_>, findings: &[Finding], notes: &[String]) -> String {
    let groups = groups(input);
    let has_section =
        |finding: &&Finding| matches!(finding.check, Check::Stamp | Check::Denied | Check::Rbac);
    let others = findings.iter().filter(|finding| !has_section(finding));
    let others: String = others.map(|finding| format!("{finding}\n")).collect();
    let parts = [
        note_lines(notes),
        counts(input),
        groups.iter().map(|group| group_text(input, group)).collect(),
        others,
        subjects(input),
        match findings.len() {
            1 => "1 finding\n".to_owned(),
            count => format!("{count} findings\n"),
        },
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n")
}

/// The numbers of workloads, then of each obstacle
fn counts(input: &PreflightInput<'_>) -> String {
    let workloads = input.inventory.workloads();
    let counts = WorkloadCounts::of(input, workloads);
    let running = match counts.running {
        0 => String::new(),
        count => format!(" ({count} running)"),
    };
    let only_without_stamp = match counts.only_without_stamp {
        0 => String::new(),
        count if input.is_installed() => format!(", {count} without a stamp"),
        count => format!(
            ", {count} that only need a stamp, which ramgate writes when they are applied or restarted"
        ),
    };
    let mut by_code: BTreeMap<&str, usize> = BTreeMap::new();
    for obstacle in workloads.iter().flat_map(|workload| input.obstacles(workload)) {
        let count = by_code.entry(obstacle.code).or_default();
        *count = count.saturating_add(1);
    }
    let codes = by_code.iter().map(|(code, count)| format!("  {count} {code}\n"));
    format!(
        "{} to ECI{running}: {} with obstacles{only_without_stamp}, {} fine\n{}",
        leading(counts.workloads),
        counts.with_obstacles,
        counts.without_obstacles,
        codes.collect::<String>()
    )
}

/// A group with the obstacles of its workloads; workloads without obstacles are only counted
fn group_text(input: &PreflightInput<'_>, group: &WorkloadGroup<'_>) -> String {
    let counts = WorkloadCounts::of(input, group.workloads.iter().copied());
    let heading = format!(
        "{}, {}: {} of {} with obstacles\n",
        group.namespace,
        owner(&group.owner),
        counts.with_obstacles,
        counts.workloads
    );
    let workloads = group
        .workloads
        .iter()
        .map(|workload| workload_text(input, workload));
    format!("{heading}{}{}", workloads.collect::<String>(), needs(group))
}

fn owner(owner: &GroupOwner) -> String {
    match owner {
        GroupOwner::Principal(principal) => described(principal),
        GroupOwner::Unbound(user) => format!("{}, who is bound to nobody", quoted(user, NAME_LENGTH)),
        GroupOwner::Unknown => "owner unknown: name one with --as or --namespace-as".to_owned(),
    }
}

fn workload_text(input: &PreflightInput<'_>, workload: &EvaluatedWorkload) -> String {
    let lines = input.obstacles(workload).map(|obstacle| {
        let fix = obstacle
            .fix
            .as_ref()
            .filter(|fix| !obstacle.message.contains(fix.as_str()));
        let fix = fix.map_or_else(String::new, |fix| format!("      {fix}\n"));
        format!("    {}: {}\n{fix}", obstacle.code, obstacle.message)
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return lines;
    }
    let runs = if workload.is_bound { ", runs" } else { "" };
    let is_possible = !workload.is_certain;
    let possible = if is_possible {
        ", if it goes to a virtual node"
    } else {
        ""
    };
    let exception = workload.exception();
    let exception = exception.map_or_else(String::new, |one| format!(", allowed by exception {one}"));
    let written_by = workload.written_by.as_ref().filter(|_| workload.person.is_none());
    let written_by = written_by.map_or_else(String::new, |writer| {
        format!(
            ", last written by client {}, {}",
            quoted(&writer.client, NAME_LENGTH),
            writer.time
        )
    });
    format!(
        "  {}{runs}{possible}{exception}{written_by}\n{lines}",
        clipped(&workload.title(), TITLE)
    )
}

/// What the owner of a group has to be allowed, if nobody is known
fn needs(group: &WorkloadGroup<'_>) -> String {
    let needs: BTreeSet<&Need> = group
        .workloads
        .iter()
        .flat_map(|workload| &workload.needs)
        .collect();
    if needs.is_empty() {
        return String::new();
    }
    let lines = needs.iter().take(NEEDS).map(|need| format!("    {need}\n"));
    let more = match needs.len().saturating_sub(NEEDS) {
        0 => String::new(),
        more => format!("    and {more} more\n"),
    };
    format!(
        "  whoever owns them has to be allowed:\n{}{more}",
        lines.collect::<String>()
    )
}

/// The subjects of RBAC that are in no list, those with the same rights together
fn subjects(input: &PreflightInput<'_>) -> String {
    let Some(unlisted) = unlisted_subjects(input).filter(|unlisted| !unlisted.rows.is_empty()) else {
        return String::new();
    };
    let mut groups: Vec<(String, &str, Vec<&SubjectRow>)> = Vec::new();
    for row in &unlisted.rows {
        let (may, advice) = (row.may(), row.advice());
        match groups
            .iter_mut()
            .find(|group| group.0 == may && group.1 == advice)
        {
            Some((_, _, rows)) => rows.push(row),
            None => groups.push((may, advice, vec![row])),
        }
    }
    let groups = groups.iter().map(|(may, advice, rows)| {
        let rows = rows.iter().map(|row| format!("    {}\n", row.subject));
        format!("  {may}\n{}      {advice}\n", rows.collect::<String>())
    });
    let more = match unlisted.counts.total().saturating_sub(unlisted.rows.len()) {
        0 => String::new(),
        more => format!("  and {more} more\n"),
    };
    format!(
        "{} may act on pods for ECI, and are in no list\n{}{more}",
        subject_counts(unlisted.counts),
        groups.collect::<String>()
    )
}

/// `2 service accounts, 1 user`
fn subject_counts(counts: SubjectCounts) -> String {
    let words = [
        (counts.service_accounts, "service account"),
        (counts.users, "user"),
        (counts.groups, "group"),
    ];
    let words = words.into_iter().filter_map(|(count, word)| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        count => Some(format!("{count} {word}s")),
    });
    words.collect::<Vec<_>>().join(", ")
}
