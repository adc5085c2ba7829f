//! `ramgate check`: evaluates manifests with the configuration of a cluster.

mod args;
mod evaluated_manifest;
mod findings;
mod human;
mod json;
mod questions;
pub(super) mod user_groups;

pub(super) use crate::cli::check::args::{CheckArgs, PodOperation};
pub(super) use crate::cli::check::evaluated_manifest::{Checked, EvaluatedManifest, evaluate_files};
pub(super) use crate::cli::check::json::as_json;
pub(super) use crate::cli::check::questions::AnsweredQuestion;

use crate::cli::check::evaluated_manifest::evaluate_manifests;
use crate::cli::command_error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::output::Printer;
use crate::cli::report::Forms;

pub(super) fn run(args: &CheckArgs, printer: Printer) -> Result<Exit, CommandError> {
    let checked = evaluate_manifests(args)?;
    let forms = Forms {
        human: |palette| human::human(args.operation, &checked, palette),
        json: || json::as_json(args, &checked),
        report: || findings::findings(&checked, args.strict),
    };
    forms.print(printer)?;
    Ok(checked.exit(args.strict))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::output::Format;
    use crate::cli::palette::Palette;

    const QUIET: Printer = Printer {
        format: Format::Json,
        palette: Palette::PLAIN,
    };

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
                    human::human(args.operation, &checked, Palette::PLAIN),
                    checked.exit(args.strict)
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
        let exit = |line: &str| run(&folder.args(line), QUIET).unwrap();
        assert_eq!(exit(user), Exit::good_if(true));
        assert_eq!(exit(&format!("{user} --strict")), Exit::good_if(false));
    }

    #[test]
    fn what_is_only_recorded_says_why() {
        let folder = Folder::new();
        folder.write(
            "burst.yaml",
            "{apiVersion: scheduling.alibabacloud.com/v1alpha1, kind: ResourcePolicy, metadata: {name: burst, namespace: tests},
              spec: {units: [{resource: eci}]}}",
        );
        let line = "-f ./burst.yaml --config-dir ./config --as bob@example.com";
        let human = folder.human(line);
        let expected =
            "ResourcePolicy tests/burst: allowed, and recorded\n  `bob@example.com` (RAM user `bob`) may not";
        assert!(human.contains(expected), "{human}");
        let exit = |line: &str| run(&folder.args(line), QUIET).unwrap();
        assert_eq!(exit(line), Exit::good_if(true));
        assert_eq!(exit(&format!("{line} --strict")), Exit::good_if(false));
    }

    #[test]
    fn a_fix_is_said_once_unless_the_message_has_no_room_for_it() {
        let folder = Folder::new();
        let human = folder.human("-f ./app.yaml --config-dir ./config --as bob@example.com");
        assert!(
            human.contains("write:\n  k8s.aliyun.com/eci-custom-tags: \"env:test\"\n"),
            "{human}"
        );
        assert!(!human.contains("allowed with these annotations"), "{human}");
        let long = "用".repeat(128);
        let tags: Vec<String> = (0..2).map(|n| format!("k{n}:{}", long)).collect();
        let pod = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: p, labels: {{eci: 'true'}}, annotations: {{k8s.aliyun.com/eci-custom-tags: '{}'}}}}, spec: {{containers: [{{name: c}}]}}}}",
            tags.join(",")
        );
        folder.write("long.yaml", &pod);
        let human = folder.human("-f ./long.yaml --config-dir ./config --as bob@example.com");
        assert!(human.contains("too long for this message"), "{human}");
        assert!(
            human.contains("allowed with these annotations:\n    k8s.aliyun.com/eci-custom-tags: \"k0:用"),
            "{human}"
        );
    }

    #[test]
    fn objects_and_old_may_be_several_files() {
        let folder = Folder::new();
        folder.write("pod.yaml", POD);
        let object =
            |kind: &str, name: &str| format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: {name}}}}}");
        folder.write("one.yaml", &object("Namespace", "default"));
        folder.write("two.yaml", &object("Namespace", "other"));
        let line = "-f ./pod.yaml --config-dir ./config --as bob@example.com --objects ./two.yaml --objects ./one.yaml";
        let human = folder.human(line);
        assert!(!human.contains("was not given"), "{human}");
        let human = folder.human(&format!(
            "{line} --operation update --old ./two.yaml --old ./pod.yaml"
        ));
        assert!(human.contains("Pod default/p: allowed"), "{human}");
    }

    #[test]
    fn a_user_who_is_nobody_is_told_who_was_probably_meant() {
        let folder = Folder::new();
        folder.write("pod.yaml", POD);
        let line = |user: &str| format!("-f ./pod.yaml --config-dir ./config --as {user}");
        let note = "note: `bob` is the name of a RAM user, and --as wants the name in Kubernetes: --as bob@example.com\n";
        let human = folder.human(&line("bob"));
        assert!(human.contains(note), "{human}");
        let args = folder.args(&line("bob"));
        let json = json::as_json(&args, &evaluate_manifests(&args).unwrap());
        assert!(
            json["notes"][0]
                .as_str()
                .unwrap()
                .starts_with("`bob` is the name of a RAM user"),
            "{json:#}"
        );
        assert!(!folder.human(&line("bob@example.com")).contains("note: `bob"));
    }

    #[test]
    fn a_spawner_without_its_pod_is_told_to_give_it() {
        let folder = Folder::new();
        folder.write("pod.yaml", POD);
        folder.write(
            "config/cluster.yaml",
            "cluster: {spawners: [{namespace: default, serviceAccount: driver}]}",
        );
        let line = "-f ./pod.yaml --config-dir ./config --as system:serviceaccount:default:driver";
        let named = format!(
            "{line} --as-user-extra authentication.kubernetes.io/pod-name=driver --as-user-extra authentication.kubernetes.io/pod-uid=7"
        );
        let human = folder.human(&named);
        assert!(
            human.contains("note: the pod that the token of this spawner is bound to was not given: give it with --objects; only the cluster"),
            "{human}"
        );
        let human = folder.human(line);
        assert!(
            human.contains(
                "note: a spawner acts for the person in the stamp of its pod, and only the cluster"
            ),
            "{human}"
        );
        folder.write(
            "binding.yaml",
            "{apiVersion: v1, kind: Binding, metadata: {name: p}, target: {kind: Node, name: vk}}",
        );
        let bind = "-f ./binding.yaml --config-dir ./config --as bob@example.com";
        let human = folder.human(bind);
        assert!(
            human.contains("note: pod `default/p` was not given: give it with --objects\n"),
            "{human}"
        );
        let human = folder.human(&format!("{bind} --objects ./pod.yaml"));
        assert!(!human.contains("note: pod"), "{human}");
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

    const EVERYTHING: &str = "--config-dir ./config --as bob@example.com";

    /// The text about a folder with these files, from the line with `from` on
    fn of_folder(files: &[(&str, &str)], arguments: &str) -> String {
        let folder = Folder::new();
        for (name, text) in files {
            let path = folder.0.path().join("tree").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder.human(format!("-f ./tree {EVERYTHING} {arguments}").trim_end())
    }

    const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {eci: 'true'}, annotations: {k8s.aliyun.com/eci-custom-tags: 'env:test'}}, spec: {containers: [{name: c}]}}";

    #[test]
    fn a_patch_of_kustomize_is_no_manifest() {
        let patch = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {priority: 1}";
        let text = of_folder(
            &[
                ("base/kustomization.yaml", "resources: [pod.yaml]"),
                ("base/pod.yaml", POD),
                (
                    "prod/kustomization.yaml",
                    "resources: [../base]\npatches: [{path: ./priority.yaml}, {patch: 'a: 1'}, {path: ../settings/limits.yaml}]\n\
                     patchesStrategicMerge: [merged.yaml]",
                ),
                ("prod/priority.yaml", patch),
                ("prod/merged.yaml", patch),
                ("settings/limits.yaml", patch),
            ],
            "",
        );
        let line = "passed over as patches of kustomize, pipe `kustomize build DIR` into `ramgate check -f -`: \
            `./tree/prod/merged.yaml`, `./tree/prod/priority.yaml` and `./tree/settings/limits.yaml`\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("1 allowed, 0 denied"), "{text}");
    }

    #[test]
    fn files_that_hold_no_manifests_are_passed_over() {
        let text = of_folder(
            &[
                (
                    "kustomization.yaml",
                    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pod.yaml]",
                ),
                ("patches/kustomization.yml", "resources: []"),
                ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 0.1.0"),
                ("web/values.yaml", "items: [1]\nkind: web"),
                (
                    "web/templates/pod.yaml",
                    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n",
                ),
                (
                    "web/templates/quoted.yaml",
                    "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ $name }}'}",
                ),
                (
                    "loose.yaml",
                    "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Release.Name }}'}",
                ),
                ("tsconfig.json", "{ // a comment\n}"),
                ("pod.yaml", POD),
            ],
            "",
        );
        assert_eq!(
            text,
            "./tree/pod.yaml:1: Pod default/p: allowed, eci:CreateContainerGroup as user/bob by TestOnly#1\n\
             note: namespace `default` was not given: give it with --objects, as its labels and annotations may decide\n\
             passed over, as no Kubernetes manifest is in them: `./tree/kustomization.yaml`, `./tree/patches/kustomization.yml`, `./tree/tsconfig.json` and 2 more\n\
             passed over as Helm templates, pipe `helm template CHART` into `ramgate check -f -`: `./tree/loose.yaml`, `./tree/web/templates/pod.yaml` and `./tree/web/templates/quoted.yaml`\n\
             1 allowed, 0 denied, 0 of kinds that are not judged, 8 files passed over\nGood\n"
        );
        let none = of_folder(&[("values.yaml", "a: 1"), ("Chart.yaml", "name: x")], "");
        assert_eq!(
            none,
            "./tree: no manifest (*.yaml, *.yml, *.json) in it: the 2 files that are there hold none Failure\n"
        );
    }

    #[test]
    fn what_only_looks_like_other_files_is_not_passed_over() {
        for (text, says) in [
            // Braces of other tools
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: '{{workflow.name}}'}}",
                "Pod default/p: allowed",
            ),
            (
                "apiVersion: v1\nmetadata: {name: p}",
                "p.yaml:1:1: the object has no `kind`",
            ),
            ("kind: Pod\nmetadata: {name: p}", "the object has no `apiVersion`"),
            // A list that nobody can apply must not look like the values of a chart
            (
                "kind: PodList\nitems: [{metadata: {name: p}}]",
                "the object has no `apiVersion`",
            ),
            (
                "apiVersion: v1\nitems: [{metadata: {name: p}}]",
                "the object has no `kind`",
            ),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: p", "not YAML"),
            (
                "a: 1\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}",
                "a document is no Kubernetes object: it has no `kind`",
            ),
            (
                "kind: Pod\nspec: {}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}",
                "a document is no Kubernetes object: it has no `apiVersion`",
            ),
        ] {
            let told = of_folder(&[("p.yaml", text)], "");
            assert!(told.contains(says) && !told.contains("passed over"), "{told}");
        }
        let folder = Folder::new();
        folder.write("values.yaml", "replicas: 2");
        folder.write("template.yaml", "{{ .Values.all }}");
        assert!(
            folder
                .human(&format!("-f ./values.yaml {EVERYTHING}"))
                .ends_with("Failure\n")
        );
        folder.write(
            "kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization",
        );
        let told = folder.human(&format!("-f ./kustomization.yaml {EVERYTHING}"));
        assert!(told.contains("this is for kustomize: pipe"), "{told}");
        let told = folder.human(&format!("-f ./template.yaml {EVERYTHING}"));
        assert!(
            told.contains("this is a Helm template: pipe `helm template CHART`")
                && told.ends_with("Failure\n")
        );
    }

    #[test]
    fn lists_of_any_kind_are_their_items() {
        let items = r#"[{"metadata": {"name": "a", "labels": {"eci": "true"}}, "spec": {}}, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}]"#;
        let told = of_folder(
            &[(
                "l.json",
                &format!(r#"{{"apiVersion": "v1", "kind": "PodList", "items": {items}}}"#),
            )],
            "",
        );
        assert!(
            told.contains("l.json:1: Pod default/a: denied") && told.contains("Pod default/b: allowed"),
            "{told}"
        );
        let told = of_folder(
            &[(
                "l.yaml",
                "apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: d}\n  spec: {template: {metadata: {labels: {eci: 'true'}}}}",
            )],
            "",
        );
        assert!(told.contains("l.yaml:4: Deployment default/d: denied"), "{told}");
        let told = of_folder(
            &[(
                "l.yaml",
                "apiVersion: v1\nkind: List\nitems: [{metadata: {name: d}}]",
            )],
            "",
        );
        assert!(told.contains("a document is no Kubernetes object"), "{told}");
    }

    #[test]
    fn a_malformed_object_is_named_and_the_others_are_judged() {
        let told = of_folder(
            &[
                ("a.yaml", POD),
                (
                    "b.yaml",
                    "apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: b\n  annotations: {one: 1}\nspec:\n  jobTemplate:\n    metadata: {labels: [x]}\n    spec:\n      template:\n        metadata:\n          annotations:\n            k8s.aliyun.com/eip-bandwidth: 10\n            on: yes\n",
                ),
                (
                    "c.yaml",
                    "apiVersion: v1\nkind: Pod\nmetadata: {name: c, labels: {eci: 'true', a: }}\nspec:\n  tolerations:\n  - key: [x]",
                ),
            ],
            "",
        );
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[..6],
            [
                "./tree/a.yaml:1: Pod default/p: allowed, eci:CreateContainerGroup as user/bob by TestOnly#1",
                "./tree/b.yaml:5:22: CronJob default/b: metadata.annotations[one] must be a string, found a number: put it in quotes",
                "./tree/b.yaml:8:24: CronJob default/b: spec.jobTemplate.metadata.labels must be an object of strings, found a list",
                "./tree/b.yaml:13:43: CronJob default/b: spec.jobTemplate.spec.template.metadata.annotations[k8s.aliyun.com/eip-bandwidth] must be a string, found a number: put it in quotes",
                "./tree/b.yaml:14:17: CronJob default/b: spec.jobTemplate.spec.template.metadata.annotations[true] must be a string, found a boolean: put it in quotes",
                "./tree/c.yaml:6:10: Pod default/c: spec.tolerations[0].key: invalid type: sequence, expected a string",
            ],
            "{told}"
        );
        assert!(
            told.ends_with(
                "1 allowed, 0 denied, 0 of kinds that are not judged, 5 that could not be judged\nFailure\n"
            ),
            "{told}"
        );
    }

    #[test]
    fn strict_lets_nothing_doubtful_pass() {
        let exit = |text: &str, arguments: &str| {
            let told = of_folder(&[("x.yaml", text)], arguments);
            told.lines().last().unwrap().to_owned()
        };
        let possible =
            "{apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {tolerations: [{operator: Exists}]}}";
        let misplaced = "{apiVersion: v1, kind: Pod, metadata: {name: x, labels: {eci: 'True'}}}";
        let twice = "{apiVersion: v1, kind: Pod, metadata: {name: x, name: x}}";
        let unlisted = "{apiVersion: sparkoperator.k8s.io/v1beta2, kind: SparkApplication, metadata: {name: x}, spec: {driver: {labels: {alibabacloud.com/eci: 'true'}}}}";
        let foreign = "{apiVersion: example.com/v1, kind: Crew, metadata: {name: x}, spec: {pods: [{tolerations: [{key: virtual-kubelet.io/provider}]}]}}";
        for text in [possible, misplaced, twice, foreign, unlisted] {
            assert_eq!(
                (exit(text, ""), exit(text, "--strict")),
                ("Good".into(), "Denied".into()),
                "{text}"
            );
        }
        let selects = "{apiVersion: example.com/v1, kind: Guard, metadata: {name: x}, spec: {podSelector: {matchLabels: {eci: 'true'}}}}";
        let service = "{apiVersion: v1, kind: Service, metadata: {name: x, labels: {eci: 'true'}}}";
        for text in [POD, selects, service] {
            assert_eq!(exit(text, "--strict"), "Good", "{text}");
        }
        let told = of_folder(&[("x.yaml", foreign)], "");
        assert!(
            told.contains("nobody lists the kind: its pods will be denied"),
            "{told}"
        );
    }

    #[test]
    fn an_eviction_is_judged_like_a_deletion_of_its_pod() {
        let eviction = "{apiVersion: policy/v1, kind: Eviction, metadata: {name: p}}";
        let told = of_folder(&[("e.yaml", eviction)], "");
        assert!(
            told.contains(
                "e.yaml:1:1: Eviction default/p: pod `default/p` was not given: give it with --objects"
            ),
            "{told}"
        );
        assert!(told.ends_with("Failure\n"));
        let told = of_folder(&[("e.yaml", eviction), ("p.yaml", POD)], "");
        assert!(
            told.contains("e.yaml:1: Eviction default/p: allowed, eci:DeleteContainerGroup as user/bob"),
            "{told}"
        );
        let denied = POD.replace("env:test", "env:prod");
        let told = of_folder(&[("e.yaml", eviction), ("p.yaml", &denied)], "");
        assert!(told.contains("may not evict pod `default/p` on ECI"), "{told}");
        assert!(told.ends_with("Denied\n"));
    }

    #[test]
    fn each_namespace_that_was_not_given_is_said_once() {
        let pods = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: pay}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: pay}\n";
        let told = of_folder(&[("p.yaml", pods)], "");
        assert_eq!(
            told.matches("namespace `pay` was not given: give it with --objects")
                .count(),
            1,
            "{told}"
        );
        let told = of_folder(
            &[
                ("p.yaml", pods),
                (
                    "n.yaml",
                    "{apiVersion: v1, kind: Namespace, metadata: {name: pay}}",
                ),
            ],
            "",
        );
        assert!(!told.contains("was not given"), "{told}");
    }

    #[test]
    fn a_controller_is_not_told_of_misplaced_marks() {
        let replica_set = "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: r, annotations: {k8s.aliyun.com/eci-custom-tags: 'env:test'}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: d, uid: u, controller: true}]}, spec: {template: {}}}";
        let folder = Folder::new();
        folder.write("r.yaml", replica_set);
        let told = |user: &str| folder.human(&format!("-f ./r.yaml --config-dir ./config --as {user}"));
        assert!(told("bob@example.com").contains("warning: "));
        assert!(!told("system:serviceaccount:kube-system:deployment-controller").contains("warning: "));
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
