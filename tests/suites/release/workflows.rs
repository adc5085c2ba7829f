//! The workflows: what they run, with which rights. `make lint` checks them with actionlint.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::dist::{document, repository, text};

const FILES: [&str; 2] = ["ci.yaml", "release.yaml"];

fn workflow(file: &str) -> Value {
    document(&text(&repository(".github/workflows").join(file)))
}

/// The steps of a workflow, each with the name of its job
fn steps(workflow: &Value) -> Vec<(String, Value)> {
    let jobs = workflow["jobs"].as_object().unwrap();
    jobs.iter()
        .flat_map(|(name, job)| {
            let steps = job["steps"].as_array().cloned().unwrap_or_default();
            steps.into_iter().map(move |step| (name.clone(), step))
        })
        .collect()
}

/// What the steps of a workflow run
fn commands(workflow: &Value) -> Vec<String> {
    let steps = steps(workflow).into_iter();
    steps
        .filter_map(|(_, step)| step["run"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn these_are_all_the_workflows() {
    let mut found: Vec<String> = fs::read_dir(repository(".github/workflows"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, FILES);
}

#[test]
fn every_script_that_a_workflow_calls_is_there_and_can_run() {
    let mut called = 0;
    for file in FILES {
        for command in commands(&workflow(file)) {
            for word in command
                .split_whitespace()
                .filter(|word| word.starts_with("scripts/"))
            {
                let mode = fs::metadata(repository(word))
                    .unwrap_or_else(|error| panic!("{file}: {word}: {error}"))
                    .permissions()
                    .mode();
                assert!(mode & 0o111 == 0o111, "{file}: {word} cannot run");
                called += 1;
            }
        }
    }
    assert!(called > 10, "{called}");
}

/// Text that an outsider chooses, such as the name of a branch, is never a part of a script, and no job has a secret
#[test]
fn nothing_that_others_write_becomes_a_script() {
    for file in FILES {
        let written = text(&repository(".github/workflows").join(file));
        for forbidden in [
            "pull_request_target",
            "workflow_run",
            "secrets.",
            "secrets:",
            "github.head_ref",
            "github.event.pull",
            "self-hosted",
        ] {
            assert!(!written.contains(forbidden), "{file} has {forbidden}");
        }
        for command in commands(&workflow(file)) {
            let inserted = command.matches("${{").count();
            assert_eq!(
                inserted,
                command.matches("${{ matrix.command }}").count(),
                "{file}: {command}"
            );
        }
    }
    // The one text that is inserted is written in the same file
    for test in workflow("ci.yaml")["jobs"]["test"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap()
    {
        assert!(test["command"].is_string(), "{test}");
    }
}

/// A tag of an action can be moved, its commit cannot
#[test]
fn every_action_is_pinned_by_its_commit() {
    for file in FILES {
        let written = text(&repository(".github/workflows").join(file));
        let mut uses = 0;
        for line in written.lines().filter_map(|line| line.split_once("uses: ")) {
            if line.1.starts_with("./.github/workflows/") {
                continue;
            }
            let (action, version) = line
                .1
                .split_once(" # ")
                .unwrap_or_else(|| panic!("{file}: {} has no version", line.1));
            let (_, commit) = action.split_once('@').unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{file}: {action}"
            );
            assert!(version.starts_with('v'), "{file}: {version}");
            uses += 1;
        }
        assert!(uses > 0, "{file}");
        for (job, step) in steps(&workflow(file)) {
            if step["uses"]
                .as_str()
                .is_some_and(|uses| uses.starts_with("actions/checkout@"))
            {
                assert_eq!(step["with"]["persist-credentials"], false, "{file}: {job}");
            }
        }
    }
}

#[test]
fn only_the_job_that_publishes_may_write() {
    let ci = workflow("ci.yaml");
    assert_eq!(ci["permissions"], serde_json::json!({"contents": "read"}));
    for (name, job) in ci["jobs"].as_object().unwrap() {
        assert!(job["permissions"].is_null(), "{name}");
    }
    let release = workflow("release.yaml");
    assert_eq!(release["permissions"], serde_json::json!({}));
    for (name, job) in release["jobs"].as_object().unwrap() {
        let expected = if name == "publish" {
            serde_json::json!({"contents": "write", "packages": "write", "id-token": "write", "attestations": "write"})
        } else {
            serde_json::json!({"contents": "read"})
        };
        assert_eq!(job["permissions"], expected, "{name}");
    }
    assert_eq!(release["jobs"]["publish"]["environment"], "release");
    // Neither does it compile dependencies, nor take what other workflows may have written
    for (job, step) in steps(&release) {
        let runs = step["run"].as_str().unwrap_or_default();
        let uses = step["uses"].as_str().unwrap_or_default();
        assert!(!uses.starts_with("actions/cache@"), "{job}");
        let compiles = [
            "cargo ",
            "build.sh",
            "reproduce.sh",
            "assemble.sh",
            "toolchain.sh",
        ];
        if job == "publish" {
            assert!(!compiles.iter().any(|word| runs.contains(word)), "{runs}");
        }
    }
}

/// Every way to the job that publishes leads through the check of the tag, the tests, and both programs
#[test]
fn nothing_is_published_before_everything_passed() {
    let release = workflow("release.yaml");
    assert_eq!(release["on"]["push"]["tags"], serde_json::json!(["v*"]));
    let mut needed = vec!["publish".to_owned()];
    let mut index = 0;
    while index < needed.len() {
        let needs = &release["jobs"][&needed[index]]["needs"];
        let names = needs.as_array().cloned().unwrap_or_else(|| vec![needs.clone()]);
        for name in names.iter().filter_map(Value::as_str) {
            if !needed.iter().any(|known| known == name) {
                needed.push(name.to_owned());
            }
        }
        index += 1;
    }
    needed.sort();
    assert_eq!(needed, ["assemble", "ci", "program", "publish", "tag"]);
    assert_eq!(
        release["jobs"]["program"]["strategy"]["matrix"]["arch"],
        serde_json::json!(["amd64", "arm64"])
    );
    let text = commands(&release).join("\n");
    for script in [
        "tag.sh",
        "reproduce.sh",
        "try.sh",
        "assemble.sh",
        "sign.sh",
        "publish.sh",
        "announce.sh",
    ] {
        assert!(text.contains(script), "{script}");
    }
}

#[test]
fn ci_runs_lint_with_advisories_and_three_versions_of_kubernetes() {
    let ci = workflow("ci.yaml");
    let lint = steps(&ci)
        .into_iter()
        .find(|(_, step)| step["run"] == "make lint")
        .expect("make lint");
    assert_eq!(lint.1["env"]["RAMGATE_ADVISORIES"], "required");
    let obtain = text(&repository("tests/real/tools/obtain.sh"));
    let pinned = obtain
        .lines()
        .find_map(|line| line.strip_prefix("pinned_kubernetes="))
        .unwrap();
    let matrix = ci["jobs"]["test"]["strategy"]["matrix"]["include"]
        .as_array()
        .unwrap();
    let tests: Vec<(&str, &str)> = matrix
        .iter()
        .map(|one| {
            (
                one["kubernetes"].as_str().unwrap(),
                one["command"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(tests[0], (pinned, "make test"));
    for (test, minor) in tests.iter().zip(["1.36.", "1.33.", "1.30."]) {
        assert!(test.0.starts_with(minor), "{test:?}");
    }
    for test in &tests[1..] {
        assert_eq!(test.1, "cargo test --locked --test real");
    }
    let step = steps(&ci)
        .into_iter()
        .find(|(_, step)| step["run"] == "${{ matrix.command }}")
        .unwrap();
    assert_eq!(step.1["env"]["KUBERNETES_VERSION"], "${{ matrix.kubernetes }}");
}
