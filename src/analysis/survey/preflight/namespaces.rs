//! Finds namespaces whose pods go to ECI unseen: routed by eci-profile alone, or exempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::admission::routing::route::{Route, route};
use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::preflight::finding::{Check, Finding, shortened};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::kubernetes::eci_profile::Selector;
use crate::kubernetes::meta::Meta;
use crate::kubernetes::pod::Pod;
use crate::wording::{NAME_LENGTH, quoted};

/// Selectors of eci-profile that route unmarked pods of namespaces that are no burst namespaces
pub(super) fn routed_by_profile(input: &PreflightInput<'_>) -> Vec<Finding> {
    let cluster = input.evaluator.cluster;
    // The cluster without eci-profile shows what else would lead the pods to ECI
    let mut without = cluster.clone();
    without.snapshot.profile = Arc::default();
    let selectors = cluster.snapshot.profile.selectors().iter();
    let findings = selectors
        .filter(|selector| selector.is_selective())
        .filter_map(|selector| {
            let namespaces = cluster.snapshot.namespaces.iter().filter(|(name, meta)| {
                selector.matches_namespace(meta)
                    && !cluster.is_exempt(name)
                    && mark(input, &selector.object_labels(), meta, &without).is_none()
            });
            profile_finding(
                selector,
                &namespaces.map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            )
        });
    findings.collect()
}

fn profile_finding(selector: &Selector, namespaces: &[&str]) -> Option<Finding> {
    (!namespaces.is_empty()).then(|| Finding {
        check: Check::Profile,
        subject: format!("eci-profile selector {}", quoted(&selector.name, NAME_LENGTH)),
        problem: format!(
            "it sends pods to ECI that carry no mark when they are created, in {} namespaces: {}",
            namespaces.len(),
            shortened(namespaces.iter().copied())
        ),
        advice:
            "name these namespaces in cluster.burstNamespaces of the chart, so that their pods are stamped"
                .to_owned(),
    })
}

/// Exempt namespaces that lead to ECI themselves, or have workloads that do
pub(super) fn exempt(input: &PreflightInput<'_>) -> Vec<Finding> {
    let cluster = input.evaluator.cluster;
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, meta) in &cluster.snapshot.namespaces {
        let mark = cluster
            .is_exempt(name)
            .then(|| mark(input, &BTreeMap::new(), meta, cluster));
        if let Some(mark) = mark.flatten() {
            let reasons = reasons.entry(name).or_default();
            reasons.push(format!("it leads to ECI itself by {mark}"));
        }
    }
    for (name, found) in input.inventory.exempt() {
        let some = shortened(found.examples.iter().map(String::as_str));
        reasons.entry(name).or_default().push(format!(
            "{} of its workloads and pods lead to ECI, such as {some}",
            found.count
        ));
    }
    let finding = |(name, reasons): (&str, Vec<String>)| Finding {
        check: Check::Exempt,
        subject: format!("namespace {name}"),
        problem: format!("pods in it are never judged, and {}", reasons.join("; ")),
        advice:
            "let nobody write there who may not do everything on ECI, or take it out of exemptNamespaces \
                 of the chart"
                .to_owned(),
    };
    reasons.into_iter().map(finding).collect()
}

/// The mark that leads a pod with these labels and nothing else to ECI
fn mark(
    input: &PreflightInput<'_>,
    labels: &BTreeMap<String, String>,
    namespace: &Meta,
    cluster: &SurveyedCluster,
) -> Option<String> {
    let json = json!({"metadata": {"labels": labels}}).to_string();
    let pod = Pod::parse(&json).ok()?;
    match route(&pod, namespace, &input.evaluator.configuration.cluster, cluster) {
        Route::Certain(mark) | Route::Possible(mark) => Some(mark.to_string()),
        Route::No(_) => None,
    }
}
