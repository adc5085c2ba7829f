//! Compares the live webhook entries with what has to be sent to ramgate, and with what the chart installed.
//!
//! Of match conditions only the second comparison sees more than their names.

mod namespace_labels;
mod required_rule;

use std::collections::BTreeSet;

use crate::admission::{Mode, Modes, Webhook};
use crate::analysis::survey::preflight::finding::{Check, Finding, shortened};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::analysis::survey::preflight::webhook_rules::required_rule::{BOTH, RequiredRule, required_rules};
use crate::analysis::survey::webhooks::{Entry, NAME_LABEL, RequestKind, Webhooks};
use crate::cluster::summarize_differences;

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    if !input.is_installed() {
        return Vec::new();
    }
    let Some(webhooks) = &input.evaluator.cluster.webhooks else {
        return vec![Finding {
            check: Check::Rules,
            subject: format!("webhook configurations {}", input.webhook_configuration),
            problem: "they are not there, so that nothing is sent to ramgate".to_owned(),
            advice: "install the chart, or name them with --webhook-configuration".to_owned(),
        }];
    };
    let rules = required_rules(input);
    let missing = rules.iter().flat_map(|rule| {
        let paths = rule.paths.iter();
        paths.filter_map(|path| missing(input, webhooks, rule, *path))
    });
    missing
        .chain(without_ca_bundle(input, webhooks))
        .chain(failing_open(input, webhooks))
        .chain(open_by_the_directory(input, webhooks))
        .chain(changed(input, webhooks))
        .collect()
}

fn configuration_name(input: &PreflightInput<'_>, path: Webhook) -> String {
    let kind = match path {
        Webhook::Mutating => "MutatingWebhookConfiguration",
        Webhook::Validating => "ValidatingWebhookConfiguration",
    };
    format!("{kind} {}", input.webhook_configuration)
}

/// The required requests that no entry of one configuration sends
fn missing(
    input: &PreflightInput<'_>,
    webhooks: &Webhooks,
    rule: &RequiredRule,
    path: Webhook,
) -> Option<Finding> {
    let entries = webhooks.entries().iter();
    let entries: Vec<&Entry> = entries
        .filter(|entry| entry.path == path)
        .filter(|entry| rule.may_select_objects || !entry.has_object_selector)
        .filter(|entry| !rule.is_unmarked || !entry.requires_mark)
        .collect();
    let (mut requests, mut namespaces) = (BTreeSet::new(), BTreeSet::new());
    for namespace in &rule.namespaces {
        let selecting = entries.iter();
        let selecting: Vec<&&Entry> = selecting
            .filter(|entry| entry.selects_namespace(&namespace.labels))
            .collect();
        let is_sent = |request: &RequestKind<'_>| selecting.iter().any(|entry| entry.matches(*request));
        for request in rule.requests.iter().filter(|request| !is_sent(&request.kind())) {
            requests.insert(request.to_string());
            namespaces.insert(namespace.description.as_str());
        }
    }
    (!requests.is_empty()).then(|| Finding {
        check: Check::Rules,
        subject: configuration_name(input, path),
        problem: format!(
            "entry {} is not there, or does not send {} of {}",
            rule.entry,
            shortened(requests.iter().map(String::as_str)),
            shortened(namespaces)
        ),
        advice: "install the chart again with its values".to_owned(),
    })
}

/// Entries that the API server cannot call, since they have no CA bundle
fn without_ca_bundle(input: &PreflightInput<'_>, webhooks: &Webhooks) -> Vec<Finding> {
    about_entries(
        input,
        webhooks,
        |entry| !entry.has_ca_bundle,
        "caBundle is empty, so that no call succeeds",
        "see who has to write it: certificate.source of the chart, and what a GitOps tool may leave alone",
    )
}

/// Entries that let requests pass while ramgate does not answer, of namespaces that the installation enforces
fn failing_open(input: &PreflightInput<'_>, webhooks: &Webhooks) -> Vec<Finding> {
    let Some(modes) = input.modes else {
        return Vec::new();
    };
    about_entries(
        input,
        webhooks,
        |entry| entry.ignores_failure && !entry.may_fail_open() && is_enforced(input, modes, entry),
        "failurePolicy is Ignore in enforced namespaces, so that an outage of ramgate is a way around it",
        "set webhooks.*.failurePolicy of the chart to Fail",
    )
}

/// Namespaces that the directory enforces, though the live entries let their requests pass while ramgate does not answer
fn open_by_the_directory(input: &PreflightInput<'_>, webhooks: &Webhooks) -> Vec<Finding> {
    let cluster = input.evaluator.cluster;
    let modes = input.evaluator.configuration.modes.iter();
    let mut enforced = modes.filter(|(_, mode)| **mode == Mode::Enforce).peekable();
    if enforced.peek().is_none() {
        return Vec::new();
    }
    let entries = webhooks.namespaced_entries();
    let open = enforced.filter_map(|(name, _)| {
        // One that does not exist yet has at least this label
        let own = || [(NAME_LABEL.to_owned(), name.clone())].into();
        let labels = cluster.snapshot.namespaces.get(name);
        let labels = labels.map_or_else(own, |meta| meta.labels.clone());
        let open = entries.failing_open(&labels)?;
        let (problem, advice) = if open.is_judged() {
            (
                "its live webhook entries let requests pass while ramgate does not answer",
                format!("write {name}: enforce under namespaceModes of the chart's values as well"),
            )
        } else {
            (
                "nothing is judged there",
                format!("take {name} out of modes, or out of exemptNamespaces of the chart's values"),
            )
        };
        Some(Finding {
            check: Check::Rules,
            subject: format!("namespace {name}"),
            problem: format!("the directory enforces it, but {problem}: {open}"),
            advice,
        })
    });
    open.collect()
}

/// One finding for each configuration that has such entries
fn about_entries(
    input: &PreflightInput<'_>,
    webhooks: &Webhooks,
    is_concerned: impl Fn(&Entry) -> bool,
    problem: &str,
    advice: &str,
) -> Vec<Finding> {
    let finding = |path: &Webhook| {
        let entries = webhooks.entries().iter();
        let concerned = entries.filter(|entry| entry.path == *path && is_concerned(entry));
        let names: Vec<&str> = concerned.map(|entry| entry.name.as_str()).collect();
        (!names.is_empty()).then(|| Finding {
            check: Check::Rules,
            subject: configuration_name(input, *path),
            problem: format!("{problem}: {}", shortened(names)),
            advice: advice.to_owned(),
        })
    };
    BOTH.iter().filter_map(finding).collect()
}

/// Whether an entry sends requests that mode enforce may deny
fn is_enforced(input: &PreflightInput<'_>, modes: &Modes, entry: &Entry) -> bool {
    if entry.is_about_no_namespace() {
        return modes.default == Mode::Enforce;
    }
    let cluster = input.evaluator.cluster;
    let mut namespaces = cluster.snapshot.namespaces.iter();
    let directory = &input.evaluator.configuration.modes;
    namespaces.any(|(name, meta)| {
        let is_enforced = modes.of(name) == Mode::Enforce && !directory.contains_key(name);
        is_enforced && !cluster.is_exempt(name) && entry.selects_namespace(&meta.labels)
    })
}

/// Entries that differ from what the chart installed
fn changed(input: &PreflightInput<'_>, webhooks: &Webhooks) -> Option<Finding> {
    let differences = webhooks.differences();
    (!differences.is_empty()).then(|| Finding {
        check: Check::Rules,
        subject: format!("webhook configurations {}", input.webhook_configuration),
        problem: format!(
            "they are not as they were installed: {}",
            summarize_differences(differences)
        ),
        advice: "find out who changed them, and install the chart again with --force-conflicts".to_owned(),
    })
}
