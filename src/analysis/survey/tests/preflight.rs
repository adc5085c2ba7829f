//! Each finding of preflight, by the one thing that brings it about.

use crate::config::LabelSelector;
use crate::kubernetes::cluster::Meta;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Value, json};

use crate::admission::outcome::mode::StampContents;
use crate::admission::{Mode, Modes};
use crate::analysis::survey::fixture::{ALICE, Town, meta, owned, pod, template, webhooks, workload};
use crate::analysis::survey::preflight::{Finding, Scene, findings};

fn found(town: &Town, objects: &[Value], modes: &Modes, names: &str) -> Vec<Finding> {
    let inventory = town.inventory(objects);
    let names = Regex::new(&format!("^(?:{names})$")).unwrap();
    findings(&Scene {
        judge: town.judge(),
        inventory: &inventory,
        webhook_configuration: "ramgate",
        modes: Some(modes),
        real_node_names: Some(&names),
    })
}

fn told(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// A cluster in which nothing is to be found
fn orderly() -> Town {
    let mut town = Town::new("");
    town.cluster.webhooks = Some(webhooks(|_| {}));
    town
}

fn sound(town: &Town) -> Value {
    town.made_by(ALICE, &workload("Deployment", "web", template("env:test")))
}

const WARN: Modes = Modes {
    default: Mode::Warn,
    namespaces: BTreeMap::new(),
    contents: StampContents::Record,
    namespace_contents: BTreeMap::new(),
};

#[test]
fn an_orderly_cluster_gives_no_finding() {
    let town = orderly();
    assert_eq!(told(&found(&town, &[sound(&town)], &WARN, "real")), "");
}

#[test]
fn workloads_are_told_with_what_to_run() {
    let town = orderly();
    let denied = town.made_by(
        crate::analysis::survey::fixture::CAROL,
        &workload("Deployment", "denied", template("env:test")),
    );
    let bare = workload("StatefulSet", "bare", template("env:test"));
    insta::assert_snapshot!(told(&found(&town, &[denied, bare], &WARN, "real")));
}

#[test]
fn makers_and_principals_that_nobody_knows_are_told() {
    let mut town = orderly();
    let pod = owned(
        pod("build-1", "env:test"),
        "argoproj.io/v1alpha1",
        "Workflow",
        "build",
    );
    let web = sound(&town);
    let directory = "account: {id: '123', region: cn-hangzhou}";
    let document = crate::config::ParsedDocument::directory(directory.as_bytes());
    let named = crate::config::NamedDocument::new("directory", document);
    town.configuration = crate::config::load(&[named]).unwrap();
    let findings = found(&town, &[web, pod], &WARN, "real");
    let identities: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| finding.check.name() == "identity")
        .collect();
    insta::assert_snapshot!(told(&identities));
}

#[test]
fn names_of_nodes_are_held_against_the_pattern() {
    let mut town = orderly();
    town.configuration.cluster.acs_nodes = vec![LabelSelector::label("acs", "1")];
    let labels = [("type", "virtual-kubelet"), ("acs", "1")];
    let acs = Meta {
        labels: labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Meta::default()
    };
    town.cluster
        .snapshot
        .nodes
        .insert("acs".to_owned(), Arc::new(acs));
    insta::assert_snapshot!(told(&found(&town, &[], &WARN, "vk|other")));
}

#[test]
fn selectors_of_eci_profile_need_burst_namespaces() {
    let mut town = orderly();
    town.cluster
        .snapshot
        .namespaces
        .insert("routed".to_owned(), meta("routed", &[("eci", "true")]).into());
    let selectors = json!([
        {"name": "webs", "objectSelector": {"matchLabels": {"app": "web"}}, "effect": {}},
        {"name": "marked", "objectSelector": {"matchLabels": {"alibabacloud.com/eci": "true"}}, "effect": {}},
        {"name": "here", "namespaceSelector": {"matchLabels": {"eci": "true"}}, "effect": {}},
        {"name": "all", "effect": {"annotations": {"x": "y"}}},
    ]);
    let data = [("selectors".to_owned(), selectors.to_string())].into();
    town.cluster.snapshot.profile = crate::kubernetes::eci_profile::Profile::parse(&data)
        .unwrap()
        .into();
    insta::assert_snapshot!(told(&found(&town, &[], &WARN, "real")));
}

#[test]
fn exempt_namespaces_that_lead_to_eci_are_told() {
    let mut town = orderly();
    let routed = meta("kube-system", &[("alibabacloud.com/eci", "true")]);
    town.cluster
        .snapshot
        .namespaces
        .insert("kube-system".to_owned(), routed.into());
    let mut agent = workload("Deployment", "agent", template("env:test"));
    agent["metadata"]["namespace"] = "ramgate-system".into();
    insta::assert_snapshot!(told(&found(&town, &[agent], &WARN, "real")));
}

#[test]
fn an_absent_installation_is_one_finding() {
    let mut town = orderly();
    town.cluster.webhooks = None;
    insta::assert_snapshot!(told(&found(&town, &[], &WARN, "real")));
}

/// What is found when an entry is changed or taken away
fn without(change: impl Fn(&mut Vec<Value>)) -> String {
    let mut town = Town::new("");
    town.cluster.webhooks = Some(webhooks(|object| {
        if let Some(entries) = object["webhooks"].as_array_mut() {
            change(entries);
        }
    }));
    let findings = found(&town, &[], &WARN, "real");
    let places = findings.iter().map(|finding| {
        let kind = finding.place.split("WebhookConfiguration").next().unwrap();
        format!("{kind} {}\n", finding.what)
    });
    places.collect()
}

#[test]
fn every_entry_is_missed() {
    let removed = |prefix: &str| {
        let text =
            without(|entries| entries.retain(|entry| !entry["name"].as_str().unwrap().starts_with(prefix)));
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    for (prefix, entry, configurations) in [
        ("marked", "entry marked", 2),
        ("namespaces-eci", "entry namespaces", 2),
        ("fields", "entry fields", 2),
        ("binding", "entry binding", 2),
        ("revisions", "entry revisions", 2),
        ("connect", "entry connect", 1),
        ("image-caches", "entry image-caches", 1),
        ("profile", "entry profile", 1),
        ("configuration", "entry configuration", 1),
    ] {
        let lines = removed(prefix);
        assert_eq!(lines.len(), configurations, "{prefix}: {lines:#?}");
        assert!(lines.iter().all(|line| line.contains(entry)), "{lines:#?}");
    }
    let lines = removed("removal");
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[test]
fn burst_namespaces_and_serverless_clusters_want_unmarked_pods_sent() {
    for cluster in [
        "cluster: {burstNamespaces: [{matchLabels: {burst: 'yes'}}]}",
        "cluster: {serverless: true}",
    ] {
        let mut town = Town::new(cluster);
        town.cluster.webhooks = Some(webhooks(|_| {}));
        town.cluster
            .snapshot
            .namespaces
            .insert("late".to_owned(), meta("late", &[("burst", "yes")]).into());
        let findings = found(&town, &[], &WARN, "real");
        let burst: Vec<_> = findings
            .iter()
            .filter(|finding| finding.what.contains("entry burst"))
            .collect();
        assert_eq!(burst.len(), 2, "{cluster}: {}", told(&findings));
        assert!(burst[0].what.contains("namespace late"), "{}", burst[0]);
    }
}

#[test]
fn a_kind_of_carriers_that_is_not_sent_is_told() {
    let mut town = Town::new(crate::analysis::survey::tests::CARRIERS);
    town.cluster.webhooks = Some(webhooks(|_| {}));
    let findings = found(&town, &[], &WARN, "real");
    let text = told(&findings);
    assert!(
        text.contains("CREATE clonesets.apps.example.com, UPDATE clonesets.apps.example.com"),
        "{text}"
    );
    assert_eq!(findings.len(), 4, "{text}");
}

#[test]
fn what_an_outage_lets_through_counts_in_enforced_namespaces() {
    let town = orderly();
    // The chart's default mode is warn, with which every entry ignores failure
    let enforce = Modes::everywhere(Mode::Enforce);
    let findings = found(&town, &[], &enforce, "real");
    assert_eq!(findings.len(), 2, "{}", told(&findings));
    assert!(
        findings
            .iter()
            .all(|finding| finding.what.starts_with("failurePolicy is Ignore"))
    );
    // What an outage may never hold up is no gap
    let mut closed = orderly();
    closed.cluster.webhooks = Some(webhooks(|object| {
        for entry in object["webhooks"].as_array_mut().into_iter().flatten() {
            let name = entry["name"].as_str().unwrap();
            if !["removal", "profile", "configuration"]
                .iter()
                .any(|open| name.starts_with(open))
            {
                entry["failurePolicy"] = "Fail".into();
            }
        }
    }));
    assert_eq!(told(&found(&closed, &[], &enforce, "real")), "");
    let one = Modes {
        default: Mode::Warn,
        namespaces: [("shop".to_owned(), Mode::Enforce)].into(),
        ..Modes::default()
    };
    assert_eq!(found(&town, &[], &one, "real").len(), 2);
    let exempt = Modes {
        default: Mode::Warn,
        namespaces: [("kube-system".to_owned(), Mode::Enforce)].into(),
        ..Modes::default()
    };
    assert_eq!(told(&found(&town, &[], &exempt, "real")), "");
}

#[test]
fn an_empty_ca_bundle_is_told() {
    let text = without(|entries| entries[0]["clientConfig"]["caBundle"] = "".into());
    assert_eq!(
        text,
        "Mutating caBundle is empty, so that no call succeeds: marked.ramgate.io\n\
         Validating caBundle is empty, so that no call succeeds: marked.ramgate.io\n"
    );
}

#[test]
fn an_entry_that_picks_objects_does_not_send_everything() {
    let text = without(|entries| {
        for entry in entries
            .iter_mut()
            .filter(|entry| entry["name"] == "binding.ramgate.io")
        {
            entry["objectSelector"] = json!({"matchLabels": {"app": "web"}});
        }
    });
    assert!(text.contains("entry binding"), "{text}");
}
