//! `ramgate simulate`: one question to RAM, answered from a configuration directory.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::configuration;
use super::report::{Exit, Output, Problem, print, print_json};
use crate::ram::{Context, Decision, Miss, Outcome, Principal, Reason, Request};

/// Ask RAM one question, as the policies of a configuration directory answer it
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The directory with policies (NAME.json) and directory documents (*.yaml)
    #[arg(long, value_name = "DIR")]
    config_dir: PathBuf,
    /// Who asks: account, user/NAME or role/NAME
    #[arg(long)]
    principal: Principal,
    /// The action, such as eci:CreateContainerGroup
    #[arg(long)]
    action: String,
    /// The resource name; `*` for actions without one
    #[arg(long, default_value = "*")]
    resource: String,
    /// The resource group whose grants count
    #[arg(long, value_name = "ID")]
    resource_group: Option<String>,
    /// A condition key with its value; given twice, the key has two values
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "`{text}` is not KEY=VALUE, such as acs:RequestTag/env=test"
        )),
    }
}

pub(super) fn run(args: &SimulateArgs, output: Output) -> Result<Exit, Problem> {
    let configuration = configuration::load(&args.config_dir)?;
    let mut context = Context::new();
    for (key, value) in &args.context {
        let mut values = context.values(key).to_vec();
        values.push(value.clone());
        context.set_all(key, values);
    }
    let decision = configuration.policies.decide(&Request {
        principal: &args.principal,
        action: &args.action,
        resource: &args.resource,
        resource_group: args.resource_group.as_deref(),
        context: &context,
        session: &[],
    });
    match output {
        Output::Human => print(&human(args, &decision)),
        Output::Json => print_json(&as_json(args, &decision)),
    }
    Ok(if decision.outcome == Outcome::Allow {
        Exit::Good
    } else {
        Exit::Denied
    })
}

fn human(args: &SimulateArgs, decision: &Decision) -> String {
    let why = match &decision.reason {
        Reason::Root => "the account itself is bound by no policy\n".to_owned(),
        Reason::UnknownPrincipal => format!("{} is not in the directory\n", args.principal),
        Reason::UnknownRole => format!("the role of {} is not in the directory\n", args.resource),
        Reason::Statement(statement) => format!("by {statement}\n"),
        Reason::NoMatch(misses) if misses.is_empty() => format!(
            "{} holds no statement that allows anything here\n",
            args.principal
        ),
        Reason::NoMatch(misses) => {
            let lines: String = misses.iter().map(|miss| format!("  {miss}\n")).collect();
            format!("no statement allows it; nearest:\n{lines}")
        }
    };
    format!("{} ({})\n{why}", decision.outcome, decision.policy_type)
}

fn as_json(args: &SimulateArgs, decision: &Decision) -> Value {
    let nearest = match &decision.reason {
        Reason::NoMatch(misses) => misses.iter().map(miss).collect(),
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::Statement(_) => Vec::new(),
    };
    json!({
        "decision": decision.outcome.to_string(),
        "policyType": decision.policy_type.to_string(),
        "principal": args.principal.to_string(),
        "action": args.action,
        "resource": args.resource,
        "statement": decision.statement().map(ToString::to_string),
        "nearest": nearest,
    })
}

fn miss(miss: &Miss) -> Value {
    let mismatch = &miss.mismatch;
    json!({
        "statement": miss.statement.to_string(),
        "element": mismatch.element(),
        "wanted": mismatch.wanted(),
        "got": mismatch.got(),
    })
}
