//! `ramgate check`: evaluates manifests with the configuration of a cluster.

mod args;
mod evaluated_manifest;
mod human;
mod json;
mod questions;
pub(super) mod user_groups;

pub(super) use crate::cli::check::args::CheckArgs;

use crate::cli::check::evaluated_manifest::{are_allowed, are_listed, evaluate_manifests};
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, print, print_json};

pub(super) fn run(args: &CheckArgs, output: Output) -> Result<Exit, CommandError> {
    let manifests = evaluate_manifests(args)?;
    match output {
        Output::Human => print(&human::human(args.operation, &manifests)),
        Output::Json => print_json(&json::as_json(args, &manifests)),
    }
    let is_listed = !args.strict || are_listed(&manifests);
    Ok(Exit::good_if(are_allowed(&manifests) && is_listed))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::{Value, json};

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
            match evaluate_manifests(&args) {
                Ok(checked) => format!(
                    "{}{:?}\n",
                    human::human(args.operation, &checked),
                    Exit::good_if(are_allowed(&checked))
                ),
                Err(error) => format!("{error} {:?}\n", error.exit()),
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
    fn marks_in_kinds_that_nobody_lists_are_said() {
        let folder = Folder::new();
        folder.write(
            "spark.yaml",
            "{apiVersion: sparkoperator.k8s.io/v1beta2, kind: SparkApplication, metadata: {name: pi, namespace: tests},
              spec: {executor: {nodeSelector: {type: virtual-kubelet}}}}",
        );
        let user = "-f ./spark.yaml --config-dir ./config --as bob@example.com";
        let human = folder.human(user);
        let expected = "SparkApplication tests/pi: not judged: `spec.executor.nodeSelector` has `type`, but nobody lists the \
                        kind: its pods will be denied, add {preset: spark-operator} to `carriers`\n";
        assert!(human.contains(expected), "{human}");
        let args = folder.args(user);
        let json = json::as_json(&args, &evaluate_manifests(&args).unwrap());
        assert_eq!(
            json["objects"][0]["unlisted"],
            json!({"path": "spec.executor.nodeSelector", "mark": "type", "preset": "spark-operator"})
        );
        let exit = |line: &str| run(&folder.args(line), Output::Json).unwrap();
        assert_eq!(exit(user), Exit::good_if(true));
        assert_eq!(exit(&format!("{user} --strict")), Exit::good_if(false));
    }

    #[test]
    fn programs_read_json() {
        let folder = Folder::new();
        let args = folder.args("-f ./app.yaml --config-dir ./config --as bob@example.com");
        let text = format!("{:#}", json::as_json(&args, &evaluate_manifests(&args).unwrap()));
        insta::assert_snapshot!(text.replace(&folder.0.path().display().to_string(), "."));
    }

    #[test]
    fn programs_read_the_questions() {
        let folder = Folder::new();
        let args = folder.args("-f ./app.yaml --config-dir ./config --as bob@example.com --explain");
        let json = json::as_json(&args, &evaluate_manifests(&args).unwrap());
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
