//! Who holds which policies: a definition in plain data, compiled once into an immutable set.
//!
//! A decision looks its principal up and touches only what that principal holds, however many others there are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::document::{Document, DocumentKind};
use super::principal::Principal;
use super::system::SYSTEM_POLICIES;

/// What a set is compiled from
#[derive(Clone, Debug, Default)]
pub struct Definition {
    /// The Alibaba Cloud account's number
    pub account_id: String,
    /// Names of control policies for each level, the root folder first
    pub control_policies: Vec<Vec<String>>,
    /// Custom policies by name; the system policies are known anyway
    pub policies: BTreeMap<String, Arc<Document>>,
    /// RAM users
    pub users: Vec<UserDefinition>,
    /// Groups of RAM users
    pub groups: Vec<GroupDefinition>,
    /// RAM roles
    pub roles: Vec<RoleDefinition>,
}

/// A RAM user
#[derive(Clone, Debug, Default)]
pub struct UserDefinition {
    /// Its name, compared exactly
    pub name: String,
    /// Names of the groups it is in
    pub groups: Vec<String>,
    /// Its own policies
    pub grants: Vec<Grant>,
}

/// A group of RAM users
#[derive(Clone, Debug, Default)]
pub struct GroupDefinition {
    /// Its name, compared exactly
    pub name: String,
    /// The policies its members hold
    pub grants: Vec<Grant>,
}

/// A RAM role
#[derive(Clone, Debug)]
pub struct RoleDefinition {
    /// Its name, compared without ASCII case
    pub name: String,
    /// Who may assume it
    pub trust: Arc<Document>,
    /// Its policies
    pub grants: Vec<Grant>,
}

/// A policy attached to a principal
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The policy's name
    pub policy: String,
    /// The resource group it is granted for; none means the whole account
    pub resource_group: Option<String>,
}

/// A definition that contradicts itself
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// A grant or a control policy names a policy that is not there
    #[error("{holder} holds policy `{policy}`, which does not exist")]
    UnknownPolicy {
        /// Who holds it
        holder: String,
        /// The missing policy
        policy: String,
    },
    /// A user is in a group that is not there
    #[error("user `{user}` is in group `{group}`, which does not exist")]
    UnknownGroup {
        /// The user
        user: String,
        /// The missing group
        group: String,
    },
    /// Two things of one kind have the same name
    #[error("{what} is defined twice")]
    DefinedTwice {
        /// Kind and name
        what: String,
    },
    /// A custom policy has a system policy's name
    #[error("policy `{policy}` has the name of a system policy, which is built in")]
    SystemPolicy {
        /// The name
        policy: String,
    },
}

/// A compiled definition
#[derive(Debug)]
pub struct PolicySet {
    pub(super) account: Box<str>,
    /// The member's own level first, the root folder last
    pub(super) control: Vec<Vec<Attached>>,
    users: HashMap<Box<str>, Holdings>,
    /// By lower-case name
    roles: HashMap<Box<str>, Role>,
}

/// A policy under the name it is shown by
#[derive(Clone, Debug)]
pub(super) struct Attached {
    pub(super) name: Arc<str>,
    pub(super) document: Arc<Document>,
}

/// What a principal holds, its groups' policies included
#[derive(Debug, Default)]
pub(super) struct Holdings {
    pub(super) account: Vec<Attached>,
    by_group: Vec<(Box<str>, Vec<Attached>)>,
}

#[derive(Debug)]
pub(super) struct Role {
    pub(super) holdings: Holdings,
    pub(super) trust: Attached,
}

impl Holdings {
    /// The policies granted for a resource group; none if there is no such grant
    pub(super) fn in_group(&self, group: &str) -> Option<&[Attached]> {
        self.by_group
            .iter()
            .find(|(id, _)| **id == *group)
            .map(|(_, held)| held.as_slice())
    }

    fn add(&mut self, group: Option<&str>, attached: Attached) {
        let held = match group {
            None => &mut self.account,
            Some(id) => {
                let at = self
                    .by_group
                    .iter()
                    .position(|(known, _)| **known == *id)
                    .unwrap_or_else(|| {
                        self.by_group.push((id.into(), Vec::new()));
                        self.by_group.len().saturating_sub(1)
                    });
                match self.by_group.get_mut(at) {
                    Some((_, held)) => held,
                    None => return,
                }
            }
        };
        // A policy held twice, by the user and by a group, says the same once.
        if !held.iter().any(|known| known.name == attached.name) {
            held.push(attached);
        }
    }
}

impl PolicySet {
    /// Compiles a definition
    ///
    /// # Errors
    /// Everything in it that refers to what is not there, or is there twice
    pub fn compile(definition: Definition) -> Result<Self, Vec<DefinitionError>> {
        let mut compiler = Compiler::new(&definition.policies);
        let control = definition
            .control_policies
            .iter()
            .rev()
            .map(|level| {
                level
                    .iter()
                    .filter_map(|name| compiler.attached("a control level", name))
                    .collect()
            })
            .collect();
        let groups: HashMap<&str, &GroupDefinition> = definition
            .groups
            .iter()
            .map(|group| (group.name.as_str(), group))
            .collect();
        for group in &definition.groups {
            compiler.once(format!("group `{}`", group.name));
        }
        let mut users = HashMap::with_capacity(definition.users.len());
        for user in &definition.users {
            compiler.once(format!("user `{}`", user.name));
            let mut holdings = Holdings::default();
            compiler.hold(&mut holdings, &format!("user `{}`", user.name), &user.grants);
            for name in &user.groups {
                match groups.get(name.as_str()) {
                    Some(group) => compiler.hold(&mut holdings, &format!("group `{name}`"), &group.grants),
                    None => compiler.errors.push(DefinitionError::UnknownGroup {
                        user: user.name.clone(),
                        group: name.clone(),
                    }),
                }
            }
            users.insert(user.name.as_str().into(), holdings);
        }
        let mut roles = HashMap::with_capacity(definition.roles.len());
        for role in &definition.roles {
            compiler.once(format!("role `{}`", role.name.to_ascii_lowercase()));
            let mut holdings = Holdings::default();
            compiler.hold(&mut holdings, &format!("role `{}`", role.name), &role.grants);
            let trust = Attached {
                name: format!("trust:{}", role.name).into(),
                document: Arc::clone(&role.trust),
            };
            roles.insert(role.name.to_ascii_lowercase().into(), Role { holdings, trust });
        }
        let account = definition.account_id.into();
        match compiler.errors.is_empty() {
            true => Ok(Self {
                account,
                control,
                users,
                roles,
            }),
            false => Err(compiler.errors),
        }
    }

    /// The account's number
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whether a role is in the directory; names compare without ASCII case
    pub fn has_role(&self, name: &str) -> bool {
        self.role(name).is_some()
    }

    /// Whether a principal is known: defined, or the account itself
    pub fn knows(&self, principal: &Principal) -> bool {
        matches!(principal, Principal::Account) || self.holdings(principal).is_some()
    }

    /// The resource groups for which a principal holds policies of its own or of its groups
    pub fn granted_groups(&self, principal: &Principal) -> impl Iterator<Item = &str> {
        let by_group = self
            .holdings(principal)
            .into_iter()
            .flat_map(|holdings| &holdings.by_group);
        by_group.map(|(group, _)| &**group)
    }

    pub(super) fn role(&self, name: &str) -> Option<&Role> {
        self.roles.get(name.to_ascii_lowercase().as_str())
    }

    pub(super) fn holdings(&self, principal: &Principal) -> Option<&Holdings> {
        match principal {
            Principal::User(name) => self.users.get(&**name),
            Principal::Role(name) => self.role(name).map(|role| &role.holdings),
            Principal::Account | Principal::Service(_) => None,
        }
    }
}

/// Names to documents, with what went wrong on the way
struct Compiler {
    policies: HashMap<Arc<str>, Arc<Document>>,
    seen: std::collections::HashSet<String>,
    errors: Vec<DefinitionError>,
}

impl Compiler {
    fn new(custom: &BTreeMap<String, Arc<Document>>) -> Self {
        let mut policies: HashMap<Arc<str>, Arc<Document>> = HashMap::with_capacity(custom.len());
        for (name, text) in SYSTEM_POLICIES {
            // A built-in policy that did not parse would be unknown here; a test of `system` reads them all.
            if let Ok(parsed) = Document::parse(text.as_bytes(), DocumentKind::Identity) {
                policies.insert((*name).into(), Arc::new(parsed.document));
            }
        }
        let mut errors = Vec::new();
        for (name, document) in custom {
            if policies
                .insert(name.as_str().into(), Arc::clone(document))
                .is_some()
            {
                errors.push(DefinitionError::SystemPolicy { policy: name.clone() });
            }
        }
        Self {
            policies,
            seen: std::collections::HashSet::new(),
            errors,
        }
    }

    fn once(&mut self, what: String) {
        if !self.seen.insert(what.clone()) {
            self.errors.push(DefinitionError::DefinedTwice { what });
        }
    }

    fn attached(&mut self, holder: &str, policy: &str) -> Option<Attached> {
        match self.policies.get_key_value(policy) {
            Some((name, document)) => Some(Attached {
                name: Arc::clone(name),
                document: Arc::clone(document),
            }),
            None => {
                let (holder, policy) = (holder.to_owned(), policy.to_owned());
                self.errors
                    .push(DefinitionError::UnknownPolicy { holder, policy });
                None
            }
        }
    }

    fn hold(&mut self, holdings: &mut Holdings, holder: &str, grants: &[Grant]) {
        for grant in grants {
            if let Some(attached) = self.attached(holder, &grant.policy) {
                holdings.add(grant.resource_group.as_deref(), attached);
            }
        }
    }
}
