//! `ramgate stamp restart`: writes workloads in the caller's name, so that ramgate stamps them again.

mod caller;
mod step;
mod step_result;

use std::io;

use clap::Args;
use serde_json::json;

use crate::analysis::survey::live::{Scope, WriteMode, read_inventory};
use crate::analysis::survey::objects::stamp_of;
use crate::analysis::survey::workload_evaluator::stamp;
use crate::analysis::survey::{AssumedOwners, EvaluatedWorkload, RestampPlan, StampStatus};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::live_cluster::{
    EvaluationInput, LiveCluster, LiveClusterArgs, NamespaceArgs, block_on, note_lines,
};
use crate::cli::output::{Output, print, print_error, print_json};
use crate::cli::stamp::restart::caller::{Caller, read_caller};
use crate::cli::stamp::restart::step::Step;
use crate::cli::stamp::restart::step_result::{Outcome, StepResult, USER, summary};
use crate::cli::stamp::target;
use crate::wording::{counted, described, quoted};

/// Have workloads stamped again, in your own name: those without a good stamp, or those that are named
///
/// Deployments, StatefulSets and DaemonSets roll out, as with kubectl rollout restart; of CronJobs, and of ReplicaSets and
/// ReplicationControllers that nothing owns, the next pods are stamped. The exit code is 2 if any is left without.
#[derive(Debug, Args)]
pub(super) struct RestartArgs {
    /// These alone, such as deployment/web, whether their stamps are good or not
    #[arg(value_name = "KIND/NAME", conflicts_with = "all_namespaces")]
    targets: Vec<String>,
    /// Only try, and say what the API server would answer
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before anything is written
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    namespaces: NamespaceArgs,
    #[command(flatten)]
    cluster: LiveClusterArgs,
}

/// Workloads to write, and notes about what is left out
type Selection = (Vec<EvaluatedWorkload>, Vec<String>);

pub(super) fn run(args: &RestartArgs, output: Output) -> Result<Exit, CommandError> {
    if output == Output::Json && !args.yes && !args.dry_run {
        return Err(CommandError::Usage(
            "--output json asks nothing: give --yes or --dry-run".to_owned(),
        ));
    }
    let results = block_on(restart(args, output))?;
    match output {
        Output::Human => print(&summary(&results, args.write_mode()))?,
        Output::Json => print_json(&json!({
            "dryRun": args.dry_run,
            "workloads": results.iter().map(StepResult::as_json).collect::<Vec<_>>(),
        }))?,
    }
    Ok(Exit::good_if(results.iter().all(StepResult::is_stamped)))
}

impl RestartArgs {
    fn write_mode(&self) -> WriteMode {
        if self.dry_run {
            WriteMode::DryRun
        } else {
            WriteMode::Store
        }
    }
}

/// Writes all workloads one by one; for people, prints each result as soon as it is there
async fn restart(args: &RestartArgs, output: Output) -> Result<Vec<StepResult>, CommandError> {
    let live = LiveCluster::connect(&args.cluster).await?;
    let input = live.evaluation_input(AssumedOwners::default()).await?;
    let (workloads, notes) = if args.targets.is_empty() {
        unstamped(args, &live, &input).await?
    } else {
        named(args, &live, &input).await?
    };
    let steps: Vec<Step> = workloads.into_iter().map(Step::of).collect();
    print_for_people(output, &note_lines(&[input.notes.clone(), notes].concat()))?;
    announce(args, output, &live, &input, &steps).await?;
    let mut results = Vec::new();
    for step in steps {
        let result = run_step(&live, &input, step, args.write_mode()).await?;
        print_for_people(output, &result.human(args.write_mode()))?;
        results.push(result);
    }
    Ok(results)
}

fn print_for_people(output: Output, text: &str) -> Result<(), CommandError> {
    match output {
        Output::Human => print(text),
        Output::Json => Ok(()),
    }
}

/// All workloads without a good stamp
async fn unstamped(
    args: &RestartArgs,
    live: &LiveCluster<'_>,
    input: &EvaluationInput,
) -> Result<Selection, CommandError> {
    let scope = live.scope(&args.namespaces)?;
    let (inventory, notes) = read_inventory(&live.client, &input.evaluator(), &scope).await?;
    let workloads = inventory.into_workloads().into_iter();
    let unstamped = workloads.filter(|one| !one.is_bound && one.stamp.claims().is_none());
    Ok((unstamped.collect(), notes))
}

/// The workloads that are named, with a note for each that does not lead to ECI
async fn named(
    args: &RestartArgs,
    live: &LiveCluster<'_>,
    input: &EvaluationInput,
) -> Result<Selection, CommandError> {
    let namespace = live.workload_namespace(&args.namespaces)?;
    let (mut workloads, mut notes) = (Vec::new(), Vec::new());
    for text in &args.targets {
        let (kind, name) = target::split(text)?;
        let kind = target::kind_named(kind, &input.configuration.cluster)?;
        let found = target::read(live, kind, &namespace, name).await?;
        let own = input.evaluator().evaluate(&found.kind, &found.object);
        if own.is_empty() {
            notes.push(format!(
                "nothing of {text} in namespace {namespace} leads to ECI, so that it needs no stamp"
            ));
        }
        workloads.extend(own);
    }
    Ok((workloads, notes))
}

/// Prints what will be written and in whose name, and waits for a yes, if there is anything to write
async fn announce(
    args: &RestartArgs,
    output: Output,
    live: &LiveCluster<'_>,
    input: &EvaluationInput,
    steps: &[Step],
) -> Result<(), CommandError> {
    let writes = steps.iter().filter(|step| step.is_possible()).count();
    if writes == 0 {
        return Ok(());
    }
    let caller = read_caller(live).await?;
    print_for_people(output, &plan_text(steps, caller.as_ref(), input))?;
    if args.dry_run || args.yes || is_confirmed(writes)? {
        return Ok(());
    }
    Err(CommandError::Usage("nothing was written".to_owned()))
}

fn plan_text(steps: &[Step], caller: Option<&Caller>, input: &EvaluationInput) -> String {
    let name = caller.map(|caller| {
        let principal = caller.requester().principal(&input.configuration).map_or_else(
            || "bound to no RAM principal, so that mode enforce denies it".to_owned(),
            |principal| described(&principal),
        );
        format!("{} ({principal})", quoted(&caller.user, USER))
    });
    let name = name.unwrap_or_else(|| "whoever the API server takes you for".to_owned());
    let lines = steps.iter().filter_map(|step| {
        let effect = match step.plan {
            RestampPlan::Rollout => "rolls out",
            RestampPlan::Object | RestampPlan::Template => "no pod is replaced, the next ones are stamped",
            RestampPlan::Impossible(_) => return None,
        };
        Some(format!("  {}: {effect}\n", step.workload.full_title()))
    });
    format!("stamped in the name of {name}:\n{}", lines.collect::<String>())
}

fn is_confirmed(writes: usize) -> Result<bool, CommandError> {
    print_error(&format!("write {}? [y/N] ", counted(writes, "workload")));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| CommandError::io("standard input", error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Writes one workload, and verifies the stamp in the API server's answer
async fn run_step(
    live: &LiveCluster<'_>,
    input: &EvaluationInput,
    step: Step,
    mode: WriteMode,
) -> Result<StepResult, CommandError> {
    let Some(patch) = step.patch() else {
        return Ok(StepResult {
            outcome: Outcome::Left(step.advice()),
            step,
            warnings: Vec::new(),
        });
    };
    let workload = &step.workload;
    let scope = Scope::Namespace(workload.namespace.clone());
    let path = live
        .client
        .path(&workload.kind, &scope)
        .await?
        .unwrap_or_default();
    let title = workload.full_title();
    let response = live
        .client
        .patch(&title, &path, &workload.name, &patch, mode)
        .await?;
    let outcome = match response.result {
        Err(message) => Outcome::Refused(message),
        Ok(object) => outcome(input, workload, &object),
    };
    Ok(StepResult {
        step,
        outcome,
        warnings: response.warnings,
    })
}

/// Whether the written object has a good stamp
fn outcome(input: &EvaluationInput, workload: &EvaluatedWorkload, object: &serde_json::Value) -> Outcome {
    let templates = workload.kind.templates(object).unwrap_or_default();
    let text = templates.first().and_then(|found| stamp_of(&found.template));
    let status = stamp(
        input.cluster.snapshot.signer.as_deref(),
        text,
        &workload.namespace,
        &workload.kind.owned(object),
        &input.configuration.cluster,
    );
    match status {
        StampStatus::Good { claims, .. } => Outcome::Stamped(claims.user),
        status => Outcome::Unstamped(status.problem().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::analysis::survey::test_cluster::{ALICE, TestCluster, pod, template, workload};
    use crate::cli::stamp::restart::step::{RESTARTED_AT, STAMPED, template_patch};
    use crate::kubernetes::workload::Workload;

    fn steps() -> Vec<Step> {
        let test = TestCluster::new("");
        let inventory = test.inventory(&[
            workload("Deployment", "web", template("env:test")),
            workload("CronJob", "report", template("env:test")),
            workload("Job", "once", template("env:test")),
            pod("bare", "env:test"),
        ]);
        let workloads = inventory.into_workloads().into_iter();
        workloads.map(Step::of).collect()
    }

    fn step(name: &str) -> Step {
        steps()
            .into_iter()
            .find(|step| step.workload.name == name)
            .unwrap()
    }

    #[test]
    fn the_plan_says_in_whose_name_and_what_rolls_out() {
        let caller = |user: &str| Caller {
            user: user.to_owned(),
            groups: Vec::new(),
            extra: None,
        };
        let input = EvaluationInput::of(TestCluster::new(""));
        insta::assert_snapshot!(plan_text(&steps(), Some(&caller(ALICE)), &input));
        let unbound = plan_text(&steps(), Some(&caller("root")), &input);
        assert!(
            unbound.contains("`root` (bound to no RAM principal, so that mode enforce denies it)"),
            "{unbound}"
        );
    }

    #[test]
    fn a_restart_is_kubectl_s_and_other_kinds_are_annotated() {
        let keys = |name: &str, pointer: &str| {
            let patch = step(name).patch().unwrap();
            let annotations = patch.pointer(pointer).and_then(Value::as_object).unwrap();
            annotations.keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(keys("web", "/spec/template/metadata/annotations"), [RESTARTED_AT]);
        assert_eq!(keys("report", "/metadata/annotations"), [STAMPED]);
        assert!(step("once").patch().is_none() && step("bare").patch().is_none());
        let renewed = template_patch(Workload::CronJob, RESTARTED_AT, "now");
        let pointer = "/spec/jobTemplate/spec/template/metadata/annotations";
        assert_eq!(renewed.pointer(pointer), Some(&json!({RESTARTED_AT: "now"})));
    }

    #[test]
    fn each_outcome_has_its_line() {
        let done = |name: &str, outcome: Outcome| StepResult {
            step: step(name),
            outcome,
            warnings: Vec::new(),
        };
        let all = [
            StepResult {
                warnings: vec!["ramgate in mode warn".to_owned()],
                ..done("web", Outcome::Stamped(ALICE.to_owned()))
            },
            done(
                "report",
                Outcome::Refused("admission webhook denied the request".to_owned()),
            ),
            done(
                "report",
                Outcome::Unstamped("nothing says who asked for its pods".to_owned()),
            ),
            done("once", Outcome::Left(step("once").advice())),
        ];
        let lines: String = all.iter().map(|done| done.human(WriteMode::Store)).collect();
        insta::assert_snapshot!(lines + &summary(&all, WriteMode::Store));
        assert!(all[0].human(WriteMode::DryRun).contains("would be stamped"));
    }
}
