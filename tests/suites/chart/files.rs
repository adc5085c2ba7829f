//! Files beside the chart that must agree with it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::render::{documents, notes, render, repository, tool};

/// Objects by kind and name: two versions of Helm may order and space them in two ways
fn objects(text: &str) -> BTreeMap<String, Value> {
    let key = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
    documents(text)
        .into_iter()
        .map(|object| (key(&object), object))
        .collect()
}

#[test]
fn the_rendered_manifests_are_those_of_the_chart() {
    let output = Command::new(repository("deploy/render.sh"))
        .arg("-")
        .env("HELM", tool("helm"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rendered = objects(&String::from_utf8(output.stdout).unwrap());
    let kept = objects(&fs::read_to_string(repository("deploy/manifests/ramgate.yaml")).unwrap());
    let names = |objects: &BTreeMap<String, Value>| objects.keys().cloned().collect::<Vec<_>>();
    let advice = "run `make manifests`";
    assert_eq!(names(&kept), names(&rendered), "{advice}");
    for (name, object) in &rendered {
        assert_eq!(&kept[name], object, "{name} differs: {advice}");
    }
}

#[test]
fn the_rendered_manifests_hold_no_hook() {
    // Applied as they are, a hook would delete the webhook configurations at once.
    let kept = fs::read_to_string(repository("deploy/manifests/ramgate.yaml")).unwrap();
    assert!(!kept.contains("helm.sh/hook") && !kept.contains("kind: Job"));
}

#[test]
fn alerts_fire_on_their_causes_and_not_without() {
    let folder = repository("deploy/observability");
    for arguments in [
        ["check", "rules", "rules.yaml"],
        ["test", "rules", "rules.test.yaml"],
    ] {
        let output = Command::new(tool("promtool"))
            .args(arguments)
            .current_dir(&folder)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    let rules = fs::read_to_string(folder.join("rules.yaml")).unwrap();
    let tests = fs::read_to_string(folder.join("rules.test.yaml")).unwrap();
    let (rules, tests) = (&documents(&rules)[0], &documents(&tests)[0]);
    for rule in rules["groups"][0]["rules"].as_array().unwrap() {
        let cases = tests["tests"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|test| test["alert_rule_test"].as_array().unwrap());
        let of_rule: Vec<_> = cases.filter(|case| case["alertname"] == rule["alert"]).collect();
        assert!(
            of_rule.iter().any(|case| case["exp_alerts"].is_array()),
            "{} is never seen to fire",
            rule["alert"]
        );
    }
}

#[test]
fn the_notes_say_what_is_missing_and_warn_of_what_hurts() {
    let default = notes(&json!({}));
    for part in [
        "mode warn",
        "Never judged: pods in kube-system, ramgate-system.",
        "ramgate.io/config=policy",
        "ramgate.io/config=directory",
        "ramgate preflight --namespace ramgate-system",
        "--set mode=enforce",
        "helm test ramgate --namespace ramgate-system --logs",
    ] {
        assert!(default.contains(part), "{part} is not in\n{default}");
    }
    assert!(!default.contains("WARNING"), "{default}");
    let single = notes(&json!({"replicas": 1, "namespaceModes": {"payments": "enforce"}}));
    assert!(
        single.contains("WARNING: there is one replica") && single.contains("payments: enforce"),
        "{single}"
    );
    let foreign = notes(&json!({"certificate": {"source": "secret", "secret": {"name": "mine"}}}));
    assert!(foreign.contains("WARNING: you write caBundle"), "{foreign}");
}

#[test]
fn the_image_runs_as_the_user_of_the_chart_and_without_a_shell() {
    let text = fs::read_to_string(repository("Dockerfile")).unwrap();
    let last = text.rsplit("\nFROM ").next().unwrap();
    let manifests = render(&json!({}));
    let user = &manifests.deployment()["spec"]["template"]["spec"]["securityContext"]["runAsUser"];
    assert!(last.contains(&format!("\nUSER {user}:{user}\n")), "{last}");
    assert!(
        last.starts_with("${RUNTIME_IMAGE}") && !last.contains("\nRUN "),
        "{last}"
    );
    assert!(text.contains("ARG BUILDER_IMAGE=") && text.contains("ARG RUNTIME_IMAGE=scratch"));
}
