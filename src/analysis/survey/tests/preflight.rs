//! Provokes each finding of preflight alone.

use crate::analysis::survey::object_sink::ObjectSink;
use crate::analysis::survey::workload_kind::WorkloadKind;
use crate::config::{ClusterSettings, DelegatedController, LabelSelector};
use crate::kubernetes::meta::Meta;
use crate::kubernetes::template_place::TemplatePlace;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Value, json};

use crate::admission::outcome::mode::OnDifference;
use crate::admission::{Mode, Modes};
use crate::analysis::survey::preflight::{Finding, PreflightInput, findings};
use crate::analysis::survey::test_cluster::{
    ALICE, TestCluster, meta, owned, pod, template, webhooks, workload,
};

fn found(test: &TestCluster, objects: &[Value], modes: &Modes, names: &str) -> Vec<Finding> {
    let inventory = test.inventory(objects);
    let names = Regex::new(&format!("^(?:{names})$")).unwrap();
    findings(&PreflightInput {
        evaluator: test.evaluator(),
        inventory: &inventory,
        webhook_configuration: "ramgate",
        modes: Some(modes),
        real_node_names: Some(&names),
        access: None,
    })
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// A cluster without findings
fn orderly() -> TestCluster {
    let mut test = TestCluster::new("");
    test.cluster.webhooks = Some(webhooks(|_| {}));
    test
}

fn sound(test: &TestCluster) -> Value {
    test.made_by(ALICE, &workload("Deployment", "web", template("env:test")))
}

const WARN: Modes = Modes {
    default: Mode::Warn,
    namespaces: BTreeMap::new(),
    on_difference: OnDifference::Record,
    namespace_on_difference: BTreeMap::new(),
};

#[test]
fn an_orderly_cluster_gives_no_finding() {
    let test = orderly();
    assert_eq!(lines(&found(&test, &[sound(&test)], &WARN, "real")), "");
}

#[test]
fn denied_workloads_come_with_the_command_to_run() {
    let test = orderly();
    let denied = test.made_by(
        crate::analysis::survey::test_cluster::CAROL,
        &workload("Deployment", "denied", template("env:test")),
    );
    let bare = workload("StatefulSet", "bare", template("env:test"));
    insta::assert_snapshot!(lines(&found(&test, &[denied, bare], &WARN, "real")));
}

#[test]
fn unknown_controllers_and_principals_are_found() {
    let mut test = orderly();
    let pod = owned(
        pod("build-1", "env:test"),
        "argoproj.io/v1alpha1",
        "Workflow",
        "build",
    );
    let web = sound(&test);
    let directory = "account: {id: '123', region: cn-hangzhou}";
    let document = crate::config::ParsedDocument::directory(directory.as_bytes());
    let named = crate::config::NamedDocument::new("directory", document);
    test.configuration = crate::config::load(&[named]).unwrap();
    let findings = found(&test, &[web, pod], &WARN, "real");
    let identities: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| finding.check.name() == "identity")
        .collect();
    insta::assert_snapshot!(lines(&identities));
}

#[test]
fn pods_that_pods_make_are_unknown_unless_a_spawner_made_them() {
    let test = orderly();
    let executor = |stamped: bool| {
        let pod = pod("exec-1", "env:test");
        let pod = if stamped { test.made_by(ALICE, &pod) } else { pod };
        owned(pod, "v1", "Pod", "driver")
    };
    assert_eq!(
        lines(&found(&test, &[sound(&test), executor(true)], &WARN, "real")),
        ""
    );
    let findings = lines(&found(&test, &[sound(&test), executor(false)], &WARN, "real"));
    assert!(
        findings.contains("list the service account of these pods in cluster.spawners"),
        "{findings}"
    );
}

#[test]
fn kinds_that_nobody_lists_and_paths_that_lead_nowhere_are_found() {
    let mut test = orderly();
    let kind = |name: &str| {
        let mut kinds = WorkloadKind::unlisted(&ClusterSettings::default()).into_iter();
        kinds.find(|kind| kind.name() == name).unwrap()
    };
    let flow = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "flow", "namespace": "shop"},
        "spec": {"podMetadata": {"labels": {"alibabacloud.com/eci": "true"}}}});
    let plain = json!({"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": {"name": "plain", "namespace": "shop"}, "spec": {}});
    let carrier = |path: &str| DelegatedController {
        user: "u".to_owned(),
        group: "example.com".to_owned(),
        kind: "Thing".to_owned(),
        resource: "things".to_owned(),
        templates: vec![TemplatePlace::any(path)],
        unknown_paths: Vec::new(),
        harmless: Vec::new(),
        verifies_owner: false,
        stored: Vec::new(),
    };
    test.configuration.cluster.carriers = vec![carrier("spec.pod"), carrier("spec.task")];
    let things = WorkloadKind::all(&test.configuration.cluster);
    let things = things.iter().find(|kind| kind.name() == "Thing").unwrap();
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": "shop"},
        "spec": {"pod": {"metadata": {}}}});
    let mut inventory = test.inventory(&[]);
    inventory.add_unlisted(&test.evaluator(), &kind("Workflow"), &flow);
    inventory.add_unlisted(&test.evaluator(), &kind("RayJob"), &plain);
    inventory.add_object(&test.evaluator(), things, &thing);
    let findings = findings(&PreflightInput {
        evaluator: test.evaluator(),
        inventory: &inventory,
        webhook_configuration: "ramgate",
        modes: Some(&WARN),
        real_node_names: None,
        access: None,
    });
    let identities: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| finding.check.name() == "identity")
        .collect();
    assert_eq!(
        lines(&identities),
        "identity: Workflow.argoproj.io: nobody lists the kind, and 1 of its objects have marks of ECI (Workflow/shop/flow): \
         their pods would be denied: add {preset: argo-workflows} to cluster.carriers of the chart\n\
         identity: Thing.example.com: no object has anything at the listed path `spec.task`, so no stamp is written there: \
         correct the path in cluster.carriers of the chart: it ends at a pod template or a pod's metadata\n"
    );
}

#[test]
fn names_of_nodes_are_compared_with_the_pattern() {
    let mut test = orderly();
    test.configuration.cluster.acs_nodes = vec![LabelSelector::label("acs", "1")];
    let labels = [("type", "virtual-kubelet"), ("acs", "1")];
    let acs = Meta {
        labels: labels
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..Meta::default()
    };
    let nodes = &mut test.cluster.snapshot.nodes;
    nodes.insert("acs".to_owned(), Arc::new(acs));
    insta::assert_snapshot!(lines(&found(&test, &[], &WARN, "vk|other")));
}

#[test]
fn selectors_of_eci_profile_need_burst_namespaces() {
    let mut test = orderly();
    test.cluster
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
    test.cluster.snapshot.profile = crate::kubernetes::eci_profile::Profile::parse(&data)
        .unwrap()
        .into();
    insta::assert_snapshot!(lines(&found(&test, &[], &WARN, "real")));
}

#[test]
fn exempt_namespaces_that_lead_to_eci_are_found() {
    let mut test = orderly();
    let routed = meta("kube-system", &[("alibabacloud.com/eci", "true")]);
    test.cluster
        .snapshot
        .namespaces
        .insert("kube-system".to_owned(), routed.into());
    let mut agent = workload("Deployment", "agent", template("env:test"));
    agent["metadata"]["namespace"] = "ramgate-system".into();
    insta::assert_snapshot!(lines(&found(&test, &[agent], &WARN, "real")));
}

#[test]
fn an_absent_installation_is_one_finding() {
    let mut test = orderly();
    test.cluster.webhooks = None;
    insta::assert_snapshot!(lines(&found(&test, &[], &WARN, "real")));
}

#[test]
fn before_the_installation_only_obstacles_that_it_does_not_remove_are_found() {
    let test = TestCluster::new("").before_installation().owned_by(ALICE);
    let mut running = pod("runs", "env:prod");
    running["spec"]["nodeName"] = "vk".into();
    let objects = [
        workload("Deployment", "fine", template("env:test")),
        workload("Deployment", "blank", template("env:test, a:b")),
        pod("waits", "env:test"),
        running,
    ];
    insta::assert_snapshot!(lines(&found(&test, &objects, &WARN, "real")));
}

#[test]
fn a_running_pod_needs_no_stamp() {
    let test = orderly();
    let mut running = pod("runs", "env:test");
    running["spec"]["nodeName"] = "vk".into();
    assert_eq!(lines(&found(&test, &[running], &WARN, "real")), "");
}

/// The findings after `change` to the entries
fn without(change: impl Fn(&mut Vec<Value>)) -> String {
    let mut test = TestCluster::new("");
    test.cluster.webhooks = Some(webhooks(|object| {
        if let Some(entries) = object["webhooks"].as_array_mut() {
            change(entries);
        }
    }));
    let findings = found(&test, &[], &WARN, "real");
    let places = findings.iter().map(|finding| {
        let kind = finding.subject.split("WebhookConfiguration").next().unwrap();
        format!("{kind} {}\n", finding.problem)
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
        let mut test = TestCluster::new(cluster);
        test.cluster.webhooks = Some(webhooks(|_| {}));
        test.cluster
            .snapshot
            .namespaces
            .insert("late".to_owned(), meta("late", &[("burst", "yes")]).into());
        let findings = found(&test, &[], &WARN, "real");
        let burst: Vec<_> = findings
            .iter()
            .filter(|finding| finding.problem.contains("entry burst"))
            .collect();
        assert_eq!(burst.len(), 2, "{cluster}: {}", lines(&findings));
        assert!(burst[0].problem.contains("namespace late"), "{}", burst[0]);
    }
}

#[test]
fn a_kind_of_carriers_that_is_not_sent_is_found() {
    let mut test = TestCluster::new(crate::analysis::survey::tests::CARRIERS);
    test.cluster.webhooks = Some(webhooks(|_| {}));
    let findings = found(&test, &[], &WARN, "real");
    let text = lines(&findings);
    assert!(
        text.contains("CREATE clonesets.apps.example.com, UPDATE clonesets.apps.example.com"),
        "{text}"
    );
    assert_eq!(findings.len(), 4, "{text}");
}

#[test]
fn what_an_outage_lets_through_counts_in_enforced_namespaces() {
    let test = orderly();
    // The chart's default mode is warn, in which every entry ignores failure
    let enforce = Modes::everywhere(Mode::Enforce);
    let findings = found(&test, &[], &enforce, "real");
    assert_eq!(findings.len(), 2, "{}", lines(&findings));
    assert!(
        findings
            .iter()
            .all(|finding| finding.problem.starts_with("failurePolicy is Ignore"))
    );
    // Entries that an outage must not block may ignore failure
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
    assert_eq!(lines(&found(&closed, &[], &enforce, "real")), "");
    let one = Modes {
        default: Mode::Warn,
        namespaces: [("shop".to_owned(), Mode::Enforce)].into(),
        ..Modes::default()
    };
    let findings = found(&test, &[], &one, "real");
    assert_eq!(findings.len(), 2);
    // These are in no namespace, so the chart closes them with mode enforce for all alone
    for entry in ["connect-nodes", "image-caches"] {
        assert!(!lines(&findings).contains(entry), "{}", lines(&findings));
    }
    let mut half = orderly();
    half.cluster.webhooks = Some(webhooks(|object| {
        for entry in object["webhooks"].as_array_mut().into_iter().flatten() {
            let name = entry["name"].as_str().unwrap();
            let is_open = [
                "removal",
                "profile",
                "configuration",
                "connect-nodes",
                "image-caches",
            ]
            .iter()
            .any(|open| name.starts_with(open));
            if !is_open {
                entry["failurePolicy"] = "Fail".into();
            }
        }
    }));
    assert_eq!(lines(&found(&half, &[], &one, "real")), "");
    let findings = lines(&found(&half, &[], &enforce, "real"));
    assert!(
        findings.contains("connect-nodes.ramgate.io, image-caches"),
        "{findings}"
    );
    let exempt = Modes {
        default: Mode::Warn,
        namespaces: [("kube-system".to_owned(), Mode::Enforce)].into(),
        ..Modes::default()
    };
    assert_eq!(lines(&found(&test, &[], &exempt, "real")), "");
}

#[test]
fn a_namespace_that_the_directory_enforces_is_found_while_its_entries_are_lenient() {
    let mut test =
        TestCluster::new("modes: {shop: enforce, bank: warn, kube-system: enforce, later: enforce}");
    test.cluster.webhooks = Some(webhooks(|_| {}));
    let findings = found(&test, &[], &WARN, "real");
    let said: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}: {}", finding.subject, finding.problem))
        .collect();
    let open = "the directory enforces it, but its live webhook entries let requests pass while ramgate does not answer";
    let entries = "binding.ramgate.io, connect.ramgate.io, fields.ramgate.io and 2 more";
    assert_eq!(
        said,
        [
            "namespace kube-system: the directory enforces it, but nothing is judged there: no mutating entry sends its pods"
                .to_owned(),
            format!("namespace later: {open}: {entries}"),
            format!("namespace shop: {open}: {entries}"),
        ]
    );
    assert!(
        findings[2].advice.contains("shop: enforce under namespaceModes"),
        "{:?}",
        findings[2]
    );
    // What the directory softens is not enforced, whatever the installation says
    let enforce = Modes {
        namespaces: ["shop", "bank"]
            .map(|name| (name.to_owned(), Mode::Enforce))
            .into(),
        ..Modes::default()
    };
    assert_eq!(said.len(), found(&test, &[], &enforce, "real").len());
}

#[test]
fn an_empty_ca_bundle_is_found() {
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
