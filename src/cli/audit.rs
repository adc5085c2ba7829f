//! `ramgate audit`: judges every workload and running pod on ECI by today's policies, and reports it.

mod findings;
mod human;
mod json;
mod published;

use std::fs;
use std::io;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use crate::analysis::audit::gauges::gauges;
use crate::analysis::audit::publish::{publish_events, publish_reports};
use crate::analysis::audit::{Audit, AuditCollector};
use crate::analysis::survey::AssumedOwners;
use crate::analysis::survey::live::read_objects;
use crate::cli::audit::published::Published;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{LiveCluster, LiveClusterArgs, NamespaceArgs, block_on};
use crate::cli::output::{Output, Printer};
use crate::cli::report::Forms;

/// Judge every workload and running pod on ECI by today's policies, for the person in its stamp
///
/// The exit code is 2 if mode enforce would deny any of them.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Write an OpenReports Report into each namespace that has any of them
    #[arg(long)]
    write_reports: bool,
    /// Write Events on the owners of what mode enforce would deny
    #[arg(long)]
    write_events: bool,
    /// Write the numbers for Prometheus to this file, for node-exporter's textfile collector
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// End with exit code 0 even if mode enforce would deny any of them
    #[arg(long)]
    no_fail: bool,
    #[command(flatten)]
    namespaces: NamespaceArgs,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

/// An audit, and what was written
struct FinishedAudit {
    audit: Audit,
    published: Published,
    time: jiff::Timestamp,
    notes: Vec<String>,
}

pub(super) fn run(args: &AuditArgs, printer: Printer) -> Result<Exit, CommandError> {
    let finished = block_on(audit(args))?;
    let is_good = args.no_fail || !finished.audit.summary().is_any_denied();
    let Ok(output) = printer.format.output() else {
        let forms = Forms {
            human: |_| String::new(),
            json: || Value::Null,
            report: || findings::findings(&finished, !args.no_fail),
        };
        forms.print(printer)?;
        // The report holds the refusal, and a second one would make it no report any more
        let is_refused = finished.published.refusal().is_some();
        return Ok(if is_refused {
            Exit::Failure
        } else {
            Exit::good_if(is_good)
        });
    };
    // Line by line: an audit may have tens of thousands of rows
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match output {
        Output::Human => human::write(&mut out, &finished),
        Output::Json => json::write(&mut out, &finished),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| CommandError::io("standard output", error))?;
    if let Some(refusal) = finished.published.refusal() {
        return Err(CommandError::Usage(refusal));
    }
    Ok(Exit::good_if(is_good))
}

async fn audit(args: &AuditArgs) -> Result<FinishedAudit, CommandError> {
    let live = LiveCluster::connect(&args.cluster).await?;
    let scope = live.scope(&args.namespaces)?;
    let input = live.evaluation_input(AssumedOwners::default()).await?;
    let writes = args.write_reports || args.write_events;
    if writes && input.cluster.snapshot.signer.is_none() {
        return Err(CommandError::Usage(format!(
            "nothing is written: without Secret {}/{} every stamp would count as broken",
            live.release_namespace(),
            live.installation.stamp_secret
        )));
    }
    let mut collector = AuditCollector::default();
    let kind_notes = read_objects(&live.client, &input.evaluator(), &scope, &mut collector).await?;
    let (audit, now) = (collector.finish(), input.now);
    let mut published = Published::default();
    if args.write_reports {
        published.reports = Some(publish_reports(&live.client, &audit, &scope).await?);
    }
    if args.write_events {
        published.events = Some(publish_events(&live.client, &audit, now).await?);
    }
    if let Some(file) = &args.metrics_file {
        replace(file, &gauges(&audit, now))
            .map_err(|error| CommandError::io(file.display().to_string(), error))?;
    }
    Ok(FinishedAudit {
        notes: [input.notes, kind_notes].concat(),
        audit,
        published,
        time: now,
    })
}

/// Replaces a file at once, so that nobody reads half of it
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    // The textfile collector reads only what ends in .prom
    name.push(".new");
    let new = PathBuf::from(name);
    fs::write(&new, text)?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::audit::tests::{audit, chain};
    use crate::analysis::survey::test_cluster::{ALICE, CAROL, TestCluster, now, template, workload};

    fn finished() -> FinishedAudit {
        let test = TestCluster::new("");
        let tolerant = serde_json::json!({"spec": {"tolerations": [{"operator": "Exists"}]}});
        let objects = [
            chain(&test, ALICE, "web", "env:test"),
            chain(&test, CAROL, "api", "env:test"),
            vec![
                workload("StatefulSet", "old", template("env:test")),
                test.made_by(CAROL, &workload("DaemonSet", "agent", tolerant)),
            ],
        ];
        FinishedAudit {
            audit: audit(&test, &objects.concat()),
            published: Published::default(),
            time: now(),
            notes: vec!["something is not there".to_owned()],
        }
    }

    fn printed(write: impl Fn(&mut Vec<u8>, &FinishedAudit) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out, &finished()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_counts_and_what_is_to_be_put_right() {
        insta::assert_snapshot!(printed(human::write));
    }

    #[test]
    fn programs_read_every_row() {
        insta::assert_snapshot!(printed(json::write));
    }

    #[test]
    fn ci_systems_read_each_reason_as_an_error_unless_nothing_fails() {
        let finished = finished();
        let levels = |fails: bool| {
            let report = findings::findings(&finished, fails);
            let subjects = report.subjects.iter();
            let lines = subjects.flat_map(|subject| {
                let findings = subject.findings.iter();
                findings.map(|finding| format!("{} {:?} {}", subject.name, finding.level, finding.code))
            });
            (report.subjects.len(), lines.collect::<Vec<_>>())
        };
        let (subjects, lines) = levels(true);
        assert_eq!(subjects, 5, "four workloads and the note: {lines:#?}");
        assert!(
            lines.contains(&"shop/Deployment/api Error ImplicitDeny".to_owned()),
            "{lines:#?}"
        );
        assert!(lines.contains(&"cluster Note Note".to_owned()), "{lines:#?}");
        assert!(
            !lines.iter().any(|line| line.contains("Deployment/web")),
            "{lines:#?}"
        );
        let (_, lines) = levels(false);
        assert!(
            lines.contains(&"shop/Deployment/api Warning ImplicitDeny".to_owned()),
            "{lines:#?}"
        );
        let forms = Forms {
            human: |_| String::new(),
            json: || Value::Null,
            report: || findings::findings(&finished, true),
        };
        let text = forms.text(Printer {
            format: crate::cli::output::Format::Github,
            palette: crate::cli::palette::Palette::PLAIN,
        });
        assert!(
            text.contains("::error title=ImplicitDeny::shop/Deployment/api: "),
            "{text}"
        );
    }

    #[test]
    fn a_file_is_replaced_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ramgate.prom");
        replace(&file, "a 1\n").unwrap();
        replace(&file, "a 2\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "a 2\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
