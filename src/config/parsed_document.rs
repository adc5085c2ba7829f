//! A parsed document, which is kept between reloads and merged with the others.

use std::sync::Arc;

use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::exception::ExceptionEntry;
use crate::config::directory::name_rules;
use crate::config::directory::namespace_mode::NamespaceModeEntry;
use ram_policy::source::{Fault, Node};
use ram_policy::{Document, DocumentKind, Interner, Parsed, PolicyWarning};

/// A document, parsed and checked as far as it can be on its own
#[derive(Clone, Debug)]
pub enum ParsedDocument {
    /// A RAM policy
    Policy(ParsedPolicy),
    /// A directory document
    Directory(Arc<DirectoryDocument>),
    /// A document that is bad by itself
    Broken(UnreadableDocument),
}

/// A RAM policy with its name
#[derive(Clone, Debug)]
pub struct ParsedPolicy {
    /// The policy's name
    pub name: Arc<str>,
    /// The policy
    pub document: Arc<Document>,
    /// Contents that are valid but probably not meant
    pub warnings: Box<[PolicyWarning]>,
}

/// A document that could not be parsed
#[derive(Clone, Debug)]
pub struct UnreadableDocument {
    /// The policy's name if it is a policy, so that references to it are not reported as missing
    pub policy: Option<Box<str>>,
    /// Every fault; line 0 stands for the document as a whole
    pub faults: Box<[Fault]>,
}

impl ParsedDocument {
    /// Parses a RAM policy
    pub fn policy(name: &str, bytes: &[u8]) -> Self {
        Self::checked_policy(name, || Document::parse(bytes, DocumentKind::Identity))
    }

    /// Parses a RAM policy within a larger text
    pub(crate) fn policy_node(name: &str, node: &Node) -> Self {
        Self::checked_policy(name, || Document::from_node(node, DocumentKind::Identity))
    }

    fn checked_policy(name: &str, parse: impl FnOnce() -> Result<Parsed, Fault>) -> Self {
        let broken = |fault| {
            Self::Broken(UnreadableDocument {
                policy: Some(name.into()),
                faults: Box::new([fault]),
            })
        };
        if let Some(message) = name_rules::POLICY.refusal(name) {
            return broken(Fault::new(Default::default(), message));
        }
        match parse() {
            Ok(parsed) => Self::Policy(ParsedPolicy {
                name: name.into(),
                document: Arc::new(parsed.document),
                warnings: parsed.warnings.into(),
            }),
            Err(fault) => broken(fault),
        }
    }

    /// Parses a directory document
    pub fn directory(bytes: &[u8]) -> Self {
        Self::from_directory(DirectoryDocument::parse(bytes))
    }

    /// Parses a directory document within a larger text
    pub(crate) fn directory_node(node: &Node) -> Self {
        Self::directory_nodes(std::slice::from_ref(node))
    }

    /// Reads the YAML documents of a text as one directory document
    pub(crate) fn directory_nodes(nodes: &[Node]) -> Self {
        Self::from_directory(DirectoryDocument::from_nodes(nodes))
    }

    fn from_directory(parsed: Result<DirectoryDocument, Vec<Fault>>) -> Self {
        match parsed {
            Ok(directory) => Self::Directory(Arc::new(directory)),
            Err(faults) => Self::Broken(UnreadableDocument {
                policy: None,
                faults: faults.into(),
            }),
        }
    }

    /// Shares the statements of policies with equal ones of documents before; only a document that was just read does
    pub(crate) fn intern(&mut self, interner: &mut Interner) {
        let policies: Vec<&mut Arc<Document>> = match self {
            Self::Policy(policy) => vec![&mut policy.document],
            Self::Directory(directory) => {
                let roles = Arc::get_mut(directory).into_iter().flat_map(|one| &mut one.roles);
                roles.map(|role| &mut role.trust).collect()
            }
            Self::Broken(_) => Vec::new(),
        };
        for policy in policies.into_iter().filter_map(Arc::get_mut) {
            interner.intern(policy);
        }
    }

    /// A document that is refused as a whole, before its text is parsed
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::broken(Fault::new(Default::default(), message))
    }

    /// The exceptions of a directory document
    pub(crate) fn exceptions(&self) -> &[ExceptionEntry] {
        match self {
            Self::Directory(directory) => &directory.exceptions,
            Self::Policy(_) | Self::Broken(_) => &[],
        }
    }

    /// The modes of namespaces of a directory document
    pub(crate) fn modes(&self) -> &[NamespaceModeEntry] {
        match self {
            Self::Directory(directory) => &directory.modes,
            Self::Policy(_) | Self::Broken(_) => &[],
        }
    }

    /// A document with a fault, which is not known to be a policy
    pub(crate) fn broken(fault: Fault) -> Self {
        Self::Broken(UnreadableDocument {
            policy: None,
            faults: Box::new([fault]),
        })
    }

    /// Whether the document has the section `cluster`
    pub(crate) fn has_cluster_section(&self) -> bool {
        matches!(self, Self::Directory(directory) if !directory.clusters.is_empty())
    }

    /// The faults of the document by itself
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Policy(_) | Self::Directory(_) => &[],
            Self::Broken(broken) => &broken.faults,
        }
    }

    /// Contents that are valid but probably not meant
    pub fn warnings(&self) -> &[PolicyWarning] {
        match self {
            Self::Policy(policy) => &policy.warnings,
            Self::Directory(directory) => directory.warnings(),
            Self::Broken(_) => &[],
        }
    }
}
