//! Namespaces whose pods go to ECI without ramgate seeing them: routed by eci-profile alone, or exempt.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::admission::routing::route::{Route, route};
use crate::analysis::survey::cluster::SurveyedCluster;
use crate::analysis::survey::preflight::{Check, Finding, Scene, shown};
use crate::kubernetes::cluster::Meta;
use crate::kubernetes::pod::Pod;
use crate::wording::{NAME_LENGTH, quoted};

/// Selectors of eci-profile that send unmarked pods of namespaces that are no burst namespaces
pub(crate) fn of_profile(scene: &Scene<'_>) -> Vec<Finding> {
    let cluster = scene.judge.cluster;
    // Without the profile it shows what else would lead its pods to ECI
    let mut without = cluster.clone();
    without.snapshot.profile = Arc::default();
    let selectors = cluster.snapshot.profile.selectors().iter();
    let findings = selectors.filter(|selector| selector.is_selective()).filter_map(|selector| {
        let namespaces = cluster.snapshot.namespaces.iter().filter(|(name, meta)| {
            selector.fits_namespace(meta)
                && !cluster.is_exempt(name)
                && leads_nowhere(scene, &selector.object_labels(), meta, &without)
        });
        let names: Vec<&str> = namespaces.map(|(name, _)| name.as_str()).collect();
        (!names.is_empty()).then(|| Finding {
            check: Check::Profile,
            place: format!("eci-profile selector {}", quoted(&selector.name, NAME_LENGTH)),
            what: format!(
                "it sends pods to ECI that carry no mark when they are created, in {} namespaces: {}",
                names.len(),
                shown(names.iter().copied())
            ),
            advice: "name these namespaces in cluster.burstNamespaces of the chart, so that their pods are stamped"
                .to_owned(),
        })
    });
    findings.collect()
}

/// Namespaces that are exempt and lead to ECI, or have workloads that do
pub(crate) fn exempt(scene: &Scene<'_>) -> Vec<Finding> {
    let cluster = scene.judge.cluster;
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, meta) in cluster
        .snapshot
        .namespaces
        .iter()
        .filter(|(name, _)| cluster.is_exempt(name))
    {
        if let Some(mark) = mark(scene, &BTreeMap::new(), meta, cluster) {
            reasons
                .entry(name)
                .or_default()
                .push(format!("it leads to ECI itself by {mark}"));
        }
    }
    for (name, found) in scene.inventory.exempt() {
        let some = shown(found.examples.iter().map(String::as_str));
        reasons.entry(name).or_default().push(format!(
            "{} of its workloads and pods lead to ECI, such as {some}",
            found.count
        ));
    }
    let finding = |(name, reasons): (&str, Vec<String>)| {
        Finding {
        check: Check::Exempt,
        place: format!("namespace {name}"),
        what: format!("pods in it are never judged, and {}", reasons.join("; ")),
        advice: "let nobody write there who may not do everything on ECI, or take it out of exemptNamespaces of the chart"
            .to_owned(),
    }
    };
    reasons.into_iter().map(finding).collect()
}

fn leads_nowhere(
    scene: &Scene<'_>,
    labels: &BTreeMap<String, String>,
    namespace: &Meta,
    cluster: &SurveyedCluster,
) -> bool {
    mark(scene, labels, namespace, cluster).is_none()
}

/// What leads a pod with nothing but labels to ECI
fn mark(
    scene: &Scene<'_>,
    labels: &BTreeMap<String, String>,
    namespace: &Meta,
    cluster: &SurveyedCluster,
) -> Option<String> {
    let json = json!({"metadata": {"labels": labels}}).to_string();
    let pod = Pod::parse(&json).ok()?;
    match route(&pod, namespace, &scene.judge.configuration.cluster, cluster) {
        Route::Certain(mark) | Route::Possible(mark) => Some(mark.to_string()),
        Route::No(_) => None,
    }
}
