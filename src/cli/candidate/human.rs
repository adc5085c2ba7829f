//! The changes as a table for people.

use crate::candidate::ChangeKind;
use crate::candidate::report::ReportedRow;
use crate::cli::candidate::merged::MergedReport;
use crate::cli::live_cluster::note_lines;
use crate::cli::stamp::table;
use crate::wording::{NAME_LENGTH, clipped};

/// The longest cell of an example
const EXAMPLE: usize = 120;

pub(super) fn text(report: &MergedReport) -> String {
    let head = note_lines(&report.notes);
    match report.state.as_str() {
        "none" => format!(
            "{head}there is no candidate: a ConfigMap with label ramgate.io/config is one by the label ramgate.io/candidate: \
             \"true\"\n"
        ),
        "faulty" => {
            let faults: String = report.faults.iter().map(|fault| format!("  {fault}\n")).collect();
            format!("{head}the candidate is faulty, and no review is judged by it:\n{faults}")
        }
        _ => format!(
            "{head}{}{}{}{}",
            numbers(report),
            additions(report),
            rows(report),
            summary(report)
        ),
    }
}

/// ```text
/// candidate next, since 2026-01-02T03:04:05Z: 120 reviews judged, 0 skipped, 2 undetermined (2 replicas)
/// ```
fn numbers(report: &MergedReport) -> String {
    let reviews = &report.reviews;
    let replicas = match report.replicas {
        1 => "1 replica".to_owned(),
        count => format!("{count} replicas"),
    };
    format!(
        "candidate {}, since {}: {} reviews judged, {} skipped, {} undetermined ({replicas})\n",
        report.config_maps.join(", "),
        report.since.as_deref().unwrap_or("now"),
        reviews.judged,
        reviews.skipped,
        reviews.undetermined
    )
}

/// The documents that are new, which a misspelled name makes as well
fn additions(report: &MergedReport) -> String {
    let lines = report.additions.iter();
    lines
        .map(|added| format!("it adds {added} and replaces nothing by it: nothing live has this name\n"))
        .collect()
}

fn rows(report: &MergedReport) -> String {
    if report.rows.is_empty() {
        return String::new();
    }
    let lines: Vec<[String; 7]> = report.rows.iter().map(cells).collect();
    let heading = [
        "CHANGE",
        "PRINCIPAL",
        "STATEMENT",
        "CODE",
        "COUNT",
        "LAST SEEN",
        "EXAMPLE",
    ];
    table(heading, &lines)
}

fn cells(row: &ReportedRow) -> [String; 7] {
    let change = match (row.change, row.effect.as_str()) {
        (ChangeKind::Denied, "deny") => "denied".to_owned(),
        (ChangeKind::Denied, effect) => format!("denied ({effect})"),
        (ChangeKind::Allowed, "allow") => "allowed".to_owned(),
        (ChangeKind::Allowed, effect) => format!("allowed ({effect})"),
    };
    let statement = match row.policy.as_str() {
        "" => "-".to_owned(),
        policy => format!("{policy}#{}", row.statement),
    };
    let principal = match row.principal.as_str() {
        "" => "-".to_owned(),
        principal => clipped(principal, NAME_LENGTH),
    };
    let place = match row.namespace.as_str() {
        "" => String::new(),
        namespace => format!(" in {namespace}"),
    };
    let example = format!("{}{place} by {}", row.object, row.user);
    [
        change,
        principal,
        statement,
        row.code.clone(),
        row.count.to_string(),
        row.last_seen.clone(),
        clipped(&example, EXAMPLE),
    ]
}

fn summary(report: &MergedReport) -> String {
    let [denied, allowed] = [ChangeKind::Denied, ChangeKind::Allowed].map(|kind| report.different(kind));
    let others = match (report.others.denied, report.others.allowed) {
        (0, 0) => String::new(),
        (denied, allowed) => {
            format!("too many to list: {denied} more that would be denied, {allowed} that would be allowed\n")
        }
    };
    let verdict = match (denied, allowed, report.reviews.judged) {
        (0, 0, 0) => "no review has been judged yet".to_owned(),
        (0, 0, _) => "it would change nothing that was asked so far".to_owned(),
        (0, allowed, _) => format!("{allowed} would be newly allowed, nobody would lose anything"),
        (denied, allowed, _) => format!("{denied} would be newly denied, {allowed} newly allowed"),
    };
    format!("{others}{verdict}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::report::{CandidateReport, ReportedReviews};
    use crate::cli::exit::Exit;

    fn row(change: ChangeKind, principal: &str, count: u64, last_seen: &str) -> ReportedRow {
        let is_loss = change == ChangeKind::Denied;
        ReportedRow {
            change,
            effect: if is_loss { "deny" } else { "allow" }.to_owned(),
            principal: principal.to_owned(),
            user: format!("{principal}@example.com"),
            namespace: "shop".to_owned(),
            policy: if is_loss { "Tagged" } else { "" }.to_owned(),
            statement: usize::from(is_loss),
            code: "ImplicitDeny".to_owned(),
            count,
            last_seen: last_seen.to_owned(),
            object: format!("CREATE pods at-{last_seen}"),
        }
    }

    fn report(state: &str, rows: Vec<ReportedRow>) -> CandidateReport {
        CandidateReport {
            state: state.to_owned(),
            config_maps: vec!["next".to_owned()],
            faults: (state == "faulty")
                .then(|| "next/P.json:1:2: bad".to_owned())
                .into_iter()
                .collect(),
            since: Some(format!("2026-01-0{}", rows.len().saturating_add(1))),
            reviews: ReportedReviews {
                judged: 10,
                skipped: 1,
                undetermined: 0,
            },
            rows,
            ..CandidateReport::default()
        }
    }

    #[test]
    fn replicas_are_added_up_and_losses_come_first() {
        let one = report(
            "loaded",
            vec![
                row(ChangeKind::Denied, "user/ann", 2, "b"),
                row(ChangeKind::Allowed, "user/bob", 9, "a"),
            ],
        );
        let other = report("loaded", vec![row(ChangeKind::Denied, "user/ann", 3, "c")]);
        let merged = MergedReport::of(vec![one, other]);
        assert_eq!(merged.exit(), Exit::Denied);
        assert_eq!(
            text(&merged),
            "candidate next, since 2026-01-03: 20 reviews judged, 2 skipped, 0 undetermined (2 replicas)\n\
             CHANGE   PRINCIPAL  STATEMENT  CODE          COUNT  LAST SEEN  EXAMPLE\n\
             denied   user/ann   Tagged#1   ImplicitDeny  5      c          CREATE pods at-c in shop by user/ann@example.com\n\
             allowed  user/bob   -          ImplicitDeny  9      a          CREATE pods at-a in shop by user/bob@example.com\n\
             1 would be newly denied, 1 newly allowed\n"
        );
        let json = merged.as_json();
        assert_eq!(
            (&json["replicas"], &json["rows"][0]["count"]),
            (&2.into(), &5.into())
        );
        assert_eq!(json["rows"][0]["change"], "denied");
    }

    #[test]
    fn every_state_has_its_words_and_its_exit_code() {
        let gain = vec![row(ChangeKind::Allowed, "user/bob", 1, "a")];
        for (reports, exit, words) in [
            (vec![report("none", vec![])], Exit::Good, "there is no candidate"),
            (
                vec![report("loaded", vec![])],
                Exit::Good,
                "would change nothing that was asked so far",
            ),
            (
                vec![CandidateReport {
                    additions: vec!["policy `Taged`".to_owned()],
                    ..report("loaded", vec![])
                }],
                Exit::Good,
                "\nit adds policy `Taged` and replaces nothing by it: nothing live has this name\n",
            ),
            (
                vec![report("loaded", gain)],
                Exit::Good,
                "nobody would lose anything",
            ),
            (
                vec![report("loaded", vec![]), report("faulty", vec![])],
                Exit::Failure,
                "  next/P.json:1:2: bad",
            ),
            (
                vec![report("none", vec![]), report("loaded", vec![])],
                Exit::Good,
                "note: the replicas do not agree",
            ),
        ] {
            let merged = MergedReport::of(reports);
            let text = text(&merged);
            assert!(merged.exit() == exit && text.contains(words), "{words}: {text}");
        }
    }
}
