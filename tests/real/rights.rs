//! The chart's RBAC, seen with a token of its ServiceAccount.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use crate::harness::cluster::{Cluster, exclusive};
use crate::harness::install::{NAMESPACE, RELEASE};
use crate::harness::kubectl::Kubectl;
use crate::harness::replica::service_account;

/// Everything that a person may do in a namespace, one line each: `verb group/resource`, with the object's name if the
/// right is for one object
fn rights(who: &Kubectl, namespace: &str) -> BTreeSet<String> {
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let answer = who
        .give(&["create", "--output=json", "--validate=false"], &review)
        .success()
        .stdout;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["status"]["incomplete"], false, "{answer}");
    let texts = |list: &Value| -> Vec<String> {
        list.as_array()
            .into_iter()
            .flatten()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    let mut rights = BTreeSet::new();
    for rule in answer["status"]["resourceRules"].as_array().unwrap() {
        let names = texts(&rule["resourceNames"]);
        let names = if names.is_empty() {
            vec!["*".to_owned()]
        } else {
            names
        };
        for verb in texts(&rule["verbs"]) {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    rights.extend(
                        names
                            .iter()
                            .map(|name| format!("{verb} {group}/{resource} {name}")),
                    );
                }
            }
        }
    }
    for rule in answer["status"]["nonResourceRules"]
        .as_array()
        .into_iter()
        .flatten()
    {
        for verb in texts(&rule["verbs"]) {
            rights.extend(
                texts(&rule["nonResourceURLs"])
                    .iter()
                    .map(|path| format!("{verb} {path}")),
            );
        }
    }
    rights
}

/// What every ServiceAccount may do, such as asking this very question
fn rights_of_nobody(cluster: &Cluster) -> BTreeSet<String> {
    let nobody = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}});
    cluster.admin.within(NAMESPACE).apply(&nobody).success();
    rights(&service_account(&cluster.plane, "nobody"), NAMESPACE)
}

/// What somebody may do in the release's namespace and not every ServiceAccount
pub(crate) fn beyond_nobody(cluster: &Cluster, who: &Kubectl) -> BTreeSet<String> {
    let nobody = rights_of_nobody(cluster);
    rights(who, NAMESPACE).difference(&nobody).cloned().collect()
}

/// One line for each verb
fn each(verbs: &[&str], what: &str) -> Vec<String> {
    verbs.iter().map(|verb| format!("{verb} {what}")).collect()
}

#[test]
fn the_service_account_may_do_what_ramgate_needs_and_nothing_more() {
    let cluster = exclusive();
    let space = cluster.namespace("rights", &[]);
    let account = service_account(&space.plane, RELEASE);
    let nobody = rights_of_nobody(&cluster);
    let of = |namespace: &str| -> BTreeSet<String> {
        rights(&account, namespace).difference(&nobody).cloned().collect()
    };

    const READ: &[&str] = &["get", "list", "watch"];
    let hooks = format!("admissionregistration.k8s.io/{{}}webhookconfigurations {RELEASE}");
    let hook_verbs = &["get", "list", "watch", "patch"];
    let mut everywhere = BTreeSet::new();
    everywhere.extend(each(READ, "/namespaces *"));
    everywhere.extend(each(READ, "/nodes *"));
    everywhere.extend(each(&["get"], "/pods *"));
    everywhere.extend(each(hook_verbs, &hooks.replace("{}", "mutating")));
    everywhere.extend(each(hook_verbs, &hooks.replace("{}", "validating")));
    let mut own = everywhere.clone();
    own.extend(each(READ, "/configmaps *"));
    own.extend(each(&["create", "patch"], "events.k8s.io/events *"));
    own.extend(each(
        &["get", "list", "watch", "create", "patch"],
        &format!("/secrets {RELEASE}-ca"),
    ));
    own.extend(each(
        &["get", "list", "watch", "create", "patch", "update"],
        &format!("/secrets {RELEASE}-stamp"),
    ));
    let mut system = everywhere.clone();
    system.extend(each(READ, "/configmaps eci-profile"));
    system.extend(each(&["create", "patch"], "events.k8s.io/events *"));

    assert_eq!(of(&space.name), everywhere);
    assert_eq!(of("kube-system"), system);
    assert_eq!(of(NAMESPACE), own);
}

#[test]
fn a_token_of_the_service_account_reads_no_secrets_and_makes_no_pods() {
    let cluster = exclusive();
    let space = cluster.namespace("token", &[]);
    let account = service_account(&space.plane, RELEASE);
    let may = |question: &[&str]| {
        let outcome = account.run(&[&["auth", "can-i"], question].concat());
        (outcome.stdout.trim() == "yes", outcome)
    };

    for question in [
        ["list", "secrets", "--namespace", NAMESPACE],
        ["get", "secrets/other", "--namespace", NAMESPACE],
        ["create", "pods", "--namespace", NAMESPACE],
        ["list", "pods", "--namespace", &space.name],
        ["watch", "pods", "--namespace", NAMESPACE],
        ["get", "deployments.apps", "--namespace", &space.name],
        ["get", "configmaps/other", "--namespace", "kube-system"],
        ["update", "configmaps/eci-profile", "--namespace", "kube-system"],
        ["delete", "secrets/ramgate-stamp", "--namespace", NAMESPACE],
        ["update", "configmaps", "--namespace", NAMESPACE],
        ["get", "configmaps", "--namespace", &space.name],
        ["patch", "mutatingwebhookconfigurations/other", "--namespace", ""],
        ["impersonate", "users", "--namespace", ""],
        ["escalate", "clusterroles", "--namespace", ""],
    ] {
        let (allowed, outcome) = may(&question);
        assert!(!allowed, "{question:?}: {outcome:?}");
    }
    let refused = account.within(NAMESPACE).run(&["get", "secrets"]).failure();
    assert!(refused.contains("forbidden"), "{refused}");
}
