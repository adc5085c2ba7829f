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
        let expected = match name.as_str() {
            "publish" => {
                serde_json::json!({"contents": "write", "packages": "write", "id-token": "write", "attestations": "write"})
            }
            "verify" => serde_json::json!({}),
            _ => serde_json::json!({"contents": "read"}),
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
        "verify.sh",
    ] {
        assert!(text.contains(script), "{script}");
    }
}

/// Nothing but a tag releases: no branch, no person who presses a button, no other workflow
#[test]
fn only_a_tag_starts_a_release() {
    let release = workflow("release.yaml");
    assert_eq!(release["on"], serde_json::json!({"push": {"tags": ["v*"]}}));
    // A run that waits is cancelled by the next one of its group.
    let group = |file: &str| {
        workflow(file)["concurrency"]["group"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(group("release.yaml"), "release-${{ github.ref }}");
    assert_eq!(
        group("ci.yaml"),
        "ci-${{ github.workflow }}-${{ github.event_name }}-${{ github.ref }}"
    );
}

/// The steps of a job, as the script that each runs or the action that it uses
fn order(workflow: &Value, job: &str) -> Vec<String> {
    steps(workflow)
        .into_iter()
        .filter(|(name, _)| name == job)
        .map(|(_, step)| {
            let run = step["run"].as_str().unwrap_or_default();
            let uses = step["uses"].as_str().unwrap_or_default();
            let (action, _) = uses.split_once('@').unwrap_or_default();
            format!("{action}{run}").replace("scripts/release/", "")
        })
        .filter(|step| !step.starts_with("actions/setup-go") && !step.starts_with("actions/checkout"))
        .collect()
}

/// An artifact of a workflow is a file that can be replaced: its digest goes another way, and is compared before use
#[test]
fn what_a_job_hands_over_is_compared_before_it_is_used() {
    let release = workflow("release.yaml");
    let fingerprints = [
        ("program", "amd64", "assemble", "AMD64"),
        ("program", "arm64", "assemble", "ARM64"),
        ("assemble", "dist", "publish", "DIST"),
    ];
    for (from, output, to, variable) in fingerprints {
        assert_eq!(
            release["jobs"][from]["outputs"][output],
            format!("${{{{ steps.fingerprint.outputs.{output} }}}}")
        );
        let expected = format!("${{{{ needs.{from}.outputs.{output} }}}}");
        let (_, step) = steps(&release)
            .into_iter()
            .find(|(job, step)| job == to && step["env"][variable] == expected)
            .unwrap_or_else(|| panic!("{to} does not compare {output}"));
        let run = step["run"].as_str().unwrap();
        assert!(
            run.contains("fingerprint.sh ") && run.contains(&format!("\"${variable}\"")),
            "{run}"
        );
    }
    assert_eq!(
        order(&release, "assemble"),
        [
            "toolchain.sh",
            "actions/download-artifact",
            "actions/download-artifact",
            "fingerprint.sh bin/amd64 \"$AMD64\" && fingerprint.sh bin/arm64 \"$ARM64\"",
            "chmod +x target/dist/bin/amd64/ramgate target/dist/bin/arm64/ramgate",
            "assemble.sh",
            "digest=$(fingerprint.sh .)\necho \"dist=$digest\" >>\"$GITHUB_OUTPUT\"\n",
            "actions/upload-artifact",
        ]
    );
    // Only what is compared may replace that of an earlier attempt.
    for (job, step) in steps(&release) {
        if step["with"]["overwrite"] == true {
            assert!(release["jobs"][&job]["outputs"].is_object(), "{job}");
        }
    }
}

/// Everything that can be refused is, before the first signature
#[test]
fn everything_is_checked_before_anything_is_signed() {
    assert_eq!(
        order(&workflow("release.yaml"), "publish"),
        [
            "actions/download-artifact",
            "fingerprint.sh . \"$DIST\"",
            "login.sh ghcr.io \"$GITHUB_ACTOR\"",
            "publish.sh --check ghcr.io/ramgate",
            "sign.sh",
            "publish.sh ghcr.io/ramgate >>\"$GITHUB_OUTPUT\"",
            "actions/attest-build-provenance",
            "actions/attest-build-provenance",
            "announce.sh \"$TAG\"",
        ]
    );
    let rehearsal = text(&repository("scripts/release/rehearse.sh"));
    let at = |text: &str| rehearsal.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("/publish.sh\" --check \"$registry\"\n") < at("/sign.sh\""));
}

/// What was published is verified as its users do, by nobody in particular
#[test]
fn what_is_published_is_verified_without_a_login() {
    let release = workflow("release.yaml");
    assert_eq!(release["jobs"]["verify"]["needs"], "publish");
    assert_eq!(order(&release, "verify"), ["verify.sh \"$TAG\""]);
    let written = text(&repository(".github/workflows/release.yaml"));
    let (_, verify) = written.split_once("\n  verify:\n").unwrap();
    assert!(!verify.contains("token") && !verify.contains("login"), "{verify}");
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
