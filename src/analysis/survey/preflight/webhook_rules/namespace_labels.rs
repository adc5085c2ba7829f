//! Namespaces by the way in which their pods go to ECI: those of the cluster, and an example of each that may come.

use std::collections::BTreeMap;

use crate::admission::routing::well_known::NAMESPACE_ROUTES;
use crate::analysis::survey::preflight::input::PreflightInput;
use crate::analysis::survey::webhooks::NAME_LABEL;
use crate::config::{ClusterSettings, LabelOperator, LabelSelector};

/// The labels of a namespace that exists or may be created
#[derive(Clone, Debug)]
pub(super) struct NamespaceLabels {
    /// Its name in findings
    pub(super) description: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// Namespaces by the way in which their pods go to ECI
#[derive(Debug)]
pub(super) struct NamespacesByRoute {
    /// Only pods with a mark go to ECI
    pub(super) unrouted: Vec<NamespaceLabels>,
    /// All pods go to ECI, by a label of the namespace
    pub(super) routed: Vec<NamespaceLabels>,
    /// Pods may go to ECI without any mark
    pub(super) burst: Vec<NamespaceLabels>,
}

impl NamespaceLabels {
    /// A namespace with no label but its name
    pub(super) fn named(name: &str) -> Self {
        Self {
            description: format!("namespace {name}"),
            labels: BTreeMap::from([(NAME_LABEL.to_owned(), name.to_owned())]),
        }
    }

    /// The whole cluster, for kinds without a namespace
    pub(super) fn cluster() -> Self {
        Self {
            description: "the cluster".to_owned(),
            labels: BTreeMap::new(),
        }
    }

    /// A namespace that somebody may create
    fn future(description: &str, labels: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut namespace = Self::named("any-other");
        namespace.labels.extend(labels);
        Self {
            description: description.to_owned(),
            ..namespace
        }
    }

    /// A future burst namespace, by the labels that a selector wants
    fn matching(selector: &LabelSelector) -> Option<Self> {
        let requirements = selector.requirements().iter();
        let labels = requirements.filter_map(|requirement| match &requirement.operator {
            LabelOperator::In(values) => Some((requirement.key.clone(), values.first()?.clone())),
            LabelOperator::Exists => Some((requirement.key.clone(), "any".to_owned())),
            LabelOperator::NotIn(_) | LabelOperator::DoesNotExist => None,
        });
        let namespace = Self::future("burst namespaces", labels);
        selector.matches(&namespace.labels).then_some(namespace)
    }
}

impl NamespacesByRoute {
    /// The namespaces of the cluster that are not exempt, after the examples of future ones
    pub(super) fn of(input: &PreflightInput<'_>) -> Self {
        let cluster = input.evaluator.cluster;
        let settings = &input.evaluator.configuration.cluster;
        let mut all = Self::future(settings);
        let namespaces = cluster.snapshot.namespaces.iter();
        for (name, meta) in namespaces.filter(|(name, _)| !cluster.is_exempt(name)) {
            let group = if is_routed(&meta.labels) {
                &mut all.routed
            } else if is_burst(&meta.labels, settings) {
                &mut all.burst
            } else {
                &mut all.unrouted
            };
            group.push(NamespaceLabels {
                labels: meta.labels.clone(),
                ..NamespaceLabels::named(name)
            });
        }
        all
    }

    /// Examples of namespaces that somebody may create
    fn future(settings: &ClusterSettings) -> Self {
        let new = || NamespaceLabels::future("new namespaces", []);
        let routed = NAMESPACE_ROUTES.into_iter().map(|(key, value)| {
            let labels = [(key.to_owned(), value.to_owned())];
            NamespaceLabels::future(&format!("namespaces with {key}={value}"), labels)
        });
        let burst = settings.burst_namespaces.iter();
        Self {
            unrouted: vec![new()],
            routed: routed.collect(),
            burst: if settings.serverless {
                vec![new()]
            } else {
                burst.filter_map(NamespaceLabels::matching).collect()
            },
        }
    }

    /// All of them
    pub(super) fn all(&self) -> Vec<NamespaceLabels> {
        [&self.unrouted, &self.routed, &self.burst]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }
}

fn is_routed(labels: &BTreeMap<String, String>) -> bool {
    NAMESPACE_ROUTES
        .into_iter()
        .any(|(key, value)| labels.get(key).is_some_and(|found| found == value))
}

fn is_burst(labels: &BTreeMap<String, String>, settings: &ClusterSettings) -> bool {
    let mut selectors = settings.burst_namespaces.iter();
    settings.serverless || selectors.any(|selector| selector.matches(labels))
}
