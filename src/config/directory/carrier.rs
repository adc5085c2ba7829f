//! Who may bring or touch what a stamp was written for: the `carriers` and `injectors` of the `cluster` section.

use serde::Deserialize;

use crate::config::directory::name::shortened;
use crate::config::directory::settings::{check_filled, owned, read};
use crate::config::directory::text::Text;
use ram_policy::source::{Fault, Node};

/// What of a listed object may change without a change of its pods, beside its metadata and status
const HARMLESS: [&str; 2] = ["spec.replicas", "spec.paused"];

/// A controller whose pods carry the stamp of their template
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The controller's full user name
    pub user: String,
    /// API group of the kind that holds the template; empty for the core group
    pub group: String,
    /// The kind that holds the template
    pub kind: String,
    /// Its resource name, in the plural
    pub resource: String,
    /// Paths of the pod templates in the object, such as `spec.template`
    pub templates: Vec<String>,
    /// Paths of the fields that anybody may change without becoming the requester, such as `spec.replicas`
    pub harmless: Vec<String>,
}

/// What another webhook puts into pods that were stamped before: containers, or other images
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injector {
    /// Names of the containers that it adds, or runs with another command
    pub containers: Vec<String>,
    /// How the images begin that it gives to these containers, or to all if none is named
    pub image_prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierWire {
    user: Text,
    group: Text,
    kind: Text,
    resource: Text,
    templates: Vec<Text>,
    harmless: Option<Vec<Text>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InjectorWire {
    #[serde(default)]
    containers: Vec<Text>,
    #[serde(default)]
    image_prefixes: Vec<Text>,
}

pub(crate) fn carrier(node: &Node, faults: &mut Vec<Fault>) -> Option<Carrier> {
    let wire: CarrierWire = read(node, faults)?;
    check_filled(&wire.user, "user name", faults);
    check_filled(&wire.kind, "kind", faults);
    check_filled(&wire.resource, "resource", faults);
    if wire.templates.is_empty() {
        faults.push(Fault::new(
            node.at,
            "a carrier names at least one path in `templates`, such as spec.template",
        ));
    }
    let paths = wire.templates.iter().chain(wire.harmless.iter().flatten());
    for path in paths.filter(|path| path.split('.').any(str::is_empty)) {
        faults.push(path.fault(format!(
            "`{}` is not a path: write field names with dots between them",
            shortened(path)
        )));
    }
    for path in wire.harmless.iter().flatten() {
        let holds = |template: &&Text| {
            let rest = template.strip_prefix(&**path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if let Some(template) = wire.templates.iter().find(holds) {
            faults.push(path.fault(format!(
                "`{}` cannot be harmless: template `{}` is in it",
                shortened(path),
                shortened(template)
            )));
        }
    }
    let harmless = match wire.harmless {
        Some(paths) => paths.into_iter().map(owned).collect(),
        None => HARMLESS.map(str::to_owned).to_vec(),
    };
    Some(Carrier {
        user: owned(wire.user),
        group: owned(wire.group),
        kind: owned(wire.kind),
        resource: owned(wire.resource),
        templates: wire.templates.into_iter().map(owned).collect(),
        harmless,
    })
}

pub(crate) fn injector(node: &Node, faults: &mut Vec<Fault>) -> Option<Injector> {
    let wire: InjectorWire = read(node, faults)?;
    if wire.containers.is_empty() && wire.image_prefixes.is_empty() {
        faults.push(Fault::new(
            node.at,
            "an injector names `containers`, `imagePrefixes`, or both: one without either would account for nothing",
        ));
    }
    let texts = wire.containers.iter().map(|name| (name, "container name"));
    let prefixes = wire.image_prefixes.iter().map(|prefix| (prefix, "image prefix"));
    texts
        .chain(prefixes)
        .for_each(|(text, what)| check_filled(text, what, faults));
    // Without it, a registry whose host begins in the same way would do
    for prefix in wire.image_prefixes.iter().filter(|prefix| !prefix.contains('/')) {
        if !prefix.is_empty() {
            faults.push(prefix.fault(format!(
                "image prefix `{}` has no slash: write at least the registry with the slash after it",
                shortened(prefix)
            )));
        }
    }
    Some(Injector {
        containers: wire.containers.into_iter().map(owned).collect(),
        image_prefixes: wire.image_prefixes.into_iter().map(owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::settings::tests::checked;

    #[test]
    fn a_carrier_names_what_is_harmless_or_has_the_usual_two() {
        let start = "{user: u, group: g, kind: K, resource: ks, templates: [spec.template]";
        let usual = checked(&format!("{start}}}"), carrier).unwrap();
        assert_eq!(usual.harmless, ["spec.replicas", "spec.paused"]);
        let own = checked(&format!("{start}, harmless: [spec.workers]}}"), carrier).unwrap();
        assert_eq!(own.harmless, ["spec.workers"]);
        let none = checked(&format!("{start}, harmless: []}}"), carrier).unwrap();
        assert!(none.harmless.is_empty());
        let told = checked(&format!("{start}, harmless: [spec.]}}"), carrier).unwrap_err();
        assert!(told.contains("`spec.` is not a path"), "{told}");
        for path in ["spec", "spec.template"] {
            let told = checked(&format!("{start}, harmless: [{path}]}}"), carrier).unwrap_err();
            let wanted = format!("`{path}` cannot be harmless: template `spec.template` is in it");
            assert!(told.contains(&wanted), "{told}");
        }
        for path in ["spec.temp", "spec.template.spec.priority"] {
            checked(&format!("{start}, harmless: [{path}]}}"), carrier).unwrap();
        }
    }

    #[test]
    fn an_injector_names_containers_or_images() {
        let both = checked(
            "{containers: [istio-proxy], imagePrefixes: [r.example.com/istio/]}",
            injector,
        )
        .unwrap();
        assert_eq!(
            (both.containers.as_slice(), both.image_prefixes.as_slice()),
            (
                &["istio-proxy".to_owned()][..],
                &["r.example.com/istio/".to_owned()][..]
            )
        );
        for (text, wanted) in [
            ("{}", "an injector names `containers`"),
            ("{containers: ['']}", "an empty container name"),
            ("{imagePrefixes: ['']}", "an empty image prefix"),
            (
                "{imagePrefixes: [registry.example.com]}",
                "image prefix `registry.example.com` has no slash",
            ),
            ("{images: [a]}", "unknown field `images`"),
        ] {
            let told = checked(text, injector).unwrap_err();
            assert!(told.contains(wanted), "{told}");
        }
    }
}
