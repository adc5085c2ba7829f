//! An entry of `spawners` in the section `cluster`: a service account whose pods make pods.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::directory::faults::Faults;
use crate::config::directory::label_selector::{self, LabelSelector};
use crate::config::directory::located_text::LocatedText;
use crate::config::directory::name_rules::KUBERNETES;
use ram_policy::source::{Fault, Node};

/// A service account whose pods make pods for the person who asked for them, such as that of Spark drivers
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spawner {
    /// The namespaces of the service account
    pub(crate) namespaces: SpawnerNamespaces,
    /// Its name
    pub(crate) service_account: String,
}

/// The namespaces of a spawner
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SpawnerNamespaces {
    /// The namespace of this name
    Named(String),
    /// Every namespace that the selector selects
    Selected(LabelSelector),
}

impl Spawner {
    /// Whether it is in a namespace with these labels
    pub(crate) fn is_in(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        match &self.namespaces {
            SpawnerNamespaces::Named(name) => name == namespace,
            SpawnerNamespaces::Selected(selector) => selector.matches(labels),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    namespace: Option<LocatedText>,
    namespaces: Option<Node>,
    service_account: LocatedText,
}

/// Reads an entry of `spawners`
///
/// # Errors
/// Every fault in it: of its shape, of names, of its selector, and of both or neither of `namespace` and `namespaces`
pub(crate) fn read(node: &Node) -> Result<Spawner, Faults> {
    let wire: Wire = node.read()?;
    let mut faults = Faults::default();
    faults.handle(KUBERNETES.check(&wire.service_account));
    let namespaces = match (wire.namespace, &wire.namespaces) {
        (Some(name), None) => {
            faults.handle(KUBERNETES.check(&name));
            Some(SpawnerNamespaces::Named(name.into()))
        }
        (None, Some(selector)) => faults
            .handle(label_selector::read(selector))
            .map(SpawnerNamespaces::Selected),
        (Some(_), Some(_)) | (None, None) => {
            let message = "a spawner names either `namespace` or `namespaces`, a selector of namespaces";
            faults.push(Fault::new(node.at, message));
            None
        }
    };
    match namespaces {
        Some(namespaces) => faults.finish(Spawner {
            namespaces,
            service_account: wire.service_account.into(),
        }),
        None => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directory::faults::tests::parsed;

    #[test]
    fn a_spawner_is_in_a_named_namespace_or_in_selected_ones() {
        let labels = |value: &str| BTreeMap::from([("tenant".to_owned(), value.to_owned())]);
        let named = parsed("{namespace: data, serviceAccount: spark}", read).unwrap();
        assert_eq!(named.service_account, "spark");
        assert!(named.is_in("data", &labels("x")) && !named.is_in("other", &labels("data")));
        let selected = parsed(
            "{namespaces: {matchLabels: {tenant: data}}, serviceAccount: spark}",
            read,
        )
        .unwrap();
        assert!(selected.is_in("any", &labels("data")) && !selected.is_in("data", &labels("x")));
    }

    #[test]
    fn every_fault_has_its_place() {
        for (text, expected) in [
            (
                "{serviceAccount: spark}",
                "1:1: a spawner names either `namespace` or `namespaces`",
            ),
            (
                "{namespace: a, namespaces: {matchLabels: {a: b}}, serviceAccount: spark}",
                "1:1: a spawner names either",
            ),
            (
                "{namespace: a, serviceAccount: ''}",
                "1:32: `` is no Kubernetes name",
            ),
            (
                "{namespace: '*', serviceAccount: spark}",
                "1:13: `*` is no Kubernetes name",
            ),
            (
                "{namespace: a, serviceAccount: 'system:serviceaccount:a:spark'}",
                "is no Kubernetes name",
            ),
            (
                "{namespaces: {}, serviceAccount: spark}",
                "1:14: an empty selector",
            ),
            ("{namespace: a}", "missing field `serviceAccount`"),
            (
                "{namespace: a, serviceaccount: spark}",
                "unknown field `serviceaccount`",
            ),
        ] {
            let faults = parsed(text, read).unwrap_err();
            assert!(faults.contains(expected), "{expected} is not among\n{faults}");
        }
    }
}
