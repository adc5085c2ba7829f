//! Finds controllers and principals that make pods on ECI and that the configuration does not know.
//!
//! Only objects are read: the sender of a request is in none of them.

use std::collections::BTreeMap;

use crate::analysis::survey::inventory::Inventory;
use crate::analysis::survey::preflight::finding::{Check, Finding, shortened};
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::config::{preset_of, written_preset};
use crate::wording::{NAME_LENGTH, described, quoted};
use ram_policy::Principal;

pub(super) fn findings(input: &PreflightInput<'_>) -> Vec<Finding> {
    let mut findings = unjudged_kinds(input.inventory);
    findings.extend(dead_paths(input));
    findings.extend(removed_principals(input));
    findings
}

/// Kinds that make pods on ECI and whose authors ramgate does not know
pub(crate) fn unjudged_kinds(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = unknown_controllers(inventory);
    findings.extend(unlisted_kinds(inventory));
    findings
}

/// Kinds whose controller is neither built in nor listed in `cluster.carriers`
fn unknown_controllers(inventory: &Inventory) -> Vec<Finding> {
    let controllers = inventory.unknown_controllers().iter();
    let finding = controllers.map(|((group, kind), owned)| {
        let dot = if group.is_empty() { "" } else { "." };
        Finding {
            check: Check::Identity,
            subject: format!("{kind}{dot}{group}"),
            problem: format!(
                "its controller makes pods or workloads for ECI ({}: {}), and whoever wrote the {kind} is not known",
                owned.count,
                shortened(owned.examples.iter().map(String::as_str))
            ),
            advice: match (group.as_str(), kind.as_str(), preset_of(group, kind)) {
                ("", "Pod", _) => {
                    "list the service account of these pods in cluster.spawners of the chart, or bind it in the directory"
                        .to_owned()
                }
                (_, _, Some(preset)) => format!("add {} to cluster.carriers of the chart", written_preset(&preset)),
                (_, _, None) => "bind the controller's service account in the directory, or list it in cluster.carriers of \
                                 the chart"
                    .to_owned(),
            },
        }
    });
    finding.collect()
}

/// Kinds of presets that nobody lists, with objects that have marks of ECI
fn unlisted_kinds(inventory: &Inventory) -> Vec<Finding> {
    let known = inventory.unknown_controllers();
    let unlisted = inventory.unlisted().iter();
    let new = unlisted.filter(|(kind, _)| !known.contains_key(*kind));
    let finding = new.map(|((group, kind), found)| Finding {
        check: Check::Identity,
        subject: format!("{kind}.{group}"),
        problem: format!(
            "nobody lists the kind, and {} of its objects have marks of ECI ({}): their pods would be denied",
            found.count,
            shortened(found.examples.iter().map(String::as_str))
        ),
        advice: format!(
            "add {} to cluster.carriers of the chart",
            written_preset(&preset_of(group, kind).unwrap_or_default())
        ),
    });
    finding.collect()
}

/// Written paths of listed kinds that lead nowhere in any object
fn dead_paths(input: &PreflightInput<'_>) -> Vec<Finding> {
    let finding = |(group, kind, path): (&str, &str, &str)| Finding {
        check: Check::Identity,
        subject: format!("{kind}.{group}"),
        problem: format!(
            "no object has anything at the listed path {}, so no stamp is written there",
            quoted(path, NAME_LENGTH)
        ),
        advice:
            "correct the path in cluster.carriers of the chart: it ends at a pod template or a pod's metadata"
                .to_owned(),
    };
    input.inventory.dead_paths().map(finding).collect()
}

/// Principals that stamps name and the directory no longer has
fn removed_principals(input: &PreflightInput<'_>) -> Vec<Finding> {
    let policies = &input.evaluator.configuration.policies;
    let mut removed: BTreeMap<&Principal, Vec<String>> = BTreeMap::new();
    for workload in input.inventory.workloads() {
        let claims = workload.stamp.claims();
        let principal = claims.and_then(|claims| claims.principal.as_ref());
        if let Some(principal) = principal.filter(|principal| !policies.has_principal(principal)) {
            removed.entry(principal).or_default().push(workload.full_title());
        }
    }
    let finding = |(principal, workloads): (&Principal, Vec<String>)| Finding {
        check: Check::Identity,
        subject: quoted(&principal.to_string(), NAME_LENGTH),
        problem: format!(
            "{} is not in the directory, and is who stamps name: {}",
            described(principal),
            shortened(workloads.iter().map(String::as_str))
        ),
        advice: "put it back, or have these workloads restarted by somebody who is bound".to_owned(),
    };
    removed.into_iter().map(finding).collect()
}
