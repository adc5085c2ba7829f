//! Names to documents, and lists of names to attachments that everybody who holds the same shares.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{PolicySet, PrincipalPolicies, Role};
use crate::attached_policy::AttachedPolicy;
use crate::attachments::Attachments;
use crate::definition::{
    Definition, DefinitionError, Grant, GroupDefinition, RoleDefinition, UserDefinition,
};
use crate::document::{Document, DocumentKind};
use crate::system_policies::SYSTEM_POLICIES;

impl PolicySet {
    /// Compiles a definition
    ///
    /// # Errors
    /// Everything in it that refers to what is not there, or is there twice
    pub fn compile(definition: Definition) -> Result<Self, Vec<DefinitionError>> {
        let mut compiler = Compiler::new(&definition.policies);
        let levels = definition.control_policies.iter().rev();
        let control = levels.map(|level| compiler.level(level)).collect();
        let groups = compiler.groups(&definition.groups);
        let users = compiler.users(&definition.users, &groups);
        let roles = compiler.roles(&definition.roles);
        if !compiler.errors.is_empty() {
            return Err(compiler.errors);
        }
        Ok(Self {
            account: definition.account_id.into(),
            control,
            users,
            roles,
        })
    }
}

/// What one user, group or role holds: by resource group, and under none for the whole account
type Held = BTreeMap<Option<Box<str>>, Arc<Attachments>>;

impl PrincipalPolicies {
    /// Everything that a user and its groups hold, the user's own in front
    fn of(all: &[&Held]) -> Self {
        let mut by_group: BTreeMap<&Option<Box<str>>, Vec<Arc<Attachments>>> = BTreeMap::new();
        for held in all {
            for (group, attachments) in *held {
                by_group.entry(group).or_default().push(Arc::clone(attachments));
            }
        }
        let account = by_group.remove(&None).unwrap_or_default();
        let groups = by_group.into_iter();
        let by_group = groups
            .filter_map(|(group, parts)| Some((group.clone()?, parts)))
            .collect();
        Self { account, by_group }
    }
}

struct Compiler {
    policies: HashMap<Arc<str>, Arc<Document>>,
    /// Attachments by the names of their policies, so that the same list is compiled and kept once
    shared: HashMap<Vec<Arc<str>>, Arc<Attachments>>,
    seen: HashSet<String>,
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
            shared: HashMap::new(),
            seen: HashSet::new(),
            errors,
        }
    }

    fn groups<'a>(&mut self, groups: &'a [GroupDefinition]) -> HashMap<&'a str, Held> {
        let mut all = HashMap::with_capacity(groups.len());
        for group in groups {
            self.once(format!("group `{}`", group.name));
            let held = self.held(&format!("group `{}`", group.name), &group.grants);
            all.insert(group.name.as_str(), held);
        }
        all
    }

    fn users(
        &mut self,
        users: &[UserDefinition],
        groups: &HashMap<&str, Held>,
    ) -> HashMap<Box<str>, PrincipalPolicies> {
        let mut all = HashMap::with_capacity(users.len());
        for user in users {
            self.once(format!("user `{}`", user.name));
            let own = self.held(&format!("user `{}`", user.name), &user.grants);
            let mut held = vec![&own];
            for name in &user.groups {
                match groups.get(name.as_str()) {
                    Some(of_group) => held.push(of_group),
                    None => self.errors.push(DefinitionError::UnknownGroup {
                        user: user.name.clone(),
                        group: name.clone(),
                    }),
                }
            }
            all.insert(user.name.as_str().into(), PrincipalPolicies::of(&held));
        }
        all
    }

    fn roles(&mut self, roles: &[RoleDefinition]) -> HashMap<Box<str>, Role> {
        let mut all = HashMap::with_capacity(roles.len());
        for role in roles {
            self.once(format!("role `{}`", role.name.to_ascii_lowercase()));
            let own = self.held(&format!("role `{}`", role.name), &role.grants);
            let trust = AttachedPolicy {
                name: format!("trust:{}", role.name).into(),
                document: Arc::clone(&role.trust),
            };
            let compiled = Role {
                name: role.name.as_str().into(),
                granted: PrincipalPolicies::of(&[&own]),
                trust: Arc::new(Attachments::new(vec![trust])),
            };
            all.insert(role.name.to_ascii_lowercase().into(), compiled);
        }
        all
    }

    /// Notes a name, which must not come twice
    fn once(&mut self, what: String) {
        if !self.seen.insert(what.clone()) {
            self.errors.push(DefinitionError::DefinedTwice { what });
        }
    }

    fn attached(&mut self, holder: &str, policy: &str) -> Option<AttachedPolicy> {
        match self.policies.get_key_value(policy) {
            Some((name, document)) => Some(AttachedPolicy {
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

    fn level(&mut self, names: &[String]) -> Arc<Attachments> {
        let policies = names
            .iter()
            .filter_map(|name| self.attached("a control level", name))
            .collect();
        self.attachments(policies)
    }

    fn held(&mut self, holder: &str, grants: &[Grant]) -> Held {
        let mut lists: BTreeMap<Option<Box<str>>, Vec<AttachedPolicy>> = BTreeMap::new();
        for grant in grants {
            let Some(attached) = self.attached(holder, &grant.policy) else {
                continue;
            };
            let list = lists
                .entry(grant.resource_group.as_deref().map(Into::into))
                .or_default();
            // A policy that is granted twice says the same once
            if !list.iter().any(|known| known.name == attached.name) {
                list.push(attached);
            }
        }
        let lists = lists.into_iter();
        lists
            .map(|(group, policies)| (group, self.attachments(policies)))
            .collect()
    }

    fn attachments(&mut self, policies: Vec<AttachedPolicy>) -> Arc<Attachments> {
        let names = policies
            .iter()
            .map(|attached| Arc::clone(&attached.name))
            .collect();
        let shared = self.shared.entry(names);
        Arc::clone(shared.or_insert_with(|| Arc::new(Attachments::new(policies))))
    }
}
