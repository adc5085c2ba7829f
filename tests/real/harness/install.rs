//! ramgate's chart in a control plane, by the real Helm.

use std::fs;
use std::process::Command;

use k8s_openapi::ByteString;
use serde_json::Value;
use serde_json::json;

use super::cast;
use super::control_plane::ControlPlane;
use super::kubectl::Kubectl;
use super::kubectl::Outcome;
use super::nodes::ACS_LABEL;
use super::tools::repository;
use super::tools::tool;

/// The namespace of the release
pub(crate) const NAMESPACE: &str = "ramgate-system";

/// The name of the release, and so of all its objects
pub(crate) const RELEASE: &str = "ramgate";

/// What the tests set; all the rest is the chart's default
pub(crate) fn values() -> Value {
    json!({
        "mode": "enforce",
        // Namespaces of these names are made by the tests that need a softer mode.
        "namespaceModes": {"soft": "warn", "quiet": "audit"},
        // Short, so that a stop does not cost each test the five seconds that a network needs.
        "server": {"shutdownDelayMilliseconds": 2000},
    })
}

/// The same for a cluster with controllers and nodes, with what the tests of identity need
pub(crate) fn values_of_whole_cluster() -> Value {
    let mut values = values();
    values["cluster"] = json!({
        "acsNodes": [{"matchLabels": {ACS_LABEL.0: ACS_LABEL.1}}],
        "burstNamespaces": [{"matchLabels": {"burst": "yes"}}],
        "carriers": [{
            "user": cast::CARRIER,
            "group": "apps.example.com",
            "kind": "CloneSet",
            "resource": "clonesets",
            "templates": ["spec.template"],
        }, {
            "user": cast::SPARK_OPERATOR,
            "group": "sparkoperator.k8s.io",
            "kind": "SparkApplication",
            "resource": "sparkapplications",
            "templates": ["spec.driver.template"],
        }],
        "spawners": [
            {"namespaces": {"matchLabels": {cast::SPAWNING.0: cast::SPAWNING.1}}, "serviceAccount": cast::SPAWNER},
        ],
        "keepers": [cast::KEEPER, cast::KUEUE],
    });
    values
}

/// Installs or upgrades the release with these values
pub(crate) fn install(plane: &ControlPlane, values: &Value) {
    let file = plane.folder().join("values.json");
    fs::write(&file, values.to_string()).expect("values");
    let chart = repository().join("charts/ramgate").display().to_string();
    let file = file.display().to_string();
    // Nothing runs the Deployment's pods but the tests, so there is nothing to wait for.
    helm(
        plane,
        &[
            "upgrade",
            "--install",
            RELEASE,
            &chart,
            "--create-namespace",
            "--values",
            &file,
        ],
    )
    .success();
}

/// Runs `helm ARGUMENTS` in the release's namespace
pub(crate) fn helm(plane: &ControlPlane, arguments: &[&str]) -> Outcome {
    let home = plane.folder().join("helm");
    let output = Command::new(tool("helm"))
        .args(["--namespace", NAMESPACE])
        .args(arguments)
        .env("KUBECONFIG", plane.admin().kubeconfig())
        .env("HELM_CACHE_HOME", &home)
        .env("HELM_CONFIG_HOME", &home)
        .env("HELM_DATA_HOME", &home)
        .output()
        .expect("helm");
    Outcome {
        succeeded: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Writes caBundle into all webhooks, as the values say that the user does
pub(crate) fn trust(admin: &Kubectl, authority: &str) {
    for kind in ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"] {
        let hooks = admin.get(&[kind, RELEASE])["webhooks"].as_array().unwrap().len();
        let bundle = ByteString(authority.into());
        let path = |index: usize| format!("/webhooks/{index}/clientConfig/caBundle");
        let patch = (0..hooks).map(|index| json!({"op": "add", "path": path(index), "value": bundle}));
        let patch = patch.collect::<Value>().to_string();
        admin
            .run(&["patch", kind, RELEASE, "--type=json", "--patch", &patch])
            .success();
    }
}
