//! Every way to write into an API server: sent to ramgate by a rule, or named with its reason in docs/security.md.
//!
//! ```text
//! discovery (all APIs on) -> (resource, operation)  -> a rule of the live webhook configurations, or a row of the page
//! ```
//!
//! A resource, subresource or verb that a newer Kubernetes brings is in neither, and fails the test by its name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::fs;

use serde_json::Value;

use crate::harness::control_plane::ControlPlane;
use crate::harness::install;
use crate::harness::install::RELEASE;
use crate::harness::rest::Rest;
use crate::harness::tools::repository;

/// The heading of the table
const HEADING: &str = "\n## Not sent, and why\n";

/// `resource.group/subresource`, and the operation as a webhook's rule calls it
type Way = (String, &'static str);

#[test]
fn every_way_into_the_api_is_sent_or_has_its_reason() {
    // With the versions that are off by default; nobody but the administrator asks, so nobody has to be authorized.
    let plane = ControlPlane::start_with(|_, _| vec!["--runtime-config=api/all=true".to_owned()]);
    install::install(&plane, &install::values());
    let rest = Rest::new(plane.admin().kubeconfig());
    let ways = ways(&rest);
    assert!(!ways.is_empty());
    let rules = rules(&rest);
    let rows = rows();

    let missing: Vec<&Way> = ways
        .iter()
        .filter(|way| !rules.iter().any(|rule| sends(rule, way)))
        .filter(|way| !rows.keys().any(|row| covers(row, way)))
        .collect();
    assert!(
        missing.is_empty(),
        "no rule sends these, and docs/security.md does not say why: {missing:#?}"
    );
    let both: Vec<&Way> = rows
        .keys()
        .filter(|(resource, _)| !resource.contains('*'))
        .filter(|row| rules.iter().any(|rule| sends(rule, row)))
        .collect();
    assert!(
        both.is_empty(),
        "docs/security.md says that these are not sent, but a rule sends them: {both:#?}"
    );
    // An older Kubernetes lacks some, and a group that is off behind a feature gate is not offered
    if env::var_os("KUBERNETES_VERSION").is_none() {
        let idle: Vec<&Way> = rows
            .keys()
            .filter(|(resource, _)| !resource.contains('*') && !ways.iter().any(|way| way.0 == *resource))
            .collect();
        assert!(idle.is_empty(), "there is nothing of these: {idle:#?}");
    }
    for sent in [
        ("pods", "DELETE"),
        ("pods/exec", "CONNECT"),
        ("pods/ephemeralcontainers", "UPDATE"),
        ("controllerrevisions.apps", "CREATE"),
    ] {
        let way = (sent.0.to_owned(), sent.1);
        assert!(
            ways.contains(&way) && rules.iter().any(|rule| sends(rule, &way)),
            "{way:?}"
        );
    }
}

/// What the API server offers beyond reading
fn ways(rest: &Rest) -> BTreeSet<Way> {
    let mut versions = vec![("/api/v1".to_owned(), String::new())];
    for group in rest.get("/apis")["groups"].as_array().expect("groups") {
        let name = group["name"].as_str().expect("name");
        for version in group["versions"].as_array().expect("versions") {
            let version = version["groupVersion"].as_str().expect("group and version");
            versions.push((format!("/apis/{version}"), name.to_owned()));
        }
    }
    let mut ways = BTreeSet::new();
    for (path, group) in versions {
        for resource in rest.get(&path)["resources"].as_array().expect("resources") {
            let name = named(resource["name"].as_str().expect("name"), &group);
            // The objects of a connection are its options, whatever the method
            let is_connect = name.contains('/')
                && resource["kind"]
                    .as_str()
                    .is_some_and(|kind| kind.ends_with("Options"));
            for verb in resource["verbs"].as_array().expect("verbs") {
                let operation = match verb.as_str().expect("verb") {
                    _ if is_connect => "CONNECT",
                    "create" => "CREATE",
                    "update" | "patch" => "UPDATE",
                    "delete" | "deletecollection" => "DELETE",
                    "get" | "list" | "watch" => continue,
                    other => panic!("{name} has the verb {other}, which nobody has judged yet"),
                };
                ways.insert((name.clone(), operation));
            }
        }
    }
    ways
}

/// `pods/exec`, `deployments.apps/scale`: as RBAC and kubectl name it
fn named(resource: &str, group: &str) -> String {
    let dotted = match group {
        "" => String::new(),
        group => format!(".{group}"),
    };
    match resource.split_once('/') {
        Some((resource, subresource)) => format!("{resource}{dotted}/{subresource}"),
        None => format!("{resource}{dotted}"),
    }
}

/// The rules of the validating configuration, which judges
fn rules(rest: &Rest) -> Vec<Value> {
    let path = format!("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{RELEASE}");
    let configuration = rest.get(&path);
    let entries = configuration["webhooks"].as_array().expect("entries");
    entries
        .iter()
        .flat_map(|entry| entry["rules"].as_array().expect("rules").clone())
        .collect()
}

/// Whether a rule sends an operation, in some namespace, for some object; the chart writes no patterns
fn sends(rule: &Value, (resource, operation): &Way) -> bool {
    let groups = rule["apiGroups"].as_array().expect("groups");
    let resources = rule["resources"].as_array().expect("resources");
    let is_sent = groups.iter().any(|group| {
        let group = group.as_str().expect("group");
        resources
            .iter()
            .any(|one| named(one.as_str().expect("resource"), group) == *resource)
    });
    let operations = rule["operations"].as_array().expect("operations");
    is_sent && operations.iter().any(|one| one == operation)
}

/// Whether a row of the page covers an operation: `*.group` stands for all of a group
fn covers((row, operation): &Way, way: &Way) -> bool {
    let (resource, _) = way.0.split_once('/').unwrap_or((&way.0, ""));
    let is_named = match row.strip_prefix("*.") {
        Some(group) => resource.split_once('.').is_some_and(|(_, found)| found == group),
        None => *row == way.0,
    };
    is_named && *operation == way.1
}

/// The rows of the page with their reasons
fn rows() -> BTreeMap<Way, String> {
    let page = fs::read_to_string(repository().join("docs/security.md")).expect("the page");
    let (_, section) = page.split_once(HEADING).expect("the table's heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut rows = BTreeMap::new();
    let lines = section.lines().filter(|line| line.starts_with("| `"));
    for line in lines {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [resources, operations, reason] = cells[..] else {
            panic!("three cells are wanted: {line}")
        };
        assert!(reason.len() > 20, "no reason: {line}");
        for resource in resources.split(", ") {
            let resource = resource.trim_matches('`').to_owned();
            for operation in operations.split(", ") {
                let operation = match operation {
                    "create" => "CREATE",
                    "update" => "UPDATE",
                    "delete" => "DELETE",
                    "connect" => "CONNECT",
                    other => panic!("{other} is no operation: {line}"),
                };
                let before = rows.insert((resource.clone(), operation), reason.to_owned());
                assert_eq!(before, None, "{resource} {operation} has two rows");
            }
        }
    }
    rows
}
