//! `ramgate preflight`: what enforcing would break, and what would slip through.

use clap::Args;
use regex::Regex;
use serde_json::{Value, json};

use crate::analysis::survey::live;
use crate::analysis::survey::live::{Scope, whole};
use crate::analysis::survey::preflight::{Finding, Scene, findings};
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::cli::site;
use crate::cli::site::{Site, SiteArgs, noted, unread};

/// Say what mode enforce would break in a cluster, and what would slip through it
///
/// The exit code is 2 if there is anything.
#[derive(Debug, Args)]
pub(super) struct PreflightArgs {
    /// Regular expression of the whole name of real nodes, if not the one that ramgate's Deployment names
    #[arg(long, value_name = "REGEX")]
    real_node_names: Option<String>,
    #[command(flatten)]
    site: SiteArgs,
}

pub(super) fn run(args: &PreflightArgs, output: Output) -> Result<Exit, Problem> {
    let names = args
        .real_node_names
        .as_ref()
        .map(|pattern| whole(pattern))
        .transpose();
    let names = names.map_err(|error| Problem::Usage(format!("--real-node-names: {error}")))?;
    let (findings, notes) = site::run(look(args, names))?;
    match output {
        Output::Human => print(&human(&findings, &notes)),
        Output::Json => print_json(&as_json(&findings, &notes)),
    }
    Ok(match findings.is_empty() {
        true => Exit::Good,
        false => Exit::Denied,
    })
}

async fn look(args: &PreflightArgs, names: Option<Regex>) -> Result<(Vec<Finding>, Vec<String>), Problem> {
    let site = Site::open(&args.site).await?;
    let ground = site.ground().await?;
    let judge = ground.judge();
    let (inventory, missing) = live::inventory(&site.reader, &judge, &Scope::Everywhere)
        .await
        .map_err(unread)?;
    let installation = &site.installation;
    let mut notes = ground.notes.clone();
    notes.extend(missing.into_iter().map(|missing| missing.0));
    if !installation.is_found {
        notes.push(format!(
            "no Deployment of ramgate is found in namespace {}, so that its modes are not known",
            site.release()
        ));
    }
    if let Some(port) = &installation.port {
        notes.extend(port.concern(&site.reader, site.release()).await.map_err(unread)?);
    }
    let names = names.or_else(|| installation.real_node_names.clone());
    if names.is_none() {
        notes.push(
            "names of nodes are not checked: give --real-node-names, as in the chart's values".to_owned(),
        );
    }
    let scene = Scene {
        judge,
        inventory: &inventory,
        webhook_configuration: &installation.webhook_configuration,
        modes: installation.modes.as_ref(),
        real_node_names: names.as_ref(),
    };
    Ok((findings(&scene), notes))
}

fn human(findings: &[Finding], notes: &[String]) -> String {
    let lines = findings.iter().map(|finding| format!("{finding}\n"));
    let count = match findings.len() {
        1 => "1 finding\n".to_owned(),
        count => format!("{count} findings\n"),
    };
    noted(notes) + &lines.collect::<String>() + &count
}

fn as_json(findings: &[Finding], notes: &[String]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "check": finding.check.name(),
            "place": finding.place,
            "what": finding.what,
            "advice": finding.advice,
        })
    };
    json!({"findings": findings.iter().map(finding).collect::<Vec<_>>(), "notes": notes})
}
