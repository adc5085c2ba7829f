//! The reviews that ramgate evaluates: reads of pods and of their logs.

use std::fmt;

use crate::authorization::subject_access_review::{ResourceAttributes, SubjectAccessReview};

/// Subresources whose `get` returns the whole pod
const WHOLE_POD: [&str; 4] = ["", "status", "ephemeralcontainers", "resize"];

/// A read of one pod or of a selection of pods
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PodRead<'a> {
    /// The kind of read
    pub verb: Verb,
    /// The namespace; `None` for all of them
    pub namespace: Option<&'a str>,
    /// The one pod that is read or selected; always `None` without a namespace
    pub name: Option<&'a str>,
    /// The constraints on the selected pods
    pub selection: Selection<'a>,
}

/// Constraints that every selected pod meets
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection<'a> {
    /// Labels that must have one certain value
    pub labels: Vec<(&'a str, &'a str)>,
    /// The node that the pods run on
    pub node: Option<&'a str>,
}

/// A way of reading pods
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Returns one pod
    Get,
    /// Returns the log of one pod
    Log,
    /// Returns a selection of pods
    List,
    /// Returns a selection of pods and its changes
    Watch,
}

impl<'a> PodRead<'a> {
    /// The read that a review asks for; `None` for anything but a read of pods or logs
    ///
    /// ```text
    /// get pods/log shop/web                                -> Log of pod web in shop
    /// list pods in shop, fieldSelector metadata.name=web   -> List of pod web in shop
    /// list pods, labelSelector env=test                    -> List in all namespaces, labels env=test
    /// get pods/exec shop/web, delete pods, get nodes       -> None
    /// ```
    pub(crate) fn of(review: &'a SubjectAccessReview<'_>) -> Option<Self> {
        let attributes = review.attributes()?;
        if (&*attributes.group, &*attributes.resource) != ("", "pods") {
            return None;
        }
        let namespace = not_empty(&attributes.namespace);
        let name = not_empty(&attributes.name).filter(|_| namespace.is_some());
        match (&*attributes.verb, &*attributes.subresource) {
            ("get", subresource) if WHOLE_POD.contains(&subresource) => {
                Self::one_pod(Verb::Get, namespace, name)
            }
            ("get", "log") => Self::one_pod(Verb::Log, namespace, name),
            ("list", "") => Some(Self::selected(Verb::List, attributes, namespace, name)),
            ("watch", "") => Some(Self::selected(Verb::Watch, attributes, namespace, name)),
            _ => None,
        }
    }

    fn one_pod(verb: Verb, namespace: Option<&'a str>, name: Option<&'a str>) -> Option<Self> {
        name.map(|name| Self {
            verb,
            namespace,
            name: Some(name),
            selection: Selection::default(),
        })
    }

    fn selected(
        verb: Verb,
        attributes: &'a ResourceAttributes<'_>,
        namespace: Option<&'a str>,
        name: Option<&'a str>,
    ) -> Self {
        let field = |name| attributes.field(name).and_then(not_empty);
        let namespace = namespace.or_else(|| field("metadata.namespace"));
        let name = name.or_else(|| field("metadata.name"));
        Self {
            verb,
            namespace,
            name: name.filter(|_| namespace.is_some()),
            selection: Selection {
                labels: attributes.labels(),
                node: field("spec.nodeName"),
            },
        }
    }
}

impl Verb {
    /// The Kubernetes verb, as a metric label
    pub(crate) fn kubernetes_verb(self) -> &'static str {
        match self {
            Self::Get | Self::Log => "get",
            Self::List => "list",
            Self::Watch => "watch",
        }
    }

    /// The resource, as a metric label
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Log => "pods/log",
            Self::Get | Self::List | Self::Watch => "pods",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "read",
            Self::Log => "read the log of",
            Self::List => "list",
            Self::Watch => "watch",
        })
    }
}

fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
