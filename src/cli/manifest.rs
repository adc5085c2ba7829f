//! Reads manifests from files, folders and standard input, as kubectl does.

mod classify;
mod field_position;
mod kustomization;
mod malformed;
mod read;

pub(super) use crate::cli::manifest::malformed::{located, text_maps};
pub(super) use crate::cli::manifest::read::{read, read_text};

use std::fmt;

use serde_json::Value;

use crate::cli::command_error::CommandError;
use crate::kubernetes::workload::Workload;
use ram_policy::source::{Fault, Node, Position};

/// An object and the place that holds it
#[derive(Clone, Debug)]
pub(super) struct Manifest {
    /// The file, or `-`
    pub(super) file: String,
    /// The object with the positions of its values
    pub(super) node: Node,
    /// The object as JSON
    pub(super) object: Value,
}

/// What files and folders hold
#[derive(Debug, Default)]
pub(super) struct ManifestFiles {
    /// The objects, in the order of the files
    pub(super) manifests: Vec<Manifest>,
    /// The files in folders that hold no manifests
    pub(super) passed_over: Vec<PassedOver>,
    /// What an API server would not take, or could not be read
    pub(super) failures: Vec<Located>,
    /// What kubectl takes though it is doubtful
    pub(super) warnings: Vec<Located>,
}

/// A file in a folder that holds no manifests
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PassedOver {
    pub(super) file: String,
    pub(super) reason: PassedOverReason,
}

/// The reason why a file holds no manifests
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassedOverReason {
    /// It holds something else, such as the values of a chart
    NoManifest,
    /// Only Helm can make manifests of it
    HelmTemplate,
    /// It is a patch that only kustomize applies
    KustomizePatch,
}

/// A fault or warning with its file, and the object if it is known
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    pub(super) file: String,
    /// Such as `Pod default/web`
    pub(super) object: Option<String>,
    pub(super) fault: Fault,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.fault.at)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.fault.message)
    }
}

impl ManifestFiles {
    /// All objects
    ///
    /// # Errors
    ///
    /// The first failure.
    pub(super) fn all(self) -> Result<Vec<Manifest>, CommandError> {
        match self.failures.first() {
            Some(failure) => Err(CommandError::Usage(failure.to_string())),
            None => Ok(self.manifests),
        }
    }
}

impl Manifest {
    /// Where the object starts
    pub(super) fn at(&self) -> Position {
        self.node.at
    }

    /// A fault of this object
    pub(super) fn fault(&self, fault: Fault) -> Located {
        Located {
            file: self.file.clone(),
            object: Some(self.title()),
            fault,
        }
    }

    /// The string at a JSON pointer; empty if it is absent
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The object's kind
    pub(super) fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// The API group; empty for the core group
    pub(super) fn group(&self) -> &str {
        self.text("/apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// The namespace, or `default`
    pub(super) fn namespace(&self) -> &str {
        match self.text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        }
    }

    /// The name, or the prefix of a generated one: `web-*`
    pub(super) fn name(&self) -> String {
        match (self.text("/metadata/name"), self.text("/metadata/generateName")) {
            ("", "") => "(unnamed)".to_owned(),
            ("", prefix) => format!("{prefix}*"),
            (name, _) => name.to_owned(),
        }
    }

    /// Kind, namespace and name, as messages show them: `Pod default/web`
    pub(super) fn title(&self) -> String {
        let namespace = self.text("/metadata/namespace");
        let (kind, name) = (self.kind(), self.name());
        match (self.is_namespaced(), namespace) {
            (true, _) => format!("{kind} {}/{name}", self.namespace()),
            (false, "") => format!("{kind} {name}"),
            (false, namespace) => format!("{kind} {namespace}/{name}"),
        }
    }

    /// Whether its kind is known to be namespaced
    pub(super) fn is_namespaced(&self) -> bool {
        matches!(self.kind(), "Pod" | "Binding" | "Eviction") || Workload::of_kind(self.kind()).is_some()
    }
}
