//! An entry of `carriers` in the section `cluster`: a controller whose pods carry the stamp of their template.

use serde::Deserialize;

use crate::config::directory::carrier_presets;
use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::{check_not_empty, shortened};
use crate::kubernetes::template_place::TemplatePlace;
use ram_policy::source::{Fault, Node};

/// The harmless fields of a controller that lists none; metadata and status are always harmless
pub(crate) const HARMLESS: [&str; 2] = ["spec.replicas", "spec.paused"];

/// A controller whose pods carry the stamp of their template
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelegatedController {
    /// The controller's full user name
    pub(crate) user: String,
    /// The API group of the kind that holds the template; empty for the core group
    pub(crate) group: String,
    /// The kind that holds the template
    pub(crate) kind: String,
    /// Its resource name, in the plural
    pub(crate) resource: String,
    /// The places of pod metadata in the object, such as `spec.template`
    pub(crate) templates: Vec<TemplatePlace>,
    /// Written paths that a preset of this kind does not have
    pub(crate) unknown_paths: Vec<LocatedText>,
    /// Paths of the fields that anybody may change without becoming the requester, such as `spec.replicas`
    pub(crate) harmless: Vec<String>,
    /// Whether pods may get metadata from elsewhere as well, so that a stamp counts in what the controller makes only if its
    /// owner has the same one now
    pub(crate) verifies_owner: bool,
    /// Fields of the status by which the controller goes, although whoever may write the object may write them
    pub(crate) stored: Vec<String>,
}

impl DelegatedController {
    /// The name of the preset that has the kind
    pub(crate) fn preset_of_kind(&self) -> Option<String> {
        carrier_presets::preset_of(&self.group, &self.kind)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    user: LocatedText,
    group: LocatedText,
    kind: LocatedText,
    resource: LocatedText,
    templates: Vec<LocatedText>,
    harmless: Option<Vec<LocatedText>>,
}

/// Reads an entry of `carriers`: one kind, or all kinds of a preset
///
/// # Errors
///
/// Every fault in it.
pub(crate) fn read_entry(node: &Node) -> Result<Vec<DelegatedController>, Faults> {
    #[derive(Deserialize)]
    struct Start {
        preset: Option<Node>,
    }
    match node.read::<Start>()?.preset {
        Some(_) => carrier_presets::read(node),
        None => read(node).map(|one| vec![one]),
    }
}

/// Reads an entry of `carriers` that names its kind
///
/// # Errors
/// Every fault in it: of its shape, of empty names, of paths, and of harmless fields that contain a template
pub(crate) fn read(node: &Node) -> Result<DelegatedController, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    faults.handle(check_not_empty(&wire.user, "user name"));
    faults.handle(check_not_empty(&wire.kind, "kind"));
    faults.handle(check_not_empty(&wire.resource, "resource"));
    if wire.templates.is_empty() {
        faults.push(Fault::new(
            node.at,
            "a carrier names at least one path in `templates`, such as spec.template",
        ));
    }
    for path in wire.templates.iter().chain(wire.harmless.iter().flatten()) {
        faults.handle(check_path(path));
    }
    for path in wire.harmless.iter().flatten() {
        faults.handle(check_harmless(path, &wire.templates));
    }
    let harmless = match wire.harmless {
        Some(paths) => strings(paths),
        None => HARMLESS.map(str::to_owned).to_vec(),
    };
    let known = |path: &LocatedText| carrier_presets::place(&wire.group, &wire.kind, path);
    let is_of_preset = carrier_presets::preset_of(&wire.group, &wire.kind).is_some();
    let unknown_paths = wire
        .templates
        .iter()
        .filter(|path| is_of_preset && known(path).is_none());
    let unknown_paths = unknown_paths.cloned().collect();
    let templates = wire.templates.iter();
    let templates = templates.map(|path| known(path).unwrap_or_else(|| TemplatePlace::any(path.as_str())));
    let templates = templates.collect();
    let (verifies_owner, stored) = carrier_presets::rules_of_kind(&wire.group, &wire.kind);
    faults.finish(DelegatedController {
        user: wire.user.into(),
        group: wire.group.into(),
        kind: wire.kind.into(),
        resource: wire.resource.into(),
        templates,
        unknown_paths,
        harmless,
        verifies_owner,
        stored,
    })
}

fn check_path(path: &LocatedText) -> Result<(), Fault> {
    if path.split('.').any(str::is_empty) {
        let remedy = "write field names with dots between them";
        Err(path.fault(format!("`{}` is not a path: {remedy}", shortened(path))))
    } else {
        Ok(())
    }
}

/// Refuses a harmless field that contains a template: whoever changes the field would change pods
fn check_harmless(path: &LocatedText, templates: &[LocatedText]) -> Result<(), Fault> {
    let is_within = |template: &&LocatedText| {
        let rest = template.strip_prefix(&**path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    match templates.iter().find(is_within) {
        Some(template) => Err(path.fault(format!(
            "`{}` cannot be harmless: template `{}` is in it",
            shortened(path),
            shortened(template)
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn harmless_fields_default_to_replicas_and_paused() {
        let start = "{user: u, group: g, kind: K, resource: ks, templates: [spec.template]";
        let usual = parsed(&format!("{start}}}"), read).unwrap();
        assert_eq!(usual.harmless, ["spec.replicas", "spec.paused"]);
        let own = parsed(&format!("{start}, harmless: [spec.workers]}}"), read).unwrap();
        assert_eq!(own.harmless, ["spec.workers"]);
        let none = parsed(&format!("{start}, harmless: []}}"), read).unwrap();
        assert!(none.harmless.is_empty());
        let faults = parsed(&format!("{start}, harmless: [spec.]}}"), read).unwrap_err();
        assert!(faults.contains("`spec.` is not a path"), "{faults}");
        for path in ["spec", "spec.template"] {
            let faults = parsed(&format!("{start}, harmless: [{path}]}}"), read).unwrap_err();
            let expected = format!("`{path}` cannot be harmless: template `spec.template` is in it");
            assert!(faults.contains(&expected), "{faults}");
        }
        for path in ["spec.temp", "spec.template.spec.priority"] {
            parsed(&format!("{start}, harmless: [{path}]}}"), read).unwrap();
        }
    }
}
