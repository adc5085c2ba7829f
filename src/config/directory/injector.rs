//! An entry of `injectors` in the section `cluster`: a webhook that changes pods after they were stamped.

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::located_text::{LocatedText, strings};
use crate::config::directory::name_rules::{check_not_empty, shortened};
use ram_policy::source::{Fault, Node};

/// The changes that another webhook makes to stamped pods: containers that it adds, or other images
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injector {
    /// Names of the containers that it adds, or runs with another command
    pub(crate) containers: Vec<String>,
    /// Prefixes of the images that it sets in these containers, or in all if none is named
    pub(crate) image_prefixes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    containers: Vec<LocatedText>,
    #[serde(default)]
    image_prefixes: Vec<LocatedText>,
}

/// Reads an entry of `injectors`
///
/// # Errors
/// Every fault in it: of its shape, of empty texts, and of image prefixes without a slash
pub(crate) fn read(node: &Node) -> Result<Injector, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    if wire.containers.is_empty() && wire.image_prefixes.is_empty() {
        faults.push(Fault::new(
            node.at,
            "an injector names `containers`, `imagePrefixes`, or both: one without either would account for nothing",
        ));
    }
    for name in &wire.containers {
        faults.handle(check_not_empty(name, "container name"));
    }
    for prefix in &wire.image_prefixes {
        faults.handle(check_image_prefix(prefix));
    }
    faults.finish(Injector {
        containers: strings(wire.containers),
        image_prefixes: strings(wire.image_prefixes),
    })
}

/// Refuses a prefix without a slash, which would match every registry whose host name begins with it
fn check_image_prefix(prefix: &LocatedText) -> Result<(), Fault> {
    check_not_empty(prefix, "image prefix")?;
    if prefix.contains('/') {
        Ok(())
    } else {
        Err(prefix.fault(format!(
            "image prefix `{}` has no slash: write at least the registry with the slash after it",
            shortened(prefix)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn an_injector_names_containers_or_images() {
        let both = parsed(
            "{containers: [istio-proxy], imagePrefixes: [r.example.com/istio/]}",
            read,
        )
        .unwrap();
        assert_eq!(
            (both.containers.as_slice(), both.image_prefixes.as_slice()),
            (
                &["istio-proxy".to_owned()][..],
                &["r.example.com/istio/".to_owned()][..]
            )
        );
        for (text, expected) in [
            ("{}", "an injector names `containers`"),
            ("{containers: ['']}", "an empty container name"),
            ("{imagePrefixes: ['']}", "an empty image prefix"),
            (
                "{imagePrefixes: [registry.example.com]}",
                "image prefix `registry.example.com` has no slash",
            ),
            ("{images: [a]}", "unknown field `images`"),
        ] {
            let faults = parsed(text, read).unwrap_err();
            assert!(faults.contains(expected), "{faults}");
        }
    }
}
