//! Subjects of RBAC that preflight looks for.

use serde_json::{Value, json};

use crate::analysis::survey::access::RoleBasedAccess;
use crate::analysis::survey::preflight::{Check, Finding, PreflightInput, findings};
use crate::analysis::survey::test_cluster::{
    ALICE, MALLORY, TestCluster, meta, owned, pod, template, workload,
};

/// Known to the directory and the cluster section in every way there is
const KNOWN: &str = "
  - {principal: user/alice, subjects: [{kind: Group, name: payments}, {kind: Group, name: 'system:serviceaccounts:ci'}]}
  - {principal: user/alice, subjects: [{kind: ServiceAccount, namespace: ops, name: deployer}]}
  - {principal: user/*, subjects: [{kind: User, name: '*@corp.example'}]}
cluster:
  controlPlane: ['system:serviceaccount:kube-system:node-cleaner']
  keepers: ['system:serviceaccount:ops:reloader']
  carriers: [{preset: argo-workflows}]
  spawners: [{namespaces: {matchLabels: {tenant: data}}, serviceAccount: spark}]
";

fn account(namespace: &str, name: &str) -> Value {
    json!({"kind": "ServiceAccount", "namespace": namespace, "name": name})
}

fn user(name: &str) -> Value {
    json!({"kind": "User", "name": name})
}

fn group(name: &str) -> Value {
    json!({"kind": "Group", "name": name})
}

/// Access in which one role with this rule is bound, in a namespace unless it is empty, to subjects
fn access(rule: &Value, bindings: &[(&str, Vec<Value>)]) -> RoleBasedAccess {
    let mut access = RoleBasedAccess::default();
    let role = json!({"metadata": {"name": "acts"}, "rules": [rule]});
    access.add_cluster_role(serde_json::from_value(role).unwrap());
    for (namespace, subjects) in bindings {
        let role = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "acts"});
        let mut binding = json!({"metadata": {"name": "b"}, "roleRef": role, "subjects": subjects});
        if namespace.is_empty() {
            access.add_cluster_role_binding(serde_json::from_value(binding).unwrap());
        } else {
            binding["metadata"]["namespace"] = (*namespace).into();
            access.add_role_binding(serde_json::from_value(binding).unwrap());
        }
    }
    access
}

fn deletes() -> Value {
    json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]})
}

/// The findings about subjects in a cluster with these objects
fn found(test: &TestCluster, objects: &[Value], access: &RoleBasedAccess) -> Vec<Finding> {
    let inventory = test.inventory(objects);
    let input = PreflightInput {
        evaluator: test.evaluator(),
        inventory: &inventory,
        webhook_configuration: "ramgate",
        modes: None,
        real_node_names: None,
        access: Some(access),
    };
    let mut found = findings(&input);
    found.retain(|finding| finding.check == Check::Rbac);
    found
}

/// A workload for ECI in namespace shop
fn web() -> Vec<Value> {
    vec![workload("Deployment", "web", template("env:test"))]
}

fn subjects(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.subject.as_str()).collect()
}

#[test]
fn whoever_the_configuration_or_kubernetes_knows_is_not_listed() {
    let mut test = TestCluster::new(KNOWN.trim_start_matches('\n'));
    let tenant = meta("lake", &[("tenant", "data")]);
    test.cluster
        .snapshot
        .namespaces
        .insert("lake".to_owned(), tenant.into());
    let known = vec![
        user(ALICE),
        // By its number, by a star, by its group
        user("alice@corp.example"),
        group("payments"),
        account("ops", "deployer"),
        account("ci", "any"),
        group("system:serviceaccounts:ci"),
        // Lists of the cluster section
        account("kube-system", "node-cleaner"),
        account("ops", "reloader"),
        account("argo", "argo"),
        account("lake", "spark"),
        // Kubernetes and its nodes
        account("kube-system", "job-controller"),
        account("kube-system", "virtual-kubelet"),
        account("kube-system", "vnode"),
        user("system:kube-controller-manager"),
        user("system:kube-scheduler"),
        user("system:node:real"),
        group("system:nodes"),
        group("system:masters"),
    ];
    let strangers = vec![
        group("payments-2"),
        group("system:serviceaccounts"),
        user(MALLORY),
        user("nobody@corp.example"),
        user("system:kube-scheduler-2"),
        account("shop", "spark"),
        account("shop", "job-controller"),
        account("argo", "argo-server"),
    ];
    let bindings = [("", known), ("", strangers)];
    let findings = found(&test, &web(), &access(&deletes(), &bindings));
    assert_eq!(
        subjects(&findings),
        [
            "ServiceAccount argo/argo-server",
            "ServiceAccount shop/job-controller",
            "ServiceAccount shop/spark",
            "User mallory@example.com",
            "User nobody@corp.example",
            "User system:kube-scheduler-2",
            "Group payments-2",
            "Group system:serviceaccounts",
        ]
    );
}

#[test]
fn everybody_is_known_where_everybody_is_bound() {
    let bound = "  - {principal: user/alice, subjects: [{kind: Group, name: 'system:authenticated'}]}";
    let everybody = vec![
        account("ops", "bot"),
        user(MALLORY),
        group("developers"),
        group("system:authenticated"),
        user("system:anonymous"),
        group("system:unauthenticated"),
    ];
    let access = access(&deletes(), &[("", everybody)]);
    let findings = found(&TestCluster::new(bound), &web(), &access);
    assert_eq!(
        subjects(&findings),
        ["User system:anonymous", "Group system:unauthenticated"]
    );
    assert!(findings[0].advice.starts_with("take the right away"));
}

#[test]
fn a_finding_says_what_somebody_may_do_where_and_what_to_do_about_it() {
    let test = TestCluster::new("");
    let mut bank = workload("Deployment", "web", template("env:test"));
    bank["metadata"]["namespace"] = "bank".into();
    let objects = [web(), vec![bank]].concat();
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let bindings = [
        ("", vec![account("ops", "admin")]),
        (
            "shop",
            vec![
                account("ops", "bot"),
                group("developers"),
                account("ops", "admin"),
            ],
        ),
        ("bank", vec![account("ops", "bot")]),
        // Nothing for ECI is there
        ("empty", vec![account("ops", "bot"), user("far@example.com")]),
    ];
    let findings = found(&test, &objects, &access(&everything, &bindings));
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    insta::assert_snapshot!(lines);
    let named = json!({"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["create", "delete"], "resourceNames": ["db-0"]});
    let findings = found(&test, &objects, &access(&named, &[("shop", vec![user(MALLORY)])]));
    assert_eq!(
        findings[0].problem,
        "in no list, and may delete and exec into pods `db-0` in shop (RoleBinding shop/b)"
    );
}

#[test]
fn only_namespaces_with_pods_for_eci_count() {
    let test = TestCluster::new("");
    let everywhere = access(&deletes(), &[("", vec![user(MALLORY)])]);
    assert_eq!(subjects(&found(&test, &[], &everywhere)), [""; 0]);
    let in_bank = access(&deletes(), &[("bank", vec![user(MALLORY)])]);
    assert_eq!(subjects(&found(&test, &web(), &in_bank)), [""; 0]);
    // Pods of a controller that nobody knows count as well
    let mut made = owned(pod("build-1", "env:test"), "example.com/v1", "Build", "build");
    made["metadata"]["namespace"] = "bank".into();
    assert_eq!(found(&test, &[made], &in_bank).len(), 1);
    // Nothing is judged in exempt namespaces
    let mut exempt = workload("Deployment", "web", template("env:test"));
    exempt["metadata"]["namespace"] = "kube-system".into();
    let in_exempt = access(&deletes(), &[("kube-system", vec![user(MALLORY)])]);
    assert_eq!(subjects(&found(&test, &[exempt], &in_exempt)), [""; 0]);
}

#[test]
fn a_hundred_are_listed_and_all_are_counted() {
    let test = TestCluster::new("");
    let crowd = |count: usize| {
        (0..count)
            .map(|number| user(&format!("user-{number:03}")))
            .collect()
    };
    let findings = |count: usize| found(&test, &web(), &access(&deletes(), &[("", crowd(count))]));
    assert_eq!(findings(100).len(), 100);
    let more = findings(103);
    assert_eq!(more.len(), 101);
    assert_eq!(more[100].subject, "3 more subjects of RBAC");
}
