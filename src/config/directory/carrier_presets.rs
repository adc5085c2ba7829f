//! The presets of `carriers`: known controllers of custom kinds, with the places of pod metadata in their objects.
//!
//! `carrier_presets.yaml` has them as a table.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::directory::delegated_controller::{DelegatedController, HARMLESS};
use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::{check_not_empty, shortened};
use crate::kubernetes::template_place::{Shape, TemplatePlace};
use crate::yaml;
use ram_policy::source::{Fault, Node};

/// The table
const TABLE: &str = include_str!("carrier_presets.yaml");

/// A controller, and the kinds whose pods it makes
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    /// Its user, unless the project leaves its namespace open
    user: Option<String>,
    kinds: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Kind {
    group: String,
    kind: String,
    resource: String,
    templates: Vec<Place>,
    harmless: Option<Vec<String>>,
    #[serde(default)]
    verifies_owner: bool,
    #[serde(default)]
    stored: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: String,
    #[serde(default = "template")]
    shape: Shape,
    #[serde(default)]
    inherits: Vec<Place>,
}

fn template() -> Shape {
    Shape::Template
}

/// An entry of `carriers` that names a preset
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    preset: LocatedText,
    user: Option<LocatedText>,
}

impl From<&Place> for TemplatePlace {
    fn from(place: &Place) -> Self {
        Self {
            path: place.path.clone(),
            shape: place.shape,
            inherits: place.inherits.iter().map(Self::from).collect(),
        }
    }
}

impl Preset {
    /// The entries of `carriers` that it stands for
    fn entries(&self, user: &str) -> Vec<DelegatedController> {
        let entry = |kind: &Kind| DelegatedController {
            user: user.to_owned(),
            group: kind.group.clone(),
            kind: kind.kind.clone(),
            resource: kind.resource.clone(),
            templates: kind.templates.iter().map(TemplatePlace::from).collect(),
            unknown_paths: Vec::new(),
            harmless: match &kind.harmless {
                Some(paths) => paths.clone(),
                None => HARMLESS.map(str::to_owned).to_vec(),
            },
            verifies_owner: kind.verifies_owner,
            stored: kind.stored.clone(),
        };
        self.kinds.iter().map(entry).collect()
    }
}

/// An entry of `carriers` that names a preset, as one writes it
///
/// ```text
/// argo-workflows  -> {preset: argo-workflows}
/// flink-operator  -> {preset: flink-operator, user: system:serviceaccount:NAMESPACE:NAME}
/// ```
pub(crate) fn written(name: &str) -> String {
    let has_user = table().is_ok_and(|presets| presets.get(name).is_some_and(|preset| preset.user.is_some()));
    let user = if has_user {
        ""
    } else {
        ", user: system:serviceaccount:NAMESPACE:NAME"
    };
    format!("{{preset: {name}{user}}}")
}

/// The entry of `carriers` by which a service account is listed for a kind, where a preset has the kind
///
/// ```text
/// argoproj.io Workflow, system:serviceaccount:argo:argo    -> {preset: argo-workflows}
/// argoproj.io Workflow, system:serviceaccount:flows:argo   -> {preset: argo-workflows, user: system:serviceaccount:flows:argo}
/// ```
pub(crate) fn written_for(group: &str, kind: &str, user: &str) -> Option<String> {
    let name = preset_of(group, kind)?;
    let presets = table().ok()?;
    if presets.get(&name)?.user.as_deref() == Some(user) {
        return Some(written(&name));
    }
    // Whoever may impersonate chooses what a name holds, and this one goes into YAML
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".:-".contains(c);
    user.chars()
        .all(is_plain)
        .then(|| format!("{{preset: {name}, user: {user}}}"))
}

/// All presets by name
fn table() -> Result<BTreeMap<String, Preset>, Fault> {
    match yaml::parse(TABLE)?.as_slice() {
        [table] => table.read(),
        _ => Ok(BTreeMap::new()),
    }
}

/// Reads an entry that names a preset
///
/// # Errors
///
/// Nobody knows the preset, or its controller's user has to be given.
pub(crate) fn read(node: &Node) -> Result<Vec<DelegatedController>, Faults> {
    let wire: Wire = node.read()?;
    let presets = table()?;
    let name = &wire.preset;
    let Some(preset) = presets.get(name.as_str()) else {
        let known: Vec<&str> = presets.keys().map(String::as_str).collect();
        let known = known.join(", ");
        return Err(name
            .fault(format!("`{}` is no preset; there are {known}", shortened(name)))
            .into());
    };
    let mut faults = Faults::default();
    if let Some(user) = &wire.user {
        faults.handle(check_not_empty(user, "user name"));
    }
    let Some(user) = wire.user.as_deref().or(preset.user.as_deref()) else {
        let problem = format!(
            "preset `{}` has no usual namespace: write the controller's name in `user`, such as \
             system:serviceaccount:NAMESPACE:NAME",
            &**name
        );
        return Err(name.fault(problem).into());
    };
    faults.finish(preset.entries(user))
}

/// The place at a path of a kind that a preset has
pub(crate) fn place(group: &str, kind: &str, path: &str) -> Option<TemplatePlace> {
    let presets = table().ok()?;
    let mut kinds = presets.values().flat_map(|preset| &preset.kinds);
    let kind = kinds.find(|one| one.group == group && one.kind == kind)?;
    let place = kind.templates.iter().find(|place| place.path == path)?;
    Some(place.into())
}

/// Of a kind that a preset has: whether stamps must be in the owner, and the fields of the status by which its controller goes
pub(crate) fn rules_of_kind(group: &str, kind: &str) -> (bool, Vec<String>) {
    let presets = table().unwrap_or_default();
    let mut kinds = presets.into_values().flat_map(|preset| preset.kinds);
    let found = kinds.find(|one| one.group == group && one.kind == kind);
    found.map_or((false, Vec::new()), |kind| (kind.verifies_owner, kind.stored))
}

/// The entries of all presets
pub(crate) fn preset_entries() -> Vec<DelegatedController> {
    let presets = table().unwrap_or_default();
    presets.values().flat_map(|preset| preset.entries("")).collect()
}

/// The name of the preset that has a kind
pub(crate) fn preset_of(group: &str, kind: &str) -> Option<String> {
    let presets = table().ok()?;
    let has_kind = |preset: &Preset| {
        preset
            .kinds
            .iter()
            .any(|one| one.group == group && one.kind == kind)
    };
    let found = presets.into_iter().find(|(_, preset)| has_kind(preset));
    found.map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn every_preset_is_an_entry_that_could_be_written() {
        let presets = table().unwrap();
        assert_eq!(presets.len(), 15);
        for (name, preset) in presets {
            let entries = preset.entries("u");
            assert!(!entries.is_empty(), "{name}");
            for entry in entries {
                let is_pod = entry.group.is_empty() && entry.kind == "Pod";
                assert_eq!(entry.templates.is_empty(), is_pod, "{name} {}", entry.kind);
                for place in &entry.templates {
                    assert_ne!(place.shape, Shape::Any);
                    assert_ne!(
                        place.shape,
                        Shape::Scheduling,
                        "no stamp stands there: {}",
                        place.path
                    );
                    let is_within = |path: &&String| place.path.starts_with(&format!("{path}."));
                    assert_eq!(entry.harmless.iter().find(is_within), None, "{name}");
                    assert!(!entry.harmless.contains(&place.path), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_preset_is_named_with_or_without_a_user() {
        let entries = parsed("{preset: openkruise}", read).unwrap();
        let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(
            kinds,
            [
                "CloneSet",
                "StatefulSet",
                "DaemonSet",
                "BroadcastJob",
                "AdvancedCronJob",
                "UnitedDeployment"
            ]
        );
        assert_eq!(
            entries[0].user,
            "system:serviceaccount:kruise-system:kruise-manager"
        );
        let own = parsed("{preset: openkruise, user: me}", read).unwrap();
        assert!(own.iter().all(|entry| entry.user == "me"));
        let faults = |text| parsed(text, read).unwrap_err();
        assert!(
            faults("{preset: kruise}")
                .contains("`kruise` is no preset; there are ack-elastic-workload, argo")
        );
        assert!(faults("{preset: flink-operator}").contains("write the controller's name in `user`"));
        assert!(faults("{preset: openkruise, kind: CloneSet}").contains("unknown field `kind`"));
        assert!(faults("{preset: openkruise, user: ''}").contains("an empty user name"));
    }

    #[test]
    fn a_written_path_has_the_shape_that_its_preset_knows() {
        let driver = place("sparkoperator.k8s.io", "SparkApplication", "spec.driver").unwrap();
        assert_eq!(driver.shape, Shape::Metadata);
        assert_eq!(
            place("sparkoperator.k8s.io", "SparkApplication", "spec.other"),
            None
        );
        assert_eq!(
            preset_of("argoproj.io", "Workflow").as_deref(),
            Some("argo-workflows")
        );
        assert_eq!(preset_of("argoproj.io", "WorkflowTemplate"), None);
        assert_eq!(
            written("kuberay"),
            "{preset: kuberay, user: system:serviceaccount:NAMESPACE:NAME}"
        );
    }

    #[test]
    fn an_entry_names_the_user_unless_it_is_the_preset_s() {
        let workflow = |user: &str| written_for("argoproj.io", "Workflow", user);
        assert_eq!(
            workflow("system:serviceaccount:argo:argo").as_deref(),
            Some("{preset: argo-workflows}")
        );
        assert_eq!(
            workflow("system:serviceaccount:flows:argo").as_deref(),
            Some("{preset: argo-workflows, user: system:serviceaccount:flows:argo}")
        );
        assert_eq!(workflow("system:serviceaccount:flows:x}, {preset: volcano"), None);
        assert_eq!(
            written_for("argoproj.io", "Event", "system:serviceaccount:argo:argo"),
            None
        );
    }

    #[test]
    fn the_chart_has_the_same_table() {
        let chart = concat!(env!("CARGO_MANIFEST_DIR"), "/charts/ramgate/carrier-presets.yaml");
        assert_eq!(std::fs::read_to_string(chart).unwrap(), TABLE);
    }
}
