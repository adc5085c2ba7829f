//! Who holds what, with the places where the documents say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::lint::code::Code;
use crate::analysis::lint::warning::Warning;
use crate::config::{DirectoryDocument, GrantEntry, LocatedText, MappingSource, ParsedDocument, RoleEntry};
use ram_policy::source::Position;
use ram_policy::{Document, DocumentKind, Principal, SYSTEM_POLICIES};

/// All documents of a configuration
pub(crate) struct Directory<'a> {
    parts: Vec<(&'a str, &'a DirectoryDocument)>,
    /// Custom policies and those that are built in, by name
    policies: BTreeMap<&'a str, Policy<'a>>,
}

/// A policy
pub(crate) struct Policy<'a> {
    /// The document that holds it; none if it is built in
    pub(crate) place: Option<Place<'a>>,
    pub(crate) document: Arc<Document>,
}

/// A place in one of the documents
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place<'a> {
    pub(crate) document: &'a str,
    pub(crate) at: Position,
}

/// A RAM user or role with everything it holds, its groups' policies included
pub(crate) struct Holder<'a> {
    pub(crate) principal: Principal,
    pub(crate) held: Vec<Held<'a>>,
}

/// A policy that is held
#[derive(Clone)]
pub(crate) struct Held<'a> {
    pub(crate) policy: &'a str,
    pub(crate) document: Arc<Document>,
    /// The resource group it is granted for; none means the whole account
    pub(crate) group: Option<&'a str>,
    pub(crate) place: Place<'a>,
}

impl Place<'_> {
    pub(crate) fn warning(self, code: Code, message: String, advice: String) -> Warning {
        Warning {
            code,
            document: self.document.to_owned(),
            at: self.at,
            message,
            advice,
        }
    }
}

impl<'a> Directory<'a> {
    pub(crate) fn new(documents: impl IntoIterator<Item = (&'a str, &'a ParsedDocument)>) -> Self {
        let built_in = SYSTEM_POLICIES.iter().filter_map(|(name, text)| {
            let parsed = Document::parse(text.as_bytes(), DocumentKind::Identity).ok()?;
            let document = Arc::new(parsed.document);
            Some((
                *name,
                Policy {
                    place: None,
                    document,
                },
            ))
        });
        let mut policies: BTreeMap<&str, Policy<'_>> = built_in.collect();
        let mut parts = Vec::new();
        for (name, document) in documents {
            match document {
                ParsedDocument::Policy(policy) => {
                    let place = Place {
                        document: name,
                        at: Position::default(),
                    };
                    let (place, document) = (Some(place), Arc::clone(&policy.document));
                    policies.insert(&policy.name, Policy { place, document });
                }
                ParsedDocument::Directory(part) => parts.push((name, &**part)),
                ParsedDocument::Broken(_) => {}
            }
        }
        Self { parts, policies }
    }

    /// Everything of one section, each with the name of its document
    pub(crate) fn each<T>(
        &self,
        section: fn(&'a DirectoryDocument) -> &'a [T],
    ) -> impl Iterator<Item = (&'a str, &'a T)> {
        let parts = self.parts.iter().copied();
        parts.flat_map(move |(name, part)| section(part).iter().map(move |entry| (name, entry)))
    }

    pub(crate) fn policies(&self) -> impl Iterator<Item = (&'a str, &Policy<'a>)> {
        self.policies.iter().map(|(name, policy)| (*name, policy))
    }

    pub(crate) fn policy(&self, name: &str) -> Option<&Policy<'a>> {
        self.policies.get(name)
    }

    /// The names of all control policies
    pub(crate) fn control_policies(&self) -> impl Iterator<Item = &'a LocatedText> {
        let accounts = self.each(|part| &part.accounts);
        accounts.flat_map(|(_, account)| account.control_policies.iter().flatten())
    }

    /// Principals that the documents name for somebody in Kubernetes, with the places
    pub(crate) fn bound(&self) -> Vec<(Principal, Place<'a>)> {
        let bindings = self.each(|part| &part.bindings);
        let bindings = bindings.map(|(document, binding)| (document, &binding.principal));
        let boundaries = self.each(|part| &part.boundaries);
        let boundaries = boundaries.map(|(document, boundary)| (document, &boundary.principal));
        let place = |document, at| Place { document, at };
        bindings
            .chain(boundaries)
            .map(|(document, entry)| (entry.principal.clone(), place(document, entry.at)))
            .collect()
    }

    /// The role that mapping gives to pods whatever they are
    pub(crate) fn mapped_role(&self) -> Option<&'a str> {
        let mut rules = self.each(|part| &part.mappings).filter_map(|(_, (_, rules))| {
            match &rules.ram_role_name.as_ref()?.source {
                MappingSource::Value(role) => Some(role.as_str()),
                MappingSource::NamespaceLabel(_)
                | MappingSource::NamespaceAnnotation(_)
                | MappingSource::PodLabel(_)
                | MappingSource::PodAnnotation(_)
                | MappingSource::ServiceAccountLabel(_)
                | MappingSource::ServiceAccountAnnotation(_) => None,
            }
        });
        rules.next()
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = (&'a str, &'a RoleEntry)> {
        self.each(|part| &part.roles)
    }

    /// Every user and role with what it holds
    pub(crate) fn holders(&self) -> Vec<Holder<'a>> {
        let mut of_groups: BTreeMap<&str, Vec<Held<'a>>> = BTreeMap::new();
        for (document, group) in self.each(|part| &part.groups) {
            of_groups.insert(&group.name, self.held(document, &group.policies));
        }
        let users = self.each(|part| &part.users).map(|(document, user)| {
            let mut held = self.held(document, &user.policies);
            let groups = user.groups.iter().filter_map(|name| of_groups.get(name.as_str()));
            held.extend(groups.flatten().cloned());
            Holder {
                principal: Principal::User(user.name.as_str().into()),
                held,
            }
        });
        let roles = self.roles().map(|(document, role)| Holder {
            principal: Principal::Role(role.name.as_str().into()),
            held: self.held(document, &role.policies),
        });
        users.chain(roles).collect()
    }

    fn held(&self, document: &'a str, grants: &'a [GrantEntry]) -> Vec<Held<'a>> {
        let grants = grants.iter().filter_map(|grant| {
            Some(Held {
                policy: &grant.policy,
                document: Arc::clone(&self.policy(&grant.policy)?.document),
                group: grant.resource_group.as_deref(),
                place: Place {
                    document,
                    at: grant.policy.at,
                },
            })
        });
        grants.collect()
    }
}

impl<'a> Holder<'a> {
    /// What counts for the whole account
    pub(crate) fn for_account(&self) -> impl Iterator<Item = &Held<'a>> {
        self.held.iter().filter(|held| held.group.is_none())
    }

    /// What counts in one resource group alone
    pub(crate) fn for_groups(&self) -> impl Iterator<Item = &Held<'a>> {
        self.held.iter().filter(|held| held.group.is_some())
    }
}
