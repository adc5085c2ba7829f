//! What of a review is ramgate's to judge: reading pods and their logs.

use std::fmt;

use crate::authorization::review::Review;

/// Subresources whose reading shows the whole pod
const SHOWING: [&str; 4] = ["", "status", "ephemeralcontainers", "resize"];

/// Who wants to read which pods
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question<'a> {
    /// What is done
    pub deed: Deed,
    /// The namespace; none for all of them
    pub namespace: Option<&'a str>,
    /// The one pod that is read or selected, which only has a name within a namespace
    pub name: Option<&'a str>,
    /// What the selected pods have in common
    pub selected: Selected<'a>,
}

/// What pods must have to be selected
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selected<'a> {
    /// Labels with the one value that is wanted
    pub labels: Vec<(&'a str, &'a str)>,
    /// The node that they run on
    pub node: Option<&'a str>,
}

/// How pods are read
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// One is shown
    Get,
    /// The log of one is shown
    Log,
    /// Those of a selection are shown
    List,
    /// Those of a selection are shown, as they are and as they change
    Watch,
}

impl<'a> Question<'a> {
    /// What a review asks, if it is about reading pods
    pub(crate) fn of(review: &'a Review<'_>) -> Option<Self> {
        let asked = review.attributes()?;
        if (&*asked.group, &*asked.resource) != ("", "pods") {
            return None;
        }
        let text = |text: &'a str| Some(text).filter(|text| !text.is_empty());
        let namespace = text(&asked.namespace);
        let name = text(&asked.name).filter(|_| namespace.is_some());
        let deed = match (&*asked.verb, &*asked.subresource) {
            ("get", subresource) if name.is_some() && SHOWING.contains(&subresource) => Deed::Get,
            ("get", "log") if name.is_some() => Deed::Log,
            ("list", "") => Deed::List,
            ("watch", "") => Deed::Watch,
            _ => return None,
        };
        if matches!(deed, Deed::Get | Deed::Log) {
            return Some(Self {
                deed,
                namespace,
                name,
                selected: Selected::default(),
            });
        }
        let namespace = namespace.or_else(|| asked.field("metadata.namespace").and_then(text));
        let name = name.or_else(|| asked.field("metadata.name").and_then(text));
        Some(Self {
            deed,
            namespace,
            name: name.filter(|_| namespace.is_some()),
            selected: Selected {
                labels: asked.labels(),
                node: asked.field("spec.nodeName").and_then(text),
            },
        })
    }
}

impl Deed {
    /// The verb, as a metric label
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Get | Self::Log => "get",
            Self::List => "list",
            Self::Watch => "watch",
        }
    }

    /// What is read, as a metric label
    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Log => "pods/log",
            Self::Get | Self::List | Self::Watch => "pods",
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "read",
            Self::Log => "read the log of",
            Self::List => "list",
            Self::Watch => "watch",
        })
    }
}
