//! Which names all documents define, and where; and whether what they refer to is there.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::config::directory::binding::{PrincipalEntry, Subject};
use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::fault::{FaultClass, LocatedFault};
use crate::config::directory::mapping::MappingSource;
use crate::config::directory::name::shortened;
use crate::config::directory::parsed_document::ParsedDocument;
use crate::config::directory::people::GrantEntry;
use crate::config::directory::text::Text;
use ram_policy::source::{Fault, Position};
use ram_policy::{Principal, is_system_policy};

/// What faults of the whole are shown under, in place of a document's name
pub(crate) const WHOLE: &str = "configuration";
/// Without an account there is nothing to judge by
pub(crate) const NO_ACCOUNT: &str = "no directory document holds the section `account` with id and region";

/// A place in one of the documents
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    order: usize,
    document: &'a str,
    at: Position,
}

impl<'a> Place<'a> {
    /// The start of a document
    pub(crate) fn new(order: usize, document: &'a str) -> Self {
        Self {
            order,
            document,
            at: Position::default(),
        }
    }

    fn at(self, at: Position) -> Self {
        Self { at, ..self }
    }

    /// What it means that the same is defined here and there: one document that does so is bad in itself
    fn clash(self, there: Self) -> FaultClass {
        match self.order == there.order {
            true => FaultClass::Document,
            false => FaultClass::Conflict,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at == Position::default() {
            true => f.write_str(self.document),
            false => write!(f, "{}:{}", self.document, self.at),
        }
    }
}

/// Every name with the place of its definition, and what was found wrong on the way
#[derive(Default)]
pub(crate) struct SymbolTable<'a> {
    policies: HashMap<&'a str, Place<'a>>,
    broken_policies: HashSet<&'a str>,
    broken_directory: bool,
    resource_groups: HashMap<&'a str, Place<'a>>,
    users: HashMap<&'a str, Place<'a>>,
    groups: HashMap<&'a str, Place<'a>>,
    /// By lower-case name, as RAM compares role names
    roles: HashMap<String, Place<'a>>,
    subjects: HashMap<Subject, Place<'a>>,
    /// `account`, `cluster`, `mapping`, and the default resource group
    single: HashMap<&'static str, Place<'a>>,
    faults: Vec<(usize, LocatedFault)>,
    warnings: Vec<(usize, LocatedFault)>,
}

impl<'a> SymbolTable<'a> {
    /// Notes every name that a document defines
    pub(crate) fn add(&mut self, place: Place<'a>, document: &'a ParsedDocument) {
        self.warnings.extend(document.warnings().iter().map(|doubt| {
            (
                place.order,
                located(place, doubt.fault.clone(), FaultClass::Document),
            )
        }));
        match document {
            ParsedDocument::Policy(policy) => {
                if is_system_policy(&policy.name) {
                    let message = format!(
                        "`{}` is a system policy, which is built in: take another name",
                        policy.name
                    );
                    self.fault(place, FaultClass::Document, message);
                }
                let first = self.policies.insert(&policy.name, place);
                self.once(first, place, "policy", &policy.name);
            }
            ParsedDocument::Directory(part) => self.add_part(place, part),
            ParsedDocument::Broken(broken) => {
                match &broken.policy {
                    Some(name) => {
                        self.broken_policies.insert(name);
                    }
                    None => self.broken_directory = true,
                }
                let faults = broken.faults.iter();
                let own =
                    faults.map(|fault| (place.order, located(place, fault.clone(), FaultClass::Document)));
                self.faults.extend(own);
            }
        }
    }

    fn add_part(&mut self, place: Place<'a>, part: &'a DirectoryDocument) {
        let accounts = part.accounts.iter().map(|account| ("account", account.at));
        let clusters = part.clusters.iter().map(|(at, _)| ("cluster", *at));
        let mappings = part.mappings.iter().map(|(at, _)| ("mapping", *at));
        for (section, at) in accounts.chain(clusters).chain(mappings) {
            let here = place.at(at);
            if let Some(first) = self.single.insert(section, here) {
                let message = format!("`{section}` stands once in all documents; it is in {first} already");
                self.fault(here, first.clash(here), message);
            }
        }
        for group in &part.resource_groups {
            let here = place.at(group.id.at);
            let first = self.resource_groups.insert(&group.id, here);
            self.once(first, here, "resource group", &group.id);
            if group.default
                && let Some(first) = self.single.insert("default resource group", here)
            {
                let message = format!(
                    "`{}` cannot be the default resource group: {first} is",
                    group.id.as_str()
                );
                self.fault(here, first.clash(here), message);
            }
        }
        for user in &part.users {
            let here = place.at(user.name.at);
            let first = self.users.insert(&user.name, here);
            self.once(first, here, "user", &user.name);
        }
        for group in &part.groups {
            let here = place.at(group.name.at);
            let first = self.groups.insert(&group.name, here);
            self.once(first, here, "group", &group.name);
        }
        for role in &part.roles {
            let here = place.at(role.name.at);
            let first = self.roles.insert(role.name.to_ascii_lowercase(), here);
            self.once(first, here, "role", &role.name);
        }
        for (at, subject) in part.bindings.iter().flat_map(|binding| &binding.subjects) {
            let here = place.at(*at);
            if let Some(first) = self.subjects.insert(subject.clone(), here) {
                self.fault(
                    here,
                    first.clash(here),
                    format!("{subject} is bound twice, first in {first}"),
                );
            }
        }
    }

    /// Notes what a document refers to and no document defines; every document must have been added before
    pub(crate) fn check(&mut self, place: Place<'a>, document: &ParsedDocument) {
        let ParsedDocument::Directory(part) = document else {
            return;
        };
        for name in part
            .accounts
            .iter()
            .flat_map(|account| &account.control_policies)
            .flatten()
        {
            self.policy(place, name);
        }
        for user in &part.users {
            self.grants(place, &user.policies);
            for name in user
                .groups
                .iter()
                .filter(|name| !self.groups.contains_key(name.as_str()))
                .collect::<Vec<_>>()
            {
                self.missing(place.at(name.at), "group", name);
            }
        }
        part.groups
            .iter()
            .for_each(|group| self.grants(place, &group.policies));
        part.roles
            .iter()
            .for_each(|role| self.grants(place, &role.policies));
        part.bindings
            .iter()
            .for_each(|binding| self.principal(place, &binding.principal));
        part.boundaries
            .iter()
            .for_each(|boundary| self.principal(place, &boundary.principal));
        for (at, rules) in &part.mappings {
            let group = rules
                .resource_group_id
                .iter()
                .map(|rule| ("resource group", &rule.source));
            let role = rules.ram_role_name.iter().map(|rule| ("role", &rule.source));
            for (what, source) in group.chain(role) {
                let MappingSource::Value(name) = source else {
                    continue;
                };
                let known = match what {
                    "role" => self.roles.contains_key(&name.to_ascii_lowercase()),
                    _ => self.resource_groups.contains_key(name.as_str()),
                };
                if !known && !self.broken_directory {
                    let message =
                        format!("no document defines {what} `{name}`: every pod that gets it is refused");
                    let fault = Fault::new(*at, message);
                    self.warnings
                        .push((place.order, located(place, fault, FaultClass::Reference)));
                }
            }
        }
    }

    /// All faults and all warnings in the order of the documents
    pub(crate) fn finish(mut self) -> (Vec<LocatedFault>, Vec<LocatedFault>) {
        if !self.single.contains_key("account") && !self.broken_directory {
            let fault = LocatedFault::whole(WHOLE, NO_ACCOUNT, FaultClass::Conflict);
            self.faults.push((usize::MAX, fault));
        }
        (sorted(self.faults), sorted(self.warnings))
    }

    fn grants(&mut self, place: Place<'a>, grants: &[GrantEntry]) {
        for grant in grants {
            self.policy(place, &grant.policy);
            if let Some(group) = &grant.resource_group
                && !self.resource_groups.contains_key(group.as_str())
            {
                self.missing(place.at(group.at), "resource group", group);
            }
        }
    }

    fn policy(&mut self, place: Place<'a>, name: &Text) {
        let known = self.policies.contains_key(name.as_str())
            || self.broken_policies.contains(name.as_str())
            || is_system_policy(name);
        if !known {
            self.missing(place.at(name.at), "policy", name);
        }
    }

    fn principal(&mut self, place: Place<'a>, entry: &PrincipalEntry) {
        let (what, name, known) = match &entry.principal {
            Principal::User(name) => ("user", name, self.users.contains_key(&**name)),
            Principal::Role(name) => ("role", name, self.roles.contains_key(&name.to_ascii_lowercase())),
            Principal::Account | Principal::Service(_) => return,
        };
        if !known {
            self.missing(place.at(entry.at), what, name);
        }
    }

    fn missing(&mut self, place: Place<'a>, what: &str, name: &str) {
        if what == "policy" || !self.broken_directory {
            self.fault(
                place,
                FaultClass::Reference,
                format!("no document defines {what} `{}`", shortened(name)),
            );
        }
    }

    fn once(&mut self, first: Option<Place<'a>>, here: Place<'a>, what: &str, name: &str) {
        if let Some(first) = first {
            let message = format!("{what} `{}` is defined twice, first in {first}", shortened(name));
            self.fault(here, first.clash(here), message);
        }
    }

    fn fault(&mut self, place: Place<'a>, class: FaultClass, message: String) {
        self.faults
            .push((place.order, located(place, Fault::new(place.at, message), class)));
    }
}

fn located(place: Place<'_>, fault: Fault, class: FaultClass) -> LocatedFault {
    LocatedFault::new(place.document, fault, class)
}

fn sorted(mut faults: Vec<(usize, LocatedFault)>) -> Vec<LocatedFault> {
    faults.sort_by_key(|(order, located)| (*order, located.fault.at));
    faults.into_iter().map(|(_, fault)| fault).collect()
}
