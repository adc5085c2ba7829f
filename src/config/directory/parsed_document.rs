//! One document after it was read: what all of them are merged from, and what is kept of them between reloads.

use std::sync::Arc;

use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::name;
use ram_policy::source::{Fault, Node};
use ram_policy::{Document, DocumentKind, Parsed, PolicyWarning};

/// A document, read as far as it can be on its own
#[derive(Clone, Debug)]
pub enum ParsedDocument {
    /// A RAM policy
    Policy(ParsedPolicy),
    /// A directory document
    Directory(Box<DirectoryDocument>),
    /// A document that is bad in itself
    Broken(UnreadableDocument),
}

/// A RAM policy under its name
#[derive(Clone, Debug)]
pub struct ParsedPolicy {
    /// The policy's name
    pub name: String,
    /// The policy
    pub document: Arc<Document>,
    /// What it may say but probably does not mean
    pub warnings: Vec<PolicyWarning>,
}

/// What is known of a document that could not be read
#[derive(Clone, Debug)]
pub struct UnreadableDocument {
    /// The policy's name, if it is known to be a policy: what refers to it is not to blame
    pub policy: Option<String>,
    /// Everything that is wrong; line 0 stands for the document as a whole
    pub faults: Vec<Fault>,
}

impl ParsedDocument {
    /// Reads a RAM policy
    pub fn policy(name: &str, bytes: &[u8]) -> Self {
        Self::checked_policy(name, || Document::parse(bytes, DocumentKind::Identity))
    }

    /// Reads a RAM policy that is part of a larger text
    pub fn policy_node(name: &str, node: &Node) -> Self {
        Self::checked_policy(name, || Document::from_node(node, DocumentKind::Identity))
    }

    fn checked_policy(name: &str, parse: impl FnOnce() -> Result<Parsed, Fault>) -> Self {
        let broken = |fault| {
            Self::Broken(UnreadableDocument {
                policy: Some(name.to_owned()),
                faults: vec![fault],
            })
        };
        if let Some(message) = name::POLICY.refusal(name) {
            return broken(Fault::new(Default::default(), message));
        }
        match parse() {
            Ok(parsed) => Self::Policy(ParsedPolicy {
                name: name.to_owned(),
                document: Arc::new(parsed.document),
                warnings: parsed.warnings,
            }),
            Err(fault) => broken(fault),
        }
    }

    /// Reads a directory document
    pub fn directory(bytes: &[u8]) -> Self {
        Self::from_part(DirectoryDocument::parse(bytes))
    }

    /// Reads a directory document that is part of a larger text
    pub fn directory_node(node: &Node) -> Self {
        Self::directory_nodes(std::slice::from_ref(node))
    }

    /// Reads the YAML documents of one text, which are parsed already, as one directory document
    pub fn directory_nodes(nodes: &[Node]) -> Self {
        Self::from_part(DirectoryDocument::from_nodes(nodes))
    }

    fn from_part(part: Result<DirectoryDocument, Vec<Fault>>) -> Self {
        match part {
            Ok(part) => Self::Directory(Box::new(part)),
            Err(faults) => Self::Broken(UnreadableDocument { policy: None, faults }),
        }
    }

    /// A document that is refused before its text is looked at
    pub fn refused(message: impl Into<String>) -> Self {
        let fault = Fault::new(Default::default(), message);
        Self::Broken(UnreadableDocument {
            policy: None,
            faults: vec![fault],
        })
    }

    /// Whether the document holds the section `cluster`
    pub fn has_cluster_section(&self) -> bool {
        matches!(self, Self::Directory(part) if !part.clusters.is_empty())
    }

    /// Everything that is wrong with the document itself
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Policy(_) | Self::Directory(_) => &[],
            Self::Broken(broken) => &broken.faults,
        }
    }

    /// What the document may say but probably does not mean
    pub fn warnings(&self) -> &[PolicyWarning] {
        match self {
            Self::Policy(policy) => &policy.warnings,
            Self::Directory(part) => part.warnings(),
            Self::Broken(_) => &[],
        }
    }
}
