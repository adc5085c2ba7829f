//! `ramgate simulate`: answers one request to RAM from a configuration folder.

mod misspelt_action;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};
use crate::cli::simulate::misspelt_action::misspelt_action;
use crate::cli::{configuration, session_policy, trace};
use crate::config::Configuration;
use eci_calls::condition_key::{CURRENT_TIME, SERVICE, SERVICE_NAME};
use eci_calls::{Account, CREATE_SERVICE_LINKED_ROLE, ECI_SERVICE, Operation, OperationKind, PASS_ROLE};
use ram_policy::source::closest;
use ram_policy::{Context, Document, Miss, Outcome, PolicySet, Principal, Reason, Request, Trace};

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Ask RAM one question, as the policies of a configuration folder answer it
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// The directory with policies (NAME.json) and directory documents (*.yaml)
    #[arg(long, value_name = "DIR")]
    config_dir: PathBuf,
    /// Who asks: account, user/NAME, role/NAME or group/NAME
    #[arg(long)]
    principal: Principal,
    /// The action, such as eci:CreateContainerGroup
    #[arg(long)]
    action: String,
    /// The resource name; `*` for actions without one
    #[arg(long, default_value = "*")]
    resource: String,
    /// The resource group whose grants count; for a call that creates something, the default one unless given
    #[arg(long, value_name = "ID")]
    resource_group: Option<String>,
    /// A condition key with its value, in place of what ramgate fills in as for `check` (the time, `account.context`,
    /// the service of a role); given twice, the key has two values
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,
    /// A policy document of the STS session that a role acts in; repeatable
    #[arg(long, value_name = "FILE")]
    session: Vec<PathBuf>,
    /// Fill in no condition key but acs:PrincipalARN and acs:ResourceGroupId, and no resource group
    #[arg(long)]
    bare: bool,
    /// Judge sts:AssumeRole by the trust policy of the role in --resource as well
    #[arg(long)]
    trust: bool,
    /// Show every statement that was read, and the first thing about it that did not match
    #[arg(long)]
    explain: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!(
            "`{text}` is not KEY=VALUE, such as acs:RequestTag/env=test"
        )),
    }
}

pub(super) fn run(args: &SimulateArgs, output: Output) -> Result<Exit, CommandError> {
    let answer = simulate(args, Timestamp::now())?;
    match output {
        Output::Human => print(&human(args, &answer))?,
        Output::Json => print_json(&as_json(args, &answer))?,
    }
    Ok(Exit::good_if(answer.trace.decision.outcome == Outcome::Allow))
}

/// The answer to a question, and what about the question is doubtful
#[derive(Debug)]
struct Answer {
    trace: Trace,
    notes: Vec<String>,
}

fn simulate(args: &SimulateArgs, now: Timestamp) -> Result<Answer, CommandError> {
    let documents = configuration::documents(&args.config_dir)?;
    let configuration = configuration::load_documents(&documents)?;
    let trace = trace(args, &configuration, now)?;
    let is_unknown = matches!(trace.decision.reason, Reason::UnknownPrincipal);
    let principal = is_unknown.then(|| misspelt_principal(&args.principal, &configuration.policies));
    let action = misspelt_action(&args.action, &documents);
    Ok(Answer {
        notes: principal.flatten().into_iter().chain(action).collect(),
        trace,
    })
}

/// The note on a principal that the directory does not have, if one that it has is near
fn misspelt_principal(principal: &Principal, policies: &PolicySet) -> Option<String> {
    let known: Vec<String> = policies.principals().iter().map(ToString::to_string).collect();
    let meant = closest(&principal.to_string(), known.iter().map(String::as_str))?;
    Some(format!("did you mean --principal {meant}?"))
}

fn trace(args: &SimulateArgs, configuration: &Configuration, now: Timestamp) -> Result<Trace, CommandError> {
    let session = session_policies(args)?;
    let account = &configuration.account;
    let (context, resource_group) = if args.bare {
        (context(&args.context), args.resource_group.as_deref())
    } else {
        (filled_context(account, args, now), resource_group(account, args))
    };
    let request = Request {
        principal: &args.principal,
        action: &args.action,
        resource: &args.resource,
        resource_group,
        context: &context,
        session: &session,
    };
    if !args.trust {
        Ok(configuration.policies.explain(&request))
    } else if args.action == ASSUME_ROLE {
        Ok(configuration.policies.explain_assume_role(&request))
    } else {
        Err(CommandError::Usage(format!(
            "--trust goes with --action {ASSUME_ROLE}"
        )))
    }
}

/// The condition keys that `check` fills in for the action, and those of the command line, which win
fn filled_context(account: &Account, args: &SimulateArgs, now: Timestamp) -> Context {
    let mut filled = Context::new();
    filled.set(CURRENT_TIME, now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    filled.extend(&account.context);
    let is_action = |name: &str| args.action.eq_ignore_ascii_case(name);
    if let (Some(service), true) = (&account.pass_role_service, is_action(PASS_ROLE)) {
        filled.set(SERVICE, service.as_str());
    }
    if is_action(CREATE_SERVICE_LINKED_ROLE) {
        filled.set(SERVICE_NAME, ECI_SERVICE);
    }
    filled.extend(&context(&args.context));
    filled
}

/// The resource group of the command line, or the default one of a call that creates something
fn resource_group<'a>(account: &'a Account, args: &'a SimulateArgs) -> Option<&'a str> {
    let mut operations = Operation::ALL.iter();
    let creates = operations.any(|operation| {
        operation.kind() == OperationKind::Create && operation.action().eq_ignore_ascii_case(&args.action)
    });
    let given = args.resource_group.as_deref();
    given.or_else(|| account.default_group().filter(|_| creates))
}

/// The condition keys; a key that is given twice has two values
fn context(pairs: &[(String, String)]) -> Context {
    let mut context = Context::new();
    for (key, value) in pairs {
        let mut values = context.values(key).to_vec();
        values.push(value.clone());
        context.set_all(key, values);
    }
    context
}

/// The policies of the STS session; only a role has one
fn session_policies(args: &SimulateArgs) -> Result<Vec<Arc<Document>>, CommandError> {
    if !args.session.is_empty() && !matches!(args.principal, Principal::Role(_)) {
        return Err(CommandError::Usage(
            "only a role has a session: --session goes with --principal role/NAME".to_owned(),
        ));
    }
    args.session
        .iter()
        .map(|path| session_policy::read(path))
        .collect()
}

fn human(args: &SimulateArgs, answer: &Answer) -> String {
    let trace = &answer.trace;
    let decision = &trace.decision;
    let statements = if args.explain {
        trace::human(trace, "")
    } else {
        String::new()
    };
    let reason = reason_text(args, &decision.reason);
    let notes: String = answer
        .notes
        .iter()
        .map(|note| format!("note: {note}\n"))
        .collect();
    format!(
        "{} ({})\n{reason}{statements}{notes}",
        decision.outcome, decision.policy_type
    )
}

fn reason_text(args: &SimulateArgs, reason: &Reason) -> String {
    match reason {
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
    }
}

fn as_json(args: &SimulateArgs, answer: &Answer) -> Value {
    let trace = &answer.trace;
    let decision = &trace.decision;
    let nearest = match &decision.reason {
        Reason::NoMatch(misses) => misses.iter().map(miss_json).collect(),
        Reason::Root | Reason::UnknownPrincipal | Reason::UnknownRole | Reason::Statement(_) => Vec::new(),
    };
    let mut object = json!({
        "decision": decision.outcome.to_string(),
        "policyType": decision.policy_type.to_string(),
        "principal": args.principal.to_string(),
        "action": args.action,
        "resource": args.resource,
        "statement": decision.statement().map(ToString::to_string),
        "nearest": nearest,
        "notes": answer.notes,
    });
    if let (true, Some(fields)) = (args.explain, object.as_object_mut()) {
        fields.insert("trace".to_owned(), trace::as_json(trace));
    }
    object
}

fn miss_json(miss: &Miss) -> Value {
    let mismatch = &miss.mismatch;
    json!({
        "statement": miss.statement.to_string(),
        "element": mismatch.element(),
        "wanted": mismatch.wanted(),
        "got": mismatch.got(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SimulateArgs,
    }

    const DIRECTORY: &str = "
account: {id: '123', region: cn-hangzhou, controlPolicies: [[FullAliyunAccess], [NoNights]]}
resourceGroups: [{id: rg-a, name: a}]
groups: [{name: all, policies: [{policy: Tagged}, {policy: Open, resourceGroup: rg-a}]}]
users: [{name: bob, groups: [all], policies: [{policy: Tagged}]}]
roles:
  - name: App
    trustPolicy: {Version: '1', Statement: [{Action: sts:AssumeRole, Effect: Allow, Principal: {RAM: ['acs:ram::123:user/bob']}}]}
    policies: [{policy: Open}]
";
    const NO_NIGHTS: &str = r#"{"Version": "1", "Statement": [
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"acs:CurrentTime": "2026-01-01T00:00:00Z"}}},
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    const TAGGED: &str = r#"{"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "eci:Create*", "Resource": "acs:eci:*:*:containergroup/*", "Condition": {"StringEquals": {"acs:RequestTag/env": ["test", "dev"]}}},
        {"Effect": "Deny", "NotAction": ["eci:*", "sts:*"], "Resource": "*"}]}"#;
    const OPEN: &str =
        r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn keys_are_filled_as_for_check() {
        let directory = "
account: {id: '123', region: r, passRoleService: eci.aliyuncs.com, context: {'acs:SourceIp': 192.0.2.1}}
resourceGroups: [{id: rg-a, default: true}]
users: [{name: bob, policies: [{policy: Filled}, {policy: Made, resourceGroup: rg-a}]}]
";
        let filled = r#"{"Version": "1", "Statement": [
            {"Effect": "Allow", "Action": "eci:DeleteContainerGroup", "Resource": "*", "Condition": {
                "IpAddress": {"acs:SourceIp": "192.0.2.0/24"}, "DateGreaterThan": {"acs:CurrentTime": "2026-11-22T07:59:59Z"}}},
            {"Effect": "Allow", "Action": "ram:PassRole", "Resource": "*",
             "Condition": {"StringEquals": {"acs:Service": "eci.aliyuncs.com"}}},
            {"Effect": "Allow", "Action": "ram:CreateServiceLinkedRole", "Resource": "*",
             "Condition": {"StringEquals": {"ram:ServiceName": "eci.aliyuncs.com"}}}]}"#;
        let folder = tempfile::tempdir().unwrap();
        let made =
            r#"{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "eci:*", "Resource": "*"}]}"#;
        for (name, text) in [
            ("directory.yaml", directory),
            ("Filled.json", filled),
            ("Made.json", made),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let dir = folder.path().display().to_string();
        for (line, outcome) in [
            ("eci:DeleteContainerGroup", Outcome::Allow),
            ("ram:PassRole", Outcome::Allow),
            ("ram:CreateServiceLinkedRole", Outcome::Allow),
            ("eci:CreateContainerGroup", Outcome::Allow),
            ("eci:RestartContainerGroup", Outcome::ImplicitDeny),
            ("eci:DeleteContainerGroup --bare", Outcome::ImplicitDeny),
            ("ram:PassRole --bare", Outcome::ImplicitDeny),
            ("eci:CreateContainerGroup --bare", Outcome::ImplicitDeny),
            (
                "eci:DeleteContainerGroup --context acs:SourceIp=198.51.100.1",
                Outcome::ImplicitDeny,
            ),
            (
                "eci:DeleteContainerGroup --context acs:CurrentTime=2026-11-22T07:00:00Z",
                Outcome::ImplicitDeny,
            ),
        ] {
            let line = format!("simulate --config-dir {dir} --principal user/bob --action {line}");
            let args = Line::parse_from(line.split(' ')).args;
            assert_eq!(
                simulate(&args, now()).unwrap().trace.decision.outcome,
                outcome,
                "{line}"
            );
        }
    }

    fn answer(line: &str) -> (String, Value) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("directory.yaml", DIRECTORY),
            ("NoNights.json", NO_NIGHTS),
            ("Tagged.json", TAGGED),
            ("Open.json", OPEN),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let session = folder.path().join("Tagged.json").display().to_string();
        let dir = folder.path().display().to_string();
        let line = format!("simulate --explain --config-dir {dir} {line}").replace("SESSION", &session);
        let args = Line::parse_from(line.split(' ')).args;
        let answer = simulate(&args, now()).unwrap_or_else(|error| panic!("{error}"));
        (human(&args, &answer), as_json(&args, &answer))
    }

    #[test]
    fn a_misspelt_action_is_answered_with_a_note() {
        let (text, json) = answer("--principal user/bob --action eci:CreateContainerGruop");
        let note = "ECI has no action `eci:CreateContainerGruop`: did you mean `eci:CreateContainerGroup`?";
        assert!(text.ends_with(&format!("note: {note}\n")), "{text}");
        assert_eq!(json["notes"], serde_json::json!([note]));
        let (text, json) = answer("--principal user/bob --action eci:createcontainergroup");
        assert!(!text.contains("note"), "{text}");
        assert_eq!(json["notes"], serde_json::json!([]));
        let (text, _) = answer("--principal user/bop --action eci:CreateContainerGroup");
        assert!(text.contains("user/bop is not in the directory\n"), "{text}");
        assert!(
            text.ends_with("note: did you mean --principal user/bob?\n"),
            "{text}"
        );
    }

    #[test]
    fn every_layer_that_was_asked_is_shown() {
        let texts = [
            "--principal user/bob --action eci:CreateContainerGroup --resource-group rg-a",
            "--principal user/bob --action eci:CreateContainerGroup --context acs:CurrentTime=2025-01-01T00:00:00Z",
            "--principal user/bob --action oss:GetObject",
            "--principal role/App --action eci:DeleteContainerGroup --session SESSION",
            "--principal user/bob --action sts:AssumeRole --trust --resource acs:ram::123:role/App",
            "--principal user/nobody --action oss:GetObject",
            "--principal account --action oss:GetObject",
        ]
        .map(|line| format!("{line}\n{}", answer(line).0));
        insta::assert_snapshot!(texts.join("\n"));
    }

    #[test]
    fn programs_read_the_trace() {
        let (_, json) =
            answer("--principal user/bob --action eci:CreateContainerGroup --resource-group rg-a");
        insta::assert_snapshot!(format!("{json:#}"));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for (line, words) in [
            (
                "--principal user/bob --action eci:X --trust",
                "--trust goes with --action sts:AssumeRole",
            ),
            (
                "--principal user/bob --action eci:X --session /nowhere",
                "only a role has a session",
            ),
        ] {
            let line = format!("simulate --config-dir deploy/examples/tags/config {line}");
            let args = Line::parse_from(line.split(' ')).args;
            let error = simulate(&args, now()).unwrap_err().to_string();
            assert!(error.contains(words), "{line}: {error}");
        }
    }
}
