//! The names that all documents define, with the location of each definition; and the check of references to them.

mod location;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::config::config_map_generation;
use crate::config::directory::binding_entry::BindingEntry;
use crate::config::directory::bindings::Subject;
use crate::config::directory::directory_document::DirectoryDocument;
use crate::config::directory::exception::ExceptionEntry;
use crate::config::directory::identities::GrantEntry;
use crate::config::directory::mapping_rules::{FieldRule, MappingSource};
use crate::config::directory::name_rules::shortened;
use crate::config::directory::principal_entry::PrincipalEntry;
use crate::config::directory::ram_id::RamId;
use crate::config::directory::resource_group::ResourceGroupEntry;
use crate::config::directory::user_name_pattern::UserNamePattern;
use crate::config::located_fault::{FaultClass, LocatedFault};
use crate::config::parsed_document::{ParsedDocument, UnreadableDocument};
pub(crate) use crate::config::symbol_table::location::Location;
use ram_policy::source::Fault;
use ram_policy::{Document, Effect, Principal, is_system_policy};

/// The document name of faults of the set as a whole
pub(crate) const WHOLE: &str = "configuration";
/// The fault of a set without an account, by which nothing can be decided
pub(crate) const NO_ACCOUNT: &str = "no directory document holds the section `account` with id and region";

/// The kind of a definition
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum SymbolKind {
    Policy,
    ResourceGroup,
    User,
    Group,
    Role,
}

impl SymbolKind {
    /// The key of a name in the table; RAM ignores the case of role names
    fn symbol(self, name: &str) -> (Self, Cow<'_, str>) {
        match self {
            Self::Role => (self, Cow::Owned(name.to_ascii_lowercase())),
            _ => (self, Cow::Borrowed(name)),
        }
    }
}

impl fmt::Display for SymbolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::ResourceGroup => "resource group",
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        })
    }
}

/// The location of every definition, and the faults found so far
///
/// Two passes over the documents, as in a compiler: [`define`](Self::define) notes the definitions of all documents, then
/// [`resolve`](Self::resolve) looks up the references of each.
///
/// ```text
/// people/a: users: [{name: alice, groups: [dev]}]
/// people/b: users: [{name: alice}]
///   people/b:1:16: user `alice` is defined twice, first in people/a:1:16     (define)
///   people/a:1:32: no document defines group `dev`                          (resolve)
/// ```
#[derive(Default)]
pub(crate) struct SymbolTable<'a> {
    symbols: HashMap<(SymbolKind, Cow<'a, str>), Location<'a>>,
    subjects: HashMap<Subject, Location<'a>>,
    patterns: HashMap<&'a UserNamePattern, Location<'a>>,
    ids: HashMap<&'a str, Location<'a>>,
    exceptions: HashMap<&'a str, Location<'a>>,
    modes: HashMap<&'a str, Location<'a>>,
    /// The Deny statements of custom policies, by policy and number
    policies: HashMap<&'a str, &'a Document>,
    /// `account`, `cluster`, `mapping`, `advice`, and the default resource group: each has one definition in all documents
    singletons: HashMap<&'static str, Location<'a>>,
    broken_policies: HashSet<&'a str>,
    /// A directory document could not be parsed: it may define anything but policies
    broken_directory: bool,
    faults: Vec<(usize, LocatedFault)>,
    warnings: Vec<(usize, LocatedFault)>,
}

impl<'a> SymbolTable<'a> {
    /// Notes the definitions of a document, and its own faults and warnings
    pub(crate) fn define(&mut self, location: Location<'a>, document: &'a ParsedDocument) {
        let warnings = document.warnings().iter();
        self.warnings
            .extend(warnings.map(|doubt| location.fault(doubt.fault.clone(), FaultClass::Document)));
        match document {
            ParsedDocument::Policy(policy) => {
                self.policies.insert(&policy.name, &policy.document);
                self.define_policy(location, &policy.name);
            }
            ParsedDocument::Directory(directory) => self.define_directory(location, directory),
            ParsedDocument::Broken(broken) => self.define_broken(location, broken),
        }
    }

    fn define_policy(&mut self, location: Location<'a>, name: &'a str) {
        if is_system_policy(name) {
            let message = format!("`{name}` is a system policy, which is built in: take another name");
            self.fault(location, FaultClass::Document, message);
        }
        self.define_symbol(SymbolKind::Policy, name, location);
    }

    fn define_broken(&mut self, location: Location<'a>, broken: &'a UnreadableDocument) {
        match &broken.policy {
            Some(name) => {
                self.broken_policies.insert(name);
            }
            None => self.broken_directory = true,
        }
        let faults = broken.faults.iter();
        self.faults
            .extend(faults.map(|fault| location.fault(fault.clone(), FaultClass::Document)));
    }

    fn define_directory(&mut self, location: Location<'a>, directory: &'a DirectoryDocument) {
        let accounts = directory.accounts.iter().map(|account| ("account", account.at));
        let clusters = directory.clusters.iter().map(|(at, _)| ("cluster", *at));
        let mappings = directory.mappings.iter().map(|(at, _)| ("mapping", *at));
        let advice = directory.advice.iter().map(|(at, _)| ("advice", *at));
        for (section, at) in accounts.chain(clusters).chain(mappings).chain(advice) {
            self.define_singleton(section, location.at(at), |first| {
                format!("`{section}` stands once in all documents; it is in {first} already")
            });
        }
        for group in &directory.resource_groups {
            self.define_resource_group(group, location.at(group.id.at));
        }
        let users = directory.users.iter().map(|user| (SymbolKind::User, &user.name));
        let groups = directory
            .groups
            .iter()
            .map(|group| (SymbolKind::Group, &group.name));
        let roles = directory.roles.iter().map(|role| (SymbolKind::Role, &role.name));
        for (kind, name) in users.chain(groups).chain(roles) {
            self.define_symbol(kind, name, location.at(name.at));
        }
        let ids = directory.users.iter().map(|user| &user.id);
        let ids = ids.chain(directory.roles.iter().map(|role| &role.id));
        for id in ids.flatten() {
            self.define_id(id, location.at(id.at));
        }
        for entry in &directory.exceptions {
            self.define_exception(&entry.exception.name, location.at(entry.name_at));
        }
        for entry in &directory.modes {
            self.define_mode(&entry.namespace, location.at(entry.namespace_at));
        }
        for binding in &directory.bindings {
            for (at, subject) in binding.subjects() {
                self.define_subject(subject, location.at(*at));
            }
            for (at, pattern) in binding.patterns() {
                self.define_pattern(pattern, location.at(*at));
            }
        }
    }

    fn define_exception(&mut self, name: &'a str, location: Location<'a>) {
        if let Some(first) = self.exceptions.insert(name, location) {
            let message = format!("exception `{name}` is defined twice, first in {first}");
            self.conflict(location, first, message);
        }
    }

    fn define_mode(&mut self, namespace: &'a str, location: Location<'a>) {
        if let Some(first) = self.modes.insert(namespace, location) {
            let message = format!("namespace `{namespace}` has two modes, the first in {first}");
            self.conflict(location, first, message);
        }
    }

    fn define_id(&mut self, id: &'a RamId, location: Location<'a>) {
        if let Some(first) = self.ids.insert(id.as_str(), location) {
            let message = format!(
                "id `{}` is given twice, first in {first}: RAM gives each id once",
                id.as_str()
            );
            self.fault(location, location.conflict_with(first), message);
        }
    }

    fn define_pattern(&mut self, pattern: &'a UserNamePattern, location: Location<'a>) {
        if let Some(first) = self.patterns.insert(pattern, location) {
            let message = format!("User {pattern} is bound twice, first in {first}");
            self.fault(location, location.conflict_with(first), message);
        }
    }

    fn define_resource_group(&mut self, group: &'a ResourceGroupEntry, location: Location<'a>) {
        self.define_symbol(SymbolKind::ResourceGroup, &group.id, location);
        if group.default {
            self.define_singleton("default resource group", location, |first| {
                let id = group.id.as_str();
                format!("`{id}` cannot be the default resource group: {first} is")
            });
        }
    }

    fn define_symbol(&mut self, kind: SymbolKind, name: &'a str, location: Location<'a>) {
        if let Some(first) = self.symbols.insert(kind.symbol(name), location) {
            let message = format!("{kind} `{}` is defined twice, first in {first}", shortened(name));
            self.conflict(location, first, message);
        }
    }

    fn define_singleton(
        &mut self,
        name: &'static str,
        location: Location<'a>,
        message: impl Fn(Location<'a>) -> String,
    ) {
        if let Some(first) = self.singletons.insert(name, location) {
            self.conflict(location, first, message(first));
        }
    }

    fn define_subject(&mut self, subject: &Subject, location: Location<'a>) {
        if let Some(first) = self.subjects.insert(subject.clone(), location) {
            let message = format!("{subject} is bound twice, first in {first}");
            self.conflict(location, first, message);
        }
    }

    /// Looks up the references of a document; every document must have been through [`define`](Self::define) before
    pub(crate) fn resolve(&mut self, location: Location<'a>, document: &ParsedDocument) {
        let ParsedDocument::Directory(directory) = document else {
            return;
        };
        let levels = directory
            .accounts
            .iter()
            .flat_map(|account| &account.control_policies);
        for name in levels.flatten() {
            self.resolve_symbol(SymbolKind::Policy, name, location.at(name.at));
        }
        for user in &directory.users {
            self.resolve_grants(location, &user.policies);
            for name in &user.groups {
                self.resolve_symbol(SymbolKind::Group, name, location.at(name.at));
            }
        }
        let groups = directory.groups.iter().map(|group| &group.policies);
        let roles = directory.roles.iter().map(|role| &role.policies);
        for grants in groups.chain(roles) {
            self.resolve_grants(location, grants);
        }
        let bound = directory.bindings.iter().filter_map(BindingEntry::principal);
        let boundaries = directory.boundaries.iter().map(|boundary| &boundary.principal);
        let excused = directory.exceptions.iter().flat_map(|entry| &entry.principals);
        for principal in bound.chain(boundaries).chain(excused) {
            self.resolve_principal(location, principal);
        }
        for entry in &directory.exceptions {
            self.resolve_statements(entry, location);
        }
        for (at, rules) in &directory.mappings {
            let location = location.at(*at);
            self.resolve_constant(
                SymbolKind::ResourceGroup,
                rules.resource_group_id.as_ref(),
                location,
            );
            self.resolve_constant(SymbolKind::Role, rules.ram_role_name.as_ref(), location);
        }
    }

    fn resolve_grants(&mut self, location: Location<'a>, grants: &[GrantEntry]) {
        for GrantEntry {
            policy,
            resource_group,
        } in grants
        {
            self.resolve_symbol(SymbolKind::Policy, policy, location.at(policy.at));
            if let Some(group) = resource_group {
                self.resolve_symbol(SymbolKind::ResourceGroup, group, location.at(group.at));
            }
        }
    }

    fn resolve_principal(&mut self, location: Location<'a>, entry: &PrincipalEntry) {
        let (kind, name) = match &entry.principal {
            Principal::User(name) => (SymbolKind::User, name),
            Principal::Role(name) => (SymbolKind::Role, name),
            Principal::Group(name) => (SymbolKind::Group, name),
            Principal::Account | Principal::Service(_) => return,
        };
        self.resolve_symbol(kind, name, location.at(entry.at));
    }

    /// Each statement that an exception names must be a Deny, so that a changed policy is noticed
    fn resolve_statements(&mut self, entry: &ExceptionEntry, location: Location<'a>) {
        let statements = entry.exception.statements.iter();
        for (id, at) in statements.zip(&entry.statements_at) {
            let location = location.at(*at);
            self.resolve_symbol(SymbolKind::Policy, &id.policy, location);
            let Some(policy) = self.policies.get(&*id.policy) else {
                continue;
            };
            let index = id.number.saturating_sub(1);
            let statement = policy.statements.get(index);
            if statement.is_none_or(|statement| statement.effect != Effect::Deny) {
                let message = format!("`{id}` is no Deny statement: {}", deny_statements(policy));
                self.fault(location, FaultClass::Reference, message);
            }
        }
    }

    fn resolve_symbol(&mut self, kind: SymbolKind, name: &str, location: Location<'a>) {
        if !self.may_define(kind, name) {
            let message = format!("no document defines {kind} `{}`", shortened(name));
            self.fault(location, FaultClass::Reference, message);
        }
    }

    /// A mapped constant without a definition is only a warning
    fn resolve_constant(&mut self, kind: SymbolKind, rule: Option<&FieldRule>, location: Location<'a>) {
        let Some(MappingSource::Value(name)) = rule.map(|rule| &rule.source) else {
            return;
        };
        if !self.may_define(kind, name) {
            let message = format!("no document defines {kind} `{name}`: every pod that gets it is refused");
            let fault = Fault::new(location.at, message);
            self.warnings.push(location.fault(fault, FaultClass::Reference));
        }
    }

    /// Whether a document defines the name, or could if it were readable
    fn may_define(&self, kind: SymbolKind, name: &str) -> bool {
        let unreadable = match kind {
            SymbolKind::Policy => self.broken_policies.contains(name) || is_system_policy(name),
            _ => self.broken_directory,
        };
        unreadable || self.symbols.contains_key(&kind.symbol(name))
    }

    /// All faults and all warnings in the order of the documents
    pub(crate) fn finish(mut self) -> (Vec<LocatedFault>, Vec<LocatedFault>) {
        if !self.singletons.contains_key("account") && !self.broken_directory {
            let fault = LocatedFault::whole(WHOLE, NO_ACCOUNT, FaultClass::Conflict);
            self.faults.push((usize::MAX, fault));
        }
        (sorted(self.faults), sorted(self.warnings))
    }

    /// A second definition, with a word on two generations of one ConfigMap
    fn conflict(&mut self, location: Location<'a>, first: Location<'a>, message: String) {
        let advice = config_map_generation::advice(first.document, location.document);
        let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
        self.fault(location, location.conflict_with(first), message + &advice);
    }

    fn fault(&mut self, location: Location<'a>, class: FaultClass, message: String) {
        let fault = Fault::new(location.at, message);
        self.faults.push(location.fault(fault, class));
    }
}

/// What an exception may name of a policy: "the policy has 3 statements, and #1 and #3 are Deny"
fn deny_statements(policy: &Document) -> String {
    let numbered = (1_usize..).zip(policy.statements.iter());
    let denies = numbered.filter(|(_, statement)| statement.effect == Effect::Deny);
    let denies: Vec<String> = denies.map(|(number, _)| format!("#{number}")).collect();
    let count = match policy.statements.len() {
        1 => "1 statement".to_owned(),
        count => format!("{count} statements"),
    };
    match denies.split_last() {
        None => format!("the policy has {count} and no Deny"),
        Some((one, [])) => format!("the policy has {count}, of which {one} is Deny"),
        Some((last, others)) => {
            format!(
                "the policy has {count}, of which {} and {last} are Deny",
                others.join(", ")
            )
        }
    }
}

fn sorted(mut faults: Vec<(usize, LocatedFault)>) -> Vec<LocatedFault> {
    faults.sort_by_key(|(order, located)| (*order, located.fault.at));
    faults.into_iter().map(|(_, fault)| fault).collect()
}
