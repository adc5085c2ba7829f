//! `ramgate stamp restart`: workloads without a good stamp are written once more, in the caller's name.

use std::io::{self, Write};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::analysis::survey::judge::stamp;
use crate::analysis::survey::live::Scope;
use crate::analysis::survey::row::Row;
use crate::analysis::survey::source::stamp_of;
use crate::analysis::survey::{RestampPlan, Source, Stamp, live};
use crate::cli::report::{Exit, Output, Problem, ignore, print, print_json};
use crate::cli::site;
use crate::cli::site::{Ground, ScopeArgs, Site, SiteArgs, noted, unread};
use crate::cli::stamp::target;
use crate::kubernetes::workload::Workload;
use crate::wording::{clipped, described, quoted};

/// The annotation by which `kubectl rollout restart` changes a template
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// The annotation by which an object is written without a change of its template
const STAMPED: &str = "ramgate.io/stamped";

/// The longest name of a user that is shown
const USER: usize = 256;

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
    scope: ScopeArgs,
    #[command(flatten)]
    site: SiteArgs,
}

/// What is to be done to a workload
struct Step {
    row: Row,
    plan: RestampPlan,
}

/// What came of it
struct Done {
    step: Step,
    outcome: Outcome,
    warnings: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It has a good stamp, which names this user
    Stamped(String),
    /// It was written, and has no good stamp
    Unstamped(String),
    /// The API server, or a webhook, refused
    Refused(String),
    /// Nothing could be written
    Left(String),
}

/// Who asks, as the API server knows them
struct Caller {
    user: String,
    groups: Vec<String>,
}

pub(super) fn run(args: &RestartArgs, output: Output) -> Result<Exit, Problem> {
    if output == Output::Json && !args.yes && !args.dry_run {
        return Err(Problem::Usage(
            "--output json asks nothing: give --yes or --dry-run".to_owned(),
        ));
    }
    let done = site::run(restart(args, output))?;
    if output == Output::Json {
        print_json(&json!({
            "dryRun": args.dry_run,
            "workloads": done.iter().map(Done::as_json).collect::<Vec<_>>(),
        }));
    } else {
        print(&summary(&done, args.dry_run));
    }
    let are_stamped = done
        .iter()
        .all(|done| matches!(done.outcome, Outcome::Stamped(_)));
    Ok(if are_stamped { Exit::Good } else { Exit::Denied })
}

async fn restart(args: &RestartArgs, output: Output) -> Result<Vec<Done>, Problem> {
    let site = Site::open(&args.site).await?;
    let ground = site.ground().await?;
    let mut notes = ground.notes.clone();
    let rows = match args.targets.as_slice() {
        [] => {
            let scope = site.scope(&args.scope)?;
            let inventory = live::inventory(&site.reader, &ground.judge(), &scope).await;
            let (inventory, missing) = inventory.map_err(unread)?;
            notes.extend(missing.into_iter().map(|missing| missing.0));
            let rows = inventory.into_rows().into_iter();
            rows.filter(|row| !row.is_bound && row.stamp.claims().is_none())
                .collect()
        }
        targets => named(args, targets, &site, &ground, &mut notes).await?,
    };
    let steps: Vec<Step> = rows
        .into_iter()
        .map(|row| Step {
            plan: RestampPlan::of(&row),
            row,
        })
        .collect();
    let is_human = output == Output::Human;
    if is_human {
        print(&noted(&notes));
    }
    let writes = steps.iter().filter(|step| step.is_possible()).count();
    if writes > 0 {
        let caller = caller(&site).await?;
        if is_human {
            print(&plan(&steps, caller.as_ref(), &ground));
        }
        if !args.dry_run && !args.yes && !is_confirmed(writes)? {
            return Err(Problem::Usage("nothing was written".to_owned()));
        }
    }
    let mut done = Vec::new();
    for step in steps {
        let one = take(&site, &ground, step, args.dry_run).await?;
        if is_human {
            print(&one.human(args.dry_run));
        }
        done.push(one);
    }
    Ok(done)
}

/// The workloads that are named, as far as they lead to ECI
async fn named(
    args: &RestartArgs,
    targets: &[String],
    site: &Site<'_>,
    ground: &Ground,
    notes: &mut Vec<String>,
) -> Result<Vec<Row>, Problem> {
    let namespace = site.within(&args.scope)?;
    let mut rows = Vec::new();
    for text in targets {
        let (kind, name) = target::split(text)?;
        let source = target::source(kind, &ground.configuration.cluster)?;
        let found = target::read(site, source, &namespace, name).await?;
        let own = ground.judge().rows(&found.source, &found.object);
        if own.is_empty() {
            notes.push(format!(
                "nothing of {text} in namespace {namespace} leads to ECI, so that it needs no stamp"
            ));
        }
        rows.extend(own);
    }
    Ok(rows)
}

/// Whom the API server takes the caller for; nothing where it does not say
async fn caller(site: &Site<'_>) -> Result<Option<Caller>, Problem> {
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = site
        .reader
        .ask("who asks", path, &question)
        .await
        .map_err(unread)?;
    let Ok(review) = answer.outcome else {
        return Ok(None);
    };
    let user = review
        .pointer("/status/userInfo/username")
        .and_then(Value::as_str);
    let groups = review
        .pointer("/status/userInfo/groups")
        .and_then(Value::as_array);
    let groups = groups.into_iter().flatten().filter_map(Value::as_str);
    Ok(user.map(|user| Caller {
        user: user.to_owned(),
        groups: groups.map(str::to_owned).collect(),
    }))
}

/// What is about to be done, and in whose name
fn plan(steps: &[Step], caller: Option<&Caller>, ground: &Ground) -> String {
    let name = caller.map(|caller| {
        let groups = caller.groups.iter().map(String::as_str);
        let binding = ground.configuration.bindings.principal(&caller.user, groups);
        let bound = binding.map_or_else(
            || "bound to no RAM principal, so that mode enforce denies it".to_owned(),
            |binding| described(&binding.principal),
        );
        format!("{} ({bound})", quoted(&caller.user, USER))
    });
    let who = name.unwrap_or_else(|| "whoever the API server takes you for".to_owned());
    let lines = steps.iter().filter_map(|step| {
        let what = match step.plan {
            RestampPlan::Rollout => "rolls out",
            RestampPlan::Object | RestampPlan::Template => "no pod is replaced, the next ones are stamped",
            RestampPlan::None(_) => return None,
        };
        Some(format!("  {}: {what}\n", step.place()))
    });
    format!("stamped in the name of {who}:\n{}", lines.collect::<String>())
}

fn is_confirmed(writes: usize) -> Result<bool, Problem> {
    let failed = |error| Problem::io("standard input", error);
    let question = format!("write {writes} workloads? [y/N] ");
    ignore(io::stderr().write_all(question.as_bytes()));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Writes one workload, and looks what stamp it has then
async fn take(site: &Site<'_>, ground: &Ground, step: Step, is_dry_run: bool) -> Result<Done, Problem> {
    let (Some(patch), Source::Workload(_)) = (step.patch(), &step.row.source) else {
        let outcome = Outcome::Left(step.plan.advice(&step.row));
        return Ok(Done {
            step,
            outcome,
            warnings: Vec::new(),
        });
    };
    let scope = Scope::Namespace(step.row.namespace.clone());
    let path = site.reader.path(&step.row.source, &scope).await.map_err(unread)?;
    let path = path.unwrap_or_default();
    let what = step.place();
    let answer = site
        .reader
        .patch(&what, &path, &step.row.name, &patch, is_dry_run)
        .await
        .map_err(unread)?;
    let outcome = match answer.outcome {
        Err(message) => Outcome::Refused(message),
        Ok(object) => {
            let templates = step.row.source.templates(&object).unwrap_or_default();
            let written = templates.first().and_then(|(_, reviewed)| stamp_of(reviewed));
            let owned = step.row.source.owned(&object);
            let settings = &ground.configuration.cluster;
            let signer = ground.cluster.snapshot.signer.as_deref();
            match stamp(signer, written, &step.row.namespace, &owned, settings) {
                Stamp::Good { claims, .. } => Outcome::Stamped(claims.user),
                stamp => Outcome::Unstamped(stamp.trouble().unwrap_or_default()),
            }
        }
    };
    Ok(Done {
        step,
        outcome,
        warnings: answer.warnings,
    })
}

impl Step {
    fn is_possible(&self) -> bool {
        !matches!(self.plan, RestampPlan::None(_))
    }

    fn place(&self) -> String {
        format!("{}/{}", self.row.namespace, self.row.title())
    }

    /// What is written, as a merge patch
    fn patch(&self) -> Option<Value> {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let Source::Workload(workload) = self.row.source else {
            return None;
        };
        match self.plan {
            RestampPlan::Rollout | RestampPlan::Template => Some(in_template(workload, RESTARTED_AT, &now)),
            RestampPlan::Object => Some(json!({"metadata": {"annotations": {STAMPED: now}}})),
            RestampPlan::None(_) => None,
        }
    }
}

/// A patch that sets an annotation of the template
fn in_template(workload: Workload, annotation: &str, value: &str) -> Value {
    let template = json!({"metadata": {"annotations": {annotation: value}}});
    workload
        .template()
        .iter()
        .rev()
        .fold(template, |inner, field| json!({*field: inner}))
}

impl Done {
    fn human(&self, is_dry_run: bool) -> String {
        let place = self.step.place();
        let would = if is_dry_run { "would be " } else { "" };
        let said = match &self.outcome {
            Outcome::Stamped(user) => format!("{would}stamped for {}", quoted(user, USER)),
            Outcome::Unstamped(trouble) => format!(
                "{would}written, and yet {trouble}: see whether the mutating webhook is installed and this namespace is not \
                 exempt"
            ),
            Outcome::Refused(message) => format!("refused: {message}"),
            Outcome::Left(advice) => format!("left as it is: {advice}"),
        };
        let warnings = self.warnings.iter();
        let warnings = warnings.map(|warning| format!("  warning: {}\n", clipped(warning, 1024)));
        format!("{place}: {said}\n{}", warnings.collect::<String>())
    }

    fn as_json(&self) -> Value {
        let row = &self.step.row;
        let (outcome, user, message) = match &self.outcome {
            Outcome::Stamped(user) => ("stamped", Some(user), None),
            Outcome::Unstamped(trouble) => ("unstamped", None, Some(trouble)),
            Outcome::Refused(message) => ("refused", None, Some(message)),
            Outcome::Left(advice) => ("left", None, Some(advice)),
        };
        json!({
            "kind": row.source.kind(),
            "namespace": row.namespace,
            "name": row.name,
            "outcome": outcome,
            "requester": user,
            "message": message,
            "warnings": self.warnings,
        })
    }
}

fn summary(done: &[Done], is_dry_run: bool) -> String {
    let count = |wanted: fn(&Outcome) -> bool| done.iter().filter(|done| wanted(&done.outcome)).count();
    let would = if is_dry_run { "would be " } else { "" };
    format!(
        "{} {would}stamped, {} refused, {} left without a stamp\n",
        count(|outcome| matches!(outcome, Outcome::Stamped(_))),
        count(|outcome| matches!(outcome, Outcome::Refused(_))),
        count(|outcome| matches!(outcome, Outcome::Unstamped(_) | Outcome::Left(_))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::survey::fixture::{ALICE, Town, pod, template, workload};

    fn steps() -> Vec<Step> {
        let town = Town::new("");
        let inventory = town.inventory(&[
            workload("Deployment", "web", template("env:test")),
            workload("CronJob", "report", template("env:test")),
            workload("Job", "once", template("env:test")),
            pod("bare", "env:test"),
        ]);
        let rows = inventory.into_rows().into_iter();
        rows.map(|row| Step {
            plan: RestampPlan::of(&row),
            row,
        })
        .collect()
    }

    fn step(name: &str) -> Step {
        steps().into_iter().find(|step| step.row.name == name).unwrap()
    }

    #[test]
    fn the_plan_says_in_whose_name_and_what_rolls_out() {
        let caller = |user: &str| Caller {
            user: user.to_owned(),
            groups: Vec::new(),
        };
        let ground = Ground::of(Town::new(""));
        insta::assert_snapshot!(plan(&steps(), Some(&caller(ALICE)), &ground));
        let unbound = plan(&steps(), Some(&caller("root")), &ground);
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
        let renewed = in_template(Workload::CronJob, RESTARTED_AT, "now");
        let pointer = "/spec/jobTemplate/spec/template/metadata/annotations";
        assert_eq!(renewed.pointer(pointer), Some(&json!({RESTARTED_AT: "now"})));
    }

    #[test]
    fn each_outcome_has_its_line() {
        let done = |name: &str, outcome: Outcome| Done {
            step: step(name),
            outcome,
            warnings: Vec::new(),
        };
        let all = [
            Done {
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
            done("once", Outcome::Left(step("once").plan.advice(&step("once").row))),
        ];
        let lines: String = all.iter().map(|done| done.human(false)).collect();
        insta::assert_snapshot!(lines + &summary(&all, false));
        assert!(all[0].human(true).contains("would be stamped"));
    }
}
