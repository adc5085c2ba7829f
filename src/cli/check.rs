//! `ramgate check`: what a cluster with this configuration would say to somebody's manifests.

pub(crate) mod explain;

use crate::admission::routing::route::Route;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::admission::offline::{OfflineResult, Operation, Request};
use crate::admission::outcome::advice::{Advice, Line};
use crate::admission::{Mode, Modes, offline};
use crate::cli::check::explain::{Explained, explained};
use crate::cli::manifest::Manifest;
use crate::cli::report::{Exit, Output, Problem, print, print_json};
use crate::cli::{configuration, manifest};
use crate::config::Configuration;
use crate::kubernetes::eci_annotations::{CUSTOM_TAGS, RAM_ROLE_NAME, RESOURCE_GROUP_ID};
use crate::kubernetes::snapshot::ClusterSnapshot;
use crate::stamp::REQUESTED_BY;

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
    /// What else the cluster holds: namespaces, service accounts, nodes, pods, eci-profile
    #[arg(long, value_name = "FILE|DIR")]
    objects: Option<PathBuf>,
    /// Show every question to RAM with every statement that was read for it
    #[arg(long)]
    explain: bool,
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
    done: Option<OfflineResult>,
    /// What RAM was asked, where that is to be shown
    explained: Vec<Explained>,
}

pub(super) fn run(args: &CheckArgs, output: Output) -> Result<Exit, Problem> {
    let checked = check(args)?;
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

fn check(args: &CheckArgs) -> Result<Vec<Checked>, Problem> {
    let configuration = configuration::load(&args.config_dir)?;
    let manifests = manifest::read(&args.files)?;
    if manifests.is_empty() {
        return Err(Problem::Usage(
            "no manifest (*.yaml, *.yml, *.json) is there".to_owned(),
        ));
    }
    let old = manifest::read(args.old.as_slice())?;
    let others = manifest::read(args.objects.as_slice())?;
    // What is applied together is there together, so namespaces and service accounts among the manifests count too
    let objects = others.iter().chain(&manifests).map(|manifest| &manifest.object);
    let objects = ClusterSnapshot::new(objects, &configuration.cluster)
        .map_err(|error| Problem::Usage(error.to_string()))?;
    let groups = groups(args);
    let judge = |manifest: Manifest| {
        let done = match offline::is_judged(&manifest.object, &configuration.cluster) {
            true => Some(judged(args, &groups, &manifest, &old, &configuration, &objects)?),
            false => None,
        };
        let asked = done
            .as_ref()
            .filter(|_| args.explain)
            .map(|done| done.response.evaluation.asked.as_slice());
        let explained = explained(asked.unwrap_or_default(), &configuration.policies);
        Ok(Checked {
            manifest,
            done,
            explained,
        })
    };
    manifests.into_iter().map(judge).collect()
}

fn judged(
    args: &CheckArgs,
    groups: &[String],
    manifest: &Manifest,
    old: &[Manifest],
    configuration: &Configuration,
    objects: &ClusterSnapshot,
) -> Result<OfflineResult, Problem> {
    let pod = &manifest.object;
    let operation = match args.operation {
        Deed::Create => Operation::Create(pod),
        Deed::Update => Operation::Update(before(manifest, old)?, pod),
        Deed::Delete => Operation::Delete(pod),
        Deed::Exec => Operation::Connect(pod),
    };
    let request = Request {
        operation,
        subresource: match args.operation {
            Deed::Exec => "exec",
            Deed::Create | Deed::Update | Deed::Delete => "",
        },
        user: &args.user,
        groups,
    };
    let modes = Modes::everywhere(Mode::Enforce);
    offline::run(&request, configuration, objects, &modes, Timestamp::now()).map_err(|error| {
        Problem::Usage(format!(
            "{}: {} `{}`: {error}",
            manifest.file,
            manifest.kind(),
            manifest.name()
        ))
    })
}

/// The pod that a manifest updates
fn before<'a>(manifest: &Manifest, old: &'a [Manifest]) -> Result<&'a Value, Problem> {
    let same = |old: &&Manifest| {
        old.kind() == manifest.kind()
            && old.name() == manifest.name()
            && old.namespace() == manifest.namespace()
    };
    old.iter().find(same).map(|old| &old.object).ok_or_else(|| {
        Problem::Usage(format!(
            "--old has no {} `{}/{}`, which --operation update needs",
            manifest.kind(),
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
    let count = |wanted: fn(&OfflineResult) -> bool| {
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
        return format!("{what}: not judged, no pods come of it that ramgate knows of\n");
    };
    let mut lines = match (done.allowed, done.judged) {
        (false, _) => vec![format!("{what}: denied"), format!("  {}", done.message)]
            .into_iter()
            .chain(fix(done))
            .collect(),
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
    let lines = lines.iter().map(|line| format!("{line}\n"));
    lines.chain(one.explained.iter().map(Explained::human)).collect()
}

fn title(manifest: &Manifest) -> String {
    let namespace = manifest.text("/metadata/namespace");
    let name = manifest.name();
    match (manifest.is_in_namespace(), namespace) {
        (true, _) => format!("{} {}/{name}", manifest.kind(), manifest.namespace()),
        (false, "") => format!("{} {name}", manifest.kind()),
        (false, namespace) => format!("{} {namespace}/{name}", manifest.kind()),
    }
}

/// The annotations with which it would be allowed, as they stand in a manifest
fn fix(done: &OfflineResult) -> Vec<String> {
    let lines = done
        .response
        .evaluation
        .advice
        .as_ref()
        .map_or(&[][..], Advice::lines);
    let (written, left_out): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(|line| line.value.is_some());
    let mut text = Vec::new();
    if !written.is_empty() {
        text.push("  allowed with these annotations:".to_owned());
        text.extend(written.iter().map(|line| format!("    {line}")));
    }
    if !left_out.is_empty() {
        text.push("  allowed without these annotations:".to_owned());
        text.extend(left_out.iter().map(|line| format!("    {}", line.annotation)));
    }
    text
}

/// The outcome of the search for a fix, and what it found
fn fix_json(advice: &Advice) -> Value {
    let outcome = match advice {
        Advice::Write(_) => "found",
        Advice::Nothing => "none",
        Advice::GaveUp => "unknown",
    };
    let annotations = advice.lines().iter();
    let annotations: Map<String, Value> = annotations
        .map(|line| (line.annotation.to_owned(), json!(line.value)))
        .collect();
    json!({"outcome": outcome, "annotations": annotations})
}

/// Who asked for what, and which statements allowed it
fn by(done: &OfflineResult) -> String {
    let response = &done.response;
    let action = response.action().map(|action| format!(", {action}"));
    let principal = response.principal().map(|principal| format!(" as {principal}"));
    let allowed_by = response.allowed_by();
    let statements = (!allowed_by.is_empty()).then(|| format!(" by {}", allowed_by.join(", ")));
    [action, principal, statements].into_iter().flatten().collect()
}

fn why_not(done: &OfflineResult) -> String {
    match &done.response.evaluation.route {
        Some(Route::No(why)) => format!(": {why}"),
        _ => String::new(),
    }
}

/// What mapping made of the annotations
fn mapped(one: &Checked, done: &OfflineResult) -> Vec<String> {
    let written = |key: &str| {
        let annotations = one
            .manifest
            .object
            .pointer(&format!("{}/metadata/annotations", done.at));
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
    let response = &done.response;
    // A stamp that no cluster would believe is no news to anybody
    let annotations = done.annotations.iter().filter(|(key, _)| *key != REQUESTED_BY);
    let annotations: Map<String, Value> = annotations
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    let more = json!({
        "namespace": manifest.namespace(),
        "operation": args.operation.to_possible_value().map(|value| value.get_name().to_owned()),
        "judged": done.judged,
        "allowed": done.allowed,
        "message": response.message(),
        "causes": done.causes,
        "warnings": done.warnings,
        "annotations": annotations,
        "route": response.route(),
        "principal": response.principal(),
        "action": response.action(),
        "allowedBy": response.allowed_by(),
        "fix": response.evaluation.advice.as_ref().map(fix_json),
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    if args.explain {
        let questions = one.explained.iter().map(Explained::as_json);
        fields.insert("questions".to_owned(), questions.collect());
    }
    object
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    /// The arguments as a command line reads them
    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: CheckArgs,
    }

    const POLICY: &str = r#"{"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": "eci:*", "Resource": "*", "Condition": {"StringEquals": {"eci:tag/env": "test"}}}]}"#;

    const DIRECTORY: &str = "
account: {id: '1234567890123456', region: cn-hangzhou}
users: [{name: bob, policies: [{policy: TestOnly}]}]
bindings: [{principal: user/bob, subjects: [{kind: User, name: bob@example.com}, {kind: Group, name: 'system:serviceaccounts:ci'}]}]
mapping: {tags: [{key: env, from: {namespaceLabel: env}, mode: default}]}
";

    const MANIFESTS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: tests, labels: {env: test}}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Pod, metadata: {name: good, namespace: tests, labels: {eci: 'true'}}, spec: {containers: [{name: c}]}}
  - {apiVersion: v1, kind: Pod, metadata: {name: bad, labels: {eci: 'true'}}, spec: {containers: [{name: c}]}}
---
apiVersion: v1
kind: Pod
metadata: {generateName: maybe-, namespace: other, annotations: {k8s.aliyun.com/eci-custom-tag: 'env:test'}}
spec: {containers: [{name: c}], tolerations: [{operator: Exists}]}
---
apiVersion: v1
kind: Pod
metadata: {name: plain}
spec: {containers: [{name: c}]}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: tests}}
";

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            let folder = Self(tempfile::tempdir().unwrap());
            std::fs::create_dir(folder.0.path().join("config")).unwrap();
            folder.write("config/TestOnly.json", POLICY);
            folder.write("config/directory.yaml", DIRECTORY);
            folder.write("app.yaml", MANIFESTS);
            folder
        }

        fn write(&self, name: &str, text: &str) {
            std::fs::write(self.0.path().join(name), text).unwrap();
        }

        /// The arguments of a line in which paths are relative to this folder
        fn args(&self, line: &str) -> CheckArgs {
            let folder = self.0.path().display();
            let words = line.split(' ').map(|word| match word.strip_prefix("./") {
                Some(path) => format!("{folder}/{path}"),
                None => word.to_owned(),
            });
            Line::parse_from(std::iter::once("check".to_owned()).chain(words)).args
        }

        fn human(&self, line: &str) -> String {
            let args = self.args(line);
            match check(&args) {
                Ok(checked) => format!(
                    "{}{:?}\n",
                    human(&args, &checked),
                    if is_allowed(&checked) {
                        Exit::Good
                    } else {
                        Exit::Denied
                    }
                ),
                Err(problem) => format!("{problem} {:?}\n", problem.exit()),
            }
            .replace(&self.0.path().display().to_string(), ".")
            .split_inclusive('\n')
            // The one line that is another at each run
            .filter(|line| !line.starts_with("    acs:CurrentTime = 2"))
            .collect()
        }
    }

    #[test]
    fn people_read_what_to_do() {
        let folder = Folder::new();
        let user = "-f ./app.yaml --config-dir ./config --as bob@example.com";
        let account = "-f ./app.yaml --config-dir ./config --as system:serviceaccount:ci:deployer";
        insta::assert_snapshot!(
            [
                folder.human(user),
                folder.human(&format!("{user} --operation delete")),
                folder.human(&format!("{user} --operation exec")),
                folder.human(&format!("{user} --operation update --old ./app.yaml")),
                folder.human(account),
                folder.human(&format!("{account} --as-group others")),
                folder.human(&format!("{user} --operation exec --explain")),
            ]
            .join("\n")
        );
    }

    #[test]
    fn programs_read_the_same() {
        let folder = Folder::new();
        let args = folder.args("-f ./app.yaml --config-dir ./config --as bob@example.com");
        let text = format!("{:#}", as_json(&args, &check(&args).unwrap()));
        insta::assert_snapshot!(text.replace(&folder.0.path().display().to_string(), "."));
    }

    #[test]
    fn programs_read_the_questions() {
        let folder = Folder::new();
        let args = folder.args("-f ./app.yaml --config-dir ./config --as bob@example.com --explain");
        let json = as_json(&args, &check(&args).unwrap());
        let question = &json["objects"][2]["questions"][0];
        assert_eq!(question["principal"], "user/bob");
        assert_eq!(question["boundary"], false);
        assert_eq!(question["newTags"], false);
        assert_eq!(question["action"], "eci:CreateContainerGroup");
        assert_eq!(question["decision"], "ImplicitDeny");
        assert_eq!(question["trace"][0]["decides"], true);
        let statement = &question["trace"][0]["statements"][0];
        assert_eq!(statement["element"], "StringEquals eci:tag/env");
        assert_eq!(statement["wanted"], json!(["test"]));
        assert_eq!(
            json["objects"][0]["questions"],
            Value::Null,
            "a Namespace is not judged"
        );
    }

    #[test]
    fn what_cannot_be_checked_says_why() {
        let folder = Folder::new();
        folder.write("broken.yaml", "kind: [");
        folder.write("number.yaml", "7");
        folder.write(
            "odd.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: odd, labels: {a: 1}}}",
        );
        folder.write("empty.yaml", "");
        folder.write(
            "nameless.yaml",
            "{apiVersion: v1, kind: Namespace, metadata: {labels: {a: b}}}",
        );
        let human = |rest: &str| folder.human(&format!("--config-dir ./config --as bob@example.com {rest}"));
        insta::assert_snapshot!(
            [
                human("-f ./nowhere.yaml"),
                human("-f ./broken.yaml"),
                human("-f ./number.yaml"),
                human("-f ./odd.yaml"),
                human("-f ./empty.yaml"),
                human("-f ./app.yaml --objects ./nameless.yaml"),
                human("-f ./app.yaml --operation update"),
                folder.human("--config-dir ./broken.yaml --as bob@example.com -f ./app.yaml"),
            ]
            .concat()
        );
    }
}
