//! All documents of a configuration as one index: policies by name, principals with their grants, and the positions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::Warning;
use crate::config::{DirectoryDocument, GrantEntry, LocatedText, MappingSource, ParsedDocument, RoleEntry};
use ram_policy::source::Position;
use ram_policy::{Document, Principal, system_policy_documents};

/// The documents of a configuration
pub(crate) struct DocumentIndex<'a> {
    directories: Vec<(&'a str, &'a DirectoryDocument)>,
    /// System policies, and custom policies, which replace system policies of the same name
    policies: BTreeMap<&'a str, IndexedPolicy<'a>>,
}

/// A policy
pub(crate) struct IndexedPolicy<'a> {
    /// Where the policy is; `None` for a system policy
    pub(crate) position: Option<DocumentPosition<'a>>,
    pub(crate) document: Arc<Document>,
}

/// A position in one of the documents
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DocumentPosition<'a> {
    pub(crate) document: &'a str,
    pub(crate) at: Position,
}

/// A RAM user, role or bound group with all its grants; a user has those of its groups too
pub(crate) struct Grantee<'a> {
    pub(crate) principal: Principal,
    pub(crate) grants: Vec<Grant<'a>>,
}

/// A policy that is granted to a principal
#[derive(Clone)]
pub(crate) struct Grant<'a> {
    pub(crate) policy: &'a str,
    pub(crate) document: Arc<Document>,
    /// The resource group of the grant; `None` means the whole account
    pub(crate) resource_group: Option<&'a str>,
    pub(crate) position: DocumentPosition<'a>,
}

impl DocumentPosition<'_> {
    pub(crate) fn warning(self, code: Code, message: String, advice: impl Into<String>) -> Warning {
        Warning {
            code,
            document: self.document.to_owned(),
            at: self.at,
            message,
            advice: advice.into(),
        }
    }
}

impl<'a> DocumentIndex<'a> {
    pub(crate) fn new(documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)>) -> Self {
        let mut policies = system_policies();
        let mut directories = Vec::new();
        for (name, document) in documents {
            match document {
                ParsedDocument::Policy(policy) => {
                    let position = DocumentPosition {
                        document: name,
                        at: Position::default(),
                    };
                    let indexed = IndexedPolicy {
                        position: Some(position),
                        document: Arc::clone(&policy.document),
                    };
                    policies.insert(&policy.name, indexed);
                }
                ParsedDocument::Directory(directory) => directories.push((name, &**directory)),
                ParsedDocument::Broken(_) => {}
            }
        }
        Self {
            directories,
            policies,
        }
    }

    /// All entries of one section, each with the name of its document
    pub(crate) fn entries<T>(
        &self,
        section: fn(&'a DirectoryDocument) -> &'a [T],
    ) -> impl Iterator<Item = (&'a str, &'a T)> {
        let directories = self.directories.iter().copied();
        directories
            .flat_map(move |(name, directory)| section(directory).iter().map(move |entry| (name, entry)))
    }

    pub(crate) fn policies(&self) -> impl Iterator<Item = (&'a str, &IndexedPolicy<'a>)> {
        self.policies.iter().map(|(name, policy)| (*name, policy))
    }

    pub(crate) fn policy(&self, name: &str) -> Option<&IndexedPolicy<'a>> {
        self.policies.get(name)
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = (&'a str, &'a RoleEntry)> {
        self.entries(|directory| &directory.roles)
    }

    /// The names of all control policies
    pub(crate) fn control_policies(&self) -> impl Iterator<Item = &'a LocatedText> {
        let accounts = self.entries(|directory| &directory.accounts);
        accounts.flat_map(|(_, account)| account.control_policies.iter().flatten())
    }

    /// The principals of all bindings and boundaries, with their positions
    pub(crate) fn bound_principals(&self) -> Vec<(Principal, DocumentPosition<'a>)> {
        let bindings = self.entries(|directory| &directory.bindings);
        let bindings = bindings.filter_map(|(document, binding)| Some((document, binding.principal()?)));
        let boundaries = self.entries(|directory| &directory.boundaries);
        let boundaries = boundaries.map(|(document, boundary)| (document, &boundary.principal));
        let position = |document, at| DocumentPosition { document, at };
        bindings
            .chain(boundaries)
            .map(|(document, entry)| (entry.principal.clone(), position(document, entry.at)))
            .collect()
    }

    /// The role that mapping gives to every pod, if its value is fixed
    pub(crate) fn mapped_role(&self) -> Option<&'a str> {
        let mappings = self.entries(|directory| &directory.mappings);
        let mut roles = mappings.filter_map(|(_, (_, rules))| match &rules.ram_role_name.as_ref()?.source {
            MappingSource::Value(role) => Some(role.as_str()),
            MappingSource::NamespaceLabel(_)
            | MappingSource::NamespaceAnnotation(_)
            | MappingSource::PodLabel(_)
            | MappingSource::PodAnnotation(_)
            | MappingSource::ServiceAccountLabel(_)
            | MappingSource::ServiceAccountAnnotation(_) => None,
        });
        roles.next()
    }

    /// Every user and role with its grants, users first, then the groups that something is bound to
    pub(crate) fn grantees(&self) -> Vec<Grantee<'a>> {
        let groups = self.entries(|directory| &directory.groups);
        let of_groups: BTreeMap<&str, Vec<Grant<'a>>> = groups
            .map(|(document, group)| (group.name.as_str(), self.grants(document, &group.policies)))
            .collect();
        let bound: BTreeSet<Principal> = self
            .bound_principals()
            .into_iter()
            .map(|(each, _)| each)
            .collect();
        let bound_groups = of_groups.iter().filter_map(|(name, grants)| {
            let principal = Principal::Group((*name).into());
            bound.contains(&principal).then(|| Grantee {
                principal,
                grants: grants.clone(),
            })
        });
        let users = self
            .entries(|directory| &directory.users)
            .map(|(document, user)| {
                let groups = user.groups.iter().filter_map(|name| of_groups.get(name.as_str()));
                let own = self.grants(document, &user.policies);
                Grantee {
                    principal: Principal::User(user.name.as_str().into()),
                    grants: own.into_iter().chain(groups.flatten().cloned()).collect(),
                }
            });
        let roles = self.roles().map(|(document, role)| Grantee {
            principal: Principal::Role(role.name.as_str().into()),
            grants: self.grants(document, &role.policies),
        });
        users.chain(roles).chain(bound_groups).collect()
    }

    /// The grants of one entry; a grant of an undefined policy is left out
    fn grants(&self, document: &'a str, entries: &'a [GrantEntry]) -> Vec<Grant<'a>> {
        let grants = entries.iter().filter_map(|entry| {
            Some(Grant {
                policy: &entry.policy,
                document: Arc::clone(&self.policy(&entry.policy)?.document),
                resource_group: entry.resource_group.as_ref().map(|group| group.as_str()),
                position: DocumentPosition {
                    document,
                    at: entry.policy.at,
                },
            })
        });
        grants.collect()
    }
}

fn system_policies<'a>() -> BTreeMap<&'a str, IndexedPolicy<'a>> {
    let policies = system_policy_documents().map(|(name, document)| {
        let policy = IndexedPolicy {
            position: None,
            document,
        };
        (name, policy)
    });
    policies.collect()
}

impl<'a> Grantee<'a> {
    /// Grants for the whole account
    pub(crate) fn account_grants(&self) -> impl Iterator<Item = &Grant<'a>> {
        self.grants.iter().filter(|grant| grant.resource_group.is_none())
    }

    /// Grants for one resource group each
    pub(crate) fn group_grants(&self) -> impl Iterator<Item = &Grant<'a>> {
        self.grants.iter().filter(|grant| grant.resource_group.is_some())
    }
}
