//! `ramgate check`: what a cluster with this configuration would say to somebody's manifests.

mod manifest;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::configuration;
use super::report::{Exit, Output, Problem, print, print_json};
use crate::admission::annotation::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::admission::offline::{self, Final, Operation, Request};
use crate::admission::{Mode, Modes, Objects};
use crate::directory::Configuration;
use manifest::Manifest;

/// How a service account is written as a user
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// Judge manifests as the webhooks of a cluster would, in mode enforce
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Manifests (YAML or JSON): files, folders that are searched for them, or - for standard input
    #[arg(short = 'f', long = "filename", value_name = "FILE|DIR|-", required = true)]
    files: Vec<PathBuf>,
    /// The directory with policies (NAME.json) and directory documents (*.yaml)
    #[arg(long, value_name = "DIR")]
    config_dir: PathBuf,
    /// The Kubernetes user who asks; system:serviceaccount:NAMESPACE:NAME for a service account
    #[arg(long = "as", value_name = "USER")]
    user: String,
    /// A group of that user; a service account has its own without this
    #[arg(long = "as-group", value_name = "GROUP")]
    groups: Vec<String>,
    /// What is done to each pod
    #[arg(long, value_enum, default_value_t = Deed::Create)]
    operation: Deed,
    /// The pods as they are before an update
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// What else the cluster holds: namespaces, service accounts, nodes
    #[arg(long, value_name = "FILE|DIR")]
    objects: Option<PathBuf>,
}

/// What is done to a pod
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deed {
    /// The pod is created
    Create,
    /// The pod of --old becomes this one
    Update,
    /// The pod is deleted
    Delete,
    /// A command is run in the pod
    Exec,
}

/// One manifest and what came of it; nothing where its kind is not judged
struct Checked {
    manifest: Manifest,
    done: Option<Final>,
}

pub(super) fn run(args: &CheckArgs, output: Output) -> Result<Exit, Problem> {
    let configuration = configuration::load(&args.config_dir)?;
    let manifests = manifest::read(&args.files)?;
    if manifests.is_empty() {
        return Err(Problem::Usage(
            "no manifest (*.yaml, *.yml, *.json) is there".to_owned(),
        ));
    }
    let old = args.old.iter().cloned().collect::<Vec<_>>();
    let old = manifest::read(&old)?;
    let others = manifest::read(&args.objects.iter().cloned().collect::<Vec<_>>())?;
    // What is applied together is there together, so namespaces and service accounts among the manifests count too
    let objects = others.iter().chain(&manifests).map(|manifest| &manifest.object);
    let objects =
        Objects::new(objects, &configuration.cluster).map_err(|error| Problem::Usage(error.to_string()))?;
    let groups = groups(args);
    let mut checked = Vec::new();
    for manifest in manifests {
        let done = match manifest.is_pod() {
            true => Some(judged(args, &groups, &manifest, &old, &configuration, &objects)?),
            false => None,
        };
        checked.push(Checked { manifest, done });
    }
    match output {
        Output::Human => print(&human(args, &checked)),
        Output::Json => print_json(&as_json(args, &checked)),
    }
    Ok(if is_allowed(&checked) {
        Exit::Good
    } else {
        Exit::Denied
    })
}

fn judged(
    args: &CheckArgs,
    groups: &[String],
    manifest: &Manifest,
    old: &[Manifest],
    configuration: &Configuration,
    objects: &Objects,
) -> Result<Final, Problem> {
    let pod = &manifest.object;
    let operation = match args.operation {
        Deed::Create => Operation::Create(pod),
        Deed::Update => Operation::Update(before(manifest, old)?, pod),
        Deed::Delete => Operation::Delete(pod),
        Deed::Exec => Operation::Connect {
            pod,
            subresource: "exec",
        },
    };
    let request = Request {
        operation,
        user: &args.user,
        groups,
    };
    let modes = Modes::everywhere(Mode::Enforce);
    offline::run(&request, configuration, objects, &modes, Timestamp::now())
        .map_err(|error| Problem::Usage(format!("{}: pod `{}`: {error}", manifest.file, manifest.name())))
}

/// The pod that a manifest updates
fn before<'a>(manifest: &Manifest, old: &'a [Manifest]) -> Result<&'a Value, Problem> {
    let same = |old: &&Manifest| {
        old.is_pod() && old.name() == manifest.name() && old.namespace() == manifest.namespace()
    };
    old.iter().find(same).map(|old| &old.object).ok_or_else(|| {
        Problem::Usage(format!(
            "--old has no pod `{}/{}`, which --operation update needs",
            manifest.namespace(),
            manifest.name()
        ))
    })
}

/// The groups of the user, completed as the API server completes them for an impersonated one
fn groups(args: &CheckArgs) -> Vec<String> {
    let mut groups = args.groups.clone();
    let account = args
        .user
        .strip_prefix(SERVICE_ACCOUNT)
        .and_then(|rest| rest.split_once(':'));
    if let (Some((namespace, _)), true) = (account, groups.is_empty()) {
        groups.extend([
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
        ]);
    }
    let everybody = match args.user.as_str() {
        "system:anonymous" => "system:unauthenticated",
        _ => "system:authenticated",
    };
    if !groups.iter().any(|group| group == everybody) {
        groups.push(everybody.to_owned());
    }
    groups
}

fn is_allowed(checked: &[Checked]) -> bool {
    checked
        .iter()
        .all(|one| one.done.as_ref().is_none_or(|done| done.allowed))
}

fn human(args: &CheckArgs, checked: &[Checked]) -> String {
    let mut text: String = checked.iter().map(|one| lines(args, one)).collect();
    let count = |wanted: fn(&Final) -> bool| {
        checked
            .iter()
            .filter(|one| one.done.as_ref().is_some_and(wanted))
            .count()
    };
    let denied = count(|done| !done.allowed);
    let allowed = count(|done| done.allowed);
    let others = checked.iter().filter(|one| one.done.is_none()).count();
    text.push_str(&format!(
        "{allowed} allowed, {denied} denied, {others} of kinds that are not judged\n"
    ));
    text
}

fn lines(args: &CheckArgs, one: &Checked) -> String {
    let what = title(&one.manifest);
    let Some(done) = &one.done else {
        return format!("{what}: not judged, this version judges pods alone\n");
    };
    let mut lines = match (done.allowed, done.judged) {
        (false, _) => vec![format!("{what}: denied"), format!("  {}", done.message)],
        (true, true) => vec![format!("{what}: allowed{}", by(done))],
        (true, false) => vec![format!("{what}: allowed, nothing to judge{}", why_not(done))],
    };
    lines.extend(
        done.warnings
            .iter()
            .map(|warning| format!("  warning: {warning}")),
    );
    if matches!(args.operation, Deed::Create | Deed::Update) {
        lines.extend(mapped(one, done));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn title(manifest: &Manifest) -> String {
    let namespace = manifest.text("/metadata/namespace");
    let name = manifest.name();
    match (manifest.is_pod(), namespace) {
        (true, _) => format!("Pod {}/{name}", manifest.namespace()),
        (false, "") => format!("{} {name}", manifest.kind()),
        (false, namespace) => format!("{} {namespace}/{name}", manifest.kind()),
    }
}

/// Who asked for what, and which statements allowed it
fn by(done: &Final) -> String {
    let record = &done.record;
    let action = record.action.map(|action| format!(", {action}"));
    let principal = record
        .principal
        .as_ref()
        .map(|principal| format!(" as {principal}"));
    let statements = (!record.allowed_by.is_empty()).then(|| format!(" by {}", record.allowed_by.join(", ")));
    [action, principal, statements].into_iter().flatten().collect()
}

fn why_not(done: &Final) -> String {
    done.record
        .route
        .as_ref()
        .and_then(|route| route.strip_prefix("no: "))
        .map_or_else(String::new, |why| format!(": {why}"))
}

/// What mapping made of the annotations
fn mapped(one: &Checked, done: &Final) -> Vec<String> {
    let written = |key: &str| {
        let annotations = one.manifest.object.pointer("/metadata/annotations");
        annotations
            .and_then(|annotations| annotations.get(key))
            .and_then(Value::as_str)
    };
    let changed = |key: &&str| written(key) != done.annotations.get(*key).map(String::as_str);
    let line = |key: &str| match done.annotations.get(key) {
        Some(value) => format!("  mapped {key}: {value}"),
        None => format!("  mapped {key}: taken away"),
    };
    [CUSTOM_TAGS, RESOURCE_GROUP_ID, RAM_ROLE_NAME]
        .into_iter()
        .filter(changed)
        .map(line)
        .collect()
}

fn as_json(args: &CheckArgs, checked: &[Checked]) -> Value {
    let objects: Vec<Value> = checked.iter().map(|one| object(args, one)).collect();
    json!({"allowed": is_allowed(checked), "objects": objects})
}

fn object(args: &CheckArgs, one: &Checked) -> Value {
    let manifest = &one.manifest;
    let mut object = json!({
        "file": manifest.file,
        "kind": manifest.kind(),
        "namespace": manifest.text("/metadata/namespace"),
        "name": manifest.name(),
        "judged": false,
    });
    let (Some(fields), Some(done)) = (object.as_object_mut(), &one.done) else {
        return object;
    };
    let record = &done.record;
    let more = json!({
        "namespace": manifest.namespace(),
        "operation": args.operation.to_possible_value().map(|value| value.get_name().to_owned()),
        "judged": done.judged,
        "allowed": done.allowed,
        "message": record.message,
        "causes": done.causes,
        "warnings": done.warnings,
        "annotations": done.annotations,
        "route": record.route,
        "principal": record.principal,
        "action": record.action,
        "allowedBy": record.allowed_by,
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    object
}
