//! `ramgate preflight`: finds what mode enforce would break in a cluster, and what would bypass ramgate.

use clap::Args;
use regex::Regex;
use serde_json::{Value, json};

use crate::analysis::survey::live::{Scope, read_inventory, whole_names};
use crate::analysis::survey::preflight::{Finding, PreflightInput, findings};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{LiveCluster, LiveClusterArgs, block_on, note_lines};
use crate::cli::output::{Output, print, print_json};

/// Say what mode enforce would break in a cluster, and what would slip through it
///
/// The exit code is 2 if there is anything.
#[derive(Debug, Args)]
pub(super) struct PreflightArgs {
    /// Regular expression of the whole name of real nodes, if not the one that ramgate's Deployment names
    #[arg(long, value_name = "REGEX")]
    real_node_names: Option<String>,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

/// The findings, and notes about what could not be checked
struct Report {
    findings: Vec<Finding>,
    notes: Vec<String>,
}

pub(super) fn run(args: &PreflightArgs, output: Output) -> Result<Exit, CommandError> {
    let pattern = args.real_node_names.as_deref().map(whole_names).transpose();
    let names = pattern.map_err(|error| CommandError::Usage(format!("--real-node-names: {error}")))?;
    let report = block_on(check_cluster(args, names))?;
    match output {
        Output::Human => print(&report.human()),
        Output::Json => print_json(&report.as_json()),
    }
    Ok(Exit::good_if(report.findings.is_empty()))
}

async fn check_cluster(args: &PreflightArgs, names: Option<Regex>) -> Result<Report, CommandError> {
    let live = LiveCluster::connect(&args.cluster).await?;
    let input = live.evaluation_input().await?;
    let evaluator = input.evaluator();
    let (inventory, kind_notes) = read_inventory(&live.client, &evaluator, &Scope::AllNamespaces).await?;
    let names = names.or_else(|| live.installation.real_node_names.clone());
    let mut notes = input.notes.clone();
    notes.extend(kind_notes);
    notes.extend(installation_notes(&live).await?);
    if names.is_none() {
        notes.push(
            "names of nodes are not checked: give --real-node-names, as in the chart's values".to_owned(),
        );
    }
    let input = PreflightInput {
        evaluator,
        inventory: &inventory,
        webhook_configuration: &live.installation.webhook_configuration,
        modes: live.installation.modes.as_ref(),
        real_node_names: names.as_ref(),
    };
    Ok(Report {
        findings: findings(&input),
        notes,
    })
}

async fn installation_notes(live: &LiveCluster<'_>) -> Result<Vec<String>, CommandError> {
    let release = live.release_namespace();
    let is_missing = !live.installation.is_found;
    let missing = is_missing.then(|| {
        format!("no Deployment of ramgate is found in namespace {release}, so that its modes are not known")
    });
    let port = match &live.installation.port {
        Some(port) => port.note(&live.client, release).await?,
        None => None,
    };
    Ok(missing.into_iter().chain(port).collect())
}

impl Report {
    fn human(&self) -> String {
        let lines = self.findings.iter().map(|finding| format!("{finding}\n"));
        let count = match self.findings.len() {
            1 => "1 finding\n".to_owned(),
            count => format!("{count} findings\n"),
        };
        note_lines(&self.notes) + &lines.collect::<String>() + &count
    }

    fn as_json(&self) -> Value {
        let finding = |finding: &Finding| {
            json!({
                "check": finding.check.name(),
                "place": finding.subject,
                "what": finding.problem,
                "advice": finding.advice,
            })
        };
        let findings: Vec<Value> = self.findings.iter().map(finding).collect();
        json!({"findings": findings, "notes": self.notes})
    }
}
