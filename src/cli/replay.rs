//! `ramgate replay`: decides again what RAM denied, and compares.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};
use crate::cli::{configuration, document_files, session_policy, trace};
use crate::config::{Configuration, FaultClass, LocatedFault};
use crate::replay::{Assumptions, Comparison, DiagnosticMessage, Difference, Unanswerable};
use ram_policy::Document;
use ram_policy::source::{Fault, json as json_source, utf8};

/// Compare RAM's own denials with what the policies of a configuration folder decide
#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// Answers of `aliyun ram DecodeDiagnosticMessage` (JSON), directories that are searched for them, or - for standard input
    #[arg(required = true)]
    messages: Vec<PathBuf>,
    /// The directory with policies (NAME.json) and directory documents (*.yaml)
    #[arg(long, value_name = "DIR")]
    config_dir: PathBuf,
    /// The resource group of requests whose message names none
    #[arg(long, value_name = "ID")]
    resource_group: Option<String>,
    /// A policy document of the STS sessions of roles; repeatable
    #[arg(long, value_name = "FILE")]
    session: Vec<PathBuf>,
}

/// The most that is read of a file: many thousand messages
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A message with its file, and what became of it
#[derive(Debug)]
struct Replayed {
    file: String,
    /// Its number in the file from 1, if the file has several
    number: Option<usize>,
    message: DiagnosticMessage,
    result: Result<Comparison, Unanswerable>,
}

pub(super) fn run(args: &ReplayArgs, output: Output) -> Result<Exit, CommandError> {
    let replayed = replay_all(args)?;
    let count = |wanted: &str| replayed.iter().filter(|one| one.verdict() == wanted).count();
    let (agree, disagree, unanswerable) = (count(AGREES), count(DISAGREES), count(UNANSWERABLE));
    match output {
        Output::Human => {
            let lines: String = replayed.iter().map(Replayed::human).collect();
            print(&format!(
                "{lines}{agree} agree, {disagree} disagree, {unanswerable} cannot be replayed\n"
            ))?;
        }
        Output::Json => print_json(&json!({
            "agree": agree,
            "disagree": disagree,
            "unanswerable": unanswerable,
            "messages": replayed.iter().map(Replayed::as_json).collect::<Vec<_>>(),
        }))?,
    }
    Ok(match (disagree, unanswerable) {
        (0, 0) => Exit::Good,
        (0, _) => Exit::Failure,
        _ => Exit::Denied,
    })
}

const AGREES: &str = "agrees";
const DISAGREES: &str = "disagrees";
const UNANSWERABLE: &str = "cannot be replayed";

fn replay_all(args: &ReplayArgs) -> Result<Vec<Replayed>, CommandError> {
    let configuration = configuration::load(&args.config_dir)?;
    let session = args.session.iter().map(|path| session_policy::read(path));
    let assumptions = Assumptions {
        resource_group: args.resource_group.clone(),
        session: session.collect::<Result<Vec<Arc<Document>>, _>>()?,
    };
    let mut replayed = Vec::new();
    let mut faults = Vec::new();
    for path in &args.messages {
        for file in document_files::find(path)? {
            match replay_file(&file, &assumptions, &configuration) {
                Ok(found) => replayed.extend(found),
                Err(CommandError::Invalid(found)) => faults.extend(found),
                Err(error) => return Err(error),
            }
        }
    }
    if !faults.is_empty() {
        return Err(CommandError::Invalid(faults));
    }
    if replayed.is_empty() {
        return Err(CommandError::Usage("no file holds a message".to_owned()));
    }
    Ok(replayed)
}

fn replay_file(
    path: &Path,
    assumptions: &Assumptions,
    configuration: &Configuration,
) -> Result<Vec<Replayed>, CommandError> {
    let file = path.display().to_string();
    let bytes = document_files::bytes(path, MAX_BYTES);
    let bytes = bytes.map_err(|error| CommandError::io(file.as_str(), error))?;
    let messages = parse(&bytes).map_err(|fault| {
        CommandError::Invalid(vec![LocatedFault::new(
            file.as_str(),
            fault,
            FaultClass::Document,
        )])
    })?;
    let is_list = messages.len() > 1;
    let replayed = (1..).zip(messages).map(|(number, message)| Replayed {
        file: file.clone(),
        number: is_list.then_some(number),
        result: crate::replay::replay(&message, assumptions, configuration),
        message,
    });
    Ok(replayed.collect())
}

fn parse(bytes: &[u8]) -> Result<Vec<DiagnosticMessage>, Fault> {
    crate::replay::read(&json_source::parse(utf8(bytes)?)?)
}

impl Replayed {
    fn verdict(&self) -> &'static str {
        match &self.result {
            Ok(comparison) if comparison.differences.is_empty() => AGREES,
            Ok(_) => DISAGREES,
            Err(_) => UNANSWERABLE,
        }
    }

    fn human(&self) -> String {
        let number = self
            .number
            .map_or_else(String::new, |number| format!("[{number}]"));
        let caller = &self.message.principal;
        let head = format!(
            "{}{number}: {}: {} `{}`, {} on {}\n",
            self.file,
            self.verdict(),
            caller.kind,
            caller.name,
            self.message.action,
            self.message.resource,
        );
        match &self.result {
            Err(reason) => format!("{head}  {reason}\n"),
            Ok(comparison) if comparison.differences.is_empty() => {
                format!("{head}  {}\n", self.ram())
            }
            Ok(comparison) => {
                let differences: String = comparison.differences.iter().map(human).collect();
                let engine = &comparison.trace.decision;
                let by = engine
                    .statement()
                    .map_or_else(String::new, |id| format!(" by {id}"));
                format!(
                    "{head}  RAM:     {}\n  ramgate: {} ({}){by}\n{differences}",
                    self.ram(),
                    engine.outcome,
                    engine.policy_type
                )
            }
        }
    }

    /// RAM's decision with the policies that it names
    fn ram(&self) -> String {
        let matched = self.message.matched.iter();
        let names: Vec<String> = matched
            .map(|policy| format!("{} ({})", policy.identifier, trace::effect(policy.effect)))
            .collect();
        let by = if names.is_empty() {
            String::new()
        } else {
            format!(" by {}", names.join(", "))
        };
        format!("{} ({}){by}", self.message.outcome, self.message.policy_type)
    }

    fn as_json(&self) -> Value {
        let matched = self.message.matched.iter();
        let matched: Vec<Value> = matched
            .map(|policy| json!({"policy": policy.identifier, "effect": trace::effect(policy.effect)}))
            .collect();
        let (ramgate, differences) = match &self.result {
            Err(_) => (Value::Null, Vec::new()),
            Ok(comparison) => {
                let decision = &comparison.trace.decision;
                let ramgate = json!({
                    "decision": decision.outcome.to_string(),
                    "policyType": decision.policy_type.to_string(),
                    "statement": decision.statement().map(ToString::to_string),
                });
                (ramgate, comparison.differences.iter().map(as_json).collect())
            }
        };
        json!({
            "file": self.file,
            "number": self.number,
            "verdict": self.verdict(),
            "principalType": self.message.principal.kind,
            "principal": self.message.principal.name,
            "action": self.message.action,
            "resource": self.message.resource,
            "ram": {
                "decision": self.message.outcome.to_string(),
                "policyType": self.message.policy_type.to_string(),
                "matchedPolicies": matched,
            },
            "ramgate": ramgate,
            "differences": differences,
            "reason": self.result.as_ref().err().map(ToString::to_string),
        })
    }
}

/// A difference that the two decisions do not show by themselves
fn human(difference: &Difference) -> String {
    match difference {
        Difference::Outcome { .. } | Difference::Layer { .. } => String::new(),
        Difference::NotMatched {
            policy,
            effect: in_ram,
            statements,
        } if statements.is_empty() => {
            let effect = trace::effect(*in_ram);
            format!(
                "  {policy} ({effect}) matches in RAM: ramgate evaluates no such policy for this caller\n"
            )
        }
        Difference::NotMatched {
            policy, statements, ..
        } => {
            let statements: String = statements.iter().map(|one| trace::statement(one, "  ")).collect();
            format!("  {policy} matches in RAM:\n{statements}")
        }
        Difference::NotInRam { statement } => format!("  RAM does not name the policy of {statement}\n"),
    }
}

fn as_json(difference: &Difference) -> Value {
    match difference {
        Difference::Outcome { ram, engine } => {
            json!({"kind": "Outcome", "ram": ram.to_string(), "ramgate": engine.to_string()})
        }
        Difference::Layer { ram, engine } => {
            json!({"kind": "Layer", "ram": ram.to_string(), "ramgate": engine.to_string()})
        }
        Difference::NotMatched {
            policy,
            effect: in_ram,
            statements,
        } => json!({
            "kind": "NotMatched",
            "policy": policy,
            "effect": trace::effect(*in_ram),
            "statements": statements.iter().map(trace::statement_json).collect::<Vec<_>>(),
        }),
        Difference::NotInRam { statement } => {
            json!({"kind": "NotInRam", "statement": statement.to_string()})
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: ReplayArgs,
    }

    const MESSAGES: &str = "tests/replay/constructed/messages";

    /// The arguments for a message of the constructed folder, changed by some replacements
    fn replayed(message: &str, changes: &[(&str, &str)], flags: &str) -> Result<Vec<Replayed>, CommandError> {
        let mut text = std::fs::read_to_string(format!("{MESSAGES}/{message}")).unwrap();
        for (old, new) in changes {
            assert!(text.contains(old), "{old}: {text}");
            text = text.replace(old, new);
        }
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.json"), text).unwrap();
        let line = format!(
            "replay {} --config-dir tests/replay/constructed/config {flags}",
            folder.path().display()
        );
        let mut found = replay_all(&Line::parse_from(line.split_whitespace()).args)?;
        found.iter_mut().for_each(|one| one.file = "m.json".to_owned());
        Ok(found)
    }

    #[test]
    fn every_verdict_is_shown_with_its_reason() {
        let night = |changes: &[_]| replayed("night-shift.json", changes, "").unwrap();
        let all = [
            night(&[]),
            night(&[("night-2", "day-2")]),
            night(&[("\"NoNights\"", "\"NoWeekends\"")]),
            night(&[("200000000000000001", "200000000000000002")]),
            replayed("role-query.json", &[("AccountLevel", "ResourceGroupLevel")], "").unwrap(),
        ];
        let texts: Vec<String> = all.iter().flatten().map(Replayed::human).collect();
        insta::assert_snapshot!(texts.join("\n"));
        let values: Vec<Value> = all.iter().flatten().map(Replayed::as_json).collect();
        insta::assert_snapshot!(format!("{:#}", Value::Array(values)));
    }

    #[test]
    fn what_a_message_lacks_may_be_given() {
        let verdict = |changes: &[_], flags: &str| {
            let found = replayed("role-query.json", changes, flags).unwrap();
            found[0].verdict()
        };
        let session = [("AccountLevelIdentityBasedPolicy", "SessionPolicy")];
        assert_eq!(verdict(&session, ""), UNANSWERABLE);
        let policy = "--session tests/replay/constructed/config/TestOnly.json";
        assert_eq!(verdict(&session, policy), AGREES);
        let group = [("\"acs:ResourceGroupId\"", "\"acs:Other\"")];
        let in_group = |flags: &str| replayed("group-delete.json", &group, flags).unwrap()[0].verdict();
        assert_eq!(in_group(""), DISAGREES);
        assert_eq!(in_group("--resource-group rg-shop0000000001"), AGREES);
    }

    #[test]
    fn invalid_files_are_named_with_the_place() {
        let Err(CommandError::Invalid(faults)) =
            replayed("other-tag.json", &[("\"AuthAction\"", "\"Action\"")], "")
        else {
            panic!("it was read");
        };
        assert!(
            faults[0].to_string().ends_with("missing field `AuthAction`"),
            "{}",
            faults[0]
        );
        let empty = tempfile::tempdir().unwrap();
        let line = format!(
            "replay {} --config-dir tests/replay/constructed/config",
            empty.path().display()
        );
        let error = replay_all(&Line::parse_from(line.split(' ')).args).unwrap_err();
        assert_eq!(error.to_string(), "no file holds a message");
    }
}
