//! Those who make pods on ECI and whom nobody knows, as far as objects tell; who sent a request is in no object.

use std::collections::BTreeMap;

use crate::analysis::survey::preflight::{Check, Finding, Scene, shown};
use crate::wording::{NAME_LENGTH, described, quoted};
use ram_policy::Principal;

pub(crate) fn findings(scene: &Scene<'_>) -> Vec<Finding> {
    strangers(scene).chain(forgotten(scene)).collect()
}

/// Kinds whose controller is neither built in nor listed
fn strangers<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = Finding> + 'a {
    let makers = scene.inventory.makers().iter();
    makers.map(|((group, kind), made)| {
        let dot = if group.is_empty() { "" } else { "." };
        Finding {
            check: Check::Identity,
            place: format!("{kind}{dot}{group}"),
            what: format!(
                "its controller makes pods or workloads for ECI ({}: {}), and whoever wrote the {kind} is not known",
                made.count,
                shown(made.examples.iter().map(String::as_str))
            ),
            advice: "bind the controller's service account in the directory, or list it in cluster.carriers of the chart"
                .to_owned(),
        }
    })
}

/// Principals of stamps that the directory does not have any more
fn forgotten(scene: &Scene<'_>) -> impl Iterator<Item = Finding> {
    let policies = &scene.judge.configuration.policies;
    let mut gone: BTreeMap<&Principal, Vec<String>> = BTreeMap::new();
    for row in scene.inventory.rows() {
        let principal = row.stamp.claims().and_then(|claims| claims.principal.as_ref());
        if let Some(principal) = principal.filter(|principal| !policies.has_principal(principal)) {
            gone.entry(principal)
                .or_default()
                .push(format!("{}/{}", row.namespace, row.title()));
        }
    }
    let finding = |(principal, rows): (&Principal, Vec<String>)| Finding {
        check: Check::Identity,
        place: quoted(&principal.to_string(), NAME_LENGTH),
        what: format!(
            "{} is not in the directory, and is who stamps name: {}",
            described(principal),
            shown(rows.iter().map(String::as_str))
        ),
        advice: "put it back, or have these workloads restarted by somebody who is bound".to_owned(),
    };
    gone.into_iter().map(finding).collect::<Vec<_>>().into_iter()
}
